import Keyring
import Testing

@Suite("Unused keys")
struct UnusedTests {
  private static let start = Acme.start

  private func classes(
    _ key: Key, _ uses: UseRecords, in acme: Acme, at now: Instant
  ) throws -> [UnusedClass] {
    acme.organization.unusedClasses(of: try acme.current(key), uses: uses, at: now)
  }

  private func note(_ uses: inout UseRecords, _ key: Key, _ version: UInt32 = 1, at now: Instant) {
    uses.noteUse(
      of: VersionID(key.id, number: version), at: now, uid: 1000, command: "make")
  }

  // MARK: Classes

  @Test("example 27: never used is reported from the seventh day on, and not before")
  func example27() throws {
    var acme = try Acme()
    let issued = try acme.create("w1/deploy", by: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    let seventh = Self.start.advanced(by: .days(7))
    for key in [issued, imported] {
      let none = UseRecords()
      #expect(try classes(key, none, in: acme, at: Self.start.advanced(by: .days(6))) == [])
      #expect(try classes(key, none, in: acme, at: seventh.before(by: 1)) == [])
      #expect(try classes(key, none, in: acme, at: seventh) == [.neverUsed])
      var uses = UseRecords()
      note(&uses, key, at: Self.start)
      #expect(try classes(key, uses, in: acme, at: seventh) == [])
    }
  }

  @Test("a rotation does not make a key that was never used younger")
  func rotationIsNoUse() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    let seventh = Self.start.advanced(by: .days(7))
    try acme.rotate(key, by: .editor, at: seventh.before(by: 1))
    #expect(try classes(key, UseRecords(), in: acme, at: seventh) == [.neverUsed])
  }

