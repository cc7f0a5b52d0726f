import Keyring
import Testing

@Suite("People and workspaces")
struct PeopleTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let request: Request
    let outcomes: OutcomeRow

    init(_ testDescription: String, _ request: Request, _ outcomes: String) {
      self.testDescription = testDescription
      self.request = request
      self.outcomes = OutcomeRow(outcomes)
    }
  }

  /// Users, roles and workspaces are the Owner's (key rules, section 2); each
  /// row has what comes of it for `OAEVMN`.
  static let cases: [Case] = [
    Case("add a workspace", .addWorkspace(named("w3")), "+-----"),
    Case("add a workspace that is there", .addWorkspace(named("w1")), "=-----"),
    Case("add a workspace that others do not see", .addWorkspace(named("w2")), "=-----"),
    Case("add a workspace called as the organization", .addWorkspace(named("acme")), "+-----"),
    Case("add a workspace called me", .addWorkspace(named("me")), "!-----"),
    Case("add a workspace called org", .addWorkspace(named("org")), "!-----"),
    Case("add a workspace called id", .addWorkspace(named("id")), "!-----"),
    Case("add a user", .addUser(named("new"), uid: 2000), "+-----"),
    Case("add a user called me", .addUser(named("me"), uid: 2000), "+-----"),
    Case("add a user for uid 0", .addUser(named("new"), uid: 0), "+-----"),
    Case("add a user whose name is taken", .addUser(named("viewer"), uid: 2000), "=-----"),
    Case("add a user whose uid is taken", .addUser(named("new"), uid: 1003), "=-----"),
    Case("add a user for uid 65534", .addUser(named("new"), uid: 65534), "!-----"),
    Case("add a user for uid 4294967295", .addUser(named("new"), uid: .max), "!-----"),
    Case("add a user for uid 61184", .addUser(named("new"), uid: 61184), "!-----"),
    Case("add a user for uid 65519", .addUser(named("new"), uid: 65519), "!-----"),
    Case(
      "make a Member an Owner", .setOrganizationRole(.owner, ofUser: named("member")), "+-----"),
    Case(
      "make an Admin of w1 an Owner", .setOrganizationRole(.owner, ofUser: named("admin")),
      "+-----"),
    Case(
      "make a Member a Member", .setOrganizationRole(.member, ofUser: named("member")), "+-----"),
    Case(
      "make the Owner an Owner", .setOrganizationRole(.owner, ofUser: named("owner")), "+-----"),
    Case(
      "make the last Owner a Member", .setOrganizationRole(.member, ofUser: named("owner")),
      "~-----"),
    Case(
      "make nobody known an Owner", .setOrganizationRole(.owner, ofUser: named("ghost")), "?-----"),
  ]

  @Test("the organization is run by its Owner only", arguments: cases, Person.allCases)
  func decides(_ test: Case, for person: Person) throws {
    let acme = try Acme()
    let outcome = Outcome { () throws(Refusal) in try acme.decide(test.request, by: person) }
    #expect(outcome == test.outcomes[person])
  }

  // MARK: Roles in workspaces

  struct Grant: CustomTestStringConvertible, Sendable {
    let workspace: String
    let user: String
    let outcomes: OutcomeRow
    var testDescription: String { "to \(user) in \(workspace)" }
  }

  /// Admins give roles up to their own rank, so none to an Owner; Editors and Viewers none.
  static let grantTable = """
    workspace  user    OAEVMN
    w1         owner   +---?-
    w1         admin   ++--?-
    w1         editor  ++--?-
    w1         viewer  ++--?-
    w1         member  ++--?-
    w1         ghost   ??--?-
    w2         owner   +????-
    w2         admin   +????-
    w2         editor  +????-
    w2         viewer  +????-
    w2         member  +????-
    w2         ghost   ?????-
    w3         owner   ?????-
    w3         admin   ?????-
    w3         editor  ?????-
    w3         viewer  ?????-
    w3         member  ?????-
    w3         ghost   ?????-
    """

  static let grants: [Grant] = rows(of: grantTable).map { row in
    Grant(workspace: String(row[0]), user: String(row[1]), outcomes: OutcomeRow(row[2]))
  }

  @Test(
    "a workspace's roles are given by its Admins and Owners", arguments: grants, Person.allCases)
  func givesRole(_ grant: Grant, by person: Person) throws {
    let acme = try Acme()
    for role in WorkspaceRole.allCases.map(Optional.some) + [nil] {
      let request = Request.setWorkspaceRole(
        role, ofUser: named(grant.user), inWorkspace: named(grant.workspace))
      let outcome = Outcome { () throws(Refusal) in try acme.decide(request, by: person) }
      #expect(outcome == grant.outcomes[person], "role \(String(describing: role))")
      guard outcome == .done else { continue }
      let target = try #require(acme.organization.user(named: named(grant.user)))
      let workspace = try #require(acme.organization.workspace(named: named(grant.workspace)))
      let change = Change.workspaceRoleSet(role, of: target.id, in: workspace.id)
      let isSo = target.workspaceRoles[workspace.id] == role
      #expect(try acme.decide(request, by: person) == (isSo ? [] : [change]))
    }
  }

  @Test("a role that is given counts at the very next request, and so does its loss")
  func rolesCountAtOnce() throws {
    var acme = try Acme()
    let viewer = named("viewer")
    try acme.create("w1/deploy", by: .admin, access: .editor)
    let selection = [try Selection.key("w1/deploy")]
    let use = { (acme: Acme) in
      Outcome { () throws(Refusal) in try acme.injections(of: selection, by: .viewer) }
    }
    #expect(use(acme) == .forbidden)
    try acme.perform(
      .setWorkspaceRole(.editor, ofUser: viewer, inWorkspace: named("w1")), by: .admin)
    #expect(use(acme) == .done)
    try acme.perform(
      .setWorkspaceRole(.viewer, ofUser: viewer, inWorkspace: named("w1")), by: .admin)
    #expect(use(acme) == .forbidden)
    try acme.perform(.setWorkspaceRole(nil, ofUser: viewer, inWorkspace: named("w1")), by: .admin)
    #expect(use(acme) == .notFound)
  }

  // MARK: What comes of it

  @Test("a new user is a Member without roles, and has the next number")
  func newUser() throws {
    var acme = try Acme()
    try acme.perform(.addUser(named("new"), uid: 2000), by: .owner)
    let user = try #require(acme.organization.user(withUID: 2000))
    #expect(user == User(id: UserID(number: 6), name: named("new"), uid: 2000, role: .member))
    #expect(acme.organization.user(named: named("new")) == user)
    #expect(user.workspaceRoles.isEmpty)
    #expect(acme.organization.workspaces(inSightOf: Standing(user)).isEmpty)
  }

  @Test("an Owner stands above the Admins of every workspace, whatever role is given there")
  func ownerIsAboveAdmins() throws {
    var acme = try Acme()
    try acme.perform(
      .setWorkspaceRole(.viewer, ofUser: named("owner"), inWorkspace: named("w1")), by: .owner)
    #expect(acme.organization.rank(of: acme.user(.owner), in: Acme.w1) == .owner)
    #expect(acme.organization.rank(of: acme.user(.admin), in: Acme.w1) == .admin)
    #expect(acme.organization.rank(of: acme.user(.admin), in: Acme.w2) == .member)
    #expect(acme.organization.rankInOrganization(of: acme.user(.admin)) == .member)
    #expect(acme.organization.rankInOrganization(of: acme.user(.owner)) == .owner)
  }

  @Test("of two Owners one can be demoted, by oneself too, and then the other stays one")
  func demotesAllButLastOwner() throws {
    var acme = try Acme()
    try acme.perform(.setOrganizationRole(.owner, ofUser: named("admin")), by: .owner)
    try acme.perform(.setOrganizationRole(.member, ofUser: named("owner")), by: .owner)
    #expect(acme.user(.owner).role == .member)
    #expect(acme.organization.firstOwner?.id == Person.admin.id)
    let last = Request.setOrganizationRole(.member, ofUser: named("admin"))
    #expect(Outcome { () throws(Refusal) in try acme.decide(last, by: .admin) } == .wrongState)
    #expect(Outcome { () throws(Refusal) in try acme.decide(last, by: .owner) } == .forbidden)
  }

  @Test("an Owner who is demoted has the role in the workspace that was given before")
  func demotedOwnerKeepsWorkspaceRole() throws {
    var acme = try Acme()
    try acme.perform(.setOrganizationRole(.owner, ofUser: named("viewer")), by: .owner)
    #expect(acme.organization.rank(of: acme.user(.viewer), in: Acme.w2) == .owner)
    try acme.perform(.setOrganizationRole(.member, ofUser: named("viewer")), by: .owner)
    #expect(acme.organization.rank(of: acme.user(.viewer), in: Acme.w1) == .viewer)
    #expect(acme.organization.rank(of: acme.user(.viewer), in: Acme.w2) == .member)
  }
}
