internal import Platform

/// A value inside a string of JSON.
///
/// Source: RFC 8259, section 7.
struct JSONForms: EncodedForms {
  /// What is escaped although it need not be.
  private let escapes: Escapes

  /// Whether hexadecimal digits behind `\u` are in upper case.
  private let uppercase: Bool

  private struct Escapes: OptionSet {
    let rawValue: Int

    /// `\/`, as PHP writes it.
    static let slash = Escapes(rawValue: 1)

    /// All that is not ASCII, as Python and PHP do.
    static let nonASCII = Escapes(rawValue: 2)

    /// `<`, `>` and `&`, as Go does.
    static let markup = Escapes(rawValue: 4)

    /// Quotation marks, `+` and what markup has, as .NET does.
    static let quotes = Escapes(rawValue: 8)
  }

  static let all: [JSONForms] = {
    let kinds: [Escapes] = [
      [], [.slash], [.nonASCII], [.slash, .nonASCII], [.markup], [.markup, .quotes, .nonASCII],
    ]
    return kinds.flatMap { kind in
      [false, true].map { JSONForms(escapes: kind, uppercase: $0) }
    }
  }()

  static let expansion = 6

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    var index = 0
    while index < value.count {
      let byte = value[index]
      if byte >= 0x80, escapes.contains(.nonASCII), let scalar = Self.scalar(in: value, at: index) {
        for unit in scalar.value.utf16 { append(unit, to: &buffer) }
        index += scalar.byteCount
      } else if byte >= 0x80, escapes.contains(.nonASCII) {
        append(Self.surrogate(of: byte), to: &buffer)
        index += 1
      } else {
        append(byte, to: &buffer)
        index += 1
      }
    }
  }

  private func append(_ byte: UInt8, to buffer: inout FormBuffer) {
    switch byte {
    case UInt8(ascii: "\"") where !escapes.contains(.quotes): buffer.append("\\\"")
    case UInt8(ascii: "\\"): buffer.append("\\\\")
    case UInt8(ascii: "/") where escapes.contains(.slash): buffer.append("\\/")
    case 0x08: buffer.append("\\b")
    case 0x09: buffer.append("\\t")
    case 0x0A: buffer.append("\\n")
    case 0x0C: buffer.append("\\f")
    case 0x0D: buffer.append("\\r")
    case let byte where isEscaped(byte): append(UInt16(byte), to: &buffer)
    case let byte: buffer.append(byte)
    }
  }

  /// What Python has in the place of a byte that is no UTF-8.
  ///
  /// Source: PEP 383.
  private static func surrogate(of byte: UInt8) -> UInt16 { 0xDC00 + UInt16(byte) }

  /// Whether a byte is written as `\u` and its number.
  private func isEscaped(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20: true
    case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): escapes.contains(.markup)
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "+"), UInt8(ascii: "`"), 0x7F:
      escapes.contains(.quotes)
    case _: false
    }
  }

  /// Appends `\u` and four digits.
  private func append(_ unit: UInt16, to buffer: inout FormBuffer) {
    buffer.append("\\u")
    buffer.append(hexadecimal: UInt32(unit), digitCount: 4, uppercase: uppercase)
  }

  /// The character of several bytes at `index`; nil if it is no UTF-8.
  ///
  /// Source: RFC 3629, section 3.
  private static func scalar(
    in value: Span<UInt8>, at index: Int
  ) -> (value: Unicode.Scalar, byteCount: Int)? {
    let byteCount: Int
    switch value[index] {
    case 0xC2...0xDF: byteCount = 2
    case 0xE0...0xEF: byteCount = 3
    case 0xF0...0xF4: byteCount = 4
    case _: return nil
    }
    guard index + byteCount <= value.count else { return nil }
    var bits = UInt32(value[index]) & (0xFF >> UInt32(byteCount + 1))
    for next in (index + 1)..<(index + byteCount) {
      guard value[next] & 0xC0 == 0x80 else { return nil }
      bits = bits << 6 | UInt32(value[next] & 0x3F)
    }
    return Unicode.Scalar(bits).map { ($0, byteCount) }
  }
}
