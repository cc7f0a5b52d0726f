/// The escapes of Assuan: `%` and two hexadecimal digits stand for a byte.
///
/// Written in upper case, read in either. A `%` without two digits behind it is
/// an error, and never taken literally.
///
/// Source: Assuan manual, "Client requests".
package enum Percent {
  private static let sign = UInt8(ascii: "%")
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// Decodes the bytes of `range` where they stand.
  ///
  /// The result is never longer, and begins where the range does.
  ///
  /// - Parameters:
  ///   - bytes: What holds the escaped bytes.
  ///   - range: Where they are.
  /// - Returns: The number of decoded bytes.
  /// - Throws: ``SyntaxError`` for a broken escape; the bytes before it have
  ///   been decoded then.
  package static func decode(
    _ bytes: inout MutableSpan<UInt8>, in range: Range<Int>
  ) throws(SyntaxError) -> Int {
    var source = range.lowerBound
    var target = range.lowerBound
    while source < range.upperBound {
      var byte = bytes[source]
      if byte == sign {
        guard source + 2 < range.upperBound, let high = value(of: bytes[source + 1]),
          let low = value(of: bytes[source + 2])
        else {
          throw SyntaxError("a '%' needs two hexadecimal digits behind it")
        }
        byte = high << 4 | low
        source += 2
      }
      bytes[target] = byte
      source += 1
      target += 1
    }
    return target - range.lowerBound
  }

  /// Decodes one word of a line into text.
  package static func decodedText(_ bytes: Span<UInt8>) throws(SyntaxError) -> String {
    guard bytes.indices.contains(where: { bytes[$0] == sign }) else { return try text(of: bytes) }
    var copy: [UInt8] = []
    copy.reserveCapacity(bytes.count)
    for index in bytes.indices { copy.append(bytes[index]) }
    let escapedCount = copy.count
    var span = copy.mutableSpan
    let count = try decode(&span, in: 0..<escapedCount)
    return try text(of: copy.span.extracting(0..<count))
  }

  private static func text(of bytes: Span<UInt8>) throws(SyntaxError) -> String {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes))
    } catch {
      throw SyntaxError("a word is not UTF-8")
    }
  }

  /// Escapes a word of a line: also spaces and controls, so that it stays one.
  package static func encodedWord(_ text: String) -> String {
    encoded(text, where: isEscapedInWord)
  }

  private static func isEscapedInWord(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == sign || byte == 0x7F
  }

  /// The same, behind what `line` has already.
  static func append(word text: String, to line: inout [UInt8]) {
    append(text, to: &line, where: isEscapedInWord)
  }

  /// Escapes text that goes to the end of a line.
  package static func encodedText(_ text: String) -> String {
    encoded(text) { $0 < 0x20 || $0 == sign || $0 == 0x7F }
  }

  private static func encoded(_ text: String, where isEscaped: (UInt8) -> Bool) -> String {
    guard text.utf8.contains(where: isEscaped) else { return text }
    var bytes: [UInt8] = []
    append(text, to: &bytes, where: isEscaped)
    return String(decoding: bytes, as: UTF8.self)
  }

  @inline(__always)
  private static func append(
    _ text: String, to bytes: inout [UInt8], where isEscaped: (UInt8) -> Bool
  ) {
    for byte in text.utf8 {
      if isEscaped(byte) {
        bytes += escape(byte)
      } else {
        bytes.append(byte)
      }
    }
  }

  /// The three bytes that stand for `byte`.
  static func escape(_ byte: UInt8) -> [UInt8] {
    [sign, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  /// Whether a byte of a D line must be escaped.
  @inline(__always)
  static func needsEscape(_ byte: UInt8) -> Bool {
    byte == sign || byte == 0x0A || byte == 0x0D
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x41...0x46: digit - 0x41 + 10
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }
}

/// A line that breaks the protocol's grammar; the connection can go on.
package struct SyntaxError: Error, Equatable, Sendable {
  package let reason: String
  init(_ reason: String) { self.reason = reason }
}
