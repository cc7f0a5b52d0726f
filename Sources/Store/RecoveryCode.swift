internal import Platform
internal import Sodium

/// A slot's secret that is written on paper: 32 random bytes and a checksum.
///
///     7ZK4M2Q-0XB9C3T-...    8 groups of 7 characters
///
/// Base32 with the digits and letters that are not taken for one another;
/// either case is read, O as 0, I and L as 1, and spaces and hyphens anywhere.
///
/// Source: Crockford's Base32.
package enum RecoveryCode {
  static let secretByteCount = 32
  private static let checksumByteCount = 3
  private static let characterCount = 56
  private static let groupCount = 7

  /// The code with its hyphens.
  package static let byteCount = characterCount + characterCount / groupCount - 1

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  /// The code of a slot's secret.
  static func code(of secret: borrowing Secret) throws(SodiumError) -> Secret {
    precondition(secret.count == secretByteCount, "a recovery secret has 32 bytes")
    let bytes = try checked(secret)
    return try bytes.withBytes { (bytes) throws(SodiumError) -> Secret in
      try filled(count: byteCount) { code in
        var position = 0
        for index in 0..<characterCount {
          if index > 0, index % groupCount == 0 {
            code[position] = UInt8(ascii: "-")
            position += 1
          }
          code[position] = alphabet[digit(index, of: bytes)]
          position += 1
        }
      }
    }
  }

  /// The slot's secret that `text` is the code of; nil if it is no such code.
  static func secret(ofCode text: borrowing Secret) throws(SodiumError) -> Secret? {
    var isCode = true
    let bytes = try filled(count: secretByteCount + checksumByteCount) { bytes in
      isCode = text.withBytes { text in decode(text, into: &bytes) }
    }
    guard isCode else { return nil }
    let secret = try bytes.withBytes { (bytes) throws(SodiumError) -> Secret in
      try filled(count: secretByteCount) { secret in
        secret.replace(at: 0, with: bytes.extracting(0..<secretByteCount))
      }
    }
    let expected = try checked(secret)
    let isRight = bytes.withBytes { bytes in
      expected.withBytes { expected in
        bytes.indices.allSatisfy { bytes[$0] == expected[$0] }
      }
    }
    guard isRight else { return nil }
    return secret
  }

  /// The secret with its checksum behind it.
  private static func checked(_ secret: borrowing Secret) throws(SodiumError) -> Secret {
    try secret.withBytes { (secret) throws(SodiumError) -> Secret in
      let checksum = Hash.digest(of: secret)
      return try filled(count: secretByteCount + checksumByteCount) { bytes in
        bytes.replace(at: 0, with: secret)
        for index in 0..<checksumByteCount { bytes[secretByteCount + index] = checksum[index] }
      }
    }
  }

  /// The five bits that the character at `index` stands for.
  private static func digit(_ index: Int, of bytes: Span<UInt8>) -> Int {
    (0..<5).reduce(0) { digit, offset in
      let bit = index * 5 + offset
      return digit << 1 | Int(bytes[bit / 8] >> (7 - bit % 8)) & 1
    }
  }

  /// Reads the characters of a code; false if there are others, or too few or many.
  private static func decode(_ text: Span<UInt8>, into bytes: inout MutableSpan<UInt8>) -> Bool {
    var count = 0
    for index in text.indices {
      if text[index] == 0x20 || text[index] == UInt8(ascii: "-") { continue }
      guard let digit = value(of: text[index]), count < characterCount else { return false }
      for offset in 0..<5 where digit >> (4 - offset) & 1 == 1 {
        let bit = count * 5 + offset
        bytes[bit / 8] |= 0x80 >> UInt8(bit % 8)
      }
      count += 1
    }
    return count == characterCount
  }

  private static func value(of character: UInt8) -> Int? {
    let upper = (0x61...0x7A).contains(character) ? character - 0x20 : character
    switch upper {
    case UInt8(ascii: "O"): return 0
    case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
    default: return alphabet.firstIndex(of: upper)
    }
  }

  private static func filled(
    count: Int, by fill: (inout MutableSpan<UInt8>) -> Void
  ) throws(SodiumError) -> Secret {
    do { return try Secret(count: count, filledBy: fill) } catch { throw SodiumError(error) }
  }
}
