/// A 32-byte digest of a key's text or value, which tells nothing of it without
/// the key that it was made with.
package struct Digest: Hashable, Sendable {
  package static let byteCount = 32

  private let words: [4 of UInt64]

  /// - Parameter bytes: Exactly ``byteCount`` bytes.
  package init(_ bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a digest has 32 bytes")
    var words: [4 of UInt64] = [0, 0, 0, 0]
    for (index, byte) in bytes.enumerated() {
      words[index / 8] = words[index / 8] << 8 | UInt64(byte)
    }
    self.words = words
  }

  package var bytes: [UInt8] {
    (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> (56 - 8 * ($0 % 8))) }
  }

  /// Takes the same time wherever the first difference is.
  package static func == (left: Digest, right: Digest) -> Bool {
    var difference: UInt64 = 0
    for index in 0..<4 { difference |= left.words[index] ^ right.words[index] }
    return difference == 0
  }

  package func hash(into hasher: inout Hasher) {
    // A digest is uniform already: one word of it is hash enough.
    hasher.combine(words[0])
  }
}
