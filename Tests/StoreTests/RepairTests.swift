import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// What is saved of a vault that does not open.
@Suite("Repair")
struct RepairTests {
  static func plan(_ fixture: StoreFixture) throws -> RepairPlan {
    try RepairPlan(for: try fixture.directory(), with: try StoreFixture.keyFile())
  }

  /// A vault whose audit is in the files 1 to 4, each with rows of its own.
  private static func createWithAuditFiles(_ fixture: StoreFixture) throws -> Vault {
    let vault = try fixture.create()
    for name in ["one", "two", "three"] {
      try fixture.addKeys([name], to: vault)
      try StoreFixture.synchronizeAudit(of: vault)
      try GenerationTests.renew(vault, .recovery)
    }
    try fixture.addKeys(["four"], to: vault)
    return vault
  }

  @Test("a vault that opens has nothing to repair") func nothing() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let files = fixture.files()
    let plan = try Self.plan(fixture)
    #expect(plan.problems.isEmpty && plan.steps.isEmpty && plan.losses.isEmpty)
    #expect(fixture.files() == files)
  }

  @Test("what stands before a damaged record is saved, and what is lost is named")
  func damagedRecord() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    let start = fixture.read("records.1").count
    try fixture.addKeys(["three", "four"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    let lost = vault.organization.keys.suffix(2).map(\.id)
    var bytes = fixture.read("records.1")
    bytes[start + 40] ^= 1
    fixture.write(bytes, to: "records.1")
    let files = fixture.files()
    let plan = try Self.plan(fixture)
    #expect(plan.problems.count == 1)
    #expect(plan.losses.map(\.object) == ["me/three", "me/four"])
    #expect(plan.losses.flatMap(\.keys) == lost)
    #expect(fixture.files() == files, "looking has changed something")
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(opened.vault.organization.keys.map(\.name.text) == ["one", "two"])
    #expect(try StoreFixture.values(of: opened.vault).count == 2)
    #expect(fixture.read("records.1.damaged") == bytes)
    try fixture.addKeys(["five"], to: opened.vault)
    let again = try fixture.open()
    #expect(again.organization.keys.map(\.name.text) == ["one", "two", "five"])
    let rows = try again.auditPage(after: 0, count: 100).rows
    #expect(
      rows.map(\.row.verb) == ["INIT", "IMPORT", "IMPORT", "IMPORT", "IMPORT", "REPAIR", "IMPORT"])
    #expect(rows.map(\.number) == Array(1...7))
  }

  @Test("an audit that was put back is accepted, and the records stay whole") func rolledBack()
    throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let early = fixture.read("audit.1")
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two"], to: vault)
    fixture.write(early, to: "audit.1")
    let plan = try Self.plan(fixture)
    #expect(plan.problems == [.rolledBack(file: "audit.1")])
    #expect(plan.losses.isEmpty)
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(opened.vault.organization == vault.organization)
    #expect(try fixture.open().organization == vault.organization)
    #expect(
      try fixture.open().auditPage(after: 0, count: 9).rows.map(\.row.verb) == ["INIT", "REPAIR"])
  }

  @Test(
    "whatever byte is flipped in a log, a repair gives a vault that opens, or changes nothing",
    arguments: ["records.1", "audit.1"])
  func flips(name: String) throws {
    let (fixture, files, _) = try DamageTests.fixture()
    let bytes = try #require(files[name])
    TestCounts.add("flips", bytes.count / 7)
    for position in stride(from: 0, to: bytes.count, by: 7) {
      var damaged = files
      damaged[name]?[position] ^= 0x40
      fixture.restore(damaged)
      guard case .refused = try fixture.outcome() else { continue }
      do {
        let opened = try Self.plan(fixture).carryOut(
          by: StoreFixture.owner, at: StoreFixture.start)
        #expect(try fixture.open().organization == opened.vault.organization, "\(position)")
        let names = opened.vault.organization.keys.map(\.name.text)
        #expect(names == Array(["one", "two", "three"].prefix(names.count)), "\(position)")
        #expect(name == "records.1" || names.count == 3, "\(position)")
        let aside = Files.names(in: fixture.path).filter { $0.hasSuffix(".damaged") }
        #expect(aside.allSatisfy { damaged[String($0.dropLast(8))] == fixture.read($0) })
        #expect(aside.contains(name + ".damaged"), "\(position)")
      } catch is StoreError {
        #expect(
          fixture.files() == damaged, "\(position): nothing could be saved, and it was touched")
      }
    }
  }

  @Test("older slots beside newer records are accepted by a repair") func olderSlots() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let former = fixture.read("slots")
    let secret = SlotSecret(try StoreFixture.keyFile(9), of: 0, isNew: true)
    let new = try vault.keySlots.slot(.keyFile, opening: secret, with: try StoreFixture.keyFile())
    let draft = vault.slots(adding: new)
    _ = try draft.write()
    vault.adopt(draft)
    _ = vault.append([], by: StoreFixture.owner, verb: "SLOT", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    fixture.write(former, to: "slots")
    let plan = try Self.plan(fixture)
    #expect(plan.problems == [.rolledBack(file: "slots")])
    _ = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(try fixture.open().slots.number == 3)
  }

  @Test("files of the audit behind one that is missing go on, and tell what is lost")
  func missingAudit() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try GenerationTests.renew(vault, .recovery)
    let start = fixture.read("records.2").count
    try fixture.addKeys(["two"], to: vault)
    let audit = fixture.read("audit.2")
    fixture.write(Array(fixture.read("records.2").prefix(start)), to: "records.2")
    Files.removeTree(fixture.path + "/audit.1")
    let plan = try Self.plan(fixture)
    #expect(plan.losses.map(\.object) == ["me/two"])
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(opened.vault.organization.keys.map(\.name.text) == ["one"])
    #expect(fixture.read("audit.2") == audit)
    #expect(try fixture.open().organization == opened.vault.organization)
    let rows = try GenerationTests.Contents(fixture.open()).rows
    #expect(rows.map(\.verb) == ["IMPORT", "IMPORT", "REPAIR"])
  }

  @Test("what is between a missing file of the audit and one without a header stays")
  func severalUnreadable() throws {
    let fixture = StoreFixture()
    let vault = try Self.createWithAuditFiles(fixture)
    Files.removeTree(fixture.path + "/audit.1")
    var bytes = fixture.read("audit.4")
    bytes[0] ^= 1
    fixture.write(bytes, to: "audit.4")
    let plan = try Self.plan(fixture)
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(opened.vault.organization == vault.organization)
    #expect(fixture.read("audit.4.damaged") == bytes)
    let names = Files.names(in: fixture.path).filter { $0.hasPrefix("audit.") }
    #expect(names == ["audit.2", "audit.3", "audit.4.damaged", "audit.5"])
    #expect(try fixture.open().organization == vault.organization)
  }

  @Test("a file of the audit that has only begun to be written is nothing to repair")
  func unbegun() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try GenerationTests.rollAudit(of: vault)
    fixture.write([0x43, 0x6F], to: "audit.2")
    #expect(try Self.plan(fixture).problems.isEmpty)
    #expect(try fixture.open().organization == vault.organization)
  }

  @Test("a damaged file of the audit that no opening reads is set aside, and later rows stay")
  func olderAudit() throws {
    let fixture = StoreFixture()
    let vault = try Self.createWithAuditFiles(fixture)
    var bytes = fixture.read("audit.2")
    bytes[100] ^= 1
    fixture.write(bytes, to: "audit.2")
    // It opens, and lists no rows.
    #expect(throws: StoreError.self) { try GenerationTests.Contents(fixture.open()) }
    let plan = try Self.plan(fixture)
    #expect(plan.problems.count == 1 && plan.losses.isEmpty, "\(plan.problems)")
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(opened.vault.organization == vault.organization)
    for name in ["audit.1", "audit.2"] {
      #expect(plan.steps.contains { $0.contains("\(name) is set aside") }, "\(plan.steps)")
      #expect(Files.names(in: fixture.path).contains("\(name).damaged"))
    }
    let rows = try GenerationTests.Contents(fixture.open()).rows
    #expect(rows.map(\.verb) == ["IMPORT", "IMPORT", "REPAIR"])
  }

  // MARK: Snapshots

  @Test("of a damaged snapshot all keys are saved but those in the damaged part, which are named")
  func damagedSnapshot() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys((1...60).map { "key-\($0)" }, to: vault)
    try GenerationTests.renew(vault, .compaction)
    try fixture.addKeys(["late"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    let all = vault.organization.keys.map(\.id)
    let files = fixture.files()
    let bytes = try #require(files["records.2"])
    var (saved, refused, told) = (0, 0, 0)
    for position in stride(from: 72, to: bytes.count, by: 173) {
      var damaged = files
      damaged["records.2"]?[position] ^= 0x10
      fixture.restore(damaged)
      guard let plan = try? Self.plan(fixture) else {
        // Only the part with the keys of hashing is needed by all else.
        refused += 1
        #expect(fixture.files() == damaged)
        continue
      }
      saved += 1
      let tells = plan.steps.contains { $0.hasPrefix("keys of the rest of the snapshot are lost") }
      let saysWhole = plan.steps.contains { $0.hasPrefix("records up to number") }
      #expect(tells != saysWhole, "\(position): \(plan.steps)")
      told += tells ? 1 : 0
      let left = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
      let keys = left.vault.organization.keys.map(\.id)
      let lost = plan.losses.flatMap(\.keys)
      #expect(keys.count >= 40, "\(position): \(keys.count) keys")
      #expect(lost.count == Set(lost).count && Set(lost + keys) == Set(all), "\(position)")
      #expect(lost.count + keys.count == all.count, "\(position)")
      #expect(try StoreFixture.values(of: left.vault).count == keys.count)
      #expect(try fixture.open().organization == left.vault.organization)
      #expect(fixture.read("records.2.damaged") == damaged["records.2"])
    }
    #expect(saved > 40 && refused < 10, "\(saved) saved, \(refused) refused")
    #expect(told > 30 && told < saved, "\(told) of \(saved) tell of lost keys without a name")
  }
}
