import Keyring
import Testing

/// Who may do which thing to which key, from the prose of section 2 alone.
@Suite("Roles and actions")
struct ActionTableTests {
  /// Something that is done to a key that is there.
  enum Deed: String, CaseIterable, Sendable {
    case show, use, rotate, replace, suspend, resume, expire, revoke, verify
  }

  struct Row: CustomTestStringConvertible, Sendable {
    let reference: String
    let outcomes: [Deed: OutcomeRow]
    var testDescription: String { reference }
  }

  /// What comes of each deed for `OAEVMN`.
  ///
  /// - An issued key is not replaced and an imported one not rotated: who has the
  ///   right to is told that it is invalid.
  /// - Viewers see and use, Editors do all to keys; nobody else knows of them.
  /// - Organization keys are the Owners', but for the use of some.
  /// - One's own user keys are all one's own; an Owner sees, suspends and ends
  ///   another's, and does nothing else with it.
  static let table = """
    key                 show    use     rotate  replace suspend resume  expire  revoke  verify
    @owner/issued       +????-  +????-  +????-  !????-  +????-  +????-  +????-  +????-  +-----
    @owner/imported     +????-  +????-  !????-  +????-  +????-  +????-  +????-  +????-  +-----
    @viewer/issued      +??+?-  -??+?-  -??+?-  -??!?-  +??+?-  -??+?-  -??+?-  +??+?-  +--+--
    @viewer/imported    +??+?-  -??+?-  -??!?-  -??+?-  +??+?-  -??+?-  -??+?-  +??+?-  +--+--
    @member/issued      +???+-  -???+-  -???+-  -???!-  +???+-  -???+-  -???+-  +???+-  +---+-
    @member/imported    +???+-  -???+-  -???!-  -???+-  +???+-  -???+-  -???+-  +???+-  +---+-
    w1/issued-viewer    ++++?-  ++++?-  +++-?-  !!!-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++---
    w1/issued-editor    ++++?-  +++-?-  +++-?-  !!!-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++---
    w1/imported-viewer  ++++?-  ++++?-  !!!-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++---
    w1/imported-admin   ++++?-  ++--?-  !!!-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++-?-  +++---
    w2/issued-editor    +????-  +????-  +????-  !????-  +????-  +????-  +????-  +????-  +-----
    w2/imported-viewer  +????-  +????-  !????-  +????-  +????-  +????-  +????-  +????-  +-----
    org/issued-viewer   +????-  +????-  +????-  !????-  +????-  +????-  +????-  +????-  +-----
    org/imported-owner  +????-  +????-  !????-  +????-  +????-  +????-  +????-  +????-  +-----
    org/imported-member +++++-  +++++-  !-----  +-----  +-----  +-----  +-----  +-----  +-----
    """

  static let all: [Row] = rows(of: table).map { row in
    let outcomes = zip(Deed.allCases, row.dropFirst()).map { ($0, OutcomeRow($1)) }
    return Row(reference: String(row[0]), outcomes: Dictionary(uniqueKeysWithValues: outcomes))
  }

  /// What really comes of it.
  private func outcome(
    _ deed: Deed, _ key: Key, by person: Person, in acme: Acme
  ) throws -> Outcome {
    let reference = "id:\(key.id.text)"
    switch deed {
    case .show:
      return Outcome { () throws(Refusal) in
        let standing = try acme.organization.standing(of: person.caller, at: Acme.start)
        return try acme.organization.shownKey(
          try KeyReference(parsing: reference), to: standing, at: Acme.start)
      }
    case .use: return try acme.outcome(using: reference, by: person.caller)
    case .rotate: return acme.outcome(try .rotate(key, in: acme), by: person)
    case .replace: return acme.outcome(try .replace(key, in: acme), by: person)
    case .suspend: return acme.outcome(try .suspend(key), by: person)
    case .resume: return acme.outcome(try .resume(key), by: person)
    case .expire: return acme.outcome(try .expire(key, "1d"), by: person)
    case .revoke: return acme.outcome(try .revoke(key), by: person)
    case .verify:
      let standing = try? acme.organization.standing(of: person.caller, at: Acme.start)
      let oversees = standing.map { acme.organization.oversees($0, key) } ?? false
      return oversees ? .done : .forbidden
    }
  }

