import Keyring
import Testing

@Suite("What a change does to keys")
struct EffectTests {
  private static let start = Acme.start

  /// `NAME: EFFECT` of each key that the change is about.
  private func effects(
    of request: Request, in acme: Acme, by person: Person = .owner, at now: Instant = start
  ) throws -> [String] {
    let changes = try acme.decide(request, by: person, at: now)
    let standing = acme.standing(person)
    return acme.organization.effects(
      ofBecoming: acme.organization.after(changes), by: changes, seenBy: standing, at: now
    ).map {
      "\(acme.organization.name(of: $0.key, seenBy: standing)): \($0.text)"
    }
  }

  /// One key of each type, all made by the Editor but the organization's.
  private func acmeWithKeys() throws -> Acme {
    var acme = try Acme()
    try acme.create("me/laptop", by: .editor)
    try acme.create("w1/deploy", by: .editor)
    try acme.create("org/ci", by: .owner, access: .editor)
    try acme.importKey("w1/stripe", by: .admin)
    return acme
  }

  private func role(_ role: WorkspaceRole?, of name: String) -> Request {
    .setWorkspaceRole(role, ofUser: named(name), inWorkspace: named("w1"))
  }

  private func state(_ state: UserState, of name: String) -> Request {
    .setUserState(state, ofUser: named(name))
  }

  private static let orphaned = "orphaned: who made it could not make it now"

  @Test("a demotion narrows user keys, and orphans what could not be made any more")
  func demotion() throws {
    let acme = try acmeWithKeys()
    #expect(
      try effects(of: role(.viewer, of: "editor"), in: acme) == [
        "@editor/laptop: w1: editor, then viewer", "w1/deploy: \(Self.orphaned)",
      ])
    #expect(
      try effects(of: role(nil, of: "editor"), in: acme) == [
        "@editor/laptop: w1: editor, then nothing", "w1/deploy: \(Self.orphaned)",
      ])
    #expect(
      try effects(of: role(.admin, of: "editor"), in: acme) == [
        "@editor/laptop: w1: editor, then admin"
      ])
    #expect(try effects(of: role(.viewer, of: "viewer"), in: acme).isEmpty)
    #expect(
      try effects(of: .setOrganizationRole(.owner, ofUser: named("editor")), in: acme) == [
        "@editor/laptop: acts with an Owner's rights, as far as its scope goes"
      ])
  }

  @Test("disabling suspends, enabling brings back, removing ends")
  func leaving() throws {
    var acme = try acmeWithKeys()
    #expect(
      try effects(of: state(.disabled, of: "editor"), in: acme) == [
        "@editor/laptop: suspended", "w1/deploy: \(Self.orphaned)",
      ])
    #expect(
      try effects(of: state(.removed, of: "editor"), in: acme) == [
        "@editor/laptop: revoked", "w1/deploy: \(Self.orphaned)",
      ])
    try acme.perform(state(.disabled, of: "editor"), by: .owner)
    #expect(
      try effects(of: state(.active, of: "editor"), in: acme) == [
        "@editor/laptop: active again", "w1/deploy: no longer orphaned",
      ])
    #expect(try effects(of: state(.removed, of: "editor"), in: acme) == ["@editor/laptop: revoked"])
  }

  @Test("an archive ends a workspace's keys, and others lose it")
  func archive() throws {
    let acme = try acmeWithKeys()
    #expect(
      try effects(of: .archiveWorkspace(named("w1")), in: acme) == [
        "@editor/laptop: w1: editor, then nothing", "w1/deploy: revoked",
        "org/ci: w1: editor, then nothing", "w1/stripe: revoked",
      ])
    #expect(
      try effects(of: .archiveWorkspace(named("w2")), in: acme) == [
        "org/ci: w2: editor, then nothing"
      ])
  }

  @Test("a workspace that only the change makes is no effect of it")
  func newWorkspace() throws {
    let acme = try acmeWithKeys()
    #expect(try effects(of: .addWorkspace(named("w3")), in: acme).isEmpty)
    #expect(try effects(of: .setPolicy(.maximumLifetime, "30d"), in: acme).isEmpty)
  }

  @Test("nothing is told of keys out of sight, nor of ended ones, and nothing has changed")
  func inSight() throws {
    var acme = try acmeWithKeys()
    let before = acme.organization
    #expect(
      try effects(of: role(.viewer, of: "editor"), in: acme, by: .admin) == [
        "w1/deploy: \(Self.orphaned)"
      ])
    let changes = try acme.decide(state(.removed, of: "editor"), by: .owner)
    let after = acme.organization.after(changes)
    #expect(
      acme.organization.effects(ofBecoming: after, by: changes, seenBy: nil, at: Self.start).count
        == 2)
    #expect(
      acme.organization.effects(
        ofBecoming: after, by: changes, seenBy: acme.standing(.viewer), at: Self.start
      )
      .map(\.key.name.text) == ["deploy"])
    #expect(acme.organization == before)
    try acme.revoke("@editor/laptop", by: .owner)
    try acme.revoke("w1/deploy", by: .owner)
    #expect(try effects(of: state(.removed, of: "editor"), in: acme).isEmpty)
    let expiry = Self.start.advanced(by: .days(90))
    #expect(
      try effects(of: .archiveWorkspace(named("w1")), in: acme, at: expiry) == [
        "w1/stripe: revoked"
      ])
  }
}
