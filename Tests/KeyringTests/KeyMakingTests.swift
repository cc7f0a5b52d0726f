import Keyring
import Testing

@Suite("Making keys")
struct KeyMakingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let reference: String
    let terms: String
    let person: Person
    let outcome: Outcome
    var testDescription: String { "\(person) makes \(reference) \(terms): \(outcome)" }
  }

  /// Who may make what, from the prose of the key rules, sections 2 and 5.
  ///
  /// - A workspace out of sight is `not found`, before anything else is said.
  /// - Rights come before the other rules: who may not is `forbidden`, whatever the terms.
  /// - In a workspace an imported key's least role is viewer, editor or admin; in the
  ///   organization it is owner or member; user keys have neither that nor an access.
  /// - Nobody makes a key for somebody else; only an Owner is told that it cannot be done.
  static let table = """
    reference    terms                                                                  OAEVMN
    me/new       issued                                                                 +++++-
    me/new       issued:viewer,issued:editor                                            !!!!!-
    me/new       imported                                                               +++++-
    me/new       imported:member,imported:viewer,imported:editor                        !!!!!-
    me/new       imported:admin,imported:owner                                          !!!!!-
    w1/new       issued,issued:viewer,issued:editor                                     +++-?-
    w1/new       imported,imported:viewer,imported:editor,imported:admin                +++-?-
    w1/new       imported:member,imported:owner                                         !!!-?-
    w2/new       issued,issued:viewer,issued:editor                                     +????-
    w2/new       imported,imported:viewer,imported:editor,imported:admin                +????-
    w2/new       imported:member,imported:owner                                         !????-
    w3/new       issued,issued:viewer,issued:editor,imported,imported:member            ?????-
    w3/new       imported:viewer,imported:editor,imported:admin,imported:owner          ?????-
    org/new      issued,issued:viewer,issued:editor                                     +-----
    org/new      imported,imported:owner,imported:member                                +-----
    org/new      imported:viewer,imported:editor,imported:admin                         !-----
    @viewer/new  issued                                                                 -??+?-
    @viewer/new  issued:viewer,issued:editor                                            -??!?-
    @viewer/new  imported                                                               -??+?-
    @viewer/new  imported:member,imported:viewer,imported:editor                        -??!?-
    @viewer/new  imported:admin,imported:owner                                          -??!?-
    @owner/new   issued                                                                 +????-
    @owner/new   issued:viewer,issued:editor                                            !????-
    @owner/new   imported                                                               +????-
    @owner/new   imported:member,imported:viewer,imported:editor                        !????-
    @owner/new   imported:admin,imported:owner                                          !????-
    @ghost/new   issued,issued:viewer,issued:editor,imported,imported:member            ?????-
    @ghost/new   imported:viewer,imported:editor,imported:admin,imported:owner          ?????-
    new          issued,issued:viewer,issued:editor,imported,imported:member            !!!!!-
    new          imported:viewer,imported:editor,imported:admin,imported:owner          !!!!!-
    id:000000000001 issued,issued:viewer,issued:editor,imported,imported:member         !!!!!-
    id:000000000001 imported:viewer,imported:editor,imported:admin,imported:owner       !!!!!-
    """

  static let cases: [Case] = rows(of: table).flatMap { row in
    let outcomes = OutcomeRow(row[2])
    return row[1].split(separator: ",").flatMap { terms in
      Person.allCases.map { person in
        Case(
          reference: String(row[0]), terms: String(terms), person: person,
          outcome: outcomes[person])
      }
    }
  }

  /// `issued`, `issued:ACCESS`, `imported` or `imported:RANK`.
  private static func terms(_ text: String) throws -> KeyPlan.Terms {
    let parts = text.split(separator: ":").map(String.init)
    guard parts[0] == "issued" else {
      guard parts.count > 1 else { return .imported(leastRank: nil) }
      let rank = try #require(Rank(text: parts[1]))
      return .imported(leastRank: rank)
    }
    return .issued(access: parts.count == 1 ? nil : try Access(parsing: parts[1]))
  }

  @Test("the table has each place with each kind of terms for each person once")
  func tableIsComplete() {
    let places = Set(Self.cases.map(\.reference))
    let kinds = Set(Self.cases.map { "\($0.reference) \($0.terms) \($0.person)" })
    #expect(places.count == 10)
    #expect(Self.cases.count == places.count * (3 + 6) * Person.allCases.count)
    #expect(kinds.count == Self.cases.count)
  }

  @Test("a key is made by whom the rules let, and by nobody else", arguments: cases)
  func makes(_ test: Case) throws {
    let acme = try Acme()
    let plan = try KeyPlan(test.reference, try Self.terms(test.terms))
    let material = KeyMaterial(numbered: 1)
    let outcome = Outcome { () throws(Refusal) in
      try acme.decide(.addKey(plan, material), by: test.person)
    }
    #expect(outcome == test.outcome)
    let foretold = Outcome { () throws(Refusal) in
      try acme.organization.type(of: plan, by: test.person.caller, at: Acme.start)
    }
    #expect(foretold == test.outcome)
    guard outcome == .done else { return }
    let changes = try acme.decide(.addKey(plan, material), by: test.person)
    try #require(changes.count == 1)
    guard case .keyAdded(let key) = changes[0] else {
      Issue.record("\(changes[0]) is no key added")
      return
    }
    #expect(key.creator == .user(test.person.id))
    #expect(key.namespace == Self.namespace(test.reference, test.person))
    #expect(key.origin == Self.origin(test.terms, key.type))
    #expect(
      try acme.organization.type(of: plan, by: test.person.caller, at: Acme.start) == key.type)
  }

  private static func namespace(_ reference: String, _ person: Person) -> Namespace? {
    switch reference.split(separator: "/")[0] {
    case "w1": .workspace(Acme.w1)
    case "w2": .workspace(Acme.w2)
    case "org": .organization
    case "me", "@viewer", "@owner": .user(person.id)
    case _: nil
    }
  }

  /// What keys made on those terms are, with the defaults of the rules filled in.
  private static func origin(_ terms: String, _ type: KeyType) -> Origin? {
    switch (terms, type) {
    case ("issued", .user): .issued(access: nil, custody: .sealed)
    case ("issued", _), ("issued:viewer", _): .issued(access: .viewer, custody: .sealed)
    case ("issued:editor", _): .issued(access: .editor, custody: .sealed)
    case ("imported", .user): .imported(leastRank: .member)
    case ("imported", .workspace), ("imported:viewer", _): .imported(leastRank: .viewer)
    case ("imported", .organization), ("imported:owner", _): .imported(leastRank: .owner)
    case ("imported:editor", _): .imported(leastRank: .editor)
    case ("imported:admin", _): .imported(leastRank: .admin)
    case ("imported:member", _): .imported(leastRank: .member)
    case _: nil
    }
  }

  // MARK: What is kept of a plan

  @Test("a key is kept as it was asked for, and as its maker made it")
  func keepsPlan() throws {
    var acme = try Acme()
    let plan = try KeyPlan(
      "w1/deploy", .issued(access: .editor), env: "DEPLOY_KEY", expires: "30d",
      note: "for the nightly build")
    let key = try acme.add(plan, by: .editor)
    #expect(key.name == named("deploy"))
    #expect(key.type == .workspace)
    #expect(key.access == .editor)
    #expect(key.environmentName.text == "DEPLOY_KEY")
    #expect(key.lifetime == .lasting(.days(30)))
    #expect(key.note.text == "for the nightly build")
    #expect(key.created == Acme.start)
    #expect(key.revocation == nil)
    let version = KeyVersion(
      number: 1, author: .user(Person.editor.id), created: Acme.start,
      expires: Acme.start.advanced(by: .days(30)), digest: Digest(numbered: 1),
      sealedValue: KeyMaterial(numbered: 1).sealedValue)
    #expect(key.versions == [version])
    #expect(key.currentVersion == version)
    #expect(acme.organization.key(withID: KeyID(numbered: 1)) == key)
  }

  @Test("an issued key lives 90 days unless told, an imported one without end")
  func defaultLifetimes() throws {
    var acme = try Acme()
    let issued = try acme.create("me/issued", by: .member)
    #expect(issued.currentVersion.expires == Acme.start.advanced(by: .days(90)))
    let imported = try acme.importKey("me/imported", by: .member)
    #expect(imported.currentVersion.expires == nil)
    #expect(imported.access == nil)
  }

  @Test("a vendor's expiry is kept, however late, but not one that is past")
  func vendorsExpiry() throws {
    var acme = try Acme()
    let late = try acme.importKey("w1/late", by: .editor, expires: "4000d")
    #expect(late.currentVersion.expires == Acme.start.advanced(by: .days(4000)))
    let never = try acme.importKey("w1/never", by: .editor, expires: "never")
    #expect(never.currentVersion.expires == nil)
    for expires in ["1970-01-02T00:00:00Z", Acme.start.rfc3339] {
      let plan = try KeyPlan("w1/past", .imported(leastRank: nil), expires: expires)
      let outcome = Outcome { () throws(Refusal) in
        try acme.decide(.addKey(plan, KeyMaterial(numbered: 9)), by: .editor)
      }
      #expect(outcome == .invalid)
    }
  }

  @Test("an environment name is derived from the key's name, and one that is reserved refused")
  func derivesEnvironmentName() throws {
    var acme = try Acme()
    #expect(try acme.create("w1/2nd-key", by: .editor).environmentName.text == "_2ND_KEY")
    let plan = try KeyPlan("w1/path", .imported(leastRank: nil))
    let request = Request.addKey(plan, KeyMaterial(numbered: 9))
    #expect(Outcome { () throws(Refusal) in try acme.decide(request, by: .editor) } == .invalid)
    #expect(try acme.importKey("w1/path", by: .editor, env: "THE_PART").name == named("path"))
  }
}