  @Test("each deed is granted to whom the rules let", arguments: all, Deed.allCases)
  func grants(_ row: Row, _ deed: Deed) throws {
    let acme = try Acme.withStandingKeys()
    let key = StandingKey.at(row.reference).key
    for person in Person.allCases {
      let expected = try #require(row.outcomes[deed])[person]
      #expect(try outcome(deed, key, by: person, in: acme) == expected, "\(deed) by \(person)")
    }
  }

  @Test("each deed is told to be granted, or refused, as it is", arguments: all, Person.users)
  func reasons(_ row: Row, by person: Person) throws {
    let acme = try Acme.withStandingKeys()
    let key = StandingKey.at(row.reference).key
    let reference = try KeyReference(parsing: "id:\(key.id.text)")
    for deed in Deed.allCases {
      let action = try PersonalAction(parsing: deed.rawValue)
      let ask = { (name: Name?, asking: Person) throws(Refusal) -> Bool in
        try acme.organization.reasoning(
          for: action, to: reference, by: name, askedBy: asking.caller, at: Acme.start
        ).isAllowed
      }
      let expected = try #require(row.outcomes[deed])[person]
      var isGranted = expected == .done
      // Of an imported key there is no text to verify.
      if deed == .verify && !key.isIssued { isGranted = false }
      // An imported key of the organization is shown to who may use it.
      #expect(try ask(named(person.rawValue), .owner) == isGranted, "\(deed)")
      guard row.outcomes[.show]?[person] == .done else {
        #expect(Outcome { () throws(Refusal) in try ask(nil, person) } == .notFound)
        continue
      }
      #expect(try ask(nil, person) == isGranted, "\(deed) for oneself")
    }
  }

  /// Which of them a new key of theirs is.
  struct Making: CustomTestStringConvertible, Sendable {
    let reference: String
    let creates: OutcomeRow
    let imports: OutcomeRow
    var testDescription: String { reference }
  }

  static let makings: [Making] = rows(
    of: """
      place   create  import
      me      +++++-  +++++-
      w1      +++-?-  +++-?-
      w2      +????-  +????-
      w9      ?????-  ?????-
      org     +-----  +-----
      """
  ).map {
    Making(
      reference: "\($0[0])/new", creates: OutcomeRow($0[1]), imports: OutcomeRow($0[2]))
  }

  @Test("a key is made in each custody by whom the rules let", arguments: makings, Person.allCases)
  func makes(_ making: Making, by person: Person) throws {
    let acme = try Acme()
    for custody in Custody.allCases {
      let plan = try KeyPlan(making.reference, .issued(access: nil, custody: custody))
      let request = Request.addKey(plan, KeyMaterial(numbered: 9))
      #expect(acme.outcome(request, by: person) == making.creates[person])
      guard making.creates[person] == .done else { continue }
      guard case .keyAdded(let key) = try acme.decide(request, by: person).first else {
        Issue.record("no key")
        continue
      }
      #expect(key.custody == custody)
      #expect((key.currentVersion.sealedValue != nil) == (custody != .verifyOnly))
      #expect(custody.isShown == (custody != .hidden))
    }
    let plan = try KeyPlan(making.reference, .imported(leastRank: nil))
    #expect(
      acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: person) == making.imports[person])
  }

  @Test("what is the organization's is done by an Owner alone", arguments: Person.allCases)
  func ownersOnly(_ person: Person) throws {
    let acme = try Acme()
    let requests: [Request] = [
      .addWorkspace(named("w3")), .archiveWorkspace(named("w1")), .archiveWorkspace(named("w9")),
      .addUser(named("new"), uid: 2000), .setUserState(.disabled, ofUser: named("viewer")),
      .setUserState(.removed, ofUser: named("viewer")),
      .setUserState(.active, ofUser: named("viewer")),
      .rebindUser(named("viewer"), uid: 2000, hasShownSecret: false),
      .setPolicy(.idleDays, "10"), .believeClock(Acme.start),
      .setOrganizationRole(.owner, ofUser: named("viewer")),
    ]
    for request in requests {
      let outcome = acme.outcome(request, by: person)
      if person == .owner {
        #expect(outcome == .done || outcome == .notFound, "\(request)")
      } else {
        #expect(outcome == .forbidden, "\(request)")
      }
    }
  }
}
