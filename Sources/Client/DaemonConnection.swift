internal import Platform
internal import Wire

/// A dialogue with the daemon.
final class DaemonConnection {
  private(set) var socket: UnixSocket
  private let address: DaemonAddress

  /// Who listens: the daemon, or the manager that does so for it.
  private var daemonID: Int32
  private var input: Secret
  private var arrived = 0
  private var consumed = 0

  /// A round trip brings all of a usual answer.
  private static let inputByteCount = 16_384

  /// How long the daemon may take to greet, which takes it a few milliseconds.
  static let greetingSeconds: Int32 = 10

  /// How long it may be silent in the middle of what it answers at once.
  ///
  /// Nothing bounds what may take long, or what may have changed something by the time
  /// its answer is given up.
  private static let quickSeconds: Int32 = 60

  /// How often a person is told that an answer takes long.
  private static let watchedMilliseconds: CInt = 500

  /// The limit of the answers to what was sent; 0 if there is none.
  private var answerSeconds: Int32 = 0
  private var quickLimit = DaemonConnection.quickSeconds

  /// The limit that holds now.
  private var limitSeconds = DaemonConnection.greetingSeconds

  /// Whether the greeting has come.
  private var isGreeted = false

  /// What a person sees while an answer takes long; nil for what does not.
  private(set) var progress: Progress?

  /// Whether nothing comes from the connection any more.
  private var isLost = false

