import Keyring
import Testing

/// Who may give which key to a unit, and take it back.
@Suite("Grants to units")
struct UnitGrantTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let reference: String
    let outcomes: OutcomeRow
    var testDescription: String { reference }
  }

  /// Owners, of what they may have injected.
  static let table: [Row] = rows(
    of: """
      key                 OAEVMN
      @owner/issued       +????-
      @owner/imported     +????-
      @viewer/issued      -??-?-
      @viewer/imported    -??-?-
      @member/issued      -???--
      w1/issued-viewer    +---?-
      w1/issued-editor    +---?-
      w1/imported-viewer  +---?-
      w1/imported-admin   +---?-
      w2/issued-editor    +????-
      w2/imported-viewer  +????-
      org/issued-viewer   +????-
      org/imported-owner  +????-
      org/imported-member +-----
      """
  ).map { Row(reference: String($0[0]), outcomes: OutcomeRow($0[1])) }

  @Test("a key is given to a unit, and taken back, by whom the rules let", arguments: table)
  func mayGrant(_ row: Row) throws {
    let acme = try Acme.withStandingKeys()
    let key = StandingKey.at(row.reference).key
    let reference = "id:\(key.id.text)"
    let place = UnitCredential(credential("value"), ofUnit: unit("web.service"))
    var granted = acme
    try granted.organization.apply(.unitGranted(place, key.id))
    for person in Person.allCases {
      let grant = try Request.grant(reference, to: "web.service", as: "value")
      #expect(acme.outcome(grant, by: person) == row.outcomes[person], "grant by \(person)")
      // Whatever is granted, an Owner takes back.
      let withdraw = try Request.withdraw(reference, from: "web.service", as: "value")
      let outcome = person == .owner ? .done : row.outcomes[person]
      #expect(granted.outcome(withdraw, by: person) == outcome, "withdraw by \(person)")
      guard person == .owner else { continue }
      #expect(
        try granted.decide(withdraw, by: person) == [.unitGrantWithdrawn(place, from: key.id)])
      guard row.outcomes[person] == .done else { continue }
      #expect(try acme.decide(grant, by: person) == [.unitGranted(place, key.id)])
    }
  }

  @Test("a connection that acts as a key grants nothing, and takes nothing back") func actingKey()
    throws
  {
    var acme = try Acme()
    let stripe = try acme.importKey("w1/stripe", by: .owner)
    let mighty = try acme.create("me/mighty", by: .owner)
    try acme.perform(.grant("w1/stripe", to: "web.service"), by: .owner)
    for request in try [
      Request.grant("w1/stripe", to: "b.service"), .withdraw("w1/stripe", from: "web.service"),
      .grant("me/mighty", to: "b.service"),
    ] {
      let refusal = refusal { () throws(Refusal) in
        try acme.decide(request, by: .acting(as: mighty))
      }
      #expect(refusal?.word == .forbidden)
      #expect(refusal?.reason == "a connection that acts as a key never manages keys")
    }
    #expect(acme.grants(of: stripe) == ["web.service stripe"])
  }

  // MARK: What can be granted

  @Test("what the grantor cannot have injected now is refused as ENV refuses it")
  func needsInjection() throws {
    var acme = try Acme()
    try acme.add(
      KeyPlan("w1/hook", .issued(access: nil, custody: .verifyOnly)), by: .owner)
    let paused = try acme.create("w1/paused", by: .owner)
    let ended = try acme.create("w1/ended", by: .owner)
    try acme.create("w1/short", by: .owner, expires: "1h")
    let restored = try acme.create("w1/old", by: .owner)
    try acme.perform(.suspend(paused), by: .owner)
    try acme.perform(.revoke(ended), by: .owner)
    try acme.organization.apply(.keysRestored(at: Acme.start))
    try acme.perform(.resume(paused), by: .owner)
    try acme.perform(.suspend(paused), by: .owner)
    let later = Acme.start.advanced(by: .days(1))
    for reference in [
      "w1/hook", "w1/paused", "w1/ended", "id:\(ended.id.text)", "w1/short", "w1/old",
      "id:\(restored.id.text)",
    ] {
      let selection = try Selection.key(reference)
      let ofUse = refusal { () throws(Refusal) in
        try acme.injections(of: [selection], by: .owner, at: later)
      }
      let request = try Request.grant(reference, to: "web.service")
      let ofGrant = refusal { () throws(Refusal) in
        try acme.decide(request, by: .owner, at: later)
      }
      #expect(ofUse != nil && ofGrant == ofUse, "\(reference)")
    }
  }

  @Test("a reserved environment name is in the way of no credential") func reservedName() throws {
    var acme = try Acme()
    let key = Key(
      numbered: 9, in: .workspace(Acme.w1), named: "path", origin: .imported(leastRank: .viewer),
      environmentName: "PATH")
    try acme.organization.apply(.keyAdded(key))
    try acme.perform(.grant("w1/path", to: "web.service"), by: .owner)
    #expect(try acme.given("path", to: "web.service").key.id == key.id)
  }

  @Test("what is given is taken back whatever the key's state is") func withdrawsAlways() throws {
    var acme = try Acme()
    let key = try acme.create("w1/short", by: .owner, expires: "1h")
    try acme.perform(.grant("w1/short", to: "web.service"), by: .owner)
    try acme.perform(.suspend(key), by: .owner)
    for now in [Acme.start, Acme.start.advanced(by: .days(1))] {
      var acme = acme
      let changes = try acme.perform(
        .withdraw("w1/short", from: "web.service"), by: .owner, at: now)
      #expect(changes.count == 1)
      #expect(acme.grants(of: key).isEmpty)
    }
  }

  // MARK: One key a credential

  @Test("the same once more changes nothing, and another key is a conflict") func unique() throws {
    var acme = try Acme()
    let stripe = try acme.importKey("w1/stripe", by: .owner)
    try acme.importKey("w1/paypal", by: .owner)
    try acme.perform(.grant("w1/stripe", to: "web.service", as: "pay"), by: .owner)
    #expect(
      try acme.decide(.grant("w1/stripe", to: "web.service", as: "pay"), by: .owner).isEmpty)
    let other = try Request.grant("w1/paypal", to: "web.service", as: "pay")
    let refusal = refusal { () throws(Refusal) in try acme.decide(other, by: .owner) }
    #expect(refusal?.word == .conflict)
    #expect(refusal?.reason == "web.service is given w1/stripe as pay")
    // Nothing is withdrawn that was not given.
    for request in try [
      Request.withdraw("w1/paypal", from: "web.service", as: "pay"),
      .withdraw("w1/stripe", from: "web.service"), .withdraw("w1/stripe", from: "b.service"),
    ] {
      #expect(try acme.decide(request, by: .owner).isEmpty)
    }
    try acme.perform(.grant("w1/stripe", to: "web.service"), by: .owner)
    try acme.perform(.grant("w1/paypal", to: "b.service", as: "pay"), by: .owner)
    #expect(acme.grants(of: stripe) == ["web.service pay", "web.service stripe"])
    try acme.perform(.withdraw("w1/stripe", from: "web.service", as: "pay"), by: .owner)
    try acme.perform(other, by: .owner)
    #expect(try acme.given("pay", to: "web.service").key.name.text == "paypal")
  }

  @Test("what has expired gives up its place") func expiredTaker() throws {
    var acme = try Acme()
    let short = try acme.create("w1/short", by: .owner, expires: "1h")
    try acme.importKey("w1/stripe", by: .owner)
    try acme.perform(.grant("w1/short", to: "web.service", as: "pay"), by: .owner)
    let request = try Request.grant("w1/stripe", to: "web.service", as: "pay")
    #expect(acme.outcome(request, by: .owner) == .conflict)
    let later = Acme.start.advanced(by: .days(1))
    try acme.perform(request, by: .owner, at: later)
    #expect(acme.grants(of: short).isEmpty)
    #expect(try acme.given("pay", to: "web.service", at: later).key.name.text == "stripe")
  }

  // MARK: Limits

  @Test("a unit is given 64 credentials at most, and all units together 1000") func limits() throws
  {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .owner)
    func limit(_ unit: String) throws -> Refusal? {
      let request = try Request.grant("w1/stripe", to: unit, as: "one-more")
      return refusal { () throws(Refusal) in try acme.decide(request, by: .owner) }
    }
    for number in 1...1000 {
      let name = "u\((number - 1) / 64).service"
      let isFull = number > 1 && (number - 1) % 64 == 0
      if isFull { #expect(try limit("u\((number - 2) / 64).service")?.word == .limit) }
      try acme.perform(.grant("w1/stripe", to: name, as: "c\(number)"), by: .owner)
    }
    #expect(acme.grants(of: key).count == 1000)
    #expect(try limit("u0.service")?.reason == "a unit is given at most 64 credentials")
    #expect(
      try limit("new.service")?.reason
        == "at most 1000 credentials are given to all units together")
    // What is there can be asked for again, and withdrawn.
    #expect(try acme.decide(.grant("w1/stripe", to: "u0.service", as: "c1"), by: .owner).isEmpty)
    try acme.perform(.withdraw("w1/stripe", from: "u0.service", as: "c1"), by: .owner)
    #expect(try limit("new.service") == nil)
  }

  // MARK: Sight

  @Test("of a unit's grants those are listed whose keys are in sight") func listing() throws {
    var acme = try Acme()
    try acme.importKey("w1/stripe", by: .owner)
    try acme.importKey("w2/secret", by: .owner)
    let mail = try acme.importKey("me/mail", by: .viewer)
    try acme.perform(.grant("w1/stripe", to: "web@1.service"), by: .owner)
    try acme.perform(.grant("w2/secret", to: "web@1.service"), by: .owner)
    try acme.organization.apply(
      .unitGranted(UnitCredential(credential("mail"), ofUnit: unit("web@.service")), mail.id))
    let names = { (name: String, person: Person) in
      acme.organization.unitGrants(to: unit(name), inSightOf: acme.standing(person)).map {
        "\($0.credential.unit.text) \($0.credential.name.text)"
      }
    }
    #expect(
      names("web@1.service", .owner)
        == ["web@.service mail", "web@1.service secret", "web@1.service stripe"])
    #expect(names("web@1.service", .viewer) == ["web@.service mail", "web@1.service stripe"])
    #expect(names("web@1.service", .admin) == ["web@1.service stripe"])
    #expect(names("web@1.service", .member).isEmpty)
    #expect(names("web@.service", .owner) == ["web@.service mail"])
    #expect(names("other.service", .owner).isEmpty)
  }
}
