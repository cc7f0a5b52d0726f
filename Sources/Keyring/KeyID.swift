/// The public handle of a key: 12 random base62 characters, kept for life.
package struct KeyID: Hashable, Sendable {
  package static let characterCount = 12

  /// The first eight characters, and the last four, as ASCII.
  private let head: UInt64
  private let tail: UInt32

  /// Accepts 12 base62 characters; nil for anything else.
  package init?(_ characters: Span<UInt8>) {
    guard characters.count == Self.characterCount else { return nil }
    var head: UInt64 = 0
    var tail: UInt32 = 0
    for index in characters.indices {
      guard Base62.contains(characters[index]) else { return nil }
      if index < 8 {
        head = head << 8 | UInt64(characters[index])
      } else {
        tail = tail << 8 | UInt32(characters[index])
      }
    }
    self.head = head
    self.tail = tail
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
    (0..<8).map { UInt8(truncatingIfNeeded: head >> (56 - 8 * $0)) }
      + (0..<4).map { UInt8(truncatingIfNeeded: tail >> (24 - 8 * $0)) }
  }

  package var text: String { String(decoding: characters, as: UTF8.self) }
}
