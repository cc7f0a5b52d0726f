import Keyring
import Testing

@Suite("Applying changes of keys' lives and of people")
struct ApplyLifeTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let change: Change

    init(_ testDescription: String, _ change: Change) {
      self.testDescription = testDescription
      self.change = change
    }
  }

  private static let ghost = UserID(number: 77)
  private static let live = KeyID(numbered: 1)
  private static let revoked = KeyID(numbered: 2)
  private static let unknown = KeyID(numbered: 99)

  private static func end(by revoker: Author = .user(Person.owner.id)) -> Revocation {
    Revocation(revoker: revoker, moment: Acme.start, reason: .none)
  }

  private static func suspension(by suspender: UserID = Person.owner.id) -> Suspension {
    Suspension(suspender: suspender, moment: Acme.start, reason: .none)
  }

  private static func version(
    _ number: UInt32, of key: KeyID, by author: Author = .user(Person.owner.id)
  ) -> Change {
    .versionAdded(
      KeyVersion(
        number: number, author: author, created: Acme.start, expires: nil,
        digest: Digest(numbered: 55), sealedValue: nil),
      to: key, lifetime: .never, formerEnd: Acme.start)
  }

  /// What does not fit ``acme()``.
  static let inconsistent: [Case] = [
    Case("another state of an unknown user", .userStateSet(.active, of: ghost)),
    Case("another state of the user 0", .userStateSet(.active, of: UserID(number: 0))),
    Case("another state of a removed user", .userStateSet(.active, of: Person.member.id)),
    Case("the removal of an unknown user", .userRemoved(ghost, end())),
    Case("the removal of a removed user", .userRemoved(Person.member.id, end())),
    Case("a removal by an unknown user", .userRemoved(Person.viewer.id, end(by: .user(ghost)))),
    Case("another uid of an unknown user", .userRebound(ghost, uid: 5000)),
    Case("another uid of a removed user", .userRebound(Person.member.id, uid: 5000)),
    Case("a uid of somebody else", .userRebound(Person.viewer.id, uid: 1003)),
    Case(
      "the archive of an unknown workspace", .workspaceArchived(WorkspaceID(number: 9), end())),
    Case("an archive by an unknown key", .workspaceArchived(Acme.w1, end(by: .key(unknown)))),
    Case("the suspension of an unknown key", .keySuspended(unknown, suspension())),
    Case("the suspension of a revoked key", .keySuspended(revoked, suspension())),
    Case("a suspension by an unknown user", .keySuspended(live, suspension(by: ghost))),
    Case("the resumption of an unknown key", .keyResumed(unknown)),
    Case("the resumption of a revoked key", .keyResumed(revoked)),
    Case("the end of a revoked key", .keyRevoked(revoked, end())),
    Case("an end by an unknown key", .keyRevoked(live, end(by: .key(unknown)))),
    Case("the expiry of an unknown key", .expiryBroughtForward(unknown, to: Acme.start)),
    Case("the expiry of a revoked key", .expiryBroughtForward(revoked, to: Acme.start)),
    Case("a version of an unknown key", version(2, of: unknown)),
    Case("a version of a revoked key", version(2, of: revoked)),
    Case("a version that is there", version(2, of: live)),
    Case("a version with a number left out", version(4, of: live)),
    Case("a version by an unknown user", version(3, of: live, by: .user(ghost))),
    Case("a version by an unknown key", version(3, of: live, by: .key(unknown))),
    Case(
      "the end of the current version", .versionEnded(VersionID(live, number: 2), at: Acme.start)),
    Case("the end of no version", .versionEnded(VersionID(live, number: 3), at: Acme.start)),
    Case(
      "the end of a version of a revoked key",
      .versionEnded(VersionID(revoked, number: 1), at: Acme.start)),
  ]

  /// The first key has two versions, the second is revoked, and the Member is removed.
  private static func acme() throws -> Acme {
    var acme = try Acme()
    let first = try acme.create("w1/live", by: .editor)
    try acme.rotate(first, by: .editor)
    let second = try acme.create("w1/revoked", by: .editor)
    try acme.rotate(second, by: .editor)
    try acme.perform(.revoke(second), by: .editor)
    try acme.perform(.setUserState(.removed, ofUser: named("member")), by: .owner)
    return acme
  }

  @Test("a change that does not fit is refused, and changes nothing", arguments: inconsistent)
  func refuses(_ test: Case) throws {
    var organization = try Self.acme().organization
    let before = organization
    #expect(throws: InconsistentChange.self) { try organization.apply(test.change) }
    #expect(organization == before)
  }

  @Test("the end of a grace is brought forward, and never back")
  func endsGrace() throws {
    var acme = try Self.acme()
    let first = VersionID(Self.live, number: 1)
    let end = acme.organization.keys[0].versions[0].graceEnd
    try acme.organization.apply(.versionEnded(first, at: .latest))
    #expect(acme.organization.keys[0].versions[0].graceEnd == end)
    try acme.organization.apply(.versionEnded(first, at: Acme.start))
    #expect(acme.organization.keys[0].versions[0].graceEnd == Acme.start)
  }

  @Test("a key whose owner is disabled stays suspended when a suspension by hand is lifted")
  func resumedOfDisabled() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    try acme.perform(.suspend(key), by: .viewer)
    try acme.perform(.setUserState(.disabled, ofUser: named("viewer")), by: .owner)
    try acme.organization.apply(.keyResumed(key.id))
    #expect(try acme.current(key).state(at: Acme.start) == .suspended)
    try acme.perform(.setUserState(.active, ofUser: named("viewer")), by: .owner)
    #expect(try acme.current(key).state(at: Acme.start) == .active)
  }

  @Test("a change says which key, which version and which workspace it is about")
  func subjects() throws {
    let subjects: [(Change, UInt32?, WorkspaceID?)] = [
      (Self.version(3, of: Self.live), 3, nil),
      (.versionEnded(VersionID(Self.live, number: 1), at: Acme.start), 1, nil),
      (.keyResumed(Self.live), 0, nil), (.keySuspended(Self.live, Self.suspension()), 0, nil),
      (.keyRevoked(Self.live, Self.end()), 0, nil),
      (.expiryBroughtForward(Self.live, to: Acme.start), 0, nil),
      (.keyAdded(try Self.acme().organization.keys[0]), 2, nil),
      (.workspaceArchived(Acme.w1, Self.end()), nil, Acme.w1),
      (.workspaceRoleSet(nil, of: Self.ghost, in: Acme.w2), nil, Acme.w2),
      (.workspaceAdded(Workspace(id: Acme.w1, name: named("w1"))), nil, Acme.w1),
      (.userRemoved(Self.ghost, Self.end()), nil, nil), (.clockSet(Acme.start), nil, nil),
      (.policySet(.initial), nil, nil), (.userRebound(Self.ghost, uid: 1), nil, nil),
    ]
    for (change, number, workspace) in subjects {
      #expect(change.subject == number.map { VersionID(Self.live, number: $0) })
      #expect(change.keyID == (number == nil ? nil : Self.live))
      #expect(change.workspace == workspace)
    }
  }

  @Test("believing the clock again changes nothing that is kept")
  func setsClock() throws {
    var acme = try Self.acme()
    let before = acme.organization
    let request = Request.believeClock(Acme.start.before(by: 1000))
    #expect(
      try acme.perform(request, by: .owner) == [.clockSet(Acme.start.before(by: 1000))])
    #expect(acme.organization == before)
  }
}
