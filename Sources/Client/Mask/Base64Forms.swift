internal import Platform

/// A value inside a text that was encoded with Base64.
///
/// What stands before it in the text decides at which of three offsets it begins. The
/// characters that hold bits of its neighbours are left out, so that the others are found
/// whatever the neighbours are.
///
/// Source: RFC 4648, sections 4 and 5.
struct Base64Forms: EncodedForms {
  /// How many bytes stand before the value in its group of three.
  private let offset: Int

  /// Whether `-` and `_` are used, which file names and URLs may have.
  private let isForURLs: Bool

  /// The length of the lines that it is printed in.
  ///
  /// It is the one of base64(1) and of MIME, or the one of PEM, and only of a text that
  /// begins with the value.
  let partByteCount: Int?

  static let all: [Base64Forms] =
    [false, true].flatMap { isForURLs in
      [0, 1, 2].map { Base64Forms(offset: $0, isForURLs: isForURLs, partByteCount: nil) }
        + [76, 64].map { Base64Forms(offset: 0, isForURLs: isForURLs, partByteCount: $0) }
    }

  static let expansion = 2

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    // The first character with bits of the value alone, and the first behind those.
    let first = (offset * 8 + 5) / 6
    let end = (offset + value.count) * 8 / 6
    for character in first..<end {
      let bit = character * 6 - offset * 8
      let high = UInt32(value[bit / 8]) << 8
      let low = bit / 8 + 1 < value.count ? UInt32(value[bit / 8 + 1]) : 0
      buffer.append(self.character(of: UInt8(((high | low) >> UInt32(10 - bit % 8)) & 0x3F)))
    }
  }

  private func character(of digit: UInt8) -> UInt8 {
    switch digit {
    case 0..<26: UInt8(ascii: "A") + digit
    case 26..<52: UInt8(ascii: "a") + digit - 26
    case 52..<62: UInt8(ascii: "0") + digit - 52
    case 62: UInt8(ascii: isForURLs ? "-" : "+")
    case _: UInt8(ascii: isForURLs ? "_" : "/")
    }
  }
}
