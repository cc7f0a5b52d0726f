import Keyring
import Testing

@Suite("Texts that somebody has come upon")
struct StoredTextTests {
  private static let now = Acme.start

  /// What a person is told of the text of a key with that tag.
  private func named(
    _ key: Key, to person: Person, in acme: Acme, tag: Digest? = nil, at moment: Instant = now
  ) -> String? {
    acme.organization.usableKey(
      of: KeyText.Handle(type: key.type, id: key.id), tag: tag ?? key.currentVersion.digest,
      by: acme.standing(person), at: moment)?.name.text
  }

  @Test("an issued key is named to those who may use it, and to nobody else")
  func rights() throws {
    var acme = try Acme()
    let workspaceKey = try acme.create("w1/deploy", by: .editor, access: .editor)
    let userKey = try acme.create("me/laptop", by: .viewer)
    let organizationKey = try acme.create("org/billing", by: .owner)
    for person in Person.users {
      let isEditor = [.editor, .admin, .owner].contains(person)
      #expect(named(workspaceKey, to: person, in: acme) == (isEditor ? "deploy" : nil))
      #expect(named(userKey, to: person, in: acme) == (person == .viewer ? "laptop" : nil))
      #expect(named(organizationKey, to: person, in: acme) == (person == .owner ? "billing" : nil))
    }
  }

  @Test("another text with its id is none of the key's, nor is the text of an ended one")
  func otherTexts() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, expires: "1d")
    #expect(named(key, to: .owner, in: acme) == "deploy")
    #expect(named(key, to: .owner, in: acme, tag: Digest(numbered: 99)) == nil)
    let later = Self.now.advanced(by: Seconds(86_400))
    #expect(named(key, to: .owner, in: acme, at: later) == nil)
    try acme.revoke("w1/deploy", by: .editor)
    #expect(named(key, to: .owner, in: acme) == nil)
  }

  @Test("a value that no key holds is told of nobody, however many keys there are")
  func unknownValues() throws {
    var acme = try Acme()
    #expect(usable(Digest(numbered: 7), in: acme).isEmpty)
    try acme.importKey("w1/stripe", by: .editor, digest: Digest(numbered: 1))
    try acme.importKey("w1/other", by: .editor, digest: Digest(numbered: 2))
    #expect(usable(Digest(numbered: 7), in: acme).isEmpty)
    #expect(usable(Digest(numbered: 2), in: acme).map(\.name.text) == ["other"])
  }

  private func usable(_ fingerprint: Digest, in acme: Acme) -> [Key] {
    acme.organization.usableKeys(
      withFingerprint: fingerprint, by: acme.standing(.owner), at: Self.now)
  }
}
