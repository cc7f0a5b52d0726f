import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// A vault that is written anew while it is used.
@Suite("Generations")
struct GenerationTests {
  /// Writes the next generation of a vault, and does `meanwhile` between its steps.
  static func renew(
    _ vault: Vault, _ cause: GenerationCause, meanwhile: () throws -> Void = {}
  ) throws {
    let draft = vault.beginGeneration(cause, by: StoreFixture.owner, at: StoreFixture.start)
    let written = try #require(try draft.write { false })
    try meanwhile()
    let finished = try written.finish(vault.remainder)
    #expect(finished.doubt == nil)
    vault.adopt(finished)
  }

  /// Writes the next generation, with which the audit goes on in another file.
  static func rollAudit(of vault: Vault) throws {
    var draft = vault.beginGeneration(.compaction, by: StoreFixture.owner, at: vault.mark)
    draft.rollsAudit = true
    vault.adopt(try #require(try draft.write { false }).finish(vault.remainder))
  }

  /// What a vault knows, and what its audit says.
  struct Contents: Equatable {
    let organization: Organization
    let values: [[UInt8]]
    let rows: [AuditRow]
    let uses: UseRecords

    init(_ vault: Vault) throws {
      organization = vault.organization
      values = try StoreFixture.values(of: vault)
      rows = try vault.auditPage(after: 0, count: 10_000).rows.map(\.row)
      uses = vault.uses
    }
  }

  @Test("after a compaction all is there, also what came meanwhile") func compaction() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    try Self.renew(vault, .compaction) { try fixture.addKeys(["three"], to: vault) }
    try fixture.addKeys(["four"], to: vault)
    let contents = try Contents(vault)
    #expect(contents.values.count == 4)
    #expect(contents.rows.count == 5)
    let reopened = try fixture.open()
    let again = try Contents(reopened)
    #expect(again.organization == contents.organization)
    #expect(again.values == contents.values)
    #expect(again.rows == contents.rows)
    #expect(again.uses == contents.uses)
    #expect(Files.names(in: fixture.path) == ["audit.1", "lock", "records.2", "slots"])
    // And once more, from the generation that was read.
    try Self.renew(reopened, .compaction)
    try fixture.addKeys(["five"], to: reopened)
    #expect(try Contents(fixture.open()).values.count == 5)
    #expect(Files.names(in: fixture.path) == ["audit.1", "lock", "records.3", "slots"])
  }

