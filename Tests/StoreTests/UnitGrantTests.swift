import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// What units are given, as the vault keeps it.
@Suite("Kept grants to units")
struct UnitGrantTests {
  let fixture = StoreFixture()
  let vault: Vault

  /// A vault with the keys me/one and me/two, of which the first is given to a unit.
  init() throws {
    vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    try Self.grant("one", to: "web.service", in: vault)
  }

  /// Grants or withdraws as the daemon does: record, sync, audit row.
  static func grant(
    _ name: String, to unit: String, withdraws: Bool = false, in vault: Vault
  ) throws {
    let reference = try KeyReference(parsing: "me/\(name)")
    let unit = try UnitName(parsing: unit)
    let request: Request =
      withdraws
      ? .withdrawFromUnit(reference, unit, as: nil) : .grantToUnit(reference, unit, as: nil)
    let changes = try vault.organization.decide(
      request, by: .user(UserID(number: 1)), at: StoreFixture.start)
    let record = vault.append(
      changes, by: StoreFixture.owner, verb: "GRANT", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    try vault.append([
      AuditRow(
        time: StoreFixture.start, actor: StoreFixture.owner, verb: "GRANT",
        subjects: changes.compactMap(\.subject), object: "\(unit.text) me/\(name)",
        record: record)
    ])
  }

  /// `UNIT CREDENTIAL`, or with `restored` behind it, for each grant.
  static func grants(in organization: Organization) -> [String] {
    organization.keys.flatMap { organization.unitGrants(of: $0.id) }.map { grant in
      "\(grant.credential.unit.text) \(grant.credential.name.text)"
        + (grant.isRestored ? " restored" : "")
    }
  }

  /// What the second reader says must be what this one says.
  private func compare(
    _ path: String, _ vault: Vault, _ secret: UInt8 = 7
  ) throws {
    guard SecondReader.isPossible else { return }
    let text = VaultText(vault, at: StoreFixture.start)
    let result = SecondReader.run(
      "keys", path, .keyFile([UInt8](repeating: secret, count: 40)),
      at: StoreFixture.start.secondsSinceEpoch)
    #expect(try result.outputText == text.keys(), "\(result.errorText)")
    #expect(result.outputText.contains(#""units":["#))
  }

  @Test("grants are read again from the records, and from a snapshot with what came meanwhile")
  func roundTrip() throws {
    try Self.grant("two", to: "web@.service", in: vault)
    #expect(try fixture.open().organization == vault.organization)
    try compare(fixture.path, vault)
    try GenerationTests.renew(vault, .compaction) {
      try Self.grant("two", to: "web@.service", withdraws: true, in: vault)
      try Self.grant("two", to: "b.socket", in: vault)
    }
    try Self.grant("one", to: "a.mount", in: vault)
    let again = try fixture.open()
    #expect(again.organization == vault.organization)
    #expect(
      Self.grants(in: again.organization) == ["a.mount one", "web.service one", "b.socket two"])
    try compare(fixture.path, again)
    try GenerationTests.renew(again, .compaction)
    #expect(try fixture.open().organization == again.organization)
  }

  @Test("grants come back from a backup, and give nothing until somebody has looked")
  func backup() throws {
    let bytes = try BackupTests.backup(of: vault)
    let path = fixture.temporary.path("backup")
    Files.write(bytes, to: path)
    try compare(path, vault, 9)
    let other = StoreFixture()
    let restored = try Vault.restore(
      bytes, to: try other.directory(), secret: try StoreFixture.keyFile(9),
      by: StoreFixture.owner, at: StoreFixture.start
    ).vault
    #expect(Self.grants(in: restored.organization) == ["web.service one restored"])
    try compare(other.path, restored, 9)
    try GenerationTests.renew(restored, .compaction)
    let again = try Vault.open(try other.directory(), with: try StoreFixture.keyFile(9)).vault
    #expect(again.organization == restored.organization)
    try compare(other.path, again, 9)
  }

  // MARK: Repair

