internal import Keyring
internal import Platform
internal import Store

/// The socket on which systemd fetches credentials for its units.
///
/// It speaks no protocol: who has connected reads a value until the end. So nothing
/// but a whole value may come before an end: an empty answer, or half of one, would
/// start the unit with it. While nothing can be decided, as in a locked vault, nobody
/// is accepted; a daemon that ends leaves those who wait to the next one.
final class CredentialServer {
  private unowned let server: Server
  private let listener: Listener
  private var isListening = false

  /// Who is answered when the audit rows of this turn are written.
  private var staged: [Staged] = []

  /// Who is being refused, by the number that the loop knows them by.
  private var refusals: [UInt64: CredentialRefusal] = [:]

  /// A unit that is waited for with its answer.
  private struct Staged {
    let socket: CredentialSocket

    /// What it is given; nil for nothing.
    var value: SealedData?

    /// Whether it is known that its audit row was written, or could not be.
    var isSettled = false
  }

  init(_ listener: consuming Listener, of server: Server) {
    self.listener = listener
    self.server = server
  }

  /// The descriptor on which units arrive.
  func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try listener.withRawValue(body)
  }

  /// Removes the name of a socket that this process has made.
  func removeNode() { listener.node?.remove() }

  /// Whether somebody would take what was sent so far for the whole.
  var isRefusing: Bool { !refusals.isEmpty || !staged.isEmpty }

  /// How many are being refused.
  var refusalCount: Int { refusals.count }

  // MARK: Deciding

  /// Accepts units, and decides what each is given.
  func accept() {
    for _ in 0..<Limits.acceptsInARow where canDecide {
      do throws(Errno) {
        guard let socket = try listener.accept() else { return }
        decide(CredentialSocket(socket))
      } catch {
        return server.restAccepting(error)
      }
    }
  }

  private func decide(_ socket: CredentialSocket) {
    // Who has given up is given nothing, and leaves no row.
    guard !socket.hasHungUp, let peer = socket.peer else { return }
    do throws(CredentialRequest.Unusable) {
      decide(try CredentialRequest(peer.credentials, address: peer.address), for: socket)
    } catch {
      server.gate.noteImpostor(peer.credentials, error)
      stage(nil, for: socket)
    }
  }

  private func decide(_ request: CredentialRequest, for socket: CredentialSocket) {
    guard let vault = server.keeper.vault else { return stage(nil, for: socket) }
    guard let granted = server.gate.credential(request, in: vault) else {
      return stage(nil, for: socket)
    }
    server.gate.noteCredential(request, granted)
    server.noteUse()
    stage(
      SealedData(
        prefix: [], sealedValue: granted.sealedValue,
        role: .version(granted.key.id, number: granted.version.number), endsWithNUL: false),
      for: socket)
  }

  private func stage(_ value: SealedData?, for socket: CredentialSocket) {
    staged.append(Staged(socket: socket, value: value))
  }

  // MARK: Answering

  /// Settles who is given something, when all audit rows were written that were due,
  /// or none was.
  func settleStaged(areRowsWritten: Bool) {
    for index in staged.indices where !staged[index].isSettled {
      if !areRowsWritten { staged[index].value = nil }
      staged[index].isSettled = true
    }
  }

  /// Answers those of whom it is settled what they are given.
  func release(with memory: OutputMemory) {
    let answers = staged
    staged = []
    for answer in answers {
      precondition(answer.isSettled, "the rows come before the answers")
      guard let value = answer.value else { refuse(answer.socket); continue }
      switch answer.socket.send(value, with: memory, vault: server.keeper.vault) {
      case .whole, .gone: break
      // What has begun must not look like a value.
      case .part, .nothing: refuse(answer.socket)
      }
    }
  }

  private func refuse(_ socket: CredentialSocket) {
    let refusal = CredentialRefusal(socket)
    guard !refusal.proceed() else { return }
    let id = server.drawConnectionID()
    guard server.watch(socket, token: id) else { return }
    refusals[id] = refusal
  }

  /// Goes on with refusing somebody who has read.
  func proceed(_ id: UInt64) {
    guard let refusal = refusals[id], refusal.proceed() else { return }
    refusals[id] = nil
  }

  /// Whether it can be decided at once what a unit is given that is accepted now.
  ///
  /// Who has been accepted can only be answered: so nobody is while a version of what
  /// is granted is on its way to the device, which a crash may still undo.
  private var canDecide: Bool {
    guard let vault = server.keeper.vault, !server.keeper.isLocking, server.schedule.end == nil,
      refusals.count < Limits.credentialRefusals, server.hasDescriptorRoom
    else { return false }
    return !server.committer.isChanging(where: { vault.organization.isGranted($0) })
  }

  /// Lets units in as long as it can be decided what they are given.
  func watch() {
    let isOpen = canDecide && server.schedule.acceptance == nil
    guard isOpen != isListening else { return }
    isListening = isOpen
    server.watchCredentials(isOpen ? .reading : [])
  }
}
