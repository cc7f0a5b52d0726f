import Keyring
import Testing

/// What a connection may do that acts as a key, from the prose of section 5 alone.
@Suite("Acting as a key")
struct ActingTableTests {
  /// A key that somebody acts as, and what comes of it.
  ///
  /// A column has an outcome for each of ``ActingTableTests/targets``.
  struct Row: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let reference: String
    let person: Person
    let scope: String?
    let access: Access?
    let see: String
    let use: String
    let replace: String

    /// Of an import into `me`, `w1`, `w2` and `org`.
    let imports: String
  }

  /// What the columns are about, all imported; the issued ones stand apart.
  static let targets = [
    "@owner/imported", "@viewer/imported", "w1/imported-viewer", "w1/imported-editor",
    "w1/imported-admin", "w2/imported-viewer", "org/imported-owner", "org/imported-member",
  ]

  /// - A user key has its owner's roles, cut by its scope; what belongs to the
  ///   organization, and to other people, is in no scope but "everything".
  /// - Who may not list or use at all is told so, whatever it is about.
  /// - Others have their access, and no key but imported ones of workspaces.
  static let table = """
    key                    see      use      replace  import
    owner:me               ++++++++ +-++++++ +-++++++ ++++
    owner:me[w1]           ??+++??? ??+++??? ??+++??? ?+?-
    owner:me[w1:list]      ??+++??? -------- ??---??? ?-?-
    owner:me[w1:use]       -------- ??+++??? ??---??? ?-?-
    owner:me[w2:import]    -------- -------- ?????+?? ??+-
    owner:me[me]           +??????? +??????? +??????? +??-
    owner:me[me,w2:list]   +????+?? -------- -????-?? -?--
    owner:me[*]            ??++++?? ??++++?? ??++++?? ?++-
    admin:me               ??+++??+ ??+++??+ ??+++??- ++?-
    editor:me              ??+++??+ ??++-??+ ??+++??- ++?-
    editor:me[w1]          ??+++??? ??++-??? ??+++??? ?+?-
    viewer:me              ?++++??+ ?++--??+ ?+---??- +-?-
    viewer:me[w1]          ??+++??? ??+--??? ??---??? ?-?-
    viewer:me[me]          ?+?????? ?+?????? ?+?????? +??-
    member:me              ???????+ ???????+ ???????- +??-
    owner:w1/viewer        ??+++??? ??+--??? ??---??? ?-?-
    owner:w1/editor        ??+++??? ??++-??? ??+++??? ?+?-
    owner:w2/editor        ?????+?? ?????+?? ?????+?? ??+-
    owner:org/viewer       ??++++?? ??+--+?? ??----?? ?---
    owner:org/editor       ??++++?? ??++-+?? ??++++?? ?++-
    """

  static let all: [Row] = rows(of: table).map { row in
    let parts = row[0].split(separator: ":", maxSplits: 1)
    let (word, scope) = split(parts[1])
    let access = word.split(separator: "/").dropFirst().first.flatMap {
      Access(rawValue: String($0))
    }
    return Row(
      testDescription: String(row[0]),
      reference: access == nil ? "me/acts" : "\(word.split(separator: "/")[0])/acts",
      person: Person(rawValue: String(parts[0])) ?? .nobody, scope: scope, access: access,
      see: String(row[1]), use: String(row[2]), replace: String(row[3]), imports: String(row[4]))
  }

  /// The part before `[`, and the scope in the brackets.
  private static func split(_ text: Substring) -> (Substring, String?) {
    guard let bracket = text.firstIndex(of: "[") else { return (text, nil) }
    return (text[..<bracket], String(text[text.index(after: bracket)...].dropLast()))
  }

  private func acting(_ row: Row) throws -> (acme: Acme, caller: Caller, key: Key) {
    var acme = try Acme.withStandingKeys()
    let key =
      row.access == nil
      ? try acme.create(row.reference, by: row.person, scope: row.scope)
      : try acme.create(row.reference, by: row.person, access: row.access)
    return (acme, .acting(as: key), key)
  }

  private func text(_ outcomes: [Outcome]) -> String { String(outcomes.map(\.rawValue)) }

  @Test("it sees, uses, replaces and imports what the rules let", arguments: all)
  func acts(_ row: Row) throws {
    let (acme, caller, _) = try acting(row)
    let keys = Self.targets.map { StandingKey.at($0) }
    let seen = try keys.map { target in
      let reference = try KeyReference(parsing: target.reference)
      return Outcome { () throws(Refusal) in
        let standing = try acme.organization.standing(of: caller, at: Acme.start)
        return try acme.organization.shownKey(reference, to: standing, at: Acme.start)
      }
    }
    #expect(text(seen) == row.see)
    let used = try keys.map { try acme.outcome(using: "id:\($0.key.id.text)", by: caller) }
    #expect(text(used) == row.use)
    let replaced = try keys.map { acme.outcome(try .replace($0.key, in: acme), by: caller) }
    #expect(text(replaced) == row.replace)
    let imported = try ["me", "w1", "w2", "org"].map { place in
      let plan = try KeyPlan("\(place)/new", .imported(leastRank: nil))
      return acme.outcome(.addKey(plan, KeyMaterial(numbered: 9)), by: caller)
    }
    #expect(text(imported) == row.imports)
  }

  @Test("it lists exactly what it sees, in order of creation", arguments: all)
  func lists(_ row: Row) throws {
    let (acme, caller, key) = try acting(row)
    let filter = KeyFilter(limit: .max)
    guard !row.see.hasPrefix("--------") else {
      let outcome = Outcome { () throws(Refusal) in
        try acme.organization.page(filter, for: caller, at: Acme.start)
      }
      #expect(outcome == .forbidden)
      return
    }
    let page = try acme.organization.page(filter, for: caller, at: Acme.start)
    for (target, isSeen) in zip(Self.targets, row.see) {
      let isListed = page.keys.contains { $0.id == StandingKey.at(target).key.id }
      #expect(isListed == (isSeen == "+"), "\(target)")
    }
    let standing = try acme.organization.standing(of: caller, at: Acme.start)
    #expect(page.keys == acme.organization.keys.filter { acme.organization.sees(standing, $0) })
    guard key.type == .workspace else { return }
    #expect(page.keys.allSatisfy { $0.namespace == key.namespace })
  }

  @Test("it is handed no issued key, not even itself", arguments: all)
  func injectsNoIssuedKey(_ row: Row) throws {
    let (acme, caller, key) = try acting(row)
    for issued in acme.organization.keys where issued.isIssued {
      let outcome = try acme.outcome(using: "id:\(issued.id.text)", by: caller)
      #expect(outcome == .forbidden || outcome == .notFound, "\(issued.name.text)")
      let standing = try acme.organization.standing(of: caller, at: Acme.start)
      #expect(!acme.organization.mayUse(issued, by: standing))
    }
    #expect(try acme.outcome(using: "id:\(key.id.text)", by: caller) != .done)
    for workspace in ["w1", "w2"] {
      let injections = try? acme.organization.injections(
        of: [.workspace(named(workspace))], by: caller, at: Acme.start)
      #expect((injections ?? []).allSatisfy { !$0.key.isIssued })
    }
  }

  @Test("it creates, manages and ends nothing, whatever its owner may do", arguments: all)
  func managesNothing(_ row: Row) throws {
    let (acme, caller, acting) = try acting(row)
    var requests: [Request] = [
      .addWorkspace(named("w3")), .archiveWorkspace(named("w1")),
      .addUser(named("new"), uid: 2000), .setUserState(.disabled, ofUser: named("viewer")),
      .setUserState(.removed, ofUser: named("viewer")),
      .rebindUser(named("viewer"), uid: 2000, hasShownSecret: false),
      .setPolicy(.idleDays, "10"), .believeClock(Acme.start),
      .setOrganizationRole(.owner, ofUser: named("viewer")),
      .setWorkspaceRole(.viewer, ofUser: named("member"), inWorkspace: named("w1")),
      .setWorkspaceRole(.viewer, ofUser: named("member"), inWorkspace: named("w2")),
    ]
    for place in ["me", "w1", "w2", "org"] {
      let plan = try KeyPlan("\(place)/new", .issued(access: nil))
      requests.append(.addKey(plan, KeyMaterial(numbered: 9)))
    }
    for key in acme.organization.keys {
      requests += [
        try .suspend(key), try .resume(key), try .expire(key, "1d"), try .revoke(key),
      ]
      if key.isIssued { requests.append(try .rotate(key, in: acme)) }
    }
    for request in requests {
      let outcome = acme.outcome(request, by: caller)
      #expect(outcome == .forbidden || outcome == .notFound, "\(request)")
    }
    let isInSight = try? acme.organization.page(KeyFilter(limit: .max), for: caller, at: Acme.start)
    guard isInSight?.keys.contains(where: { $0.id == acting.id }) ?? false else { return }
    #expect(acme.outcome(try .revoke(acting), by: caller) == .forbidden)
    #expect(acme.outcome(try .rotate(acting, in: acme), by: caller) == .forbidden)
  }

  @Test("it ends no key of the report either, not even of an empty one", arguments: all)
  func endsNoUnusedKeys(_ row: Row) throws {
    let (acme, caller, _) = try acting(row)
    let now = Acme.start.advanced(by: .days(8))
    for unusedClass in UnusedClass.allCases {
      let token =
        (try? acme.organization.unused(
          unusedClass, uses: UseRecords(), for: caller, at: now))?.token
      let request = Request.revokeUnused(
        unusedClass, list: token ?? UnusedList.Token("0-000000"), UseRecords())
      #expect(acme.outcome(request, by: caller, at: now) == .forbidden, "\(unusedClass)")
    }
  }

  @Test("what it imports is made by it, and in the list of its owner")
  func importsAsItself() throws {
    var acme = try Acme()
    let key = try acme.create("w1/acts", by: .editor, access: .editor)
    let plan = try KeyPlan("w1/stripe", .imported(leastRank: nil))
    let material = KeyMaterial(numbered: 9)
    try acme.perform(.addKey(plan, material), by: .acting(as: key))
    let imported = try #require(acme.organization.key(withID: material.id))
    #expect(imported.creator == .key(key.id))
    #expect(imported.currentVersion.author == .key(key.id))
    try acme.perform(.replace(imported, in: acme), by: .acting(as: key))
    #expect(try acme.current(imported).currentVersion.author == .key(key.id))
  }
}