  /// Lets a person see that what `body` asks for goes on.
  ///
  /// - Parameters:
  ///   - activity: What takes long, as `sealing everything anew`.
  ///   - body: Asks, and receives the answer.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  func showingProgress<Result: ~Copyable>(
    of activity: String, _ body: () throws(ClientError) -> Result
  ) throws(ClientError) -> Result {
    progress = Progress(of: activity)
    defer { progress = nil }
    return try body()
  }

  /// Connects, and makes sure of who is at the other end, before the first byte.
  ///
  /// - Parameters:
  ///   - address: Where the daemon is.
  ///   - starts: Whether the user's own daemon is started where none runs.
  /// - Returns: The connection; nil if no daemon runs and none may be started.
  /// - Throws: ``ClientError`` with exit status 4.
  static func open(
    _ address: DaemonAddress, starts: Bool = true
  ) throws(ClientError) -> DaemonConnection? {
    guard let socket = try address.connect(starts: starts) else { return nil }
    let daemonID = try address.checkPeer(of: socket)
    return try DaemonConnection(socket, address, daemonID: daemonID)
  }

  private init(
    _ socket: consuming UnixSocket, _ address: DaemonAddress, daemonID: Int32
  ) throws(ClientError) {
    do throws(SecretError) {
      input = try Secret(count: Self.inputByteCount)
    } catch {
      throw .outOfMemory
    }
    self.socket = socket
    self.address = address
    self.daemonID = daemonID
  }

  /// Connects anew where the connection was lost, without starting a daemon.
  ///
  /// - Returns: Whether there is a connection, past its greeting; false if no daemon
  ///   runs and this user's own is the one that is meant.
  /// - Throws: ``ClientError`` with exit status 4.
  func reopenIfLost() throws(ClientError) -> Bool {
    guard isLost else { return true }
    guard let socket = try address.connect(starts: false) else { return false }
    daemonID = try address.checkPeer(of: socket)
    self.socket = socket
    input.wipe()
    (arrived, consumed, answerSeconds) = (0, 0, 0)
    (limitSeconds, isGreeted, isLost) = (Self.greetingSeconds, false, false)
    try receiveGreeting()
    return true
  }

  // MARK: Receiving

  /// What the daemon answers to one command.
  struct Reply: ~Copyable {
    var statuses: [StatusFields] = []
    var data: SecretBuffer
  }

  /// A question of the daemon, which is to be answered before it goes on.
  struct Inquiry: Equatable {
    /// As in `PASSPHRASE`.
    let keyword: String

    /// The number of the slot that is asked for; nil if any will do.
    let slot: Int?
  }

  /// Receives the greeting, which is not waited for long.
  func receiveGreeting() throws(ClientError) {
    _ = try receiveReply()
    isGreeted = true
    limit(seconds: answerSeconds)
  }

  /// What the daemon tells of itself and of the vault.
  func status() throws(ClientError) -> StatusFields {
    try send([Command(.status)])
    return StatusFields(fields: try receiveReply().statuses.flatMap(\.fields))
  }

  /// Receives the answer to the next of the commands that were sent.
  ///
  /// - Parameters:
  ///   - secret: What inquiries are answered with; without it they are canceled.
  ///   - isAnswered: Whether the answer was sent with the command.
  /// - Returns: The answer.
  /// - Throws: What the daemon answered with `ERR`, and `.lost` if it is gone.
  func receiveReply(
    answeringWith secret: borrowing Secret? = nil, isAnswered: Bool = false
  ) throws(ClientError) -> Reply {
    var reply = Reply(data: SecretBuffer())
    var hint: String?
    while let step = try receiveStep(of: &reply, &hint) {
      guard case .inquiry = step, !isAnswered else { continue }
      switch secret {
      case .some(let secret): try answer(with: secret)
      case .none: try cancelInquiry()
      }
    }
    return reply
  }

  /// Receives the answer to the next of the commands that were sent, and lets
  /// `body` answer each inquiry, and take data out of the reply as they arrive.
  ///
  /// - Parameter body: Called after each inquiry, which it answers by
  ///   ``answer(with:)`` or ``answer(withContentsOf:named:)``, and after each line
  ///   of data.
  /// - Returns: The answer, with the data that `body` has left in it.
  /// - Throws: As ``receiveReply(answeringWith:isAnswered:)``, and what `body`
  ///   throws; the connection is of no use then.
  func receiveReply(
    _ body: (Step, inout SecretBuffer) throws(ClientError) -> Void
  ) throws(ClientError) -> Reply {
    var reply = Reply(data: SecretBuffer())
    var hint: String?
    while let step = try receiveStep(of: &reply, &hint) { try body(step, &reply.data) }
    return reply
  }

  /// What has come of an answer that goes on.
  enum Step: Equatable {
    case inquiry(Inquiry)
    case data
  }

  /// Receives a part of an answer; nil at its end.
  private func receiveStep(
    of reply: inout Reply, _ hint: inout String?
  ) throws(ClientError) -> Step? {
    while true {
      switch try receiveLine(into: &reply.data) {
      case .ok: return nil
      case .error(let number, let message):
        throw ClientError(Failure.code(ofNumber: number), message, hint: hint)
      case .status(let words): reply.statuses.append(StatusFields(words))
      case .hint(let text): hint = text
      case .inquire(let keyword, let object):
        return .inquiry(Inquiry(keyword: keyword, slot: object.flatMap { Int($0) }))
      case .data: return .data
      case .comment: break
      }
    }
  }

  /// Receives one line; data are decoded and added to `data`.
  private func receiveLine(into data: inout SecretBuffer) throws(ClientError) -> ServerLine {
    while true {
      let finding = input.withBytes { LineScanner.next(in: $0, from: consumed, end: arrived) }
      switch finding {
      case .tooLong: throw .protocolBroken("it sent a line that is too long")
      case .incomplete: try receiveMore()
      case .line(let range, let next):
        let start = consumed
        consumed = next
        return try input.withMutableBytes { (bytes) throws(ClientError) -> ServerLine in
          defer { bytes.wipe(start..<next) }
          do throws(SyntaxError) {
            return try ServerLine.read(&bytes, range, into: &data)
          } catch {
            throw .protocolBroken(error.reason)
          }
        }
      }
    }
  }

  private func receiveMore() throws(ClientError) {
    if consumed > 0 {
      input.withMutableBytes { bytes in
        bytes.move(consumed..<arrived, to: 0)
        bytes.wipe((arrived - consumed)..<arrived)
      }
      arrived -= consumed
      consumed = 0
    }
    if let progress {
      while !socket.hasInput(within: Self.watchedMilliseconds) { progress.note() }
    }
    let received: Int?
    do throws(Errno) {
      received = try input.withMutableBytes { (bytes) throws(Errno) in
        try socket.receive(into: &bytes, at: arrived)
      }
    } catch {
      throw lose(.lost)
    }
    guard let received else { throw silent }
    guard received > 0 else { throw lose(.lost) }
    arrived += received
  }

  // MARK: Limits

  /// Takes what is about to be sent as the measure of how long its answers may take.
  func prepare(for commands: [Command]) {
    answerSeconds = commands.allSatisfy(\.isAnsweredAtOnce) ? quickLimit : 0
    // As long as the greeting is to come, that is waited for.
    if isGreeted { limit(seconds: answerSeconds) }
  }

  /// Bounds what the daemon answers at once by the end of a waiting, too.
  func limitQuickAnswers(until end: BootInstant) {
    let left = Int32(clamping: end.seconds(since: .now) + 1)
    quickLimit = min(Self.quickSeconds, max(1, left))
    if !isGreeted { limit(seconds: min(quickLimit, limitSeconds)) }
  }

  private func limit(seconds: Int32) {
    guard seconds != limitSeconds else { return }
    // A socket that takes no limit waits as it did before there was one.
    try? socket.limitWaiting(seconds: seconds)
    limitSeconds = seconds
  }

  /// Notes that the connection is of no use any more.
  func lose(_ error: ClientError) -> ClientError {
    isLost = true
    return error
  }

  /// The daemon has not answered in time.
  var silent: ClientError {
    let failure =
      isGreeted
      ? "the daemon has not answered for \(limitSeconds) seconds"
      : "somebody listens, but has not greeted within \(limitSeconds) seconds"
    return lose(
      ClientError(
        ExitStatus.noDaemon, "\(address.socketPath): \(failure)",
        hint: address.whatToLookAt(daemonID)))
  }
}

extension Command {
  /// What the daemon answers from memory, and what changes nothing.
  fileprivate var isAnsweredAtOnce: Bool {
    let quick: [Verb] = [
      .nop, .option, .getInfo, .status, .whoAmI, .authenticate, .list, .show, .environment,
      .scan,
    ]
    return quick.contains { $0.rawValue == verb }
  }
}
