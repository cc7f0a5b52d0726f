/// The digits of ids, secrets and checksums.
enum Base62 {
  static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// Whether `byte` is one of the digits.
  static func contains(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  /// The digit that a random byte stands for; nil for the eight values that
  /// would make some digits likelier than others.
  static func digit(fromRandom byte: UInt8) -> UInt8? {
    byte < 248 ? alphabet[Int(byte % 62)] : nil
  }

  /// The six digits of a 32-bit number, padded with `0`.
  static func digits(of number: UInt32) -> [UInt8] {
    var rest = number
    var digits = [UInt8](repeating: alphabet[0], count: 6)
    for index in digits.indices.reversed() {
      digits[index] = alphabet[Int(rest % 62)]
      rest /= 62
    }
    return digits
  }
}

/// CRC-32/ISO-HDLC, as in zlib and PNG.
///
/// Source: RFC 1952, section 8.
enum Checksum {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1
    }
  }

  /// The checksum of the first `count` bytes.
  static func crc32(of bytes: Span<UInt8>, count: Int) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for index in 0..<count {
      value = table[Int((value ^ UInt32(bytes[index])) & 0xFF)] ^ (value >> 8)
    }
    return ~value
  }
}
