internal import Platform
internal import Wire

/// A dialogue with the daemon.
final class DaemonConnection {
  private let socket: UnixSocket
  private var input: Secret
  private var arrived = 0
  private var consumed = 0

  /// A round trip brings all of a usual answer.
  private static let inputByteCount = 16_384

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
    let peer: PeerCredentials
    do throws(Errno) {
      peer = try socket.peer()
    } catch {
      throw ClientError(ExitStatus.noDaemon, "\(address.socketPath): \(error)")
    }
    // Where systemd listens for the daemon, the peer is systemd.
    guard peer.userID == Process.userID || peer.userID == 0 else {
      throw ClientError(
        ExitStatus.noDaemon,
        "\(address.socketPath): uid \(peer.userID) listens there, neither you nor root",
        hint: "nothing was sent; find out who made this socket")
    }
    return try DaemonConnection(socket)
  }

  private init(_ socket: consuming UnixSocket) throws(ClientError) {
    do throws(SecretError) {
      input = try Secret(count: Self.inputByteCount)
    } catch {
      throw .outOfMemory
    }
    self.socket = socket
  }

  // MARK: Sending

  /// Sends lines; the answers come in their order.
  func send(_ commands: [Command]) throws(ClientError) {
    let text = commands.map { $0.line + "\n" }.joined()
    try send(text.utf8.span)
  }

  private func send(_ bytes: Span<UInt8>) throws(ClientError) {
    do throws(Errno) { try socket.sendAll(bytes) } catch { throw .lost }
  }

  /// Sends a command and, right behind it, the answer to its inquiry.
  ///
  /// - Parameters:
  ///   - command: One that inquires once; if it is refused before it does, the
  ///     answers to the lines behind it mean nothing.
  ///   - secret: The answer.
  /// - Throws: ``ClientError``.
  func send(
    _ command: Command, answeredWith secret: borrowing Secret
  ) throws(ClientError) {
    try answer(with: secret, behind: command.line + "\n")
  }

  /// Answers an inquiry with a secret, behind the line that asked for it, if that
  /// is still to be sent.
  private func answer(
    with secret: borrowing Secret, behind head: String = ""
  ) throws(ClientError) {
    let start = head.utf8.count
    let count = start + DataEncoder.maximumByteCount(for: secret.count) + 4
    var lines: Secret
    do throws(SecretError) { lines = try Secret(count: count) } catch { throw .outOfMemory }
    let end = secret.withBytes { bytes in
      lines.withMutableBytes { lines in
        lines.replace(at: 0, with: head.utf8.span)
        var encoder = DataEncoder(at: start)
        encoder.append(bytes, to: &lines)
        encoder.finish(in: &lines)
        lines.replace(at: encoder.position, with: "END\n".utf8.span)
        return encoder.position + 4
      }
    }
    // A daemon that refuses may close before it has read all; what it says then
    // tells more than a broken pipe, so the failure shows itself at reading.
    lines.withBytes { lines in
      try? socket.sendAll(lines.extracting(0..<end))
    }
  }

  // MARK: Receiving

  /// What the daemon answers to one command.
  struct Reply: ~Copyable {
    var statuses: [StatusFields] = []
    var data: SecretBuffer
  }

  /// Receives the greeting.
  func receiveGreeting() throws(ClientError) { _ = try receiveReply() }

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
    while true {
      switch try receiveLine(into: &reply.data) {
      case .ok: return reply
      case .error(let number, let message):
        throw ClientError(Failure.code(ofNumber: number), message, hint: hint)
      case .status(let words): reply.statuses.append(StatusFields(words))
      case .hint(let text): hint = text
      case .inquire where isAnswered: break
      case .inquire:
        if secret != nil {
          try answerInquiry(secret)
        } else {
          try send("CAN\n".utf8.span)
        }
      case .data, .comment: break
      }
    }
  }

  /// Sends a command that inquires once, and receives its answer.
  ///
  /// - Parameters:
  ///   - command: What is asked.
  ///   - secret: The answer to the inquiry, which is made only when that has come:
  ///     the daemon has accepted the command then, as far as it can.
  /// - Returns: The answer.
  /// - Throws: As ``receiveReply(answeringWith:isAnswered:)``.
  func ask(
    _ command: Command, answeringWith secret: () throws(ClientError) -> Secret
  ) throws(ClientError) -> Reply {
    try send([command])
    try receiveInquiry()
    try answer(with: try secret())
    return try receiveReply(isAnswered: true)
  }

  private func receiveInquiry() throws(ClientError) {
    var data = SecretBuffer()
    var hint: String?
    while true {
      switch try receiveLine(into: &data) {
      case .inquire: return
      case .error(let number, let message):
        throw ClientError(Failure.code(ofNumber: number), message, hint: hint)
      case .hint(let text): hint = text
      case .ok: throw .protocolBroken("it did not ask for a secret")
      case .status, .data, .comment: break
      }
    }
  }

  private func answerInquiry(_ secret: borrowing Secret?) throws(ClientError) {
    switch secret {
    case .some(let secret): try answer(with: secret)
    case .none: break
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
          return try Self.read(&bytes, range, into: &data)
        }
      }
    }
  }

  private static func read(
    _ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>, into data: inout SecretBuffer
  ) throws(ClientError) -> ServerLine {
    do throws(SyntaxError) {
      let line = try ServerLine(parsing: bytes.span.extracting(range))
      guard case .data(let payload) = line else { return line }
      let start = range.lowerBound + payload.lowerBound
      let count = try Percent.decode(&bytes, in: start..<range.upperBound)
      do throws(ClientError) {
        try data.append(bytes.span.extracting(start..<(start + count)))
      } catch {
        return .error(number: Failure.Code.limit.rawValue, message: error.message)
      }
      return line
    } catch {
      throw .protocolBroken(error.reason)
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
    let received: Int?
    do throws(Errno) {
      received = try input.withMutableBytes { (bytes) throws(Errno) in
        try socket.receive(into: &bytes, at: arrived)
      }
    } catch {
      throw .lost
    }
    guard let received, received > 0 else { throw .lost }
    arrived += received
  }
}

extension ClientError {
  /// The daemon has gone away in the middle of a dialogue.
  static let lost = ClientError(
    ExitStatus.noDaemon, "the daemon closed the connection before it had answered",
    hint: "'coffer status' tells whether it runs")

  static func protocolBroken(_ reason: String) -> ClientError {
    ClientError(
      ExitStatus.noDaemon, "the daemon does not speak Coffer's protocol: \(reason)",
      hint: "is another program listening on the socket?")
  }
}
