import Keyring
import Testing

@Suite("Burning a key by its text")
struct BurnTests {
  private static let start = Acme.start

  private func burn(_ text: PresentedText) -> Request {
    .burn(text.handle.id, tag: text.tag)
  }

  private func key(_ name: String, in acme: inout Acme) throws -> Key {
    let key = try acme.create("w1/\(name)", by: .editor, expires: "2d")
    return try acme.rotate(key, by: .editor, at: Self.start)
  }

  @Test("the current text ends the key, whoever presents it", arguments: Person.allCases)
  func endsKey(by person: Person) throws {
    var acme = try Acme()
    let key = try key("deploy", in: &acme)
    let changes = try acme.perform(burn(try PresentedText(of: key)), by: person)
    let ended = try acme.current(key)
    let revocation = try #require(ended.revocation)
    #expect(changes == [.keyRevoked(key.id, revocation)])
    #expect(revocation.revoker == .key(key.id) && revocation.moment == Self.start)
    #expect(ended.state(at: Self.start) == .revoked)
    for version in [1, 2] as [UInt32] {
      let text = try PresentedText(of: ended, version: version)
      #expect(try !acme.isValid(key, version: version))
      #expect(try acme.decide(burn(text), by: person).isEmpty)
    }
  }

  @Test("a former text ends its grace, and the key lives on", arguments: Person.allCases)
  func endsGrace(by person: Person) throws {
    var acme = try Acme()
    let key = try key("deploy", in: &acme)
    let now = Self.start.advanced(by: .hours(1))
    let text = try PresentedText(of: key, version: 1)
    #expect(!acme.organization.isDead(text.tag, of: key.id, at: now))
    let changes = try acme.perform(burn(text), by: person, at: now)
    #expect(changes == [.versionEnded(VersionID(key.id, number: 1), at: now)])
    #expect(try !acme.isValid(key, version: 1, at: now))
    #expect(try acme.isValid(key, version: 2, at: now))
    #expect(acme.organization.isDead(text.tag, of: key.id, at: now))
    #expect(try acme.decide(burn(text), by: person, at: now).isEmpty)
  }

  @Test("any other text changes nothing, and is answered as any")
  func changesNothing() throws {
    var acme = try Acme()
    let live = try key("live", in: &acme)
    let retired = try key("retired", in: &acme)
    let revoked = try key("revoked", in: &acme)
    let imported = try acme.importKey("w1/imported", by: .editor)
    try acme.perform(.revoke(revoked), by: .editor)
    let now = Self.start.advanced(by: .days(1))
    let other = Digest(numbered: 424_242)
    try acme.perform(burn(try PresentedText(of: retired, version: 1)), by: .editor)
    let texts: [(PresentedText, Instant)] = [
      (try PresentedText(of: retired, version: 1), now),
      (try PresentedText(of: revoked, version: 2), Self.start),
      (try PresentedText(of: revoked, version: 1), Self.start),
      (try PresentedText(.workspace, live.id, tag: other), Self.start),
      (try PresentedText(.workspace, KeyID(numbered: 777_777), tag: other), Self.start),
      (
        try PresentedText(.workspace, live.id, tag: retired.currentVersion.digest), Self.start
      ),
      (
        try PresentedText(.workspace, imported.id, tag: imported.currentVersion.digest),
        Self.start
      ),
    ]
    for (text, moment) in texts {
      for person in Person.allCases {
        #expect(try acme.decide(burn(text), by: person, at: moment).isEmpty)
      }
    }
  }

  @Test("a text that has expired ends the key for good, or its version, and so once")
  func endsExpired() throws {
    var acme = try Acme()
    let key = try key("deploy", in: &acme)
    let now = Self.start.advanced(by: .days(2))
    for version in [1, 2] as [UInt32] {
      let text = try PresentedText(of: key, version: version)
      let isDead = acme.organization.isDead(text.tag, of: key.id, at: now)
      #expect(isDead == (version == 1))
      #expect(try acme.perform(burn(text), by: Caller.nobody, at: now).count == 1)
      #expect(try acme.decide(burn(text), by: Caller.nobody, at: now).isEmpty)
      #expect(acme.organization.isDead(text.tag, of: key.id, at: now) == isDead)
    }
    let ended = try acme.current(key)
    #expect(ended.hasEnded && ended.state(at: now) == .expired)
    #expect(ended.versions.allSatisfy { $0.sealedValue == nil })
  }

  @Test("a suspended key is live, and its text ends it")
  func endsSuspended() throws {
    var acme = try Acme()
    let key = try key("deploy", in: &acme)
    try acme.perform(.suspend(key), by: .editor)
    let former = burn(try PresentedText(of: key, version: 1))
    #expect(try acme.decide(former, by: Caller.nobody).count == 1)
    try acme.perform(burn(try PresentedText(of: key)), by: Caller.nobody)
    #expect(try acme.current(key).state(at: Self.start) == .revoked)
  }

  @Test("a key that acts may burn itself, also when its own connection is refused")
  func actingKeyBurns() throws {
    var acme = try Acme()
    let key = try key("deploy", in: &acme)
    let text = try PresentedText(of: key)
    #expect(try acme.decide(burn(text), by: .acting(as: key)).count == 1)
    try acme.perform(.suspend(key), by: .editor)
    #expect(try acme.decide(burn(text), by: .acting(as: key)).count == 1)
  }
}
