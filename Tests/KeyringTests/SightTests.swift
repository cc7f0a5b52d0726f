import Keyring
import Testing

@Suite("Sight")
struct SightTests {
  /// Something that a caller asks about what may be out of sight.
  struct Question: CustomTestStringConvertible, Sendable {
    let testDescription: String

    /// What was written, and is all that the refusal may repeat.
    let object: String

    let ask: @Sendable (Acme, Person) throws -> Refusal?

    init(
      _ testDescription: String, _ object: String,
      _ ask: @escaping @Sendable (Acme, Person, String) throws -> Refusal?
    ) {
      self.testDescription = "\(testDescription) \(object)"
      self.object = object
      self.ask = { acme, person in try ask(acme, person, object) }
    }

    static func show(_ object: String) -> Question {
      Question("show", object) { acme, person, object in
        refusal { () throws(Refusal) in try acme.key(object, seenBy: person) }
      }
    }

    static func revoke(_ object: String) -> Question {
      Question("revoke", object) { acme, person, object in
        let request = Request.revoke(try KeyReference(parsing: object), reason: .none)
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      }
    }

    static func use(_ object: String) -> Question {
      Question("use", object) { acme, person, object in
        let selection = try Selection.key(object)
        return refusal { () throws(Refusal) in
          try acme.injections(of: [selection], by: person)
        }
      }
    }

    static func grant(_ object: String) -> Question {
      Question("grant", object) { acme, person, object in
        let request = try Request.grant(object, to: "web.service")
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      }
    }

    static func withdraw(_ object: String) -> Question {
      Question("withdraw", object) { acme, person, object in
        let request = try Request.withdraw(object, from: "web.service")
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      }
    }

    static func make(_ object: String, _ terms: KeyPlan.Terms, env: String? = nil) -> Question {
      Question("make", object) { acme, person, object in
        let plan = try KeyPlan(object, terms, env: env)
        let request = Request.addKey(plan, KeyMaterial(numbered: 1))
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      }
    }
  }

  private static let hiddenID = StandingKey.at("w2/issued-viewer").key.id.text

  static let questions: [Question] =
    [
      "w2/issued-viewer", "w2/imported-admin", "w2/nothing", "org/issued-viewer",
      "org/imported-owner", "org/nothing", "@owner/issued", "@owner/nothing", "@ghost/issued",
      "id:\(hiddenID)",
      "id:\(StandingKey.at("org/issued-editor").key.id.text)",
      "id:\(StandingKey.at("@owner/imported").key.id.text)",
      "id:zzzzzzzzzzzz",
    ].flatMap { [Question.show($0), .revoke($0), .use($0), .grant($0), .withdraw($0)] } + [
      .make("w2/new", .issued(access: nil)),
      .make("w2/issued-viewer", .issued(access: .editor)),
      .make("w2/new", .imported(leastRank: .owner)),
      .make("w2/path", .imported(leastRank: nil)),
      .make("w2/new", .imported(leastRank: nil), env: "ISSUED_VIEWER"),
      .make("@owner/new", .issued(access: nil)),
      .make("@owner/issued", .imported(leastRank: nil)),
      Question("list", "w2") { acme, person, object in
        refusal { () throws(Refusal) in try acme.list(for: person, in: object) }
      },
      Question("use all of", "w2") { acme, person, object in
        refusal { () throws(Refusal) in
          try acme.injections(of: [.workspace(named(object))], by: person)
        }
      },
      Question("give a role in", "w2") { acme, person, object in
        let request = Request.setWorkspaceRole(
          .viewer, ofUser: named("viewer"), inWorkspace: named(object))
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      },
      Question("give a ghost a role in", "w2") { acme, person, object in
        let request = Request.setWorkspaceRole(
          .viewer, ofUser: named("ghost"), inWorkspace: named(object))
        return refusal { () throws(Refusal) in try acme.decide(request, by: person) }
      },
      Question("list what was made after", "id:\(hiddenID)") { acme, person, object in
        let filter = KeyFilter(after: KeyID(object.dropFirst(3)), limit: 10)
        return refusal { () throws(Refusal) in
          try acme.organization.page(filter, for: person.caller, at: Acme.start)
        }
      },
    ]

