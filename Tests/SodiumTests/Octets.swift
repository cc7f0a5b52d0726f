import Platform

/// Bytes as tests write and compare them.
enum Octets {
  /// Reads pairs of hexadecimal digits.
  static func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }

  /// `count` bytes from 0 on.
  static func counting(_ count: Int, from first: Int = 0) -> [UInt8] {
    (first..<(first + count)).map { UInt8(truncatingIfNeeded: $0) }
  }

  static func secret(_ bytes: [UInt8]) throws -> Secret { try Secret(copying: bytes.span) }

  static func bytes(_ secret: borrowing Secret) -> [UInt8] {
    secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }
}
