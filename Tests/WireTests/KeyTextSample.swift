import Keyring
import Testing

/// A key's text, with the parts that may and that may never be shown.
struct KeyTextSample {
  let text: String

  /// Prefix and id, which anyone may see.
  let shown: String
  let secret: String

  /// Makes a text that is well-formed, another one for each seed.
  init(type: KeyType = .workspace, seed: UInt64 = 1) throws {
    var random = SeededGenerator(seed: seed)
    let bytes = (0..<KeyText.randomByteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    let id = try #require(KeyID(fromRandom: bytes.reversed()))
    var text = [UInt8](repeating: 0, count: KeyText.byteCount)
    var span = text.mutableSpan
    try #require(KeyText.write(type: type, id: id, random: bytes.span, to: &span))
    self.text = String(decoding: text, as: UTF8.self)
    shown = String(self.text.prefix(19))
    secret = String(self.text.dropFirst(19).prefix(32))
  }

  /// Whether `other` holds six characters in a row of the secret.
  func leaks(into other: String) -> Bool {
    let characters = Array(secret.utf8)
    let bytes = Array(other.utf8)
    return (0...(characters.count - 6)).contains { start in
      let part = characters[start..<(start + 6)]
      return bytes.indices.contains { bytes[$0...].starts(with: part) }
    }
  }
}
