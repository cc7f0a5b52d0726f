import Keyring
import Testing

@Suite("Verifying what a key may do")
struct RequirementTests {
  /// What a key may do in w1, in w2 and anywhere: `l`ist, `u`se, `i`mport, `v`erify.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let reference: String
    let person: Person
    var scope: String?
    var access: Access?
    let w1: String
    let w2: String
    let anywhere: String
  }

  /// From the prose of section 5: a user key has its owner's roles, cut by its
  /// scope; the others their access, in their one workspace or in all.
  static let cases: [Case] = [
    Case(
      testDescription: "an Owner's key", reference: "me/k", person: .owner, w1: "luiv", w2: "luiv",
      anywhere: "luiv"),
    Case(
      testDescription: "an Admin's key", reference: "me/k", person: .admin, w1: "luiv", w2: "",
      anywhere: "luiv"),
    Case(
      testDescription: "an Editor's key", reference: "me/k", person: .editor, w1: "luiv", w2: "",
      anywhere: "luiv"),
    Case(
      testDescription: "a Viewer's key", reference: "me/k", person: .viewer, w1: "lu", w2: "",
      anywhere: "luiv"),
    Case(
      testDescription: "a Member's key", reference: "me/k", person: .member, w1: "", w2: "",
      anywhere: "luiv"),
    Case(
      testDescription: "an Owner's key for w1", reference: "me/k", person: .owner, scope: "w1",
      w1: "luiv", w2: "", anywhere: "luiv"),
    Case(
      testDescription: "an Owner's key to list w1", reference: "me/k", person: .owner,
      scope: "w1:list", w1: "l", w2: "", anywhere: "l"),
    Case(
      testDescription: "an Owner's key to use w1 and w2", reference: "me/k", person: .owner,
      scope: "w1,w2:use", w1: "u", w2: "u", anywhere: "u"),
    Case(
      testDescription: "an Owner's key to verify everywhere", reference: "me/k", person: .owner,
      scope: "*:verify", w1: "v", w2: "v", anywhere: "v"),
    Case(
      testDescription: "an Owner's key for me", reference: "me/k", person: .owner, scope: "me",
      w1: "", w2: "", anywhere: "luiv"),
    Case(
      testDescription: "a Viewer's key to import into w1", reference: "me/k", person: .viewer,
      scope: "w1:import,verify", w1: "", w2: "", anywhere: ""),
    Case(
      testDescription: "a Viewer's key for w1", reference: "me/k", person: .viewer, scope: "w1",
      w1: "lu", w2: "", anywhere: "lu"),
    Case(
      testDescription: "a workspace key with access viewer", reference: "w1/k", person: .owner,
      access: .viewer, w1: "lu", w2: "", anywhere: "lu"),
    Case(
      testDescription: "a workspace key with access editor", reference: "w1/k", person: .owner,
      access: .editor, w1: "luiv", w2: "", anywhere: "luiv"),
    Case(
      testDescription: "an organization key with access viewer", reference: "org/k",
      person: .owner, access: .viewer, w1: "lu", w2: "lu", anywhere: "lu"),
    Case(
      testDescription: "an organization key with access editor", reference: "org/k",
      person: .owner, access: .editor, w1: "luiv", w2: "luiv", anywhere: "luiv"),
  ]

  private static let letters: [(KeyAction, Character)] = [
    (.list, "l"), (.use, "u"), (.importValue, "i"), (.verify, "v"),
  ]

  private func key(_ test: Case, in acme: inout Acme) throws -> Key {
    guard test.access == nil else {
      return try acme.create(test.reference, by: test.person, access: test.access)
    }
    return try acme.create(test.reference, by: test.person, scope: test.scope)
  }

  /// The letters of what the key is valid for.
  private func letters(_ key: Key, in workspace: String?, _ acme: Acme) throws -> String {
    let text = try PresentedText(of: key)
    let allowed = Self.letters.filter { action, _ in
      let requirement = Requirement(action, in: workspace.map(named))
      guard case .valid = acme.verify(text, requiring: requirement) else { return false }
      return true
    }
    return String(allowed.map(\.1))
  }

  @Test(
    "a key is valid for what it may do where it reaches, and for nothing else", arguments: cases)
  func isValid(_ test: Case) throws {
    var acme = try Acme()
    let key = try key(test, in: &acme)
    #expect(try letters(key, in: "w1", acme) == test.w1)
    #expect(try letters(key, in: "w2", acme) == test.w2)
    #expect(try letters(key, in: "w9", acme) == "")
    #expect(try letters(key, in: nil, acme) == test.anywhere)
  }

  @Test("who holds a live text is told that it lacks a right, whoever they are")
  func tellsNoPermission() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    for person in Person.allCases {
      let verdict = acme.verify(
        try PresentedText(of: key), by: person.caller,
        requiring: Requirement(.importValue, in: named("w1")))
      guard case .denied(let denial) = verdict else {
        Issue.record("accepted")
        continue
      }
      #expect(denial.reason == .noPermission && denial.key == key.id)
      #expect(!denial.isDeadKey && denial.isTold)
    }
  }

  @Test("an archived workspace is reached by no key any more", arguments: cases)
  func archivedIsOutOfReach(_ test: Case) throws {
    var acme = try Acme()
    let key = try key(test, in: &acme)
    try acme.perform(.archiveWorkspace(named("w1")), by: .owner)
    #expect(try letters(key, in: "w1", acme) == "")
    let isItsOwn = key.namespace == .workspace(Acme.w1)
    #expect(try letters(key, in: "w2", acme) == (isItsOwn ? "" : test.w2))
    #expect(try acme.current(key).state(at: Acme.start) == (isItsOwn ? .revoked : .active))
  }

  @Test("a scope has the workspaces and actions that are written, and is never empty")
  func readsScopes() throws {
    let all = Set(KeyAction.allCases)
    let scope = try ScopeText(parsing: "w1,me,w2:list,use")
    #expect(scope.workspaces == [named("w1"), named("w2")] && scope.coversOwn)
    #expect(scope.actions == [.list, .use])
    #expect(try ScopeText(parsing: "me").workspaces == [])
    #expect(try ScopeText(parsing: "w1").actions == all)
    #expect(try !ScopeText(parsing: "w1").coversOwn)
    #expect(try ScopeText(parsing: "*:verify").workspaces == nil)
    for text in ["", ":", "w1:", ":list", "w1,", ",w1", "w1:list,", "w1:rotate", "w1:List", "W1"] {
      let refusal = refusal { () throws(Refusal) in try ScopeText(parsing: text) }
      #expect(refusal?.word == .invalid, "\(text)")
    }
  }

  @Test("a scope names workspaces in sight only, and no other key has one")
  func boundsScopes() throws {
    let acme = try Acme()
    let making = { (reference: String, scope: String, person: Person) throws -> Outcome in
      let terms = KeyPlan.Terms.issued(access: nil, scope: try ScopeText(parsing: scope))
      let plan = try KeyPlan(reference, terms)
      return acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: person)
    }
    #expect(try making("me/k", "w1", .viewer) == .done)
    #expect(try making("me/k", "w1,w2", .viewer) == .notFound)
    #expect(try making("me/k", "w9", .viewer) == .notFound)
    #expect(try making("me/k", "w1,w2", .owner) == .done)
    #expect(try making("w1/k", "w1", .owner) == .invalid)
    #expect(try making("org/k", "*", .owner) == .invalid)
  }
}
