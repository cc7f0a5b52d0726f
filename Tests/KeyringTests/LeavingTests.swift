import Keyring
import Testing

@Suite("People who change or leave")
struct LeavingTests {
  private static let start = Acme.start

  private func setting(_ state: UserState, of name: String) -> Request {
    .setUserState(state, ofUser: named(name))
  }

  private func isOrphaned(_ key: Key, in acme: Acme, at now: Instant = start) throws -> Bool {
    acme.organization.isOrphaned(try acme.current(key), at: now)
  }

  // MARK: Disabled

  @Test("a disabled user may do nothing, and what is theirs is suspended at once")
  func disables() throws {
    var acme = try Acme()
    let issued = try acme.create("me/laptop", by: .editor)
    let imported = try acme.importKey("me/vendor", by: .editor)
    let byHand = try acme.create("me/lost", by: .editor)
    let workspace = try acme.create("w1/deploy", by: .editor)
    try acme.perform(.suspend(byHand), by: .editor)
    let changes = try acme.perform(setting(.disabled, of: "editor"), by: .owner)
    #expect(changes == [.userStateSet(.disabled, of: Person.editor.id)])
    for key in [issued, imported, byHand] {
      #expect(try acme.current(key).state(at: Self.start) == .suspended)
    }
    #expect(try acme.current(workspace).state(at: Self.start) == .active)
    #expect(try !acme.isValid(issued, version: 1))
    #expect(try acme.isValid(workspace, version: 1))
    let plan = try KeyPlan("w1/new", .issued(access: nil))
    #expect(acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: .editor) == .forbidden)
    #expect(try acme.outcome(.resume(issued), by: .editor) == .forbidden)
    #expect(try acme.outcome(using: "me/vendor", by: Person.editor.caller) == .forbidden)
    #expect(try acme.outcome(.resume(issued), by: .owner) == .forbidden)
    for key in [issued, imported] {
      #expect(
        Outcome { () throws(Refusal) in
          try acme.organization.standing(of: .acting(as: key), at: Self.start)
        } == .other)
    }
    #expect(acme.organization.user(withUID: 1003)?.state == .disabled)
  }

  @Test("enabling brings back what disabling has suspended, and nothing else")
  func enables() throws {
    var acme = try Acme()
    let laptop = try acme.create("me/laptop", by: .editor)
    let byHand = try acme.create("me/lost", by: .editor)
    let ended = try acme.create("me/ended", by: .editor)
    let short = try acme.create("me/short", by: .editor, expires: "1d")
    try acme.perform(.suspend(byHand), by: .editor)
    try acme.perform(setting(.disabled, of: "editor"), by: .owner)
    try acme.perform(.suspend(laptop), by: .owner)
    try acme.perform(.revoke(ended), by: .owner)
    let later = Self.start.advanced(by: .days(1))
    try acme.perform(setting(.active, of: "editor"), by: .owner, at: later)
    #expect(try acme.current(laptop).state(at: later) == .suspended)
    #expect(try acme.current(byHand).state(at: later) == .suspended)
    #expect(try acme.current(ended).state(at: later) == .revoked)
    #expect(try acme.current(short).state(at: later) == .expired)
    try acme.perform(.resume(laptop), by: .editor, at: later)
    #expect(try acme.isValid(laptop, version: 1, at: later))
    #expect(try acme.decide(setting(.active, of: "editor"), by: .owner, at: later).isEmpty)
  }

  @Test("what the disabled made is orphaned, until they are enabled or another rotates it")
  func orphans() throws {
    var acme = try Acme()
    let first = try acme.create("w1/first", by: .editor)
    let second = try acme.create("w1/second", by: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    let own = try acme.create("me/laptop", by: .editor)
    try acme.perform(setting(.disabled, of: "editor"), by: .owner)
    for key in [first, second, imported] { #expect(try isOrphaned(key, in: acme)) }
    #expect(try !isOrphaned(own, in: acme))
    try acme.rotate(second, by: .admin)
    try acme.perform(.replace(imported, in: acme), by: .owner)
    #expect(try !isOrphaned(second, in: acme) && !isOrphaned(imported, in: acme))
    try acme.perform(setting(.active, of: "editor"), by: .owner)
    #expect(try !isOrphaned(first, in: acme))
  }

  // MARK: Demoted

  @Test("a key is orphaned exactly while its author could not make it")
  func orphanedByRole() throws {
    var acme = try Acme()
    let viewer = try acme.create("w1/viewer-key", by: .editor, access: .viewer)
    let editor = try acme.create("w1/editor-key", by: .admin, access: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor, leastRank: .admin)
    try acme.perform(.setOrganizationRole(.owner, ofUser: named("member")), by: .owner)
    let organization = try acme.create("org/billing", by: .member)
    #expect(
      try [viewer, editor, imported, organization].allSatisfy { try !isOrphaned($0, in: acme) })

    let give = { (role: WorkspaceRole?, name: String) in
      Request.setWorkspaceRole(role, ofUser: named(name), inWorkspace: named("w1"))
    }
    try acme.perform(give(.editor, "admin"), by: .owner)
    #expect(try !isOrphaned(editor, in: acme))
    for role in [WorkspaceRole.viewer, nil] {
      try acme.perform(give(role, "admin"), by: .owner)
      #expect(try isOrphaned(editor, in: acme))
      try acme.perform(give(role, "editor"), by: .owner)
      #expect(try isOrphaned(viewer, in: acme) && isOrphaned(imported, in: acme))
    }
    try acme.perform(give(.editor, "editor"), by: .owner)
    #expect(try !isOrphaned(viewer, in: acme) && !isOrphaned(imported, in: acme))
    try acme.perform(.setOrganizationRole(.member, ofUser: named("member")), by: .owner)
    #expect(try isOrphaned(organization, in: acme))
    #expect(try isOrphaned(editor, in: acme))
    try acme.perform(.revoke(editor), by: .owner)
    #expect(try !isOrphaned(editor, in: acme))
  }

  @Test("a key whose access is above its author's role could not be made, and is orphaned")
  func orphanedByAccess() throws {
    // In no table of today may a Viewer make keys; a record might have one of theirs.
    var acme = try Acme()
    try acme.organization.apply(
      .keyAdded(
        Key(
          numbered: 9, in: .workspace(Acme.w1), named: "odd",
          origin: .issued(access: .editor, custody: .sealed), creator: .user(Person.viewer.id))))
    #expect(acme.organization.isOrphaned(acme.organization.keys[0], at: Self.start))
  }

  @Test("what a key has imported is orphaned when the key could not import it any more")
  func orphanedByKey() throws {
    var acme = try Acme()
    let acting = try acme.create("w1/acts", by: .editor, access: .editor, expires: "1d")
    let plan = try KeyPlan("w1/stripe", .imported(leastRank: nil))
    try acme.perform(.addKey(plan, KeyMaterial(numbered: 9)), by: .acting(as: acting))
    let imported = try #require(acme.organization.key(withID: KeyID(numbered: 9)))
    #expect(try !isOrphaned(imported, in: acme))
    #expect(try isOrphaned(imported, in: acme, at: Self.start.advanced(by: .days(1))))
    try acme.rotate(acting, by: .editor)
    #expect(try !isOrphaned(imported, in: acme))
    try acme.perform(.suspend(acting), by: .editor)
    #expect(try isOrphaned(imported, in: acme))

    let scoped = try acme.create("me/acts", by: .editor, scope: "w1:list")
    try acme.organization.apply(
      .keyAdded(
        Key(
          numbered: 8, in: .workspace(Acme.w1), named: "odd", origin: .imported(leastRank: .viewer),
          creator: .key(scoped.id))))
    #expect(try isOrphaned(acme.organization.keys[acme.organization.keys.count - 1], in: acme))
  }

  @Test("who has left a workspace has lost it for their keys, too")
  func losesWorkspace() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    let mayUse = { (acme: Acme) in
      acme.organization.permits(key, .use, in: Acme.w1)
    }
    #expect(mayUse(acme))
    try acme.perform(
      .setWorkspaceRole(nil, ofUser: named("viewer"), inWorkspace: named("w1")), by: .admin)
    #expect(!mayUse(acme))
    #expect(try acme.isValid(key, version: 1))
  }

  // MARK: Removed

  @Test("a removed user's keys end for good, and what they made lives on, orphaned")
  func removes() throws {
    var acme = try Acme()
    let laptop = try acme.create("me/laptop", by: .editor)
    let suspended = try acme.create("me/lost", by: .editor)
    let expired = try acme.create("me/short", by: .editor, expires: "1h")
    let workspace = try acme.create("w1/deploy", by: .editor)
    try acme.perform(.suspend(suspended), by: .editor)
    let now = Self.start.advanced(by: .hours(1))
    try acme.perform(setting(.removed, of: "editor"), by: .owner, at: now)
    for key in [laptop, suspended] {
      let revocation = try #require(try acme.current(key).revocation)
      #expect(revocation.revoker == .user(Person.owner.id) && revocation.moment == now)
      #expect(try acme.current(key).state(at: now) == .revoked)
      #expect(acme.organization.isDead(key.currentVersion.digest, of: key.id, at: now))
    }
    #expect(try acme.current(expired).state(at: now) == .expired)
    #expect(try acme.isValid(workspace, version: 1, at: now))
    #expect(try isOrphaned(workspace, in: acme, at: now))
    #expect(acme.organization[Person.editor.id].state == .removed)
    #expect(acme.outcome(.addWorkspace(named("x")), by: .editor, at: now) == .forbidden)
    for state in [UserState.active, .disabled, .removed] {
      #expect(acme.outcome(setting(state, of: "editor"), by: .owner, at: now) == .notFound)
    }
  }

  @Test("a removed user's name and uid go to somebody else, who gets none of their things")
  func nameOfRemoved() throws {
    var acme = try Acme()
    let old = try acme.create("me/laptop", by: .editor)
    let imported = try acme.importKey("me/vendor", by: .editor)
    try acme.perform(setting(.removed, of: "editor"), by: .owner)
    #expect(acme.organization.user(withUID: 1003) == nil)
    try acme.perform(.addUser(named("editor"), uid: 1003), by: .owner)
    let new = try #require(acme.organization.user(named: named("editor")))
    #expect(new.id == UserID(number: 6) && new.workspaceRoles.isEmpty && new.role == .member)
    #expect(acme.organization.user(withUID: 1003) == new)
    let caller = Caller.user(new.id)
    let seen = try acme.organization.page(KeyFilter(limit: .max), for: caller, at: Self.start)
    #expect(seen.keys.isEmpty)
    for key in [old, imported] {
      #expect(try acme.outcome(using: "id:\(key.id.text)", by: caller) == .notFound)
      #expect(acme.outcome(try .revoke(key), by: caller) == .notFound)
      #expect(throws: Refusal.self) { try acme.key("@editor/\(key.name.text)", seenBy: .owner) }
      #expect(try acme.key("id:\(key.id.text)", seenBy: .owner).id == key.id)
    }
    let plan = try KeyPlan("me/laptop", .issued(access: nil))
    #expect(acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: caller) == .done)
    #expect(
      !acme.organization.users(inSightOf: acme.standing(.owner)).contains {
        $0.id == Person.editor.id
      })
  }
}