  /// Changes a byte of the record that begins at `start`, and repairs.
  private func repair(damagedAt start: Int) throws -> (RepairPlan, Organization) {
    try StoreFixture.synchronizeAudit(of: vault)
    var bytes = fixture.read("records.1")
    bytes[start + 40] ^= 1
    fixture.write(bytes, to: "records.1")
    let plan = try RepairTests.plan(fixture)
    let opened = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(try fixture.open().organization == opened.vault.organization)
    return (plan, opened.vault.organization)
  }

  @Test("a repair that has lost a withdrawal gives the unit nothing until somebody has looked")
  func lostWithdrawal() throws {
    let start = fixture.read("records.1").count
    try Self.grant("one", to: "web.service", withdraws: true, in: vault)
    #expect(Self.grants(in: vault.organization).isEmpty)
    let (plan, organization) = try repair(damagedAt: start)
    #expect(plan.losses.map(\.verb) == ["GRANT"])
    #expect(plan.losses.flatMap(\.keys) == [vault.organization.keys[0].id])
    let step = plan.steps.last ?? "none"
    #expect(step.contains("suspended, and so are grants to units"), "\(step)")
    #expect(Self.grants(in: organization) == ["web.service one restored"])
  }

  @Test("a repair that has lost the making of a key leaves grants as they were") func lostMaking()
    throws
  {
    let start = fixture.read("records.1").count
    try fixture.addKeys(["three"], to: vault)
    let (plan, organization) = try repair(damagedAt: start)
    #expect(plan.losses.map(\.verb) == ["IMPORT"])
    #expect(Self.grants(in: organization) == ["web.service one"])
  }

  @Test("of a damaged snapshot the grants of lost keys are lost, and the others are kept")
  func damagedSnapshot() throws {
    try fixture.addKeys((1...60).map { "key-\($0)" }, to: vault)
    for number in 1...60 { try Self.grant("key-\(number)", to: "web.service", in: vault) }
    try GenerationTests.renew(vault, .compaction)
    try StoreFixture.synchronizeAudit(of: vault)
    let files = fixture.files()
    let bytes = try #require(files["records.2"])
    var saved: Set<Int> = []
    for position in stride(from: 300, to: bytes.count, by: 331) {
      var damaged = files
      damaged["records.2"]?[position] ^= 0x10
      fixture.restore(damaged)
      guard let plan = try? RepairTests.plan(fixture) else { continue }
      let organization = try plan.carryOut(
        by: StoreFixture.owner, at: StoreFixture.start
      ).vault.organization
      let kept = Self.grants(in: organization)
      saved.insert(kept.count)
      #expect(kept.count < 61 && organization.keys.count >= 40, "\(position)")
      #expect(try fixture.open().organization == organization, "\(position)")
    }
    #expect(saved.count > 2, "\(saved)")
  }

  // MARK: Use

  @Test("a credential that a unit was given counts as a use, and as nobody's sight of the value")
  func uses() throws {
    let key = vault.organization.keys[1]
    try vault.append([
      AuditRow(
        time: StoreFixture.start,
        actor: Actor(user: nil, uid: 0, processID: 1, command: "web.service"), verb: "CREDENTIAL",
        subjects: [VersionID(key.id, number: 1)], object: "web.service two"),
      AuditRow(
        time: StoreFixture.start, actor: StoreFixture.owner, verb: "CREDENTIAL", outcome: 251,
        subjects: [VersionID(key.id, number: 1)]),
    ])
    for vault in [vault, try fixture.open()] {
      #expect(vault.uses[key.id]?.count == 1)
      #expect(vault.uses[key.id]?.last(of: 1) == StoreFixture.start)
      #expect(vault.uses[key.id]?.command == "web.service")
      let seen = vault.uses.liveValues(
        seenBy: UserID(number: 1), in: vault.organization, at: StoreFixture.start)
      #expect(seen.map(\.exposure) == [.supplied, .supplied])
    }
    try compare(fixture.path, vault)
  }
}
