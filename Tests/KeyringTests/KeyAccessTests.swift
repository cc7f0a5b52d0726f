import Keyring
import Testing

@Suite("Seeing, using and ending keys")
struct KeyAccessTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let standing: StandingKey
    let see: OutcomeRow
    let use: OutcomeRow
    let revoke: OutcomeRow
    var testDescription: String { standing.reference }
  }

  /// Who may do what with which key, from the prose of the key rules, sections 2 and 5.
  ///
  /// A user key is its owner's, and an Owner's to see and to end. Viewers of a workspace see
  /// its keys, Editors end them; an issued one is injected by whose rank covers its access,
  /// an imported one from its least role on. Organization keys are the Owners', but for the
  /// imported ones that members may use. Out of sight is `not found`.
  static let table = """
    key                   see     use     revoke
    @owner/issued         +????-  +????-  +????-
    @owner/imported       +????-  +????-  +????-
    @admin/issued         ++???-  -+???-  ++???-
    @admin/imported       ++???-  -+???-  ++???-
    @editor/issued        +?+??-  -?+??-  +?+??-
    @editor/imported      +?+??-  -?+??-  +?+??-
    @viewer/issued        +??+?-  -??+?-  +??+?-
    @viewer/imported      +??+?-  -??+?-  +??+?-
    @member/issued        +???+-  -???+-  +???+-
    @member/imported      +???+-  -???+-  +???+-
    w1/issued-viewer      ++++?-  ++++?-  +++-?-
    w1/issued-editor      ++++?-  +++-?-  +++-?-
    w1/imported-viewer    ++++?-  ++++?-  +++-?-
    w1/imported-editor    ++++?-  +++-?-  +++-?-
    w1/imported-admin     ++++?-  ++--?-  +++-?-
    w2/issued-viewer      +????-  +????-  +????-
    w2/issued-editor      +????-  +????-  +????-
    w2/imported-viewer    +????-  +????-  +????-
    w2/imported-editor    +????-  +????-  +????-
    w2/imported-admin     +????-  +????-  +????-
    org/issued-viewer     +????-  +????-  +????-
    org/issued-editor     +????-  +????-  +????-
    org/imported-owner    +????-  +????-  +????-
    org/imported-member   +++++-  +++++-  +-----
    """

  static let all: [Row] = rows(of: table).map { row in
    Row(
      standing: StandingKey.at(String(row[0])), see: OutcomeRow(row[1]), use: OutcomeRow(row[2]),
      revoke: OutcomeRow(row[3]))
  }

  @Test("the table has each kind of key once")
  func tableIsComplete() {
    #expect(Self.all.map(\.standing.reference) == StandingKey.all.map(\.reference))
  }

  /// The two ways to write a key's name, and for one's own key the third.
  private static func references(_ row: Row, _ person: Person) -> [String] {
    let reference = row.standing.reference
    let own = "@\(person.rawValue)/"
    var references = [reference, "id:\(row.standing.key.id.text)"]
    if reference.hasPrefix(own) { references.append("me/\(reference.dropFirst(own.count))") }
    return references
  }

  @Test("a key is shown to whom the rules let", arguments: all, Person.allCases)
  func shows(_ row: Row, to person: Person) throws {
    let acme = try Acme.withStandingKeys()
    for reference in Self.references(row, person) {
      let outcome = Outcome { () throws(Refusal) in try acme.key(reference, seenBy: person) }
      #expect(outcome == row.see[person], "\(reference)")
      guard outcome == .done else { continue }
      #expect(try acme.key(reference, seenBy: person) == row.standing.key)
    }
  }

  @Test("a list has exactly the keys that are shown, in order of creation", arguments: Person.users)
  func lists(for person: Person) throws {
    let acme = try Acme.withStandingKeys()
    let expected = Self.all.filter { $0.see[person] == .done }.map(\.standing.key)
    #expect(try acme.list(for: person) == expected)
    #expect(
      acme.organization.keys.filter { acme.organization.sees(acme.standing(person), $0) }
        == expected)
  }

  @Test("a key is injected for whom the rules let", arguments: all, Person.allCases)
  func injects(_ row: Row, for person: Person) throws {
    let acme = try Acme.withStandingKeys()
    for reference in Self.references(row, person) {
      let selection = try Selection.key(reference)
      let outcome = Outcome { () throws(Refusal) in
        try acme.injections(of: [selection], by: person)
      }
      #expect(outcome == row.use[person], "\(reference)")
      guard outcome == .done else { continue }
      #expect(try acme.injections(of: [selection], by: person).map(\.key) == [row.standing.key])
    }
    guard person != .nobody else { return }
    let mayUse = acme.organization.mayUse(row.standing.key, by: acme.standing(person))
    #expect(mayUse == (row.use[person] == .done))
  }

  @Test(
    "a whole workspace is injected without what is out of one's rights", arguments: Person.allCases,
    ["w1", "w2"])
  func injectsWorkspace(for person: Person, _ workspace: String) throws {
    let acme = try Acme.withStandingKeys()
    let inWorkspace = Self.all.filter { $0.standing.reference.hasPrefix("\(workspace)/") }
    let isInSight = inWorkspace.contains { $0.see[person] == .done }
    let outcome = Outcome { () throws(Refusal) in
      try acme.injections(of: [.workspace(named(workspace))], by: person)
    }
    guard isInSight else {
      #expect(outcome == (person == .nobody ? .forbidden : .notFound))
      return
    }
    let keys = try acme.injections(of: [.workspace(named(workspace))], by: person).map(\.key)
    #expect(keys == inWorkspace.filter { $0.use[person] == .done }.map(\.standing.key))
  }

  @Test("a key is ended by whom the rules let", arguments: all, Person.allCases)
  func revokes(_ row: Row, by person: Person) throws {
    let acme = try Acme.withStandingKeys()
    for reference in Self.references(row, person) {
      let request = Request.revoke(
        try KeyReference(parsing: reference), reason: try Note(parsing: "leaked"))
      let outcome = Outcome { () throws(Refusal) in try acme.decide(request, by: person) }
      #expect(outcome == row.revoke[person], "\(reference)")
      guard outcome == .done else { continue }
      let revocation = Revocation(
        revoker: .user(person.id), moment: Acme.start, reason: try Note(parsing: "leaked"))
      #expect(
        try acme.decide(request, by: person) == [.keyRevoked(row.standing.key.id, revocation)])
    }
  }

  @Test("what a user is told is refused because of a rule has a hint or a reason")
  func forbiddenHasReason() throws {
    let acme = try Acme.withStandingKeys()
    for row in Self.all {
      for person in Person.users where row.use[person] == .forbidden {
        let selection = try Selection.key(row.standing.reference)
        let refusal = try #require(
          refusal { () throws(Refusal) in try acme.injections(of: [selection], by: person) })
        #expect(refusal.object == row.standing.reference)
        #expect(refusal.reason?.isEmpty == false)
      }
    }
  }
}
