/// Writes bytes as D lines, `%`, CR and LF escaped.
///
/// All D lines up to the next other line are one stream; where one ends and the
/// next begins means nothing. The output lies in locked memory where the bytes
/// are secret, so it is a span, and nothing else holds any of them.
package struct DataEncoder {
  /// How many bytes of `output` have been written.
  package private(set) var position: Int

  private var lineStart: Int?

  /// - Parameter position: Where in the output the first line begins.
  package init(at position: Int) { self.position = position }

  /// The most bytes that `count` bytes take as D lines of their own.
  package static func maximumByteCount(for count: Int) -> Int {
    let escaped = 3 * count
    // "D " and LF a line; an escape is never cut, so up to two bytes stay free.
    let lineCount = escaped / (LineScanner.maximumSentByteCount - 4) + 1
    return escaped + 3 * lineCount
  }

  /// Writes `bytes`; `output` must have room for them.
  package mutating func append(_ bytes: Span<UInt8>, to output: inout MutableSpan<UInt8>) {
    for index in bytes.indices { append(bytes[index], to: &output) }
  }

  /// Writes one byte; `output` must have room for it.
  @inline(__always)
  package mutating func append(_ byte: UInt8, to output: inout MutableSpan<UInt8>) {
    let isEscaped = Percent.needsEscape(byte)
    let needed = isEscaped ? 3 : 1
    if let start = lineStart, position + needed - start > LineScanner.maximumSentByteCount {
      finishLine(in: &output)
    }
    if lineStart == nil { beginLine(in: &output) }
    if isEscaped {
      for escaped in Percent.escape(byte) { put(escaped, in: &output) }
    } else {
      put(byte, in: &output)
    }
  }

  /// Ends the line that is open, if one is.
  package mutating func finish(in output: inout MutableSpan<UInt8>) {
    if lineStart != nil { finishLine(in: &output) }
  }

  private mutating func beginLine(in output: inout MutableSpan<UInt8>) {
    lineStart = position
    put(UInt8(ascii: "D"), in: &output)
    put(0x20, in: &output)
  }

  private mutating func finishLine(in output: inout MutableSpan<UInt8>) {
    put(0x0A, in: &output)
    lineStart = nil
  }

  @inline(__always)
  private mutating func put(_ byte: UInt8, in output: inout MutableSpan<UInt8>) {
    output[position] = byte
    position += 1
  }
}
