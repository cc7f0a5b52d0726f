/// The name of an organization, workspace, user or key.
///
/// 1 to 64 characters of `[a-z0-9._-]`, the first a letter or digit, and no
/// key's text.
package struct Name: Hashable, Sendable {
  package let text: String

  /// What a name must be, for messages.
  package static let rule = "a name has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit"

  package static let maximumCount = 64

  /// Accepts `text` if it keeps the rule; nil otherwise.
  package init?(_ text: String) {
    let bytes = text.utf8.span
    guard (1...Self.maximumCount).contains(bytes.count), Self.isLetterOrDigit(bytes[0]),
      bytes.indices.allSatisfy({ Self.isAllowed(bytes[$0]) }), !KeyText.occurs(in: text)
    else { return nil }
    self.text = text
  }

  /// Accepts `text` if it keeps the rule, and throws `invalid` with the rule
  /// otherwise; `object` is what the caller wrote.
  package init(parsing text: String, in object: String? = nil) throws(Refusal) {
    guard let name = Name(text) else {
      throw .invalid(object ?? text, Self.rule)
    }
    self = name
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    isLetterOrDigit(byte) || byte == 0x2E || byte == 0x5F || byte == 0x2D
  }
}

/// What a person wants to remember about a key.
///
/// At most 200 bytes, no control characters, and no key's text.
package struct Note: Hashable, Sendable {
  package let text: String

  package static let maximumByteCount = 200

  package static let none = Note(unchecked: "")

  private init(unchecked text: String) { self.text = text }

  /// A note that was accepted when it was stored; nil if none ever could be.
  package init?(stored text: String) {
    guard text.utf8.count <= Self.maximumByteCount else { return nil }
    self.init(unchecked: text)
  }

  /// Accepts `text` if it keeps the rules, and throws `invalid` otherwise.
  package init(parsing text: String) throws(Refusal) {
    guard text.utf8.count <= Self.maximumByteCount else {
      throw .invalid("note", "a note has at most \(Self.maximumByteCount) bytes")
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw .invalid("note", "a note has no control characters")
    }
    guard !KeyText.occurs(in: text) else {
      throw .invalid("note", "a note must not hold a key's text")
    }
    self.text = text
  }
}
