internal import Platform
internal import Keyring

/// A key that a dotenv file names, as in `coffer://web/stripe`.
///
/// Behind `coffer://` stands what names a key on the command line, but for a bare
/// name: `me/NAME`, `WORKSPACE/NAME`, `org/NAME`, `@USER/NAME`, `id:ID`. It ends with
/// the last character that a name can have, so that `coffer://web/password@host` is
/// the key `web/password` and `@host`. A `?` at the very end of the value makes the
/// reference optional: if there is no such key, the variable is not set. Elsewhere a
/// `?` is text, as before the query of a URL.
struct DotenvReference: Hashable {
  let key: KeyReference

  /// Whether the variable is left out if there is no such key.
  let isOptional: Bool

  /// As it stands in the file.
  var text: String { Self.scheme + key.text + (isOptional ? "?" : "") }

  static let scheme = "coffer://"

  /// Divides a value at its references.
  ///
  /// - Parameters:
  ///   - bytes: What holds the value.
  ///   - range: Where in there it is.
  /// - Returns: The pieces; nil if `coffer://` stands there without a key behind it.
  static func pieces(of bytes: Span<UInt8>, in range: Range<Int>) -> [DotenvPiece]? {
    var pieces: [DotenvPiece] = []
    var start = range.lowerBound
    var position = start
    while position < range.upperBound {
      guard bytes.holds(scheme.utf8.span, at: position, before: range.upperBound) else {
        position += 1
        continue
      }
      let value = bytes.extracting(..<range.upperBound)
      guard let (key, end) = key(in: value, from: position + scheme.utf8.count) else { return nil }
      if position > start { pieces.append(.text(start..<position)) }
      let isOptional = end == value.count - 1 && value[end] == UInt8(ascii: "?")
      pieces.append(.reference(DotenvReference(key: key, isOptional: isOptional)))
      start = isOptional ? end + 1 : end
      position = start
    }
    if position > start { pieces.append(.text(start..<position)) }
    return pieces
  }

  /// Whether a value is text, and was meant to be a reference, as `coffer:web/stripe`.
  static func isMisspelled(_ value: Span<UInt8>) -> Bool {
    let word = "coffer".utf8.span
    guard value.count > word.count else { return false }
    for index in word.indices where value[index] | 0x20 != word[index] { return false }
    let end = value.end(from: word.count) { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
    guard end > word.count, let key = key(in: value, from: end) else { return false }
    return key.end == value.count || value[key.end] == UInt8(ascii: "?")
  }

  /// The key that is named at `start`, and where its name ends; nil if none is.
  private static func key(
    in bytes: Span<UInt8>, from start: Int
  ) -> (key: KeyReference, end: Int)? {
    var end = start
    if bytes.holds("id:".utf8.span, at: start, before: bytes.count) {
      end = bytes.end(from: start + 3, of: isOfID)
    } else {
      if start < bytes.count, bytes[start] == UInt8(ascii: "@") { end += 1 }
      end = bytes.end(from: end, of: isOfName)
      guard end < bytes.count, bytes[end] == UInt8(ascii: "/") else { return nil }
      end = bytes.end(from: end + 1, of: isOfName)
      // No key is called `web/stripeKey`, and `web/stripe` is not what was meant.
      guard end == bytes.count || !isOfID(bytes[end]) else { return nil }
    }
    let text = bytes.extracting(start..<end).text
    guard let key = try? KeyReference(parsing: text) else { return nil }
    return (key, end)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
      || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
  }

  private static func isOfID(_ byte: UInt8) -> Bool { byte.isLetterOrDigit }
}

extension UInt8 {
  /// Whether it is one of the letters and digits of ASCII.
  var isLetterOrDigit: Bool {
    switch self {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    case _: false
    }
  }
}

extension Span<UInt8> {
  /// Where the run of bytes ends that begins at `start` and fulfills `condition`.
  func end(from start: Int, of condition: (UInt8) -> Bool) -> Int {
    var end = start
    while end < count, condition(self[end]) { end += 1 }
    return end
  }
}
