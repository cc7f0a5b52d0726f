import Keyring
import Testing

@Suite("Life of a key")
struct KeyLifeTests {
  private static let now = Acme.start

  /// The moment of that many days after the start, and perhaps a second less.
  private static func after(days: Int64, less seconds: Int64 = 0) -> Instant {
    Instant(secondsSinceEpoch: now.secondsSinceEpoch + days * 86_400 - seconds)
  }

  /// What comes of making an issued key.
  private func making(
    _ reference: String, env: String? = nil, in acme: Acme, by person: Person = .editor,
    at moment: Instant = now
  ) throws -> Outcome {
    let plan = try KeyPlan(reference, .issued(access: nil), env: env)
    return Outcome { () throws(Refusal) in
      try acme.decide(.addKey(plan, KeyMaterial(numbered: 999)), by: person, at: moment)
    }
  }

  // MARK: Expiry

  struct StateCase: CustomTestStringConvertible {
    let testDescription: String
    let moment: Instant
    let expires: Instant?
    let isRevoked: Bool
    let isPastExpiry: Bool
    let state: KeyState
  }

  static let states: [StateCase] = [
    StateCase(
      testDescription: "a second before its expiry", moment: after(days: 1, less: 1),
      expires: after(days: 1), isRevoked: false, isPastExpiry: false, state: .active),
    StateCase(
      testDescription: "at its expiry", moment: after(days: 1), expires: after(days: 1),
      isRevoked: false, isPastExpiry: true, state: .expired),
    StateCase(
      testDescription: "long after its expiry", moment: after(days: 1000),
      expires: after(days: 1), isRevoked: false, isPastExpiry: true, state: .expired),
    StateCase(
      testDescription: "without an expiry", moment: .latest, expires: nil, isRevoked: false,
      isPastExpiry: false, state: .active),
    StateCase(
      testDescription: "revoked before its expiry", moment: now, expires: after(days: 1),
      isRevoked: true, isPastExpiry: false, state: .revoked),
    StateCase(
      testDescription: "revoked, and past its expiry", moment: after(days: 2),
      expires: after(days: 1), isRevoked: true, isPastExpiry: true, state: .revoked),
    StateCase(
      testDescription: "revoked, without an expiry", moment: now, expires: nil, isRevoked: true,
      isPastExpiry: false, state: .revoked),
  ]

  @Test("a key's state is reckoned from the moment, its expiry and its end", arguments: states)
  func state(_ test: StateCase) {
    var key = Key(
      numbered: 1, in: .organization, named: "x",
      origin: .issued(access: .viewer, custody: .sealed),
      expires: test.expires)
    if test.isRevoked {
      key.revocation = Revocation(revoker: .user(Person.owner.id), moment: Self.now, reason: .none)
    }
    #expect(key.state(at: test.moment) == test.state)
    #expect(key.currentVersion.isExpired(at: test.moment) == test.isPastExpiry)
  }

  // MARK: Names

