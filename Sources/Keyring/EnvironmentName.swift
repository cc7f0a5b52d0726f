/// The name of the environment variable that a key is injected as.
///
/// `[A-Za-z_][A-Za-z0-9_]*`, 1 to 64 characters, and none of the reserved names.
package struct EnvironmentName: Hashable, Sendable {
  package let text: String

  package static let maximumCount = 64

  package static let rule =
    "an environment name has 1 to 64 of A-Z a-z 0-9 _ and does not begin with a digit"

  /// Accepts `text` if it keeps the rules.
  ///
  /// - Parameters:
  ///   - text: The name as it was told.
  ///   - hint: What to do instead.
  /// - Throws: A ``Refusal``, `invalid`, with the rule that it breaks.
  package init(parsing text: some StringProtocol, hint: String? = nil) throws(Refusal) {
    let name = String(text)
    guard Self.hasShape(name) else { throw .invalid(name, Self.rule, hint: hint) }
    guard !ReservedNames.contain(name) else {
      throw .invalid(
        name, "the environment name is reserved, since programs are steered by it",
        hint: hint ?? "choose another name, as with '--env NAME'")
    }
    guard !KeyText.occurs(in: name) else {
      throw .invalid("environment name", "it must not hold a key's text", hint: hint)
    }
    self.text = name
  }

  /// The name for a key that was told none: upper case, `_` for every other
  /// character and before a leading digit, cut to 64.
  package init(derivedFrom name: Name) throws(Refusal) {
    var bytes = name.text.utf8.map { byte -> UInt8 in
      let isLower = (0x61...0x7A).contains(byte)
      return isLower ? byte - 0x20 : Self.isLetter(byte) || Self.isDigit(byte) ? byte : 0x5F
    }
    if Self.isDigit(bytes[0]) { bytes.insert(0x5F, at: 0) }
    try self.init(
      parsing: String(decoding: bytes.prefix(Self.maximumCount), as: UTF8.self),
      hint: "choose another name, as with '--env NAME'")
  }

  /// A name that was accepted when it was stored; nil if none ever could be.
  ///
  /// The table of reserved names may have grown since: using the name asks it again.
  package init?(stored text: String) {
    guard Self.hasShape(text) else { return nil }
    self.text = text
  }

  /// Whether the name is reserved by today's table.
  package var isReserved: Bool { ReservedNames.contain(text) }

  private static func hasShape(_ text: String) -> Bool {
    let bytes = text.utf8.span
    return (1...maximumCount).contains(bytes.count) && isLetter(bytes[0])
      && bytes.indices.allSatisfy { isLetter(bytes[$0]) || isDigit(bytes[$0]) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
