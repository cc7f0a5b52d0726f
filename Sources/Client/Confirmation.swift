internal import Glibc
internal import Platform

/// A question that is answered by yes or no.
enum Confirmation {
  /// The longest answer that is looked at.
  private static let maximumByteCount = 64

  /// Asks on the terminal; all but a yes is a no.
  ///
  /// - Parameter question: Without a mark at its end.
  /// - Returns: Whether the answer was yes; nil if there is no terminal.
  /// - Throws: ``ClientError`` with exit status 1.
  static func ask(_ question: String) throws(ClientError) -> Bool? {
    try ask(question, below: SecretBuffer())
  }

  /// Asks about what is shown above the question, and may hold a secret.
  ///
  /// Source: tcflush(3).
  ///
  /// - Parameters:
  ///   - question: Without a mark at its end.
  ///   - shown: Whole lines, in which nothing steers a terminal.
  /// - Returns: Whether the answer was yes; nil if there is no terminal.
  /// - Throws: ``ClientError`` with exit status 1.
  static func ask(
    _ question: String, below shown: borrowing SecretBuffer
  ) throws(ClientError) -> Bool? {
    guard let terminal = try? FileDescriptor.open("/dev/tty", flags: O_RDWR | O_NOCTTY) else {
      return nil
    }
    var answer = [UInt8](repeating: 0, count: maximumByteCount)
    let count: Int
    do throws(Errno) {
      // What was typed before the question is no answer to it.
      _ = terminal.withRawValue { tcflush($0, CInt(TCIFLUSH)) }
      try shown.withBytes { (bytes) throws(Errno) -> Void in try terminal.writeAll(bytes) }
      try terminal.writeAll("\(question)? [y/N] ".utf8.span)
      var span = answer.mutableSpan
      count = try terminal.read(into: &span)
    } catch {
      throw ClientError(ExitStatus.failed, "the terminal: asking failed: \(error)")
    }
    return isYes(answer.prefix(count))
  }

  /// Whether a line says yes.
  static func isYes(_ line: some Sequence<UInt8>) -> Bool {
    let text = String(decoding: Array(line), as: UTF8.self).lowercased()
    return ["y", "yes"].contains(text.filter { !$0.isWhitespace })
  }
}
