internal import Keyring
internal import Platform
internal import Sodium

/// Why a vault is written anew.
package enum GenerationCause: Sendable {
  /// Much of the records is dead, or the audit has grown long.
  case compaction

  /// With another vault key, which these slots wrap.
  case rekey(NewKey)

  /// A write has failed, and nobody knows what of it is on the device.
  case recovery

  /// The word for it in the audit.
  package var verb: String {
    switch self {
    case .compaction: "COMPACT"
    case .rekey: "REKEY"
    case .recovery: "REPAIR"
    }
  }
}

/// The next generation of a vault, before anything of it is on the disk.
///
/// It is made in three steps, so that nobody waits for the long ones: the draft is
/// taken from the open vault; the snapshot is written on one thread while changes
/// go on to the former generation; and those are carried behind it on another, which
/// then puts the new slots in the place of the former ones. Before that nothing has
/// changed; from then on the former files are leftovers.
package struct GenerationDraft: Sendable {
  let cause: GenerationCause
  let directory: VaultDirectory
  let slots: SlotFile
  let key: VaultKey
  let snapshot: Snapshot
  let audit: AuditCopy.Source

  /// The last row that is known to be on the device.
  let synchronizedAuditHead: LogHead
  let actor: Actor

  /// The files of the audit before the first one that must be kept.
  let endedAuditFileCount: Int

  /// Whether the audit goes on in another file.
  var rollsAudit: Bool

  /// Writes the snapshot to a file of its own, and waits until it is on the device.
  ///
  /// - Parameter isCancelled: Asked now and then.
  /// - Returns: The generation; nil if it was cancelled, and then nothing is left.
  /// - Throws: ``StoreError``; then nothing is left.
  package func write(
    isCancelled: () -> Bool
  ) throws(StoreError) -> WrittenGeneration? {
    let generation = try directory.nextNumber(
      VaultDirectory.FileName.recordsPrefix, above: slots.generation)
    let auditNumber = try directory.nextNumber(
      VaultDirectory.FileName.auditPrefix, above: audit.files.numbers.max() ?? 0)
    do throws(StoreError) {
      let written = try write(generation, auditNumber: auditNumber, isCancelled)
      if written == nil { removeFiles(from: generation, auditNumber) }
      return written
    } catch {
      removeFiles(from: generation, auditNumber)
      throw error
    }
  }

  private func write(
    _ generation: UInt64, auditNumber: UInt64, _ isCancelled: () -> Bool
  ) throws(StoreError) -> WrittenGeneration? {
    var copy = try auditCopy(firstNumber: auditNumber)
    if copy != nil, try copy?.copy(audit, isCancelled: isCancelled) == false { return nil }
    let newKey: VaultKey
    var snapshot = snapshot
    switch cause {
    case .rekey(let new):
      newKey = new.key
      guard
        let resealed = try snapshot.resealed(from: key, to: newKey, isCancelled: isCancelled)
      else { return nil }
      snapshot = resealed
    case .compaction, .recovery: newKey = key
    }
    let payloads = snapshot.payloads(
      by: actor, verb: cause.verb, slotsNumber: slots.number + 1,
      auditHead: copy?.log.head ?? audit.head)
    if isCancelled() { return nil }
    let file = try LogFile(
      VaultDirectory.FileName.records(generation), in: directory, for: .creating)
    var byteCount = 0
    let log = try snapshot.seal(payloads, as: .records, number: generation, key: newKey) {
      (bytes) throws(StoreError) in
      try file.write(bytes, at: byteCount)
      byteCount += bytes.count
    }
    try file.synchronizeNew()
    return WrittenGeneration(
      draft: self, key: newKey, snapshot: snapshot, records: log, recordsFile: file,
      recordsByteCount: byteCount, auditCopy: copy, auditNumber: auditNumber)
  }

  /// The audit in files of its own, if it cannot go on in those that are there.
  private func auditCopy(firstNumber number: UInt64) throws(StoreError) -> AuditCopy? {
    switch cause {
    case .compaction: nil
    case .rekey(let new):
      try AuditCopy(all: audit, key: new.key, firstNumber: number, in: directory)
    case .recovery:
      try AuditCopy(behind: synchronizedAuditHead, of: audit, number: number, in: directory)
    }
  }

  /// Removes what was written; whatever stays is removed at the next opening.
  func removeFiles(from generation: UInt64, _ auditNumber: UInt64) {
    try? directory.remove(VaultDirectory.FileName.records(generation))
    let names = (try? directory.names()) ?? []
    for name in names {
      guard
        let number = VaultDirectory.FileName.number(of: name, VaultDirectory.FileName.auditPrefix),
        number >= auditNumber
      else { continue }
      try? directory.remove(name)
    }
  }
}

