import Keyring
import Testing

@Suite("Applying changes")
struct ApplyTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let change: Change
  }

  private static let standing = Key(
    numbered: 1, in: .workspace(Acme.w1), named: "a", origin: .imported(leastRank: .viewer))

  private static let revocation = Revocation(
    revoker: .user(Person.owner.id), moment: Acme.start, reason: .none)

  private static func user(_ number: UInt32, _ name: String, uid: UInt32) -> Change {
    .userAdded(User(id: UserID(number: number), name: named(name), uid: uid, role: .member))
  }

  private static func workspace(_ number: UInt32, _ name: String) -> Change {
    .workspaceAdded(Workspace(id: WorkspaceID(number: number), name: named(name)))
  }

  private static func key(
    _ number: Int, in namespace: Namespace, creator: Author = .user(Person.owner.id)
  ) -> Change {
    .keyAdded(
      Key(
        numbered: number, in: namespace, named: "b", origin: .imported(leastRank: .viewer),
        creator: creator))
  }

  /// What does not fit ``Acme`` with one key in w1.
  static let inconsistent: [Case] = [
    Case(testDescription: "a user that is there", change: user(5, "member", uid: 1005)),
    Case(testDescription: "a user with a taken name", change: user(6, "member", uid: 2000)),
    Case(testDescription: "a user with a taken uid", change: user(6, "new", uid: 1005)),
    Case(testDescription: "a user with a number left out", change: user(7, "new", uid: 2000)),
    Case(testDescription: "a user with the number 0", change: user(0, "new", uid: 2000)),
    Case(testDescription: "a user with a used number", change: user(3, "new", uid: 2000)),
    Case(testDescription: "a workspace that is there", change: workspace(2, "w2")),
    Case(testDescription: "a workspace with a taken name", change: workspace(3, "w2")),
    Case(testDescription: "a workspace with a number left out", change: workspace(4, "w3")),
    Case(testDescription: "a workspace with the number 0", change: workspace(0, "w3")),
    Case(
      testDescription: "a role of an unknown user",
      change: .organizationRoleSet(.owner, of: UserID(number: 6))),
    Case(
      testDescription: "a role of the user 0",
      change: .organizationRoleSet(.owner, of: UserID(number: 0))),
    Case(
      testDescription: "a role in a workspace of an unknown user",
      change: .workspaceRoleSet(.admin, of: UserID(number: 6), in: Acme.w1)),
    Case(
      testDescription: "a role in an unknown workspace",
      change: .workspaceRoleSet(.admin, of: UserID(number: 2), in: WorkspaceID(number: 3))),
    Case(
      testDescription: "a role in the workspace 0",
      change: .workspaceRoleSet(nil, of: UserID(number: 2), in: WorkspaceID(number: 0))),
    Case(testDescription: "a key that is there", change: .keyAdded(standing)),
    Case(
      testDescription: "a key with a used id elsewhere",
      change: key(1, in: .user(Person.owner.id))),
    Case(
      testDescription: "a key of an unknown user",
      change: key(2, in: .user(UserID(number: 6)))),
    Case(testDescription: "a key of the user 0", change: key(2, in: .user(UserID(number: 0)))),
    Case(
      testDescription: "a key in an unknown workspace",
      change: key(2, in: .workspace(WorkspaceID(number: 3)))),
    Case(
      testDescription: "a key in the workspace 0",
      change: key(2, in: .workspace(WorkspaceID(number: 0)))),
    Case(
      testDescription: "a key made by an unknown user",
      change: key(2, in: .workspace(Acme.w1), creator: .user(UserID(number: 6)))),
    Case(
      testDescription: "the end of an unknown key",
      change: .keyRevoked(KeyID(numbered: 2), revocation)),
    Case(
      testDescription: "the end of a key by an unknown user",
      change: .keyRevoked(
        standing.id,
        Revocation(revoker: .user(UserID(number: 6)), moment: Acme.start, reason: .none))),
  ]

  @Test("a change that does not fit is refused, and changes nothing", arguments: inconsistent)
  func refuses(_ test: Case) throws {
    var organization = try Acme().organization
    try organization.apply(.keyAdded(Self.standing))
    let before = organization
    #expect(throws: InconsistentChange.self) { try organization.apply(test.change) }
    #expect(organization == before)
  }

  @Test("a change that fits is made true")
  func applies() throws {
    var organization = try Acme().organization
    let changes: [Change] = [
      .organizationNamed(named("other")), Self.user(6, "new", uid: 2000),
      Self.workspace(3, "w3"), .organizationRoleSet(.owner, of: UserID(number: 6)),
      .workspaceRoleSet(.editor, of: UserID(number: 5), in: WorkspaceID(number: 3)),
      .workspaceRoleSet(nil, of: UserID(number: 2), in: Acme.w1), .keyAdded(Self.standing),
      .keyRevoked(Self.standing.id, Self.revocation),
    ]
    for change in changes { try organization.apply(change) }
    #expect(organization.name == named("other"))
    #expect(organization.user(withUID: 2000)?.role == .owner)
    #expect(organization.workspace(named: named("w3"))?.id == WorkspaceID(number: 3))
    #expect(organization[UserID(number: 5)].workspaceRoles == [WorkspaceID(number: 3): .editor])
    #expect(organization[UserID(number: 2)].workspaceRoles.isEmpty)
    #expect(organization.key(withID: Self.standing.id)?.revocation == Self.revocation)
    #expect(
      changes.map(\.keyID) == [nil, nil, nil, nil, nil, nil, Self.standing.id, Self.standing.id])
  }

  @Test("an organization begins with nothing and nobody")
  func beginsEmpty() {
    let organization = Organization()
    #expect(organization.name == nil)
    #expect(organization.firstOwner == nil)
    #expect(organization.users.isEmpty)
    #expect(organization.workspaces.isEmpty)
    #expect(organization.keys.isEmpty)
    #expect(organization.user(withUID: 0) == nil)
  }

  @Test("organizations with different contents are not equal")
  func equality() throws {
    let first = try Acme().organization
    var second = try Acme().organization
    #expect(first == second)
    try second.apply(.workspaceRoleSet(.viewer, of: Person.member.id, in: Acme.w2))
    #expect(first != second)
    try second.apply(.workspaceRoleSet(nil, of: Person.member.id, in: Acme.w2))
    #expect(first == second)
    try second.apply(.keyAdded(Self.standing))
    #expect(first != second)
  }
}
