import Keyring
import Testing

@Suite("Injection")
struct InjectionTests {
  private static let now = Acme.start

  private func refusalToInject(
    _ selections: [Selection], by person: Person, in acme: Acme, at moment: Instant = now
  ) -> Refusal? {
    refusal { () throws(Refusal) in
      try acme.injections(of: selections, by: person, at: moment)
    }
  }

  @Test("a key is injected with its newest version, its value and its environment name")
  func injectsKey() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, env: "DEPLOY_KEY")
    let injections = try acme.injections(of: [try .key("w1/deploy")], by: .viewer)
    try #require(injections.count == 1)
    #expect(injections[0].key == key)
    #expect(injections[0].version == key.currentVersion)
    #expect(injections[0].environmentName.text == "DEPLOY_KEY")
    #expect(injections[0].sealedValue == KeyMaterial(numbered: 1).sealedValue)
  }

  @Test("nothing selected is nothing injected")
  func injectsNothing() throws {
    #expect(try Acme().injections(of: [], by: .viewer).isEmpty)
    #expect(try Acme().injections(of: [.workspace(named("w1"))], by: .viewer).isEmpty)
  }

  // MARK: Environment names

  @Test("a name that is told stands in the place of the key's own")
  func injectsUnderToldName() throws {
    var acme = try Acme()
    try acme.create("w1/deploy", by: .editor)
    let injections = try acme.injections(of: [try .key("w1/deploy", as: "OTHER")], by: .viewer)
    #expect(injections.map(\.environmentName.text) == ["OTHER"])
  }

  @Test("a key that is asked for twice is injected once for each name")
  func injectsOnce() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    try acme.create("w1/b", by: .editor)
    let selections: [Selection] = [
      try .key("w1/b"), .workspace(named("w1")), try .key("id:000000000001"), try .key("a"),
      try .key("w1/a", as: "ALIAS"), try .key("w1/a", as: "A"), .workspace(named("w1")),
    ]
    let injections = try acme.injections(of: selections, by: .viewer)
    #expect(injections.map(\.environmentName.text) == ["B", "A", "ALIAS"])
    #expect(injections.map(\.key.name.text) == ["b", "a", "a"])
  }

  @Test("two keys for one environment name are invalid, and both are named")
  func refusesTwoKeysForOneName() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, env: "TOKEN")
    try acme.create("me/b", by: .viewer, env: "TOKEN")
    let both = [try Selection.key("w1/a"), try .key("me/b")]
    let refusal = try #require(refusalToInject(both, by: .viewer, in: acme))
    #expect(refusal.word == .invalid)
    #expect(refusal.object == "TOKEN")
    #expect(refusal.reason?.contains("w1/a and me/b") == true)
    let renamed = [try Selection.key("w1/a"), try .key("me/b", as: "OTHER")]
    #expect(try acme.injections(of: renamed, by: .viewer).count == 2)
    let forced = [try Selection.key("w1/a", as: "X"), try .key("me/b", as: "X")]
    #expect(refusalToInject(forced, by: .viewer, in: acme)?.word == .invalid)
  }

  @Test("a key whose environment name has become reserved is injected under another one only")
  func refusesReservedName() throws {
    var acme = try Acme()
    try acme.organization.apply(
      .keyAdded(
        Key(
          numbered: 1, in: .workspace(Acme.w1), named: "a",
          origin: .imported(leastRank: .viewer), environmentName: "LD_PRELOAD")))
    #expect(refusalToInject([try .key("w1/a")], by: .owner, in: acme)?.word == .invalid)
    #expect(refusalToInject([.workspace(named("w1"))], by: .owner, in: acme)?.word == .invalid)
    #expect(try acme.injections(of: [try .key("w1/a", as: "FINE")], by: .owner).count == 1)
    let reserved = Selection.key(
      try KeyReference(parsing: "w1/a"), as: EnvironmentName(stored: "BASH_ENV"))
    #expect(refusalToInject([reserved], by: .owner, in: acme)?.word == .invalid)
  }

  // MARK: Ended keys

  @Test("an expired key is refused from the second of its expiry on")
  func refusesExpired() throws {
    var acme = try Acme()
    try acme.importKey("w1/a", by: .editor, expires: "1d")
    let end = Self.now.advanced(by: .days(1))
    let last = Instant(secondsSinceEpoch: end.secondsSinceEpoch - 1)
    let selection = [try Selection.key("id:000000000001")]
    #expect(refusalToInject(selection, by: .viewer, in: acme, at: last) == nil)
    #expect(refusalToInject(selection, by: .viewer, in: acme, at: end)?.word == .wrongState)
    #expect(refusalToInject([try .key("w1/a")], by: .viewer, in: acme, at: end) != nil)
  }

  @Test("a revoked key is refused, and who may not use it is told no more than that")
  func refusesRevoked() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, access: .editor)
    try acme.revoke("w1/a", by: .editor)
    let selection = [try Selection.key("id:000000000001")]
    #expect(refusalToInject(selection, by: .editor, in: acme)?.word == .wrongState)
    #expect(refusalToInject(selection, by: .viewer, in: acme)?.word == .forbidden)
    #expect(refusalToInject(selection, by: .member, in: acme)?.word == .notFound)
    #expect(refusalToInject([try .key("w1/a")], by: .editor, in: acme) != nil)
  }

  @Test("a key without a value is not injected, whatever its state")
  func refusesKeyWithoutValue() throws {
    var acme = try Acme()
    var key = Key(
      numbered: 1, in: .workspace(Acme.w1), named: "a", origin: .imported(leastRank: .viewer))
    key.versions[0].sealedValue = nil
    try acme.organization.apply(.keyAdded(key))
    #expect(refusalToInject([try .key("w1/a")], by: .owner, in: acme)?.word == .wrongState)
  }

  @Test("a whole workspace is injected in order of creation, without what has ended")
  func injectsWorkspaceWithoutEnded() throws {
    var acme = try Acme()
    try acme.create("w1/c", by: .editor)
    try acme.create("w1/expiring", by: .editor, expires: "1d")
    try acme.create("w1/revoked", by: .editor)
    try acme.create("w1/above", by: .editor, access: .editor)
    try acme.importKey("w1/b", by: .editor)
    try acme.create("w2/a", by: .owner)
    try acme.create("me/a", by: .viewer)
    try acme.revoke("w1/revoked", by: .editor)
    let names = { (person: Person, moment: Instant) -> [String] in
      try acme.injections(of: [.workspace(named("w1"))], by: person, at: moment)
        .map(\.key.name.text)
    }
    #expect(try names(.viewer, Self.now) == ["c", "expiring", "b"])
    #expect(try names(.editor, Self.now) == ["c", "expiring", "above", "b"])
    #expect(try names(.viewer, Self.now.advanced(by: .days(1))) == ["c", "b"])
  }

  @Test("one key that cannot be had refuses all of them")
  func refusesAllOrNothing() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    try acme.create("w1/b", by: .editor, access: .editor)
    let selections = [try Selection.key("w1/a"), try .key("w1/b")]
    #expect(refusalToInject(selections, by: .viewer, in: acme)?.word == .forbidden)
    let unknown = [try Selection.key("w1/a"), try .key("w1/c")]
    #expect(refusalToInject(unknown, by: .viewer, in: acme) == .notFound("w1/c"))
    let workspace = [try Selection.key("w1/a"), .workspace(named("w2"))]
    #expect(refusalToInject(workspace, by: .viewer, in: acme) == .notFound("w2"))
  }

  // MARK: The same value twice

  @Test("keys with the same value are named to who may use them, while they live")
  func namesKeysWithSameValue() throws {
    var acme = try Acme()
    let value = Digest(numbered: 7)
    try acme.importKey("w1/a", by: .editor, digest: value)
    try acme.importKey("w1/b", by: .editor, leastRank: .admin, digest: value)
    try acme.importKey("w2/c", by: .owner, digest: value)
    try acme.importKey("me/d", by: .member, expires: "1d", digest: value)
    try acme.importKey("w1/other", by: .editor, digest: Digest(numbered: 8))
    try acme.importKey("w1/ended", by: .editor, digest: value)
    try acme.revoke("w1/ended", by: .editor)
    let names = { (person: Person, moment: Instant) -> [String] in
      let standing = acme.standing(person)
      return acme.organization.usableKeys(withFingerprint: value, by: standing, at: moment)
        .map { acme.organization.name(of: $0, seenBy: standing) }
    }
    #expect(names(.owner, Self.now) == ["w1/a", "w1/b", "w2/c"])
    #expect(names(.admin, Self.now) == ["w1/a", "w1/b"])
    #expect(names(.viewer, Self.now) == ["w1/a"])
    #expect(names(.member, Self.now) == ["me/d"])
    #expect(names(.member, Self.now.advanced(by: .days(1))).isEmpty)
  }

  @Test("an issued key's tag is no value's fingerprint")
  func issuedKeysHaveNoFingerprint() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    let keys = acme.organization.usableKeys(
      withFingerprint: Digest(numbered: 1), by: acme.standing(.owner), at: Self.now)
    #expect(keys.isEmpty)
  }
}