/// A generation whose snapshot is on the device, and which nobody names yet.
package struct WrittenGeneration: Sendable {
  let draft: GenerationDraft
  let key: VaultKey
  let snapshot: Snapshot
  var records: SealedLog
  let recordsFile: LogFile
  var recordsByteCount: Int
  var auditCopy: AuditCopy?
  let auditNumber: UInt64

  /// Its number.
  package var generation: UInt64 { records.number }

  /// Whether no row may be written until ``finish(_:adding:)`` has ended, since the rows
  /// are copied.
  package var holdsRows: Bool { auditCopy != nil }

  /// What the vault has got since the draft was made.
  package struct Remainder: Sendable {
    let payloads: [[UInt8]]
    let audit: AuditCopy.Source
    let unsynchronizedAuditFiles: [LogFile]
  }

  /// Carries over what came meanwhile, and puts the generation in the place of the
  /// former one.
  ///
  /// - Parameters:
  ///   - remainder: What came meanwhile; nothing more may come.
  ///   - rows: Further rows of the audit, which are on the device with it; only if
  ///     ``holdsRows``.
  /// - Returns: The generation, which is the vault's now.
  /// - Throws: ``StoreError``; then the former one still is, and nothing is left of
  ///   this one.
  package func finish(
    _ remainder: Remainder, adding rows: [AuditRow] = []
  ) throws(StoreError) -> FinishedGeneration {
    do throws(StoreError) {
      return try putInPlace(remainder, rows)
    } catch {
      discard()
      throw error
    }
  }

  /// Gives the generation up.
  package func discard() { draft.removeFiles(from: records.number, auditNumber) }

  private func putInPlace(
    _ remainder: Remainder, _ rows: [AuditRow]
  ) throws(StoreError) -> FinishedGeneration {
    precondition(rows.isEmpty || holdsRows, "rows are added where they are copied")
    var (records, byteCount, copy) = (records, recordsByteCount, auditCopy)
    var frames: [UInt8] = []
    for payload in remainder.payloads { frames += records.seal(payload, key: key.records) }
    if !frames.isEmpty {
      try recordsFile.write(frames, at: byteCount)
      try recordsFile.synchronize()
      byteCount += frames.count
    }
    var next: AuditFiles.Next?
    if copy != nil {
      _ = try copy?.copy(remainder.audit)
      try copy?.append(rows)
    } else {
      // What the snapshot has of the rows must not be lost behind it.
      for file in remainder.unsynchronizedAuditFiles { try file.synchronize() }
      if draft.rollsAudit {
        let name = VaultDirectory.FileName.audit(auditNumber)
        let file = try LogFile(name, in: draft.directory, for: .creating)
        next = AuditFiles.Next(file: file, number: auditNumber)
      }
    }
    let kept = Array(remainder.audit.files.numbers.dropFirst(draft.endedAuditFileCount))
    let slots = SlotFile(
      vault: draft.slots.vault, number: draft.slots.number + 1, generation: records.number,
      audit: copy?.files.numbers ?? kept + (next.map { [$0.number] } ?? []),
      slots: draft.cause.newSlots ?? draft.slots.slots)
    try slots.requireFitting()
    try draft.directory.synchronize()
    let doubt = try draft.directory.replaceSlots(
      slots.encoded(key: key), inPlaceOf: draft.slots.encoded(key: draft.key))
    // Until the new slots are known to be on the device the former files stay.
    if doubt == nil { _ = try? draft.directory.removeLeftovers(besides: slots.fileNames) }
    return FinishedGeneration(
      cause: draft.cause, slots: slots, key: key, snapshot: snapshot, records: records,
      recordsFile: recordsFile, recordsByteCount: byteCount, auditCopy: copy, nextAuditFile: next,
      endedAuditFileCount: copy == nil ? draft.endedAuditFileCount : 0, addedRows: rows,
      doubt: doubt)
  }
}

extension GenerationCause {
  /// The slots that wrap another vault key; nil where it stays.
  fileprivate var newSlots: [KeySlot]? {
    switch self {
    case .rekey(let new): new.slots
    case .compaction, .recovery: nil
    }
  }
}

/// A generation that is in its place.
package struct FinishedGeneration: Sendable {
  package let cause: GenerationCause
  let slots: SlotFile
  let key: VaultKey
  let snapshot: Snapshot
  let records: SealedLog
  let recordsFile: LogFile
  let recordsByteCount: Int
  let auditCopy: AuditCopy?
  let nextAuditFile: AuditFiles.Next?
  let endedAuditFileCount: Int

  /// Rows that no audit had before.
  let addedRows: [AuditRow]

  /// Why it is not known whether it is on the device; then it takes no changes.
  package let doubt: StoreError?

  /// The rows of the audit that were lost with a file that failed.
  package var lostRowCount: UInt64 { auditCopy?.lostRowCount ?? 0 }

  /// The last record that it holds.
  package var lastRecord: UInt64 { records.head.sequence }
}
