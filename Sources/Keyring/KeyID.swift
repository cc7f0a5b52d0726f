/// The public handle of a key: 12 random base62 characters, kept for life.
package struct KeyID: Hashable, Sendable {
  package static let characterCount = 12

  /// Four characters each, as ASCII; so they take no more room than they need.
  private let first: UInt32
  private let second: UInt32
  private let third: UInt32

  /// Accepts 12 base62 characters; nil for anything else.
  package init?(_ characters: Span<UInt8>) {
    guard characters.count == Self.characterCount else { return nil }
    var words: [3 of UInt32] = [0, 0, 0]
    for index in characters.indices {
      guard Base62.contains(characters[index]) else { return nil }
      words[index / 4] = words[index / 4] << 8 | UInt32(characters[index])
    }
    first = words[0]
    second = words[1]
    third = words[2]
  }

  /// Accepts 12 base62 characters; nil for anything else.
  package init?(_ text: some StringProtocol) {
    self.init(Array(text.utf8).span)
  }

  /// Draws an id from random bytes; nil if too many of them cannot be used,
  /// which with 32 bytes happens less than once in 10^20 times.
  package init?(fromRandom bytes: [UInt8]) {
    let digits = bytes.compactMap(Base62.digit(fromRandom:)).prefix(Self.characterCount)
    self.init(Array(digits).span)
  }

  /// The 12 characters as ASCII bytes.
  package var characters: [UInt8] {
    var characters: [UInt8] = []
    characters.reserveCapacity(Self.characterCount)
    append(first, to: &characters)
    append(second, to: &characters)
    append(third, to: &characters)
    return characters
  }

  private func append(_ word: UInt32, to characters: inout [UInt8]) {
    characters.append(UInt8(truncatingIfNeeded: word >> 24))
    characters.append(UInt8(truncatingIfNeeded: word >> 16))
    characters.append(UInt8(truncatingIfNeeded: word >> 8))
    characters.append(UInt8(truncatingIfNeeded: word))
  }

  package var text: String { String(decoding: characters, as: UTF8.self) }
}
