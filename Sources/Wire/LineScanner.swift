/// Finds the lines in what has arrived on a connection.
///
/// A line has at most 1000 bytes before LF or CRLF. The bytes are looked at
/// where they lie; nothing is copied, and nothing is taken for text.
///
/// Source: Assuan manual, "Client requests"; libassuan, `ASSUAN_LINELENGTH`.
package enum LineScanner {
  /// The most bytes of a line, its end not counted.
  package static let maximumByteCount = 1000

  /// Room for the longest line with CRLF, and one byte to see that it is too long.
  package static let bufferByteCount = 1024

  /// The most bytes of a line that is sent, its end not counted.
  package static let maximumSentByteCount = 998

  package enum Finding: Equatable, Sendable {
    /// A whole line without its end, and where the next one begins.
    case line(Range<Int>, next: Int)

    /// The end of the line has not arrived.
    case incomplete

    /// The line can never fit; the connection cannot be used any more.
    case tooLong
  }

  /// Looks for the line that begins at `start` in the bytes before `end`.
  package static func next(in bytes: Span<UInt8>, from start: Int, end: Int) -> Finding {
    var index = start
    let limit = min(end, start + maximumByteCount + 2)
    while index < limit {
      if bytes[index] == 0x0A {
        let hasReturn = index > start && bytes[index - 1] == 0x0D
        let lineEnd = hasReturn ? index - 1 : index
        guard lineEnd - start <= maximumByteCount else { return .tooLong }
        return .line(start..<lineEnd, next: index + 1)
      }
      index += 1
    }
    let pending = end - start
    // One byte more may still be the CR of a line end.
    if pending > maximumByteCount + 1 { return .tooLong }
    if pending == maximumByteCount + 1, bytes[end - 1] != 0x0D { return .tooLong }
    return .incomplete
  }
}
