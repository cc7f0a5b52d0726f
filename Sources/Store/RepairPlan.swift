package import Keyring
internal import Platform
internal import Sodium

/// What is wrong with a vault that does not open, and what would be saved of it.
///
/// Nothing is changed by looking. ``carryOut(by:at:)`` writes a new generation of
/// what can be read, and sets the damaged files aside; they are not removed.
package struct RepairPlan: Sendable {
  /// What is wrong, in the order of the files; empty if the vault opens as it is.
  package let problems: [StoreError]

  /// What a repair does, in the order in which it does it.
  package let steps: [String]
  package let losses: [Loss]

  private let directory: VaultDirectory
  private let slots: SlotFile
  private let key: VaultKey
  private let records: RecordsReading
  private let audit: AuditState

  /// The files of which copies are set aside.
  private let aside: [String]

  /// Whether issued keys and grants to units are suspended until somebody has looked at them.
  private let suspendsKeys: Bool

  /// The last record that anything tells of; those behind what can be read are lost.
  private let lastRecord: UInt64

  /// The audit as far as it can be read.
  struct AuditState: Sendable {
    /// The files that stay, and the last row that counts in them.
    let keptNumbers: [UInt64]
    let head: LogHead
    let uses: UseRecords
    let mark: Instant
    let damagedFiles: [String]

    /// All rows that are authentic, wherever they stand.
    let rows: [AuditRow]
    let problem: StoreError?
  }

  /// Looks at the vault in `directory`.
  ///
  /// - Parameters:
  ///   - directory: Where the vault is.
  ///   - secret: What opens one of its slots.
  /// - Throws: ``StoreError`` if nothing can be saved: without the slots, a secret of
  ///   theirs or the beginning of the records nothing can be read.
  package init(
    for directory: VaultDirectory, with secret: borrowing UnlockSecret
  ) throws(StoreError) {
    do throws(StoreError) {
      try self.init(lookingAt: directory, with: secret)
    } catch .damaged(let file, let reason) {
      throw .beyondRepair(file: file, reason: reason)
    }
  }

  /// Throws `damaged` where nothing can be saved.
  private init(
    lookingAt directory: VaultDirectory, with secret: borrowing UnlockSecret
  ) throws(StoreError) {
    let (slots, key) = try Vault.readSlots(in: directory, with: secret)
    let file = try LogFile(VaultDirectory.FileName.records(slots.generation), in: directory)
    let bytes = try file.readAll()
    var records = try RecordsReading.prefix(of: bytes, slots, key: key)
    guard records.hashingKeys != nil else {
      throw .damaged(file: file.name, reason: "its beginning has changed")
    }
    let taken = records.log.hasSnapshot ? [] : try records.takeBehindGap(key: key)
    let lastSaved = max(records.log.head.sequence, taken.max() ?? 0)
    let audit = try AuditState(salvaging: slots, records: records, in: directory, key: key)
    var problems = [records.problem, audit.problem].compactMap(\.self)
    let later = try LaterAudit(
      besides: slots, behind: lastSaved, in: directory, key: key)
    do throws(StoreError) {
      try records.judgeSlots()
      try later.judge()
    } catch {
      problems.append(error)
    }
    let named = audit.rows.compactMap(\.record).max() ?? 0
    if records.problem == nil {
      do throws(StoreError) {
        try records.judgeEnd(lastAcknowledged: named)
      } catch {
        problems.insert(error, at: 0)
      }
    }
    let behind = records.recordsBehindGap(of: bytes, key: key)
    let last = max(
      records.log.head.sequence, named, later.rows.compactMap(\.record).max() ?? 0,
      behind.keys.max() ?? 0)
    let changes = Loss.changes(
      behind: records.log.head.sequence, upTo: problems.isEmpty ? 0 : last, behind,
      audit.rows + later.rows
    ).filter { !taken.contains($0.record ?? 0) }
    let keys =
      records.log.hasSnapshot
      ? [] : Loss.keys(of: records.organization, besides: changes, audit.rows)
    losses = keys + changes
    suspendsKeys = changes.contains(where: \.mayHaveEndedKeys)
    let isCut = records.log.head.sequence < last || !records.log.hasSnapshot
    aside = (isCut ? [file.name] : []) + audit.damagedFiles + later.names
    self.problems = problems
    steps =
      problems.isEmpty
      ? []
      : Self.steps(
        records, audit, aside: aside, upTo: lastSaved) + (suspendsKeys ? [Self.suspension] : [])
    lastRecord = last
    self.directory = directory
    self.slots = slots
    self.key = key
    self.records = records
    self.audit = audit
  }

  private static func steps(
    _ records: RecordsReading, _ audit: AuditState, aside: [String], upTo last: UInt64
  ) -> [String] {
    var steps = aside.map { "a copy of \($0) is set aside as \($0).damaged" }
    let count = records.organization.keys.count
    if records.log.hasSnapshot {
      steps.append(
        "records up to number \(last) are written to a new generation, with \(count) keys")
    } else {
      steps.append(
        "what can be read of the snapshot at record \(records.log.base.sequence) is written to a "
          + "new generation, with \(count) keys")
      steps.append(
        "keys of the rest of the snapshot are lost, and those of which the audit has no row cannot "
          + "be named; a backup may have them")
    }
    if audit.problem != nil {
      steps.append("the audit goes on in a new file, behind row \(audit.head.sequence)")
    }
    return steps
  }

  private static let suspension =
    "issued keys are suspended, and so are grants to units, since what is lost may have ended some: "
    + "look at them, and then 'coffer resume --restored'"

  // MARK: Repairing

  /// Does what ``steps`` says, and opens the vault.
  ///
  /// - Parameters:
  ///   - actor: Who wants it.
  ///   - now: The time.
  /// - Returns: The vault.
  /// - Throws: ``StoreError``; then the vault is as it was, beside copies of its files.
  package func carryOut(by actor: Actor, at now: Instant) throws(StoreError) -> Vault.Opened {
    guard !problems.isEmpty else { return try Vault.open(directory, slots, key: key) }
    for name in aside { try directory.copyAside(name) }
    let auditNumber = try directory.nextNumber(
      VaultDirectory.FileName.auditPrefix, above: slots.audit.max() ?? 0)
    let generation = try directory.nextNumber(
      VaultDirectory.FileName.recordsPrefix, above: slots.generation)
    let file = SlotFile(
      vault: slots.vault, number: max(slots.number, records.lastSlotsNumber) + 1,
      generation: generation, audit: audit.keptNumbers + [auditNumber], slots: slots.slots)
    try file.requireFitting()
    do throws(StoreError) {
      try write(file, by: actor, at: max(now, records.mark, audit.mark))
    } catch {
      try? directory.remove(VaultDirectory.FileName.audit(auditNumber))
      try? directory.remove(VaultDirectory.FileName.records(generation))
      throw error
    }
    if let doubt = try directory.replaceSlots(file.encoded(key: key), inPlaceOf: nil) {
      throw doubt
    }
    return try Vault.open(directory, file, key: key)
  }

  /// Writes the logs that the slots of the repaired vault name.
  private func write(_ file: SlotFile, by actor: Actor, at now: Instant) throws(StoreError) {
    guard let hashingKeys = records.hashingKeys, let auditNumber = file.audit.last else { return }
    try writeAudit(auditNumber, by: actor, at: now)
    var organization = records.organization
    if suspendsKeys {
      do throws(InconsistentChange) {
        try organization.apply(.keysRestored(at: now))
      } catch {
        throw .damaged(
          file: VaultDirectory.FileName.records(slots.generation), reason: error.reason)
      }
    }
    let snapshot = Snapshot(
      organization: organization, uses: audit.uses, mark: now,
      recordsHead: LogHead(sequence: lastRecord, tag: records.log.head.tag),
      hashingKeys: hashingKeys)
    let payloads = snapshot.payloads(
      by: actor, verb: GenerationCause.recovery.verb, slotsNumber: file.number,
      auditHead: audit.head)
    var bytes: [UInt8] = []
    let log = try snapshot.seal(payloads, as: .records, number: file.generation, key: key) {
      (part) throws(StoreError) in bytes += part
    }
    try directory.write(bytes, toNew: log.fileName)
    try directory.synchronize()
  }

  /// The audit goes on in a file of its own, which tells of the repair first.
  private func writeAudit(
    _ number: UInt64, by actor: Actor, at now: Instant
  ) throws(StoreError) {
    var log = SealedLog(
      kind: .audit, vault: slots.vault, number: number, base: audit.head, made: now)
    let header = log.header
    let object = problems.map(\.message).joined(separator: "; ")
    let row = AuditRow(
      time: now, actor: actor, verb: GenerationCause.recovery.verb,
      object: String(object.prefix(200)), record: lastRecord)
    try directory.write(
      header + log.seal(row.encoded(synchronized: audit.head.sequence), key: key.audit),
      toNew: log.fileName)
  }
}