  @Test("a name and an environment name are taken while a live key has them")
  func namesAreTaken() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, env: "TOKEN", expires: "1d")
    #expect(try making("w1/a", env: "OTHER", in: acme) == .conflict)
    #expect(try making("w1/b", env: "TOKEN", in: acme) == .conflict)
    #expect(try making("w1/token", in: acme) == .conflict)
    #expect(try making("w1/a", env: "OTHER", in: acme, by: .owner) == .conflict)
    #expect(try making("w1/b", env: "OTHER", in: acme) == .done)
    let last = Self.after(days: 1, less: 1)
    #expect(try making("w1/a", env: "OTHER", in: acme, at: last) == .conflict)
    #expect(try making("w1/b", env: "TOKEN", in: acme, at: last) == .conflict)
  }

  @Test("imported and issued keys share their names")
  func importedAndIssuedShareNames() throws {
    var acme = try Acme()
    try acme.importKey("w1/a", by: .editor, env: "TOKEN")
    #expect(try making("w1/a", env: "OTHER", in: acme) == .conflict)
    #expect(try making("w1/b", env: "TOKEN", in: acme) == .conflict)
  }

  @Test("a name and an environment name are free again at the second of expiry")
  func namesAreFreeAfterExpiry() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, env: "TOKEN", expires: "1d")
    #expect(try making("w1/a", env: "OTHER", in: acme, at: Self.after(days: 1)) == .done)
    #expect(try making("w1/b", env: "TOKEN", in: acme, at: Self.after(days: 1)) == .done)
  }

  @Test("a name and an environment name are free again once the key is revoked")
  func namesAreFreeAfterRevocation() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, env: "TOKEN")
    try acme.revoke("w1/a", by: .editor)
    #expect(try making("w1/a", env: "OTHER", in: acme) == .done)
    #expect(try making("w1/b", env: "TOKEN", in: acme) == .done)
    let second = try acme.create("w1/a", by: .editor, env: "TOKEN")
    #expect(try making("w1/a", env: "OTHER", in: acme) == .conflict)
    #expect(try acme.key("w1/a", seenBy: .viewer) == second)
  }

  @Test("the same name is free in every other scope")
  func scopesAreSeparate() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor, env: "TOKEN")
    for reference in ["w2/a", "org/a", "me/a"] {
      #expect(try making(reference, env: "TOKEN", in: acme, by: .owner) == .done)
    }
    try acme.create("me/a", by: .viewer, env: "TOKEN")
    #expect(try making("me/a", env: "TOKEN", in: acme, by: .member) == .done)
    #expect(try making("me/a", env: "OTHER", in: acme, by: .viewer) == .conflict)
    #expect(try making("@viewer/a", env: "OTHER", in: acme, by: .viewer) == .conflict)
  }

  // MARK: Ended keys

  @Test("an ended key is found by its id, and by its name as the newest if none is live")
  func findsEndedKeys() throws {
    var acme = try Acme()
    let first = try acme.create("w1/a", by: .editor)
    try acme.revoke("w1/a", by: .editor)
    let second = try acme.create("w1/a", by: .editor, expires: "1d")
    #expect(try acme.key("w1/a", seenBy: .viewer).id == second.id)
    let later = Self.after(days: 2)
    #expect(try acme.key("w1/a", seenBy: .viewer, at: later).id == second.id)
    let third = try acme.create("w1/a", by: .editor, at: later)
    #expect(try acme.key("w1/a", seenBy: .viewer, at: later).id == third.id)
    try acme.revoke("w1/a", by: .editor, at: later)
    #expect(try acme.key("w1/a", seenBy: .viewer, at: later).id == third.id)
    for key in [first, second, third] {
      #expect(try acme.key("id:\(key.id.text)", seenBy: .viewer, at: later).id == key.id)
    }
  }

  @Test("revoking ends the live key of that name, not an older one")
  func revokesLiveKey() throws {
    var acme = try Acme()
    try acme.create("me/a", by: .member)
    try acme.revoke("me/a", by: .member)
    let second = try acme.create("me/a", by: .member)
    let changes = try acme.revoke("me/a", by: .member)
    #expect(changes.map(\.keyID) == [second.id])
    #expect(acme.organization.keys.allSatisfy { $0.state(at: Self.now) == .revoked })
  }

  @Test(
    "revoking what has ended changes nothing, by its name and by its id",
    arguments: ["w1/a", "id:000000000001"])
  func revokingIsIdempotent(_ reference: String) throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    try acme.revoke("w1/a", by: .editor, reason: "leaked")
    let before = acme.organization
    #expect(try acme.revoke(reference, by: .owner, reason: "again").isEmpty)
    #expect(acme.organization == before)
  }

  @Test("revoking what has expired ends it for good, and the second time changes nothing")
  func revokingExpiredKey() throws {
    var acme = try Acme()
    let made = try acme.create("w1/a", by: .editor, expires: "1d")
    let now = Self.after(days: 1)
    #expect(try acme.revoke("w1/a", by: .owner, at: now).count == 1)
    let key = try acme.current(made)
    #expect(key.hasEnded && key.revocation == nil && key.state(at: now) == .expired)
    #expect(key.versions.allSatisfy { $0.sealedValue == nil })
    #expect(try acme.revoke("w1/a", by: .owner, at: now).isEmpty)
    #expect(try ProcessKeyTests.restored(acme.organization) == acme.organization)
  }

  @Test("revoking by the bare name a second time changes nothing as well")
  func revokingByBareNameIsIdempotent() throws {
    var acme = try Acme()
    try acme.create("me/laptop", by: .member)
    try acme.revoke("laptop", by: .member)
    let again = Outcome { () throws(Refusal) in
      try acme.decide(
        .revoke(try KeyReference(parsing: "laptop"), reason: .none), by: .member)
    }
    #expect(again == .done)
  }

  @Test("revoking an ended key still needs the right to")
  func revokingEndedKeyNeedsRights() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    try acme.revoke("w1/a", by: .editor)
    let request = Request.revoke(try KeyReference(parsing: "w1/a"), reason: .none)
    #expect(Outcome { () throws(Refusal) in try acme.decide(request, by: .viewer) } == .forbidden)
    #expect(Outcome { () throws(Refusal) in try acme.decide(request, by: .member) } == .notFound)
  }

  @Test("a revoked key keeps its tag and who ended it, when and why, but no value")
  func revokedKeyKeepsItsEnd() throws {
    var acme = try Acme()
    let made = try acme.create("w1/a", by: .editor)
    #expect(made.currentVersion.sealedValue != nil)
    try acme.revoke("w1/a", by: .admin, reason: "leaked", at: Self.after(days: 3))
    let key = try acme.key("w1/a", seenBy: .viewer, at: Self.after(days: 4))
    let revocation = Revocation(
      revoker: .user(Person.admin.id), moment: Self.after(days: 3),
      reason: try Note(parsing: "leaked"))
    #expect(key.revocation == revocation)
    #expect(key.versions.map(\.digest) == made.versions.map(\.digest))
    #expect(key.versions.allSatisfy { $0.sealedValue == nil })
    #expect(acme.organization.keys.count == 1)
  }

  // MARK: Bare names

  @Test("a bare name is the one live key in sight that bears it")
  func bareNames() throws {
    var acme = try Acme()
    let user = try acme.create("me/laptop", by: .viewer)
    let hidden = try acme.create("w2/laptop", by: .owner)
    let workspace = try acme.create("w1/deploy", by: .editor)
    let organization = try acme.importKey("org/shared", by: .owner, leastRank: .member)
    #expect(try acme.key("laptop", seenBy: .viewer) == user)
    #expect(try acme.key("deploy", seenBy: .viewer) == workspace)
    #expect(try acme.key("shared", seenBy: .member) == organization)
    #expect(
      refusal { () throws(Refusal) in try acme.key("laptop", seenBy: .member) }
        == .notFound("laptop"))
    try acme.create("org/billing", by: .owner)
    let billing = refusal { () throws(Refusal) in try acme.key("billing", seenBy: .admin) }
    #expect(billing == .notFound("billing"))
    try acme.revoke("id:\(user.id.text)", by: .viewer)
    #expect(try acme.key("laptop", seenBy: .owner) == hidden)
  }

  @Test("a bare name that several keys in sight bear is invalid, with their list")
  func ambiguousBareNames() throws {
    var acme = try Acme()
    try acme.create("me/a", by: .viewer)
    try acme.create("w1/a", by: .editor)
    try acme.create("w2/a", by: .owner)
    let seen = try #require(refusal { () throws(Refusal) in try acme.key("a", seenBy: .viewer) })
    #expect(seen.word == .invalid)
    #expect(seen.object == "a")
    #expect(seen.reason?.contains("me/a, w1/a") == true)
    #expect(seen.reason?.contains("w2/a") == false)
    let all = try #require(refusal { () throws(Refusal) in try acme.key("a", seenBy: .owner) })
    #expect(all.reason?.contains("w1/a, w2/a, @viewer/a") == true)
    #expect(try acme.key("a", seenBy: .editor).namespace == .workspace(Acme.w1))
  }

  @Test("a key that may not list is told how many keys bear a bare name, and not which")
  func ambiguousBareNameOfKeyThatMayNotList() throws {
    var acme = try Acme()
    try acme.importKey("w1/a", by: .editor, leastRank: .admin)
    try acme.importKey("w2/a", by: .owner)
    for (actions, isTold) in [("use", false), ("list,use", true)] {
      let scope = try ScopeText(parsing: "w1,w2:\(actions)")
      let terms = KeyPlan.Terms.issued(access: nil, custody: .sealed, scope: scope)
      let key = try acme.add(
        try KeyPlan("me/\(isTold ? "lists" : "uses")", terms), by: .owner)
      let selection = try Selection.key("a")
      let seen = try #require(
        refusal { () throws(Refusal) in
          try acme.organization.injections(
            of: [selection], by: .acting(as: key), at: Acme.start)
        })
      #expect(seen.word == .invalid)
      #expect(seen.reason?.contains("2 keys bear this name") == true)
      #expect(seen.reason?.contains("w1/a") == isTold)
    }
  }
}
