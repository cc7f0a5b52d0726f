import Keyring
import Platform
@testable import Store
import Testing

/// What is done to a vault on a simulated disk, and what of it was acknowledged when.
final class PowerLossStory {
  let disk: SimulatedDisk
  let directory: VaultDirectory
  private(set) var vault: Vault?

  /// What the vault knew after each record; the first is that of the making.
  private(set) var moments: [Moment] = []

  /// So many rows were on the device from such an operation on.
  private(set) var synchronizedRows: [(count: UInt64, operation: Int)] = []

  struct Moment {
    let organization: Organization
    let record: UInt64

    /// The operation from which on it may be there, and from which on it must.
    let applied: Int
    var acknowledged: Int?
  }

  private var keyCount = 0
  private let helper = StoreFixture()

  init(on disk: SimulatedDisk) {
    self.disk = disk
    directory = VaultDirectory(on: disk, at: "/simulated")
  }

  static func bare(_ organization: Organization) -> Organization {
    var bare = organization
    for key in organization.keys {
      for version in key.versions where version.sealedValue != nil {
        bare.replaceSealedValue(of: VersionID(key.id, number: version.number), with: [])
      }
    }
    return bare
  }

  // MARK: What is done

  func create() throws {
    let begun = disk.operationCount
    let opened = try Vault.create(
      in: directory, try StoreFixture.founding(), secret: try StoreFixture.keyFile(),
      by: StoreFixture.owner, at: StoreFixture.start)
    begin(opened.vault, since: begun)
  }

  func restore(_ backup: [UInt8]) throws {
    let begun = disk.operationCount
    let opened = try Vault.restore(
      backup, to: directory, secret: try StoreFixture.keyFile(9), by: StoreFixture.owner,
      at: StoreFixture.start)
    begin(opened.vault, since: begun)
  }

  private func begin(_ vault: Vault, since operation: Int) {
    self.vault = vault
    moments = [
      Moment(
        organization: Self.bare(vault.organization), record: vault.records.head.sequence,
        applied: operation, acknowledged: disk.operationCount)
    ]
  }

  /// Opens the vault once more, as after a kill.
  func reopen() throws {
    vault = nil
    vault = try Vault.open(directory, with: try StoreFixture.keyFile()).vault
  }

  /// Opens the vault after a failure; what it shows then is what must last.
  func recover() throws {
    try reopen()
    let vault = try #require(vault)
    moments = [
      Moment(
        organization: Self.bare(vault.organization), record: vault.records.head.sequence,
        applied: 0, acknowledged: disk.operationCount)
    ]
    synchronizedRows = []
    keyCount += 100
    try addKeys(1)
  }

  /// Stores `count` keys as one batch.
  func addKeys(_ count: Int) throws {
    let vault = try #require(vault)
    var rows: [AuditRow] = []
    let first = moments.count
    for _ in 0..<count {
      keyCount += 1
      let name = "key-\(keyCount)"
      let value = Array("value of \(name)".utf8)
      let plan = KeyPlan(
        reference: try KeyReference(parsing: "me/\(name)"), terms: .imported(leastRank: nil))
      let id = vault.drawKeyID()
      let material = KeyMaterial(
        id: id, digest: vault.fingerprint(of: value.span),
        sealedValue: vault.seal(value.span, as: .version(id, number: 1)))
      let changes = try vault.organization.decide(
        .addKey(plan, material), by: .user(UserID(number: 1)), at: StoreFixture.start)
      rows.append(append(changes, to: vault, verb: "IMPORT", VersionID(id, number: 1)))
    }
    try commit(rows, from: first)
  }

  /// Revokes the oldest key that lives.
  func revokeKey() throws {
    let vault = try #require(vault)
    guard let key = vault.organization.keys.first(where: { $0.revocation == nil }) else { return }
    let first = moments.count
    let changes = try vault.organization.decide(
      .revoke(try KeyReference(parsing: "id:\(key.id.text)"), reason: .none),
      by: .user(UserID(number: 1)), at: StoreFixture.start)
    try commit(
      [append(changes, to: vault, verb: "REVOKE", VersionID(key.id, number: 0))], from: first)
  }

  private func append(
    _ changes: [Change], to vault: Vault, verb: String, _ subject: VersionID
  ) -> AuditRow {
    let record = vault.append(changes, by: StoreFixture.owner, verb: verb, at: StoreFixture.start)
    moments.append(
      Moment(
        organization: Self.bare(vault.organization), record: record,
        applied: disk.operationCount, acknowledged: nil))
    return AuditRow(
      time: StoreFixture.start, actor: StoreFixture.owner, verb: verb, subjects: [subject],
      record: record)
  }

  /// Writes the batch and its rows; then all of it is acknowledged.
  private func commit(_ rows: [AuditRow], from first: Int) throws {
    try vault?.nextBatch()?.write()
    try vault?.append(rows)
    for index in first..<moments.count { moments[index].acknowledged = disk.operationCount }
  }

  func use() throws {
    try vault?.append([
      AuditRow(time: StoreFixture.start, actor: StoreFixture.owner, verb: "ENV")
    ])
  }

  func synchronizeAudit() throws {
    let vault = try #require(vault)
    try StoreFixture.synchronizeAudit(of: vault)
    synchronizedRows.append((vault.audit.head.sequence, disk.operationCount))
  }

  /// Writes the next generation, and stores keys meanwhile.
  func renew(_ cause: GenerationCause, rollsAudit: Bool = false, adding count: Int = 0) throws {
    let vault = try #require(vault)
    var draft = vault.beginGeneration(cause, by: StoreFixture.owner, at: StoreFixture.start)
    draft.rollsAudit = rollsAudit
    do {
      let written = try #require(try draft.write { false })
      if count > 0 { try addKeys(count) }
      try use()
      let finished = try written.finish(vault.remainder)
      vault.adopt(finished)
      // The daemon takes no changes then.
      if let doubt = finished.doubt { throw doubt }
    } catch {
      vault.abandonGeneration()
      throw error
    }
  }

  func rekey() throws {
    let vault = try #require(vault)
    let secret = SlotSecret(try StoreFixture.keyFile(), of: 1, isNew: false)
    let others = try vault.keySlots.list.dropFirst().map { slot in
      SlotSecret(try StoreFixture.keyFile(8), of: slot.number, isNew: false)
    }
    try renew(.rekey(try vault.keySlots.newKey(opening: [secret] + others, removing: nil)))
  }

  func addSlot() throws {
    let vault = try #require(vault)
    let secret = SlotSecret(try StoreFixture.keyFile(8), of: 0, isNew: true)
    let new = try vault.keySlots.slot(.keyFile, opening: secret, with: try StoreFixture.keyFile())
    let draft = vault.slots(adding: new)
    if let doubt = try draft.write() { throw doubt }
    vault.adopt(draft)
    let first = moments.count
    let row = append([], to: vault, verb: "SLOT", VersionID(vault.drawKeyID(), number: 0))
    try commit([row], from: first)
  }
}
