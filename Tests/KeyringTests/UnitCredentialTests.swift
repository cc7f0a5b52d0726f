import Keyring
import Testing

/// What a unit gets that asks for a credential, and when it gets nothing any more.
@Suite("Credentials of units")
struct UnitCredentialTests {
  private static let later = Acme.start.advanced(by: .days(1))

  @Test("a unit is given the newest version under the name that was granted, and no other")
  func newestVersion() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .admin)
    try acme.perform(.grant("w1/deploy", to: "web.service"), by: .owner)
    let first = try acme.given("deploy", to: "web.service")
    #expect(first.key.id == key.id && first.version.number == 1)
    #expect(first.sealedValue == key.currentVersion.sealedValue)
    try acme.perform(.rotate(key, in: acme), by: .admin)
    #expect(try acme.given("deploy", to: "web.service").version.number == 2)
    for (name, unit) in [
      ("deploy", "b.service"), ("other", "web.service"), ("deploy", "web.socket"),
    ] {
      let refusal = acme.refusal(of: name, to: unit)
      #expect(refusal?.word == .forbidden, "\(name) of \(unit)")
      #expect(refusal?.object == "credential \(name) of \(unit)")
    }
  }

  @Test("an instance is given its own, else what its template is given") func templates() throws {
    var acme = try Acme()
    for name in ["all", "one"] { try acme.importKey("w1/\(name)", by: .admin) }
    try acme.perform(.grant("w1/all", to: "web@.service", as: "pay"), by: .owner)
    try acme.perform(.grant("w1/one", to: "web@1.service", as: "pay"), by: .owner)
    let given = { (unit: String) throws(Refusal) in
      try acme.given("pay", to: unit).key.name.text
    }
    #expect(try given("web@1.service") == "one")
    #expect(try given("web@2.service") == "all")
    #expect(try given("web@a@b.service") == "all")
    for unit in ["web.service", "other@1.service", "web@1.socket"] {
      #expect(acme.refusal(of: "pay", to: unit)?.word == .forbidden, "\(unit)")
    }
  }

  @Test("its own grant that gives nothing now is not made up for by the template's")
  func ownCountsFirst() throws {
    var acme = try Acme()
    try acme.importKey("w1/all", by: .admin)
    let one = try acme.importKey("w1/one", by: .admin)
    try acme.perform(.grant("w1/all", to: "web@.service", as: "pay"), by: .owner)
    try acme.perform(.grant("w1/one", to: "web@1.service", as: "pay"), by: .owner)
    try acme.perform(.suspend(one), by: .admin)
    #expect(acme.refusal(of: "pay", to: "web@1.service")?.object == "w1/one")
  }

  /// What makes a key give nothing for a while.
  enum Pause: String, CaseIterable, Sendable {
    case suspended, disabled, expired
  }

  @Test("a key that is suspended or expired gives a unit nothing", arguments: Pause.allCases)
  func pauses(_ pause: Pause) throws {
    var acme = try Acme()
    let key = try acme.create("me/job", by: .editor, expires: "2h")
    try acme.organization.apply(
      .unitGranted(UnitCredential(credential("job"), ofUnit: unit("web.service")), key.id))
    let name = named("editor")
    switch pause {
    case .suspended: try acme.perform(.suspend(key), by: .editor)
    case .disabled: try acme.perform(.setUserState(.disabled, ofUser: name), by: .owner)
    case .expired: break
    }
    let now = pause == .expired ? Self.later : Acme.start
    let refusal = acme.refusal(of: "job", to: "web.service", at: now)
    #expect(refusal?.word == .wrongState && refusal?.object == "@editor/job")
    switch pause {
    case .suspended: try acme.perform(.resume(key), by: .editor)
    case .disabled: try acme.perform(.setUserState(.active, ofUser: name), by: .owner)
    case .expired: return
    }
    #expect(acme.refusal(of: "job", to: "web.service") == nil, "it is given again")
  }

  @Test("a key of which no value is kept gives a unit nothing") func verifyOnly() throws {
    var acme = try Acme()
    let plan = try KeyPlan("w1/hook", .issued(access: nil, custody: .verifyOnly))
    let key = try acme.add(plan, by: .admin)
    let place = UnitCredential(credential("hook"), ofUnit: unit("web.service"))
    try acme.organization.apply(.unitGranted(place, key.id))
    #expect(acme.refusal(of: "hook", to: "web.service")?.word == .wrongState)
  }

  @Test("a grant stands when whoever gave it has less rights, or is gone") func outlivesGrantor()
    throws
  {
    var acme = try Acme()
    try acme.importKey("w1/stripe", by: .admin)
    try acme.perform(.grant("w1/stripe", to: "web.service"), by: .owner)
    try acme.perform(.setUserState(.removed, ofUser: named("admin")), by: .owner)
    #expect(acme.refusal(of: "stripe", to: "web.service") == nil)
  }

  // MARK: The end of a key

  /// What ends a key for good.
  enum End: String, CaseIterable, Sendable {
    case revoked, burned, ownerRemoved, archived, archivedWhenExpired, nameTaken
  }

  @Test("with a key its grants end, and a later key of its name has none", arguments: End.allCases)
  func ends(_ end: End) throws {
    var acme = try Acme()
    let isArchiving = end == .archived || end == .archivedWhenExpired
    let reference = isArchiving ? "w2/job" : "me/job"
    let who = isArchiving ? Person.owner : .editor
    let key = try acme.create(reference, by: who, expires: "2h")
    let now = end == .archivedWhenExpired || end == .nameTaken ? Self.later : Acme.start
    for (name, place) in [("job", "web.service"), ("other", "web@.service")] {
      try acme.organization.apply(
        .unitGranted(UnitCredential(credential(name), ofUnit: unit(place)), key.id))
    }
    switch end {
    case .revoked: try acme.revoke(reference, by: who)
    case .burned: try acme.perform(.burn(key.id, tag: key.currentVersion.digest), by: Person.nobody)
    case .ownerRemoved:
      try acme.perform(.setUserState(.removed, ofUser: named("editor")), by: .owner)
    case .archived, .archivedWhenExpired:
      try acme.perform(.archiveWorkspace(named("w2")), by: .owner, at: now)
    case .nameTaken: try acme.create(reference, by: who, at: now)
    }
    #expect(acme.grants(of: key).isEmpty)
    for (name, unit) in [("job", "web.service"), ("other", "web@7.service")] {
      #expect(acme.refusal(of: name, to: unit, at: now)?.word == .forbidden)
    }
    guard end == .revoked || end == .burned else { return }
    try acme.create(reference, by: who)
    #expect(acme.refusal(of: "job", to: "web.service")?.word == .forbidden)
    #expect(throws: InconsistentChange.self) {
      try acme.organization.apply(
        .unitGranted(UnitCredential(credential("a"), ofUnit: unit("a.service")), key.id))
    }
  }

  // MARK: Brought back

  @Test("a grant that came back gives nothing until somebody has looked at it") func restored()
    throws
  {
    var acme = try Acme()
    for name in ["one", "two"] {
      try acme.importKey("w1/\(name)", by: .admin)
      try acme.perform(.grant("w1/\(name)", to: "web.service"), by: .owner)
    }
    try acme.organization.apply(.keysRestored(at: Acme.start))
    for name in ["one", "two"] {
      let refusal = acme.refusal(of: name, to: "web.service")
      #expect(refusal?.word == .wrongState && refusal?.object == "w1/\(name)")
    }
    #expect(try acme.perform(.grant("w1/one", to: "web.service"), by: .owner).count == 1)
    #expect(acme.refusal(of: "one", to: "web.service") == nil)
    #expect(acme.refusal(of: "two", to: "web.service") != nil)
    // No key is restored here, only grants are; the audit tells whose.
    let resumed = Change.restoredKeysResumed(at: Acme.start)
    #expect(acme.organization.restoredKeyCount(at: Acme.start) == 0)
    #expect(
      acme.organization.subjects(of: resumed, at: Acme.start).map(\.key)
        == [acme.organization.keys[1].id])
    #expect(try acme.perform(.resumeRestored, by: .owner) == [resumed])
    #expect(acme.refusal(of: "two", to: "web.service") == nil)
    #expect(try acme.perform(.resumeRestored, by: .owner).isEmpty)
  }

  @Test("of a snapshot with a gap the grants of keys that do not fit are dropped with them")
  func gap() throws {
    let lost = Author.key(KeyID(numbered: 8))
    let orphan = Key(
      numbered: 1, in: .organization, named: "a", origin: .imported(leastRank: .owner),
      creator: lost)
    let whole = Key(
      numbered: 2, in: .organization, named: "b", origin: .imported(leastRank: .owner))
    var organization = try Acme().organization
    for key in [orphan, whole] {
      try organization.restore(.key(key))
      let place = UnitCredential(CredentialName(of: key.name), ofUnit: unit("web.service"))
      try organization.restore(.unitGrant(UnitGrant(place, of: key.id)))
    }
    try organization.dropInconsistentKeys()
    try organization.finishRestoring()
    #expect(organization.keys.map(\.id) == [whole.id])
    #expect(organization.unitGrants(of: orphan.id).isEmpty)
    #expect(organization.unitGrants(of: whole.id).count == 1)
  }

  @Test("grants are in a snapshot, with what was brought back") func snapshot() throws {
    var acme = try Acme()
    for name in ["one", "two"] { try acme.importKey("w1/\(name)", by: .admin) }
    try acme.perform(.grant("w1/one", to: "web.service"), by: .owner)
    try acme.perform(.grant("w1/one", to: "a.service"), by: .owner)
    try acme.organization.apply(.keysRestored(at: Acme.start))
    try acme.perform(.grant("w1/two", to: "b.service"), by: .owner)
    var copy = Organization()
    try acme.organization.forEachPart { (part) throws(InconsistentChange) in
      try copy.restore(part)
    }
    try copy.finishRestoring()
    #expect(copy == acme.organization)
    #expect(copy.restoredGrantCount == 2)
    let grant = UnitGrant(
      UnitCredential(credential("one"), ofUnit: unit("a.service")), of: acme.organization.keys[1].id
    )
    #expect(throws: InconsistentChange.self) { try copy.restore(.unitGrant(grant)) }
  }
}
