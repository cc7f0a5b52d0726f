internal import Platform

/// A value with percent signs, as in URLs and forms.
///
/// Source: RFC 3986, section 2.1; and what the functions named below let stand.
struct PercentForms: EncodedForms {
  /// For each byte whether it stands as it is.
  private let isKept: [Bool]

  /// Whether a blank becomes `+`.
  private let blankIsPlus: Bool
  private let uppercase: Bool

  /// What is kept besides letters and digits.
  private static let kinds: [(kept: String, blankIsPlus: Bool)] = [
    ("-._~", false),  // RFC 3986, curl, rawurlencode
    ("-._~/", false),  // Python's quote
    ("-._~!*'()", false),  // encodeURIComponent
    ("-._~!*'();,/?:@&=+$#", false),  // encodeURI
    ("-._~$&+=:@", false),  // Go's PathEscape
    ("-._~", true),  // Python's quote_plus, Go's QueryEscape
    ("-._*", true),  // URLSearchParams, Java's URLEncoder
    ("-._", true),  // PHP's urlencode
  ]

  private static let always =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

  static let all: [PercentForms] = kinds.flatMap { kind in
    var isKept = [Bool](repeating: false, count: 256)
    for byte in (always + kind.kept).utf8 { isKept[Int(byte)] = true }
    return [true, false].map {
      PercentForms(isKept: isKept, blankIsPlus: kind.blankIsPlus, uppercase: $0)
    }
  }

  static let expansion = 3

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    for index in value.indices {
      let byte = value[index]
      if isKept[Int(byte)] {
        buffer.append(byte)
      } else if byte == UInt8(ascii: " "), blankIsPlus {
        buffer.append(UInt8(ascii: "+"))
      } else {
        buffer.append(UInt8(ascii: "%"))
        buffer.append(hexadecimal: UInt32(byte), digitCount: 2, uppercase: uppercase)
      }
    }
  }
}
