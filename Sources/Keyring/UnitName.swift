/// The name of a systemd unit that runs processes, and so can be given credentials.
///
/// 1 to 255 bytes of `[A-Za-z0-9:_.\@-]`, with the suffix of a service, a socket, a
/// mount or a swap, and no key's text. What stands behind the first `@` is the
/// instance; a unit with nothing there is a template, whose instances are many.
///
/// Source: systemd.unit(5), "Unit names"; `unit_name_is_valid` of systemd 252.
package struct UnitName: Hashable, Sendable {
  package let text: String

  /// What a unit's name must be, for messages.
  package static let rule =
    "a unit's name has up to 255 of A-Z a-z 0-9 : - _ . \\ @ and ends with .service, .socket, "
    + ".mount or .swap"

  package static let maximumByteCount = 255

  /// The types of units that run processes.
  private static let suffixes = [".service", ".socket", ".mount", ".swap"]

  /// Accepts `text` if it keeps the rule; nil otherwise.
  package init?(_ text: some StringProtocol) {
    let name = String(text)
    guard (1...Self.maximumByteCount).contains(name.utf8.count),
      let suffix = Self.suffixes.first(where: name.hasSuffix)
    else { return nil }
    let prefix = name.utf8.dropLast(suffix.utf8.count)
    guard let first = prefix.first, first != Self.at, name.utf8.allSatisfy(Self.isAllowed),
      !KeyText.occurs(in: name)
    else { return nil }
    self.text = name
  }

  /// Accepts `text` if it keeps the rule, and throws `invalid` with the rule otherwise.
  package init(parsing text: some StringProtocol) throws(Refusal) {
    guard let name = UnitName(text) else {
      throw .invalid(
        String(text), Self.rule, hint: "write the name as 'systemctl list-units' does")
    }
    self = name
  }

  private init(unchecked text: String) { self.text = text }

  /// The template that it is an instance of; nil for a template, and for a unit of none.
  package var template: UnitName? {
    guard let at = text.firstIndex(of: "@"), let dot = text.lastIndex(of: "."),
      text.index(after: at) != dot
    else { return nil }
    return UnitName(unchecked: String(text[...at] + text[dot...]))
  }

  private static let at: UInt8 = 0x40

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true  // 0-9 A-Z a-z
    case 0x2D, 0x2E, 0x3A, at, 0x5C, 0x5F: true  // - . : @ \ _
    case _: false
    }
  }
}

/// The name by which a unit asks for a credential, and that of the file that it gets.
///
/// 1 to 255 printable characters of ASCII without `/` and `:`, neither `.` nor `..`,
/// and no key's text.
///
/// Source: systemd.exec(5), `LoadCredential=`; `credential_name_valid` of systemd 252.
package struct CredentialName: Hashable, Sendable {
  package let text: String

  /// What a credential's name must be, for messages.
  package static let rule =
    "a credential's name has 1 to 255 printable characters of ASCII without / and :, and is "
    + "not . or .."

  package static let maximumByteCount = 255

  /// Accepts `text` if it keeps the rule; nil otherwise.
  package init?(_ text: some StringProtocol) {
    let name = String(text)
    guard (1...Self.maximumByteCount).contains(name.utf8.count), name != ".", name != "..",
      name.utf8.allSatisfy(Self.isAllowed), !KeyText.occurs(in: name)
    else { return nil }
    self.text = name
  }

  /// Accepts `text` if it keeps the rule, and throws `invalid` with the rule otherwise.
  package init(parsing text: some StringProtocol) throws(Refusal) {
    guard let name = CredentialName(text) else { throw .invalid(String(text), Self.rule) }
    self = name
  }

  /// The name for a key that was told none: the key's own.
  package init(of name: Name) { text = name.text }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte) && byte != 0x2F && byte != 0x3A
  }
}
