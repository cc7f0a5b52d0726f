internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// How far a command has come.
enum Progress {
  /// It is answered with OK, unless it was answered before.
  case done

  /// It goes on when a worker or the client has answered.
  case pending
}

/// One command in work, and its answer as it takes shape.
///
/// It ends exactly once: with ``succeed()`` or with ``fail(_:)``. If the client
/// goes away before, ending it does nothing.
final class Exchange {
  let command: Command
  let server: Server
  private let session: Session
  private var chunks: [Chunk] = []
  private(set) var hasEnded = false

  /// Whether an audit row belongs to the answer, which must not go out without it.
  private var needsRow: Failure?

  init(command: Command, session: Session, server: Server) {
    self.command = command
    self.session = session
    self.server = server
  }

  var peer: PeerCredentials { session.connection.peer }

  /// The session, for the commands that are about it.
  var ownSession: Session { session }

  /// Who asks, for the audit.
  func actor(_ user: UserID?, key: KeyID? = nil) -> Actor {
    Actor(
      user: user, key: key, uid: peer.userID, processID: peer.processID,
      command: session.claimedCommand)
  }

  /// How the client writes the name of `key`.
  func name(of key: Key, in vault: Vault) -> String {
    let standing = server.gate.standingIfAny(of: self, in: vault.organization)
    return vault.organization.name(of: key, seenBy: standing)
  }

  // MARK: Running

  /// Looks the command up and runs it.
  func begin() {
    proceed { () throws(Failure) -> Progress in
      guard let verb = Verb(rawValue: command.verb) else {
        throw Failure(
          .unknownCommand, "unknown command", hint: "'HELP' lists the commands")
      }
      let definition = CommandDefinition.of(verb)
      // Whatever becomes of it: who wants to act as a key never acts as a user behind it.
      if verb == .authenticate { session.actAsNobody() }
      try server.gate.admit(definition, self)
      if server.gate.isUse(definition, self) { server.noteUse() }
      try definition.check(command)
      return try definition.run(self, command)
    }
  }

  /// Runs a part of the command.
  func proceed(_ body: () throws(Failure) -> Progress) {
    do throws(Failure) {
      switch try body() {
      case .done: if !hasEnded { succeed() }
      case .pending: break
      }
    } catch {
      fail(error)
    }
  }

  // MARK: Answering

  /// Adds a status line.
  func status(_ words: [String]) { append(ReplyLine.status(words)) }

  /// Adds status fields, leaving out those without a value.
  func status(_ keywords: [String] = [], _ fields: [(String, String?)]) {
    append(ReplyLine.status(keywords, fields))
  }

  func comment(_ text: String) { append(ReplyLine.comment(text)) }

  /// Adds lines to those before: an answer is a few runs of bytes, not many.
  private func append(_ lines: [UInt8]) {
    guard case .lines(var bytes) = chunks.last else { return chunks.append(.lines(lines)) }
    chunks.removeLast()
    bytes += lines
    chunks.append(.lines(bytes))
  }

  /// Adds data in which nothing is secret.
  func data(_ text: String) {
    let bytes = Array(text.utf8)
    var lines = [UInt8](repeating: 0, count: DataEncoder.maximumByteCount(for: bytes.count))
    var encoder = DataEncoder(at: 0)
    var span = lines.mutableSpan
    encoder.append(bytes.span, to: &span)
    encoder.finish(in: &span)
    let count = encoder.position
    lines.removeLast(lines.count - count)
    append(lines)
  }

  /// Adds a sealed value as data; it is opened when it is sent.
  func value(_ data: SealedData) { chunks.append(.value(data)) }

  /// Makes the answer depend on the audit rows of this turn.
  ///
  /// - Parameter failure: What the client is told if they cannot be written.
  func requireRow(orElse failure: Failure) { needsRow = failure }

  /// Ends the command with OK.
  func succeed(_ text: String? = nil, thenCloses: Bool = false) {
    append(ReplyLine.ok(text))
    end(thenCloses: thenCloses)
  }

  /// Ends the command with an error; nothing else of the answer is sent.
  func fail(_ failure: Failure) {
    chunks = [.lines(ReplyLine.error(failure))]
    end(thenCloses: false)
  }

  private func end(thenCloses: Bool) {
    precondition(!hasEnded, "a command ends once")
    hasEnded = true
    session.finishCommand(
      Session.Response(chunks: chunks, ifUnaudited: needsRow), thenCloses: thenCloses)
    chunks = []
    server.resume(session)
  }

  /// Asks the client for something secret.
  func inquire(
    _ keyword: String, seconds: Int64 = Limits.answerSeconds,
    _ completion: @escaping (borrowing Secret) throws(Failure) -> Progress
  ) -> Progress {
    session.inquire(Inquiry(keyword, of: self, seconds: seconds, .secret(completion)))
    return .pending
  }

  /// Asks the client for something long that is no secret.
  func inquireStream(
    _ keyword: String, maximumByteCount: Int,
    _ completion: @escaping ([UInt8]) throws(Failure) -> Progress
  ) -> Progress {
    session.inquire(
      Inquiry(
        keyword, of: self, maximumByteCount: maximumByteCount, seconds: Limits.streamSeconds,
        .stream(completion)))
    return .pending
  }

  /// Adds long data in which nothing is secret; it is encoded when it is sent.
  func stream(_ bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: Limits.streamPartByteCount) {
      let end = min(start + Limits.streamPartByteCount, bytes.count)
      chunks.append(.data(bytes[start..<end]))
    }
  }
}
