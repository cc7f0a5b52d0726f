import Keyring
import Testing

@Suite("Use records")
struct UseRecordsTests {
  private static let start = Acme.start

  private static func later(_ seconds: Int64) -> Instant { start.advanced(by: Seconds(seconds)) }

  @Test("a key's use has its count, and who used it last, when and by which command")
  func notesUse() {
    var uses = UseRecords()
    let id = KeyID(numbered: 1)
    #expect(uses[id] == nil)
    uses.noteUse(of: VersionID(id, number: 1), at: Self.start, uid: 1000, command: "make")
    uses.noteUse(of: VersionID(id, number: 1), at: Self.later(5), uid: 1001, command: "")
    #expect(uses[id]?.count == 2)
    #expect(uses[id]?.last == Self.later(5))
    #expect(uses[id]?.uid == 1001 && uses[id]?.command == "")
    #expect(uses[KeyID(numbered: 2)] == nil)
  }

  @Test("the last use of the two newest versions is kept, in whatever order they are used")
  func keepsTwoVersions() {
    var uses = UseRecords()
    let id = KeyID(numbered: 1)
    for (number, second) in [(2, 1), (1, 2), (2, 3), (3, 4), (2, 5)] as [(UInt32, Int64)] {
      uses.noteUse(
        of: VersionID(id, number: number), at: Self.later(second), uid: 1000, command: "x")
    }
    #expect(uses[id]?.last(of: 1) == nil)
    #expect(uses[id]?.last(of: 2) == Self.later(5))
    #expect(uses[id]?.last(of: 3) == Self.later(4))
    #expect(uses[id]?.last(of: 4) == nil)
    #expect(uses[id]?.count == 5)
  }

  @Test("a late use of an old version does not push a newer one out")
  func keepsNewestVersions() {
    var uses = UseRecords()
    let id = KeyID(numbered: 1)
    for (number, second) in [(2, 1), (1, 2), (3, 3)] as [(UInt32, Int64)] {
      uses.noteUse(
        of: VersionID(id, number: number), at: Self.later(second), uid: 1000, command: "x")
    }
    #expect(uses[id]?.last(of: 1) == nil)
    #expect(uses[id]?.last(of: 2) == Self.later(1))
    #expect(uses[id]?.last(of: 3) == Self.later(3))
  }

  @Test("records are equal when all that they note is")
  func equality() {
    let note = { (uid: UInt32, command: String, version: UInt32) in
      var uses = UseRecords()
      uses.noteUse(
        of: VersionID(KeyID(numbered: 1), number: version), at: Self.start, uid: uid,
        command: command)
      return uses
    }
    #expect(note(1, "x", 1) == note(1, "x", 1))
    for other in [note(2, "x", 1), note(1, "y", 1), note(1, "x", 2), UseRecords()] {
      #expect(note(1, "x", 1) != other)
    }
  }

  // MARK: Values that a person has had

  private func seen(
    _ uses: UseRecords, by person: Person, in acme: Acme, at now: Instant = start
  ) -> [UseRecords.Seen] {
    uses.liveValues(seenBy: person.id, in: acme.organization, at: now)
  }

  @Test("the live values that a person has had are those of accepted versions of live keys")
  func liveValues() throws {
    var acme = try Acme()
    let first = try acme.create("w1/a", by: .editor)
    let second = try acme.importKey("w1/b", by: .editor)
    var uses = UseRecords()
    let id = { (key: Key, number: UInt32) in VersionID(key.id, number: number) }
    uses.note(.supplied, of: id(second, 1), to: Person.editor.id, at: Self.start)
    uses.note(.shown, of: id(first, 1), to: Person.editor.id, at: Self.start)
    uses.note(.injected, of: id(first, 1), to: Person.viewer.id, at: Self.later(3))
    let list = seen(uses, by: .editor, in: acme)
    #expect(list.map(\.version) == [id(first, 1), id(second, 1)])
    #expect(list.map(\.exposure) == [.shown, .supplied])
    #expect(seen(uses, by: .viewer, in: acme).map(\.last) == [Self.later(3)])
    #expect(seen(uses, by: .owner, in: acme).isEmpty)

    try acme.rotate(first, by: .editor, grace: Seconds(10))
    #expect(seen(uses, by: .viewer, in: acme, at: Self.later(9)).count == 1)
    #expect(seen(uses, by: .viewer, in: acme, at: Self.later(10)).isEmpty)
    try acme.perform(.suspend(second), by: .editor)
    #expect(seen(uses, by: .editor, in: acme, at: Self.later(10)).count == 1)
    try acme.perform(.revoke(second), by: .editor)
    #expect(seen(uses, by: .editor, in: acme, at: Self.later(10)).isEmpty)
  }

  @Test("a replaced value is no live one any more")
  func replacedValue() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor)
    var uses = UseRecords()
    uses.note(
      .supplied, of: VersionID(key.id, number: 1), to: Person.editor.id, at: Self.start)
    try acme.perform(.replace(key, in: acme), by: .admin)
    #expect(seen(uses, by: .editor, in: acme).isEmpty)
  }

  @Test("nobody has been shown a hidden key, but may have injected it")
  func hiddenIsNotShown() throws {
    var acme = try Acme()
    let plan = try KeyPlan("w1/hidden", .issued(access: nil, custody: .hidden))
    let key = try acme.add(plan, by: .editor)
    let version = VersionID(key.id, number: 1)
    var uses = UseRecords()
    uses.note(.shown, of: version, to: Person.editor.id, at: Self.start)
    #expect(seen(uses, by: .editor, in: acme).isEmpty)
    uses.note(.injected, of: version, to: Person.editor.id, at: Self.start)
    #expect(seen(uses, by: .editor, in: acme).map(\.exposure) == [.injected])
  }
}
