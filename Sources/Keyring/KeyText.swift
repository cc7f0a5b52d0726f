/// The text of an issued key: `cof_<type>_<id><secret><checksum>`.
///
/// 57 characters, each at its place: type 2 characters, id 12, secret 32,
/// checksum 6. The checksum is the CRC-32 of all before it, so that a typing
/// error is told from an unknown key without asking the vault.
package enum KeyText {
  package static let byteCount = 57

  /// How many random bytes a secret wants: 32 that can be used, and enough to
  /// spare that they fail to do less than once in 10^50 times.
  package static let randomByteCount = 96

  private static let prefix = Array("cof_".utf8)
  private static let headByteCount = 7
  private static let secretByteCount = 32
  private static let checksumStart = 51

  /// What anyone can read off a key's text without knowing the vault.
  package struct Handle: Equatable, Sendable {
    package let type: KeyType
    package let id: KeyID
  }

  /// Writes a key's text.
  ///
  /// - Parameters:
  ///   - type: What the key acts for.
  ///   - id: Its public handle.
  ///   - random: At least ``randomByteCount`` random bytes; they become the secret.
  ///   - output: ``byteCount`` bytes.
  /// - Returns: Whether enough of the random bytes could be used; if not, draw again.
  package static func write(
    type: KeyType, id: KeyID, random: Span<UInt8>, to output: inout MutableSpan<UInt8>
  ) -> Bool {
    precondition(output.count == byteCount, "a key's text has 57 bytes")
    var position = 0
    for byte in prefix + Array(type.textMark.utf8) + Array("_".utf8) + id.characters {
      output[position] = byte
      position += 1
    }
    for index in random.indices where position < checksumStart {
      guard let digit = Base62.digit(fromRandom: random[index]) else { continue }
      output[position] = digit
      position += 1
    }
    guard position == checksumStart else { return false }
    for byte in Base62.digits(of: Checksum.crc32(of: output.span, count: checksumStart)) {
      output[position] = byte
      position += 1
    }
    return true
  }

  /// Reads a key's text; nil if shape or checksum are wrong.
  package static func parse(_ text: Span<UInt8>) -> Handle? {
    guard text.count == byteCount, let type = type(at: 0, of: text) else { return nil }
    for index in headByteCount..<byteCount {
      guard Base62.contains(text[index]) else { return nil }
    }
    let checksum = Base62.digits(of: Checksum.crc32(of: text, count: checksumStart))
    for index in checksum.indices {
      guard text[checksumStart + index] == checksum[index] else { return nil }
    }
    let idRange = headByteCount..<(headByteCount + KeyID.characterCount)
    guard let id = KeyID(text.extracting(idRange)) else { return nil }
    return Handle(type: type, id: id)
  }

  /// The type that the seven bytes at `start` announce, if they do.
  private static func type(at start: Int, of text: Span<UInt8>) -> KeyType? {
    guard start + headByteCount <= text.count else { return nil }
    for index in prefix.indices {
      guard text[start + index] == prefix[index] else { return nil }
    }
    return KeyType.allCases.first { type in
      let mark = Array(type.textMark.utf8) + Array("_".utf8)
      return mark.indices.allSatisfy { text[start + prefix.count + $0] == mark[$0] }
    }
  }

  /// Whether a well-formed key text stands anywhere in `text`.
  package static func occurs(in text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count >= byteCount else { return false }
    return (0...(bytes.count - byteCount)).contains { start in
      parse(bytes.span.extracting(start..<(start + byteCount))) != nil
    }
  }

  /// `text` with all that could be a key's secret in it left out.
  ///
  /// Of a well-formed text prefix and id are shown. What only begins like one
  /// may be a key with a typing error anywhere, so of that nothing is shown
  /// behind the prefix, up to the end of the word.
  package static func masked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      guard type(at: position, of: bytes.span) != nil else {
        result.append(bytes[position])
        position += 1
        continue
      }
      var end = position + headByteCount
      while end < bytes.count, Base62.contains(bytes[end]) || isSign(bytes[end]) { end += 1 }
      result += masked(word: bytes[position..<end])
      position = end
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// A word that begins with a key's prefix, fit to be shown.
  private static func masked(word: ArraySlice<UInt8>) -> [UInt8] {
    let idEnd = headByteCount + KeyID.characterCount
    let ellipsis = Array("...".utf8)
    // Too short to hold any of a secret, or masked before.
    guard word.count > idEnd, Array(word.dropFirst(idEnd)) != ellipsis else { return Array(word) }
    let text = Array(word.prefix(byteCount))
    let shown = parse(text.span) == nil ? headByteCount : idEnd
    return text.prefix(shown) + ellipsis
  }

  /// Whether `byte` may stand in a name, or in a key by mistake.
  private static func isSign(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
  }
}