  @Test("a recovery goes on in other files, with all rows that were written") func recovery() throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two"], to: vault)
    try Self.renew(vault, .recovery) {
      try vault.append([
        AuditRow(time: StoreFixture.start, actor: StoreFixture.owner, verb: "ENV")
      ])
    }
    try fixture.addKeys(["three"], to: vault)
    let contents = try Contents(vault)
    #expect(contents.rows.map(\.verb) == ["INIT", "IMPORT", "IMPORT", "ENV", "IMPORT"])
    #expect(try Contents(fixture.open()) == contents)
    #expect(
      Files.names(in: fixture.path) == ["audit.1", "audit.2", "lock", "records.2", "slots"])
    // The former file is only a beginning, and what is behind that is nobody's.
    let page = try fixture.open().auditPage(after: 3, count: 2)
    #expect(page.rows.map(\.number) == [4, 5])
  }

  @Test("a recovery gives up rows that cannot be read again, and goes on") func lostRows() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    let start = fixture.read("audit.1").count
    try fixture.addKeys(["two"], to: vault)
    // As after a failed sync, when the kernel has dropped what it could not write.
    fixture.write(Array(fixture.read("audit.1").prefix(start)), to: "audit.1")
    let draft = vault.beginGeneration(.recovery, by: StoreFixture.owner, at: StoreFixture.start)
    let finished = try #require(try draft.write { false }).finish(vault.remainder)
    #expect(finished.lostRowCount == 1)
    vault.adopt(finished)
    try fixture.addKeys(["three"], to: vault)
    let contents = try Contents(vault)
    #expect(contents.rows.count == 3)
    #expect(try Contents(fixture.open()).organization == contents.organization)
  }

  @Test("recoveries in a row leave few files, and all rows") func recoveries() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    for number in 0..<40 {
      try vault.append([
        AuditRow(time: StoreFixture.start, actor: StoreFixture.owner, verb: "ROW\(number)")
      ])
      if number % 2 == 0 { try StoreFixture.synchronizeAudit(of: vault) }
      try Self.renew(vault, .recovery)
      #expect(try Contents(fixture.open()).rows.count == number + 3)
    }
    let contents = try Contents(vault)
    #expect(contents.rows.map(\.verb) == ["INIT", "IMPORT"] + (0..<40).map { "ROW\($0)" })
    #expect(try Contents(fixture.open()) == contents)
    let names = Files.names(in: fixture.path).filter { $0.hasPrefix("audit.") }
    #expect(names.count <= 18, "\(names)")
    let page = try fixture.open().auditPage(after: 20, count: 5)
    #expect(page.rows.map(\.number) == Array(21...25))
  }

  @Test("what somebody has put beside the files does not become the number of one")
  func strayNumbers() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    for name in ["records.18446744073709551615", "audit.9223372036854775807", "records.2"] {
      fixture.write([1], to: name)
    }
    try fixture.addKeys(["one"], to: vault)
    try Self.renew(vault, .recovery)
    #expect(vault.generation == 3)
    #expect(try fixture.open().organization == vault.organization)
  }

  @Test("a rekey seals everything anew, and the former key opens nothing") func rekey() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    let former = fixture.files()
    let secret = SlotSecret(try StoreFixture.keyFile(), of: 1, isNew: false)
    let key = try vault.keySlots.newKey(opening: [secret], removing: nil)
    try Self.renew(vault, .rekey(key)) {
      try vault.append([
        AuditRow(time: StoreFixture.start, actor: StoreFixture.owner, verb: "ENV")
      ])
    }
    try fixture.addKeys(["three"], to: vault)
    let contents = try Contents(vault)
    #expect(try Contents(fixture.open()) == contents)
    #expect(contents.values == [StoreFixture.value, StoreFixture.value, StoreFixture.value])
    #expect(contents.rows.map(\.verb) == ["INIT", "IMPORT", "IMPORT", "ENV", "IMPORT"])
    // The former slots open no file of now.
    fixture.write(former["slots"] ?? [], to: "slots")
    #expect(throws: StoreError.self) { try fixture.open() }
  }

  @Test("a wrong secret makes no new key") func wrongSecret() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let secret = SlotSecret(try StoreFixture.keyFile(9), of: 1, isNew: false)
    #expect(throws: StoreError.wrongSecret(.keyFile, of: .slot(1))) {
      _ = try vault.keySlots.newKey(opening: [secret], removing: nil)
    }
  }

  @Test("fault 11: a slot that is added opens the vault; older slots are refused from then on")
  func addedSlot() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let former = fixture.files()
    let secret = SlotSecret(try StoreFixture.keyFile(9), of: 0, isNew: true)
    let new = try vault.keySlots.slot(.keyFile, opening: secret, with: try StoreFixture.keyFile())
    let draft = vault.slots(adding: new)
    #expect(try draft.write() == nil)
    vault.adopt(draft)
    _ = vault.append([], by: StoreFixture.owner, verb: "SLOT", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    let opened = try Vault.open(try fixture.directory(), with: try StoreFixture.keyFile(9))
    #expect(opened.vault.organization == vault.organization)
    fixture.write(former["slots"] ?? [], to: "slots")
    #expect(try fixture.outcome() == .refused(.rolledBack(file: "slots")))
  }

  @Test("a long audit goes on in another file, and old ones end") func roll() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    func row(_ verb: String, days: Int64) -> AuditRow {
      AuditRow(
        time: StoreFixture.start.advanced(by: .days(days)), actor: StoreFixture.owner, verb: verb)
    }
    for number in 0..<4 {
      try Self.rollAudit(of: vault)
      // A file that was made and not begun is the end of the one before it.
      #expect(try fixture.open().organization == vault.organization)
      for _ in 0..<300 { try vault.append([row("ROW", days: Int64(number) * 200)]) }
    }
    let contents = try Contents(vault)
    #expect(contents.rows.count == 1202)
    let reopened = try fixture.open()
    #expect(try Contents(reopened).rows == contents.rows)
    let page = try reopened.auditPage(after: 500, count: 200)
    #expect(page.rows.map(\.number) == Array(501...700))
    let since = StoreFixture.start.advanced(by: .days(350))
    let late = try reopened.auditPage(after: 0, since: since, count: 10)
    #expect((late.rows.first?.number ?? 0) > 300)
    // Only what is older than 400 days ends.
    let now = StoreFixture.start.advanced(by: .days(620))
    #expect(reopened.wantsCompaction(at: now))
    let draft = reopened.beginGeneration(.compaction, by: StoreFixture.owner, at: now)
    reopened.adopt(try #require(try draft.write { false }).finish(reopened.remainder))
    let left = try fixture.open().auditPage(after: 0, count: 10_000).rows
    #expect(left.count < 1202 && left.count >= 600)
    #expect(left.last?.number == 1202)
  }

  @Test("what an interrupted change of generation has left is removed, and nothing else")
  func leftovers() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let draft = vault.beginGeneration(.compaction, by: StoreFixture.owner, at: StoreFixture.start)
    _ = try draft.write { false }
    fixture.write(fixture.read("slots"), to: "slots.new")
    fixture.write([1], to: "records.2.damaged")
    #expect(Files.names(in: fixture.path).contains("records.2"))
    let opened = try Vault.open(try fixture.directory(), with: try StoreFixture.keyFile())
    #expect(opened.notes.count == 2)
    #expect(
      Files.names(in: fixture.path)
        == ["audit.1", "lock", "records.1", "records.2.damaged", "slots"])
  }

  @Test("a cancelled or failed generation leaves nothing") func cancelled() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let secret = SlotSecret(try StoreFixture.keyFile(), of: 1, isNew: false)
    let key = try vault.keySlots.newKey(opening: [secret], removing: nil)
    for cause in [GenerationCause.compaction, .rekey(key), .recovery] {
      let draft = vault.beginGeneration(cause, by: StoreFixture.owner, at: StoreFixture.start)
      #expect(try draft.write { true } == nil)
      vault.abandonGeneration()
      #expect(Files.names(in: fixture.path) == ["audit.1", "lock", "records.1", "slots"])
    }
    try fixture.addKeys(["two"], to: vault)
    #expect(try fixture.open().organization == vault.organization)
  }

  @Test("a recovery gives up a file of the audit of which nothing is known to be on the device")
  func recoveryAfterRoll() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try Self.rollAudit(of: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two"], to: vault)
    #expect(Files.names(in: fixture.path).contains("audit.2"))
    try Self.renew(vault, .recovery)
    try fixture.addKeys(["three"], to: vault)
    let contents = try Contents(vault)
    #expect(try Contents(fixture.open()) == contents)
    #expect(
      Files.names(in: fixture.path) == ["audit.1", "audit.3", "lock", "records.3", "slots"])
  }

  @Test("the rows that a snapshot has counted are missed when they are cut off")
  func countedRows() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let draft = vault.beginGeneration(.compaction, by: StoreFixture.owner, at: vault.mark)
    let written = try #require(try draft.write { false })
    // A record that comes meanwhile names the head that was synced before.
    let change = Change.policySet(vault.organization.policy)
    _ = vault.append([change], by: StoreFixture.owner, verb: "POLICY", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    vault.adopt(try written.finish(vault.remainder))
    let bytes = fixture.read("audit.1")
    let first = 72 + 12 + Int(bytes[72]) + Int(bytes[73]) << 8
    fixture.write(Array(bytes.prefix(first)), to: "audit.1")
    #expect(try fixture.outcome() == .refused(.rolledBack(file: "audit.1")))
  }
}
