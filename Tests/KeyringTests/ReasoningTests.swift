import Keyring
import Testing

@Suite("Why something is allowed, or not")
struct ReasoningTests {
  private static let start = Acme.start

  private func ask(
    _ action: PersonalAction, _ reference: String, by name: String? = nil, asker: Person = .owner,
    in acme: Acme, at now: Instant = start
  ) throws -> Reasoning {
    try acme.organization.reasoning(
      for: action, to: try KeyReference(parsing: reference), by: name.map(named),
      askedBy: asker.caller, at: now)
  }

  private func ask(
    _ action: KeyAction, in workspace: String, of key: Key, asker: Person = .owner, in acme: Acme,
    at now: Instant = start
  ) throws -> Reasoning {
    try acme.organization.reasoning(
      for: action, in: named(workspace), of: try KeyReference(parsing: "id:\(key.id.text)"),
      askedBy: asker.caller, at: now)
  }

  /// Checks that the chain ends at its first refusal, and what that says.
  private func expect(
    _ reasoning: Reasoning, refusedWith text: String, change: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(!reasoning.isAllowed, sourceLocation: sourceLocation)
    #expect(
      reasoning.steps.last?.text.contains(text) == true, "\(reasoning)",
      sourceLocation: sourceLocation)
    let refusals = reasoning.steps.filter { !$0.allows }
    #expect(refusals == [reasoning.steps.last], sourceLocation: sourceLocation)
    if let change {
      #expect(
        reasoning.change?.contains(change) == true, "\(reasoning)", sourceLocation: sourceLocation)
    }
  }

  @Test("the person's own state comes first, then the place, the origin and the state of the key")
  func order() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .admin, access: .editor)
    try acme.perform(.suspend(key), by: .admin)
    try acme.perform(.setUserState(.disabled, ofUser: named("viewer")), by: .owner)
    expect(
      try ask(.rotate, "w1/deploy", by: "viewer", in: acme), refusedWith: "viewer is disabled",
      change: "coffer user enable viewer")
    try acme.perform(.setUserState(.active, ofUser: named("viewer")), by: .owner)
    expect(
      try ask(.rotate, "w1/deploy", by: "viewer", in: acme), refusedWith: "needs editor",
      change: "coffer grant viewer editor w1")
    try acme.perform(
      .setWorkspaceRole(.editor, ofUser: named("viewer"), inWorkspace: named("w1")), by: .owner)
    expect(
      try ask(.rotate, "w1/deploy", by: "viewer", in: acme), refusedWith: "it is suspended",
      change: "coffer resume w1/deploy")
    expect(
      try ask(.replace, "w1/deploy", by: "viewer", in: acme), refusedWith: "issued here",
      change: "coffer rotate")
    try acme.perform(.resume(key), by: .admin)
    try acme.rotate(key, by: .admin)
    expect(
      try ask(.rotate, "w1/deploy", by: "viewer", in: acme), refusedWith: "version 1",
      change: "--end-grace")
    let allowed = try ask(.use, "w1/deploy", by: "viewer", in: acme)
    #expect(allowed.isAllowed && allowed.change == nil && allowed.subject == "viewer")
    #expect(allowed.steps.count == 5)
  }

  @Test("what a key is and how it stands is looked at in turn")
  func keyLinks() throws {
    var acme = try Acme()
    let imported = try acme.importKey("w1/stripe", by: .editor, leastRank: .admin)
    let plan = try KeyPlan("w1/sealed-off", .issued(access: nil, custody: .verifyOnly))
    try acme.add(plan, by: .editor)
    let short = try acme.create("w1/short", by: .editor, expires: "1d")
    expect(try ask(.use, "w1/stripe", by: "editor", in: acme), refusedWith: "needs admin")
    expect(try ask(.rotate, "w1/stripe", in: acme), refusedWith: "imported", change: "replace")
    expect(try ask(.use, "w1/sealed-off", in: acme), refusedWith: "verify-only")
    let later = Self.start.advanced(by: .days(1))
    for action in [PersonalAction.use, .rotate, .suspend, .resume, .expire] {
      expect(try ask(action, "w1/short", in: acme, at: later), refusedWith: "it is expired")
    }
    for action in [PersonalAction.list, .show, .verify, .revoke] {
      #expect(try ask(action, "w1/short", in: acme, at: later).isAllowed)
    }
    try acme.perform(.revoke(imported), by: .editor)
    expect(try ask(.replace, "id:\(imported.id.text)", in: acme), refusedWith: "it is revoked")
    try acme.perform(.archiveWorkspace(named("w1")), by: .owner)
    expect(
      try ask(.use, "id:\(short.id.text)", in: acme, at: later), refusedWith: "w1 is archived")
  }

  @Test("a key of a process is not rotated, as its rotation says too") func processKey() throws {
    var acme = try Acme()
    let key = try acme.add(try ProcessKeyTests.plan(1), by: .editor)
    let reference = "w1/\(key.name.text)"
    expect(
      try ask(.rotate, reference, asker: .editor, in: acme), refusedWith: "a key of a process")
    #expect(acme.outcome(try .rotate(key, in: acme), by: .editor) == .invalid)
    #expect(try ask(.revoke, reference, asker: .editor, in: acme).isAllowed)
  }

  @Test("another's user key, and the organization's, are told to be theirs")
  func places() throws {
    var acme = try Acme()
    try acme.create("me/laptop", by: .viewer)
    try acme.create("org/ci", by: .owner)
    try acme.importKey("org/shared", by: .owner, leastRank: .member)
    expect(
      try ask(.rotate, "@viewer/laptop", in: acme),
      refusedWith: "a user key of viewer, and rotate is only theirs")
    #expect(try ask(.revoke, "@viewer/laptop", in: acme).isAllowed)
    #expect(try ask(.rotate, "me/laptop", asker: .viewer, in: acme).isAllowed)
    expect(
      try ask(.use, "org/ci", by: "admin", in: acme), refusedWith: "admin is no Owner",
      change: "coffer grant admin owner")
    #expect(try ask(.use, "org/shared", by: "member", in: acme).isAllowed)
    expect(try ask(.revoke, "org/shared", by: "member", in: acme), refusedWith: "no Owner")
    try acme.perform(.setUserState(.disabled, ofUser: named("viewer")), by: .owner)
    expect(
      try ask(.suspend, "@viewer/laptop", by: "viewer", in: acme), refusedWith: "is disabled")
  }

  @Test("about oneself everyone asks, about others who oversees the key")
  func asks() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    let outcome = { (asker: Caller, name: String?) throws -> Outcome in
      let reference = try KeyReference(parsing: "w1/deploy")
      return Outcome { () throws(Refusal) in
        try acme.organization.reasoning(
          for: .use, to: reference, by: name.map(named), askedBy: asker, at: Self.start)
      }
    }
    #expect(try outcome(Person.viewer.caller, nil) == .done)
    #expect(try outcome(Person.viewer.caller, "viewer") == .done)
    #expect(try outcome(Person.viewer.caller, "editor") == .forbidden)
    #expect(try outcome(Person.viewer.caller, "ghost") == .forbidden)
    #expect(try outcome(Person.editor.caller, "viewer") == .done)
    #expect(try outcome(Person.editor.caller, "ghost") == .notFound)
    #expect(try outcome(Person.member.caller, nil) == .notFound)
    #expect(try outcome(.nobody, "viewer") == .forbidden)
    #expect(try outcome(.acting(as: key), nil) == .forbidden)
    #expect(refusal { () throws(Refusal) in try PersonalAction(parsing: "eat") }?.word == .invalid)
  }

  // MARK: A key and a workspace

  @Test("a key's origin, its state, its reach and its grant are looked at in turn")
  func ofKeys() throws {
    var acme = try Acme()
    let imported = try acme.importKey("w1/stripe", by: .editor)
    expect(try ask(.list, in: "w1", of: imported, in: acme), refusedWith: "imported")
    let workspace = try acme.create("w1/deploy", by: .editor)
    expect(try ask(.list, in: "w2", of: workspace, in: acme), refusedWith: "a key of w1 only")
    expect(
      try ask(.importValue, in: "w1", of: workspace, in: acme),
      refusedWith: "access is viewer, which may not import")
    #expect(try ask(.use, in: "w1", of: workspace, in: acme).isAllowed)
    let scoped = try acme.create("me/scoped", by: .viewer, scope: "w1:list,import")
    expect(
      try ask(.use, in: "w1", of: scoped, in: acme), refusedWith: "its scope does not allow use")
    expect(
      try ask(.importValue, in: "w1", of: scoped, in: acme), refusedWith: "role of its owner")
    expect(
      try ask(.list, in: "w2", of: scoped, in: acme), refusedWith: "scope does not cover w2",
      change: "wider scope")
    let member = try acme.create("me/all", by: .member)
    expect(
      try ask(.list, in: "w1", of: member, in: acme), refusedWith: "member has no role in w1",
      change: "coffer grant member viewer w1")
    let organization = try acme.create("org/ci", by: .owner, access: .editor)
    #expect(try ask(.verify, in: "w2", of: organization, in: acme).isAllowed)
    try acme.perform(.archiveWorkspace(named("w2")), by: .owner)
    expect(
      try ask(.verify, in: "w2", of: organization, in: acme), refusedWith: "w2 is archived")
    try acme.perform(.setUserState(.disabled, ofUser: named("member")), by: .owner)
    expect(
      try ask(.list, in: "w1", of: member, in: acme), refusedWith: "it is suspended",
      change: "an Owner enables its owner")
  }

  @Test("what a key may do is told to who oversees it, where they see the workspace")
  func ofKeysAsks() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    let outcome = { (person: Person, workspace: String) throws -> Outcome in
      let reference = try KeyReference(parsing: "w1/deploy")
      return Outcome { () throws(Refusal) in
        try acme.organization.reasoning(
          for: .use, in: named(workspace), of: reference, askedBy: person.caller, at: Self.start)
      }
    }
    #expect(try outcome(.viewer, "w1") == .forbidden)
    #expect(try outcome(.editor, "w1") == .done)
    #expect(try outcome(.editor, "w2") == .notFound)
    #expect(try outcome(.editor, "w9") == .notFound)
    #expect(try outcome(.member, "w1") == .notFound)
    #expect(try outcome(.owner, "w2") == .done)
    #expect(try ask(.use, in: "w1", of: key, in: acme).subject == "w1/deploy")
  }
}
