internal import Platform

/// A value inside a text that was encoded with Base64.
///
/// What stands before it in the text decides at which of three offsets it begins. The
/// characters that hold bits of its neighbours as well are left out, so that the others
/// are found whatever the neighbours are; but at the end of a text, and before a line end,
/// it is clear what the last one is.
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

  /// What stands behind the value.
  private let following: Following

  private enum Following: CaseIterable {
    case anything
    case nothing
    case lineFeed
  }

  private init(
    _ offset: Int, _ isForURLs: Bool, _ partByteCount: Int?, _ following: Following
  ) {
    (self.offset, self.isForURLs) = (offset, isForURLs)
    (self.partByteCount, self.following) = (partByteCount, following)
  }

  static let all: [Base64Forms] =
    [false, true].flatMap { isForURLs in
      Following.allCases.flatMap { following in
        [0, 1, 2].map { Base64Forms($0, isForURLs, nil, following) }
          + [76, 64].map { Base64Forms(0, isForURLs, $0, following) }
      }
    }

  static let expansion = 2

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    // The first character with bits of the value alone, and the first behind those.
    let first = (offset * 8 + 5) / 6
    let bitCount = (offset + value.count) * 8
    let end = following == .anything ? bitCount / 6 : (bitCount + 5) / 6
    for character in first..<end {
      let bit = character * 6 - offset * 8
      let high = UInt32(value[bit / 8]) << 8
      let low = bit / 8 + 1 < value.count ? UInt32(value[bit / 8 + 1]) : followingByte
      buffer.append(self.character(of: UInt8(((high | low) >> UInt32(10 - bit % 8)) & 0x3F)))
    }
  }

  private var followingByte: UInt32 { following == .lineFeed ? 0x0A : 0 }

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