  @Test(
    "what is out of sight is refused with the same bytes as what does not exist",
    arguments: questions, [Person.admin, .editor, .viewer, .member])
  func tellsNothing(_ question: Question, to person: Person) throws {
    let everything = try question.ask(try Acme.withStandingKeys(), person)
    let withoutKeys = try question.ask(try Acme(), person)
    let withoutWorkspace = try question.ask(try Acme(hasW2: false), person)
    #expect(everything == Refusal(.notFound, question.object, nil, hint: nil))
    #expect(withoutKeys == everything)
    #expect(withoutWorkspace == everything)
  }

  @Test("who is no user is refused everything in the same words", arguments: questions)
  func tellsNobodyNothing(_ question: Question) throws {
    let everything = try question.ask(try Acme.withStandingKeys(), .nobody)
    let nothing = try question.ask(try Acme(hasW2: false), .nobody)
    #expect(everything?.word == .forbidden)
    #expect(everything == nothing)
    #expect(everything?.object != question.object)
  }

  @Test("making an organization key is forbidden in the same words, whether its name is taken")
  func forbidsWithoutTelling() throws {
    let question = Question.make("org/issued-viewer", .issued(access: nil))
    for person in [Person.admin, .editor, .viewer, .member] {
      let taken = try question.ask(try Acme.withStandingKeys(), person)
      let free = try question.ask(try Acme(), person)
      #expect(taken?.word == .forbidden)
      #expect(taken == free)
    }
  }

  // MARK: Workspaces, users and names

  @Test("workspaces are in sight of who has a role in them, and of Owners")
  func workspacesInSight() throws {
    let acme = try Acme()
    let names = { (person: Person) in
      acme.organization.workspaces(inSightOf: acme.standing(person)).map(\.name.text)
    }
    #expect(names(.owner) == ["w1", "w2"])
    for person in [Person.admin, .editor, .viewer] { #expect(names(person) == ["w1"]) }
    #expect(names(.member).isEmpty)
  }

  @Test("users are in sight of Owners, of their workspaces' Admins, and of themselves")
  func usersInSight() throws {
    let acme = try Acme()
    let names = { (person: Person) in
      acme.organization.users(inSightOf: acme.standing(person)).map(\.name.text)
    }
    #expect(names(.owner) == ["owner", "admin", "editor", "viewer", "member"])
    #expect(names(.admin) == ["admin", "editor", "viewer"])
    for person in [Person.editor, .viewer, .member] { #expect(names(person) == [person.rawValue]) }
  }

  @Test("roles are in sight of Owners, of that workspace's Admins, and of who has them")
  func rolesInSight() throws {
    var acme = try Acme()
    try acme.perform(
      .setWorkspaceRole(.editor, ofUser: named("viewer"), inWorkspace: named("w2")), by: .owner)
    let roles = { (person: Person) in
      acme.organization.workspaceRoles(of: acme.user(.viewer), inSightOf: acme.standing(person))
        .map { "\($0.0.name.text):\($0.1.rawValue)" }
    }
    #expect(roles(.owner) == ["w1:viewer", "w2:editor"])
    #expect(roles(.admin) == ["w1:viewer"])
    #expect(roles(.viewer) == ["w1:viewer", "w2:editor"])
    #expect(roles(.editor).isEmpty)
    #expect(roles(.member).isEmpty)
  }

  @Test("a key's name is written as who sees it would write it")
  func namesOfKeys() throws {
    let acme = try Acme.withStandingKeys()
    let name = { (reference: String, person: Person) in
      acme.organization.name(of: StandingKey.at(reference).key, seenBy: acme.standing(person))
    }
    #expect(name("@viewer/issued", .viewer) == "me/issued")
    #expect(name("@viewer/issued", .owner) == "@viewer/issued")
    #expect(name("w1/issued-editor", .viewer) == "w1/issued-editor")
    #expect(name("org/imported-member", .member) == "org/imported-member")
  }
}
