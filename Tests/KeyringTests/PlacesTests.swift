import Keyring
import Testing

@Suite("The last Owner, other uids, archives and the policy")
struct PlacesTests {
  private static let start = Acme.start

  // MARK: The last Owner

  @Test("the last active Owner is not demoted, disabled or removed; one of two is")
  func lastOwner() throws {
    var acme = try Acme()
    let requests = { (name: String) -> [Request] in
      [
        .setOrganizationRole(.member, ofUser: named(name)),
        .setUserState(.disabled, ofUser: named(name)),
        .setUserState(.removed, ofUser: named(name)),
      ]
    }
    for request in requests("owner") { #expect(acme.outcome(request, by: .owner) == .wrongState) }
    try acme.perform(.setOrganizationRole(.owner, ofUser: named("member")), by: .owner)
    for request in requests("owner") + requests("member") {
      #expect(acme.outcome(request, by: .owner) == .done)
      #expect(acme.outcome(request, by: .member) == .done)
    }
    try acme.perform(.setUserState(.disabled, ofUser: named("member")), by: .owner)
    for request in requests("owner") { #expect(acme.outcome(request, by: .owner) == .wrongState) }
    #expect(acme.organization.firstOwner?.id == Person.owner.id)
    // A disabled Owner is no active one, and may go.
    for request in requests("member") { #expect(acme.outcome(request, by: .owner) == .done) }
    try acme.perform(.setUserState(.active, ofUser: named("member")), by: .owner)
    try acme.perform(.setUserState(.removed, ofUser: named("owner")), by: .member)
    #expect(acme.organization.firstOwner?.id == Person.member.id)
    for request in requests("member") { #expect(acme.outcome(request, by: .member) == .wrongState) }
  }

  @Test("a disabled user who is made an Owner is none until they are enabled")
  func disabledOwner() throws {
    var acme = try Acme()
    try acme.perform(.setUserState(.disabled, ofUser: named("member")), by: .owner)
    try acme.perform(.setOrganizationRole(.owner, ofUser: named("member")), by: .owner)
    #expect(
      acme.outcome(.setOrganizationRole(.member, ofUser: named("owner")), by: .owner) == .wrongState
    )
    #expect(acme.outcome(.addWorkspace(named("x")), by: .member) == .forbidden)
  }

  // MARK: Other uids

  @Test("a user is bound to another uid by an Owner, or by who has shown a secret")
  func rebinds() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    let request = { (name: String, uid: UInt32, isSecret: Bool) in
      Request.rebindUser(named(name), uid: uid, hasShownSecret: isSecret)
    }
    for caller in [Person.owner.caller, .nobody] {
      let isSecret = caller == .nobody
      #expect(acme.outcome(request("viewer", 65534, isSecret), by: caller) == .invalid)
      #expect(acme.outcome(request("viewer", 1003, isSecret), by: caller) == .conflict)
      #expect(acme.outcome(request("ghost", 2000, isSecret), by: caller) == .notFound)
      #expect(try acme.decide(request("viewer", 1004, isSecret), by: caller).isEmpty)
      #expect(
        try acme.decide(request("viewer", 2000, isSecret), by: caller)
          == [.userRebound(Person.viewer.id, uid: 2000)])
    }
    for person in Person.allCases where person != .owner {
      #expect(acme.outcome(request("viewer", 2000, false), by: person) == .forbidden)
    }
    try acme.perform(request("viewer", 2000, false), by: .owner)
    #expect(acme.organization.user(withUID: 2000)?.id == Person.viewer.id)
    #expect(acme.organization.user(withUID: 1004) == nil)
    #expect(try acme.isValid(key, version: 1))
    #expect(acme.organization[Person.viewer.id].workspaceRoles == [Acme.w1: .viewer])
    #expect(acme.outcome(.addUser(named("new"), uid: 1004), by: .owner) == .done)
    #expect(acme.outcome(.addUser(named("new"), uid: 2000), by: .owner) == .conflict)
    try acme.perform(.setUserState(.removed, ofUser: named("viewer")), by: .owner)
    #expect(acme.outcome(request("viewer", 2001, true), by: Caller.nobody) == .notFound)
  }

  // MARK: Archives

  @Test("an archived workspace's keys end, and nothing is done there any more")
  func archives() throws {
    var acme = try Acme()
    let issued = try acme.create("w1/deploy", by: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    let user = try acme.create("me/laptop", by: .editor)
    let organization = try acme.create("org/ci", by: .owner, access: .editor)
    let other = try acme.create("w2/deploy", by: .owner)
    try acme.perform(.suspend(imported), by: .editor)
    try acme.perform(.archiveWorkspace(named("w1")), by: .owner)
    for key in [issued, imported] {
      #expect(try acme.current(key).revocation?.revoker == .user(Person.owner.id))
    }
    #expect(try acme.isValid(other, version: 1))
    #expect(try acme.decide(.archiveWorkspace(named("w1")), by: .owner).isEmpty)
    for person in [Person.owner, .admin, .editor] {
      for terms in [KeyPlan.Terms.issued(access: nil), .imported(leastRank: nil)] {
        let request = Request.addKey(try KeyPlan("w1/new", terms), KeyMaterial(numbered: 9))
        #expect(acme.outcome(request, by: person) == .wrongState)
      }
    }
    let grant = Request.setWorkspaceRole(
      .viewer, ofUser: named("member"), inWorkspace: named("w1"))
    #expect(acme.outcome(grant, by: .owner) == .wrongState)
    #expect(acme.outcome(.addWorkspace(named("w1")), by: .owner) == .conflict)
    for key in [user, organization] {
      #expect(try acme.isValid(key, version: 1))
      #expect(!acme.organization.permits(key, .list, in: Acme.w1))
      let list = Outcome { () throws(Refusal) in
        try acme.organization.page(
          KeyFilter(workspace: named("w1"), limit: 9), for: .acting(as: key), at: Self.start)
      }
      #expect(list == .notFound)
    }
    #expect(acme.organization.permits(organization, .list, in: Acme.w2))
    #expect(try acme.list(for: .viewer, in: "w1").map(\.id) == [issued.id, imported.id])
  }

  @Test("a live key in an archived workspace, which only a record could have, is not used")
  func archivedIsNotUsed() throws {
    var acme = try Acme()
    try acme.perform(.archiveWorkspace(named("w1")), by: .owner)
    let key = Key(
      numbered: 9, in: .workspace(Acme.w1), named: "odd", origin: .imported(leastRank: .viewer))
    try acme.organization.apply(.keyAdded(key))
    #expect(try acme.outcome(using: "w1/odd", by: Person.owner.caller) == .forbidden)
    #expect(!acme.organization.mayUse(key, by: acme.standing(.owner)))
  }

  @Test("what a removal or an archive ends is what lives at that moment, in one change")
  func endsInOneChange() throws {
    var acme = try Acme()
    for number in 1...50 { try acme.create("w1/k\(number)", by: .editor, env: "E\(number)") }
    let changes = try acme.perform(.archiveWorkspace(named("w1")), by: .owner)
    #expect(changes.count == 1 && changes[0].workspace == Acme.w1)
    #expect(acme.organization.keys.allSatisfy { $0.revocation != nil })
  }

  // MARK: Policy

  @Test(
    "a demand of the policy is set within its bounds",
    arguments: [
      ("max-lifetime", "30d", "0s,30,x,-1d,never", "max-lifetime=30d default-lifetime=30d"),
      ("max-lifetime", "400d", "", "max-lifetime=400d default-lifetime=90d"),
      ("max-lifetime", "1s", "", "max-lifetime=1s default-lifetime=1s"),
      ("default-lifetime", "365d", "366d,0s,never,x", "default-lifetime=365d max-lifetime=365d"),
      ("default-lifetime", "1s", "", "default-lifetime=1s"),
      ("allow-never", "true", "yes,1,TRUE,", "allow-never=true"),
      ("max-grace", "30d", "31d,2592001s,x", "max-grace=30d default-grace=1d"),
      ("max-grace", "1h", "", "max-grace=1h default-grace=1h"),
      ("max-grace", "0s", "", "max-grace=0s default-grace=0s"),
      ("default-grace", "30d", "2592001s,x,-1d", "default-grace=30d max-grace=30d"),
      ("default-grace", "0s", "", "default-grace=0s max-grace=30d"),
      ("idle-days", "1", "0,-1,36501,1d,", "idle-days=1"),
      ("idle-days", "36500", "", "idle-days=36500"),
    ])
  func setsPolicy(
    _ demand: (name: String, value: String, refused: String, after: String)
  ) throws {
    var acme = try Acme()
    let name = try PolicyName(parsing: demand.name)
    for value in demand.refused.split(separator: ",", omittingEmptySubsequences: false)
    where !demand.refused.isEmpty {
      #expect(acme.outcome(.setPolicy(name, String(value)), by: .owner) == .invalid, "\(value)")
    }
    try acme.perform(.setPolicy(name, demand.value), by: .owner)
    for pair in demand.after.split(separator: " ").map({ $0.split(separator: "=") }) {
      let name = try PolicyName(parsing: String(pair[0]))
      #expect(acme.organization.policy.text(of: name) == pair[1])
    }
    #expect(try acme.decide(.setPolicy(name, demand.value), by: .owner).isEmpty)
  }

  @Test("an unknown demand of the policy is invalid")
  func refusesUnknownDemand() {
    #expect(refusal { () throws(Refusal) in try PolicyName(parsing: "grace") }?.word == .invalid)
  }

  @Test("a policy that is lowered counts for what is made later, of each type")
  func policyCounts() throws {
    var acme = try Acme()
    let before = try acme.create("w1/before", by: .editor, expires: "300d")
    try acme.perform(.setPolicy(.maximumLifetime, "10d"), by: .owner)
    #expect(try acme.current(before) == before)
    for reference in ["me/new", "w1/new", "org/new"] {
      for (expires, outcome) in [("10d", Outcome.done), ("11d", .invalid), ("never", .invalid)] {
        let plan = try KeyPlan(reference, .issued(access: nil), expires: expires)
        #expect(acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: .owner) == outcome)
      }
    }
    let key = try acme.create("w1/default", by: .editor)
    #expect(key.currentVersion.expires == Self.start.advanced(by: .days(10)))
  }
}
