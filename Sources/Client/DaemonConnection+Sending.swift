internal import Platform
internal import Wire

// What the client sends.

extension DaemonConnection {
  /// How much of a file is sent at a time.
  private static let chunkByteCount = 65_536

  /// Sends lines; the answers come in their order.
  func send(_ commands: [Command]) throws(ClientError) {
    prepare(for: commands)
    var text = ""
    for command in commands { text += command.line + "\n" }
    try send(text.utf8.span)
  }

  private func send(_ bytes: Span<UInt8>) throws(ClientError) {
    do throws(Errno) {
      try socket.sendAll(bytes)
    } catch {
      throw error == .wouldBlock ? silent : lose(.lost)
    }
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
    prepare(for: [command])
    try answer(with: secret, behind: command.line + "\n")
  }

  /// Answers an inquiry with a secret.
  func answer(with secret: borrowing Secret) throws(ClientError) {
    try answer(with: secret, behind: "")
  }

  /// Answers an inquiry with a secret, behind the line that asks for it, if that
  /// is still to be sent.
  private func answer(
    with secret: borrowing Secret, behind head: String
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

  /// Answers an inquiry with all that a file holds, which is no secret.
  ///
  /// - Parameters:
  ///   - file: What is sent, from its position to its end.
  ///   - name: What it is called in a message.
  /// - Throws: ``ClientError`` if the file cannot be read; what the daemon has got
  ///   by then is no answer.
  func answer(
    withContentsOf file: borrowing FileDescriptor, named name: String
  ) throws(ClientError) {
    var bytes = [UInt8](repeating: 0, count: Self.chunkByteCount)
    var lines = [UInt8](
      repeating: 0, count: DataEncoder.maximumByteCount(for: Self.chunkByteCount))
    var sent = 0
    while true {
      progress?.note("\(Progress.megabytes(sent)) read")
      var span = bytes.mutableSpan
      let count = try attempting("\(name): reading") { () throws(Errno) in
        try file.readWaiting(into: &span)
      }
      guard count > 0 else { break }
      sent += count
      var encoder = DataEncoder(at: 0)
      var output = lines.mutableSpan
      encoder.append(bytes.span.extracting(0..<count), to: &output)
      encoder.finish(in: &output)
      // A daemon that has refused says why; that is to be read next.
      guard isSent(lines.span.extracting(0..<encoder.position)) else { return }
    }
    _ = isSent("END\n".utf8.span)
  }

  private func isSent(_ bytes: Span<UInt8>) -> Bool {
    do throws(Errno) { try socket.sendAll(bytes) } catch { return false }
    return true
  }

  /// Answers an inquiry with nothing, which ends its command.
  func cancelInquiry() throws(ClientError) { try send("CAN\n".utf8.span) }
}
