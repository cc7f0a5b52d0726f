import Keyring
import Testing

/// The examples of the key rules, section 11, that are about what is made,
/// used and ended; 10, 29 and 30 stand with what they are about.
@Suite("Examples of the key rules")
struct ExampleTests {
  private static let now = Acme.start

  /// What comes of making a key, whose name is `new` wherever it is.
  private func making(
    _ reference: String, by person: Person, in acme: Acme, _ terms: KeyPlan.Terms? = nil,
    env: String? = nil, expires: String? = nil
  ) throws -> Outcome {
    let plan = try KeyPlan(reference, terms ?? .issued(access: nil), env: env, expires: expires)
    return Outcome { () throws(Refusal) in
      try acme.decide(.addKey(plan, KeyMaterial(numbered: 99)), by: person)
    }
  }

  private func using(_ reference: String, by person: Person, in acme: Acme) throws -> Outcome {
    let selection = try Selection.key(reference)
    return Outcome { () throws(Refusal) in try acme.injections(of: [selection], by: person) }
  }

  @Test("example 1: a Viewer makes a user key of one's own")
  func example1() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    #expect(key.type == .user)
    #expect(key.namespace == .user(Person.viewer.id))
    #expect(key.creator == .user(Person.viewer.id))
    #expect(try acme.list(for: .viewer) == [key])
  }

  @Test("example 2: a Viewer makes no workspace key, and nothing is stored")
  func example2() throws {
    var acme = try Acme()
    let before = acme.organization
    let refusal = #expect(throws: Refusal.self) { try acme.create("w1/deploy", by: .viewer) }
    #expect(refusal?.word == .forbidden)
    #expect(acme.organization == before)
  }

  @Test("example 3: Editor, Admin and Owner make workspace keys in W1")
  func example3() throws {
    var acme = try Acme()
    for person in [Person.editor, .admin, .owner] {
      let key = try acme.create("w1/by-\(person.rawValue)", by: person)
      #expect(key.type == .workspace)
      #expect(key.namespace == .workspace(Acme.w1))
    }
    #expect(try acme.list(for: .viewer, in: "w1").count == 3)
  }

  @Test("example 4: an Editor cannot tell W2 from a workspace that does not exist")
  func example4() throws {
    let acme = try Acme()
    let answer = { (reference: String) in
      let request = Request.addKey(
        try KeyPlan(reference, .issued(access: nil)), KeyMaterial(numbered: 1))
      return refusal { () throws(Refusal) in try acme.decide(request, by: .editor) }
    }
    #expect(try answer("w2/deploy") == .notFound("w2/deploy"))
    #expect(try answer("w3/deploy") == .notFound("w3/deploy"))
  }

  @Test("example 5: an Admin makes no organization key, an Owner does")
  func example5() throws {
    var acme = try Acme()
    #expect(try making("org/billing", by: .admin, in: acme) == .forbidden)
    #expect(try acme.create("org/billing", by: .owner).type == .organization)
  }

  @Test("example 6: an Editor's key has access viewer unless editor is asked for")
  func example6() throws {
    var acme = try Acme()
    #expect(try acme.create("w1/a", by: .editor, access: .editor).access == .editor)
    #expect(try acme.create("w1/b", by: .editor).access == .viewer)
    let refusal = refusal { () throws(Refusal) in try Access(parsing: "admin") }
    #expect(refusal?.word == .invalid)
  }

  @Test("example 7: 366 days are too long for each of the three types")
  func example7() throws {
    let acme = try Acme()
    for reference in ["me/new", "w1/new", "org/new"] {
      #expect(try making(reference, by: .owner, in: acme, expires: "366d") == .invalid)
      #expect(try making(reference, by: .owner, in: acme, expires: "365d") == .done)
      #expect(try making(reference, by: .owner, in: acme, expires: "never") == .invalid)
    }
  }

  @Test("example 8: an Editor's key was made before the demotion, or it is forbidden")
  func example8() throws {
    let demotion = Request.setWorkspaceRole(
      .viewer, ofUser: named("editor"), inWorkspace: named("w1"))
    var createFirst = try Acme()
    try createFirst.create("w1/deploy", by: .editor)
    try createFirst.perform(demotion, by: .admin)
    #expect(try createFirst.list(for: .editor, in: "w1").map(\.name.text) == ["deploy"])

    var demotionFirst = try Acme()
    try demotionFirst.perform(demotion, by: .admin)
    #expect(try making("w1/deploy", by: .editor, in: demotionFirst) == .forbidden)
  }

  @Test("example 16: an Owner sees and uses what is in a workspace made later")
  func example16() throws {
    var acme = try Acme()
    try acme.perform(.addWorkspace(named("w3")), by: .owner)
    let workspace = try #require(acme.organization.workspace(named: named("w3")))
    #expect(acme.organization.rank(of: acme.user(.owner), in: workspace.id) == .owner)
    #expect(acme.organization.workspaces(inSightOf: acme.standing(.owner)).last == workspace)
    let key = try acme.create("w3/deploy", by: .owner, access: .editor)
    #expect(try acme.list(for: .owner, in: "w3") == [key])
    #expect(try using("w3/deploy", by: .owner, in: acme) == .done)
    #expect(try using("w3/deploy", by: .admin, in: acme) == .notFound)
  }

  @Test("example 18: the only Owner cannot be demoted")
  func example18() throws {
    let acme = try Acme()
    let demotion = Request.setOrganizationRole(.member, ofUser: named("owner"))
    let refusal = try #require(
      refusal { () throws(Refusal) in try acme.decide(demotion, by: .owner) })
    #expect(refusal.word == .wrongState)
    #expect(refusal.object == "owner")
    #expect(refusal.hint?.isEmpty == false)
  }

  @Test("example 22: an Owner ends another's user key, but does not use it")
  func example22() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    #expect(try using("@viewer/laptop", by: .owner, in: acme) == .forbidden)
    #expect(try acme.revoke("@viewer/laptop", by: .owner).map(\.keyID) == [key.id])
    #expect(try acme.key("me/laptop", seenBy: .viewer).state(at: Self.now) == .revoked)
    #expect(try using("id:\(key.id.text)", by: .viewer, in: acme) == .wrongState)
  }

  @Test("example 24: a key is valid a second before its expiry, and expired at it")
  func example24() throws {
    var acme = try Acme()
    let expiry = Self.now.advanced(by: .days(10))
    let before = Instant(secondsSinceEpoch: expiry.secondsSinceEpoch - 1)
    let key = try acme.create("w1/deploy", by: .editor, expires: expiry.rfc3339)
    let use = { (moment: Instant) in
      let selection = try Selection.key("id:\(key.id.text)")
      return Outcome { () throws(Refusal) in
        try acme.injections(of: [selection], by: .viewer, at: moment)
      }
    }
    #expect(key.state(at: before) == .active)
    #expect(try use(before) == .done)
    #expect(key.state(at: expiry) == .expired)
    #expect(try use(expiry) == .wrongState)
  }

  @Test("example 28: a Viewer injects an issued key with access viewer, but none with editor")
  func example28() throws {
    var acme = try Acme()
    try acme.create("w1/strong", by: .editor, access: .editor)
    try acme.create("w1/weak", by: .editor, access: .viewer)
    #expect(try using("w1/strong", by: .viewer, in: acme) == .forbidden)
    #expect(try using("w1/weak", by: .viewer, in: acme) == .done)
  }

  @Test(
    "example 31: an import with a reserved environment name is invalid, with a taken one a conflict"
  )
  func example31() throws {
    var acme = try Acme()
    try acme.importKey("w1/stripe", by: .editor, env: "STRIPE_KEY")
    for name in ["PATH", "GIT_SSH_COMMAND"] {
      let refusal = #expect(throws: Refusal.self) {
        try acme.importKey("w1/new", by: .editor, env: name)
      }
      #expect(refusal?.word == .invalid)
    }
    let terms = KeyPlan.Terms.imported(leastRank: nil)
    #expect(try making("w1/new", by: .editor, in: acme, terms, env: "STRIPE_KEY") == .conflict)
    #expect(try making("w1/new", by: .editor, in: acme, terms, env: "OTHER") == .done)
  }
}