  @Test("idle is reported after the policy's days since the last use", arguments: [90, 1, 200])
  func idle(_ days: Int64) throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, expires: "365d")
    try acme.perform(.setPolicy(.idleDays, "\(days)"), by: .owner)
    var uses = UseRecords()
    note(&uses, key, at: Self.start)
    let last = Self.start.advanced(by: .days(10))
    note(&uses, key, at: last)
    let limit = last.advanced(by: .days(days))
    #expect(try classes(key, uses, in: acme, at: limit.before(by: 1)) == [])
    #expect(try classes(key, uses, in: acme, at: limit) == [.idle])
  }

  @Test("superseded is a key whose former version is still used in its grace")
  func superseded() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    var uses = UseRecords()
    let rotation = Self.start.advanced(by: .hours(1))
    note(&uses, key, 1, at: rotation.before(by: 1))
    try acme.rotate(key, by: .editor, at: rotation)
    #expect(try classes(key, uses, in: acme, at: rotation) == [])
    note(&uses, key, 2, at: rotation)
    #expect(try classes(key, uses, in: acme, at: rotation) == [])
    var late = uses
    note(&late, key, 1, at: rotation)
    let end = rotation.advanced(by: .days(1))
    #expect(try classes(key, late, in: acme, at: end.before(by: 1)) == [.superseded])
    #expect(try classes(key, late, in: acme, at: end) == [])
  }

  @Test("what has ended is in no class, what is suspended is in its own")
  func endedIsInNone() throws {
    var acme = try Acme()
    let revoked = try acme.create("w1/a", by: .editor)
    let expired = try acme.create("w1/b", by: .editor, expires: "7d")
    let suspended = try acme.create("w1/c", by: .editor)
    try acme.perform(.revoke(revoked), by: .editor)
    try acme.perform(.suspend(suspended), by: .editor)
    try acme.perform(.setUserState(.disabled, ofUser: named("editor")), by: .owner)
    let later = Self.start.advanced(by: .days(7))
    #expect(try classes(revoked, UseRecords(), in: acme, at: later) == [])
    #expect(try classes(expired, UseRecords(), in: acme, at: later) == [])
    #expect(try classes(suspended, UseRecords(), in: acme, at: later) == [.neverUsed, .orphaned])
  }

  // MARK: Who sees it

  @Test("Owners see all, Editors their workspaces' and their own, everyone their own")
  func sees() throws {
    var acme = try Acme()
    for person in Person.users { try acme.create("me/laptop", by: person) }
    for reference in ["w1/deploy", "w2/deploy", "org/ci"] { try acme.create(reference, by: .owner) }
    try acme.importKey("org/shared", by: .owner, leastRank: .member)
    let later = Acme.start.advanced(by: .days(8))
    let expected: [Person: [Int]] = [
      .owner: [1, 2, 3, 4, 5, 6, 7, 8, 9], .admin: [2, 6], .editor: [3, 6], .viewer: [4],
      .member: [5],
    ]
    for (person, numbers) in expected {
      let list = try acme.organization.unused(
        .neverUsed, uses: UseRecords(), for: person.caller, at: later)
      #expect(list.keys.map(\.id) == numbers.map { KeyID(numbered: $0) }, "\(person)")
      #expect(list.unusedClass == .neverUsed)
    }
    let nobody = Outcome { () throws(Refusal) in
      try acme.organization.unused(.idle, uses: UseRecords(), for: .nobody, at: later)
    }
    #expect(nobody == .forbidden)
  }

  // MARK: Revoking a class

  private func revoking(
    _ list: UnusedList, _ uses: UseRecords = UseRecords()
  ) -> Request {
    .revokeUnused(list.unusedClass, list: list.token, uses)
  }

  @Test("a class is ended as it was shown, or not at all")
  func endsClass() throws {
    var acme = try Acme()
    let first = try acme.create("w1/a", by: .editor)
    let second = try acme.create("w1/b", by: .editor)
    try acme.create("w2/c", by: .owner)
    let later = Self.start.advanced(by: .days(8))
    let list = try acme.organization.unused(
      .neverUsed, uses: UseRecords(), for: Person.editor.caller, at: later)
    #expect(list.keys == [first, second])
    var uses = UseRecords()
    note(&uses, first, at: later)
    #expect(acme.outcome(revoking(list, uses), by: .editor, at: later) == .conflict)
    #expect(acme.outcome(revoking(list), by: .owner, at: later) == .conflict)
    #expect(acme.outcome(revoking(list), by: .viewer, at: later) == .conflict)
    let changes = try acme.perform(revoking(list), by: .editor, at: later)
    let revocation = Revocation(
      revoker: .user(Person.editor.id), moment: later,
      reason: try Note(parsing: "unused: never-used"))
    #expect(
      changes == [.keyRevoked(first.id, revocation), .keyRevoked(second.id, revocation)])
    #expect(acme.outcome(revoking(list), by: .editor, at: later) == .conflict)
    let rest = try acme.organization.unused(
      .neverUsed, uses: UseRecords(), for: Person.editor.caller, at: later)
    #expect(try acme.decide(revoking(rest), by: .editor, at: later).isEmpty)
  }

  @Test("a list's token tells it from a list of others, of fewer and of none")
  func tokens() throws {
    var acme = try Acme()
    let keys = try (1...4).map { try acme.create("w1/k\($0)", by: .editor) }
    let lists = [[], [0], [1], [0, 1], [1, 0], [0, 1, 2], [0, 1, 3], [0, 1, 2, 3]].map { indices in
      UnusedListText(keys: indices.map { keys[$0] })
    }
    #expect(Set(lists.map(\.token)).count == lists.count)
  }

  /// A list's token, by way of an organization that has just these keys.
  private struct UnusedListText {
    let keys: [Key]

    var token: String {
      var acme = try? Acme()
      for key in keys { try? acme?.organization.apply(.keyAdded(key)) }
      let list = try? acme?.organization.unused(
        .neverUsed, uses: UseRecords(), for: Person.owner.caller,
        at: Acme.start.advanced(by: .days(7)))
      return list?.token.text ?? ""
    }
  }

  @Test("at most 10,000 keys are ended at once")
  func endsAtMost() throws {
    var acme = try Acme()
    for number in 1...10_001 {
      try acme.organization.apply(
        .keyAdded(
          Key(
            numbered: number, in: .workspace(Acme.w1), named: "k\(number)",
            origin: .imported(leastRank: .viewer))))
    }
    let later = Self.start.advanced(by: .days(8))
    let list = try acme.organization.unused(
      .neverUsed, uses: UseRecords(), for: Person.owner.caller, at: later)
    let word = refusal { () throws(Refusal) in
      try acme.decide(revoking(list), by: Person.owner, at: later)
    }?.word
    #expect(word == .limit)
    try acme.revoke("w1/k7", by: .owner)
    let fewer = try acme.organization.unused(
      .neverUsed, uses: UseRecords(), for: Person.owner.caller, at: later)
    #expect(try acme.decide(revoking(fewer), by: Person.owner, at: later).count == 10_000)
  }

  @Test("a class is read from its word, and anything else invalid")
  func readsClass() throws {
    for unusedClass in UnusedClass.allCases {
      #expect(try UnusedClass(parsing: unusedClass.rawValue) == unusedClass)
    }
    #expect(refusal { () throws(Refusal) in try UnusedClass(parsing: "all") }?.word == .invalid)
  }
}
