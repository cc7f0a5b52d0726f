package import Keyring
internal import Platform

// How an open vault gets its next generation.

extension Vault {
  /// A file of records that is shorter is never worth being written anew.
  private static let smallByteCount = 64 << 10

  /// Whether the vault should be written anew: more than half of the records is
  /// dead, the audit is long, or files of it are older than they must be kept.
  package func wantsCompaction(at now: Instant) -> Bool {
    guard carried == nil else { return false }
    if auditByteCount > AuditFiles.longByteCount, auditFiles.next == nil { return true }
    if endedAuditFileCount(at: now) > 0 { return true }
    guard recordsByteCount >= max(Self.smallByteCount, nextEstimate) else { return false }
    let live = organization.approximateSnapshotByteCount
    // What is alive is counted again when there is an eighth more.
    nextEstimate = recordsByteCount + recordsByteCount / 8
    return recordsByteCount > 2 * live
  }

  /// How many of the first files of the audit hold nothing but rows that are older
  /// than the policy wants them kept.
  private func endedAuditFileCount(at now: Instant) -> Int {
    let days = Int64(organization.policy.auditDays)
    let oldest = Instant(secondsSinceEpoch: now.secondsSinceEpoch - days * 86_400)
    let parts = auditFiles.parts
    // The last but one may hold rows that are in no snapshot yet.
    let ended = zip(parts, parts.dropFirst()).prefix { $1.log.made < oldest }.count
    return min(ended, max(parts.count - 2, 0))
  }

  /// Begins the next generation; from now on what is appended is carried to it.
  ///
  /// All batches before must have been written. Exactly one of
  /// ``adopt(_:)`` and ``abandonGeneration()`` must follow.
  ///
  /// - Parameters:
  ///   - cause: Why.
  ///   - actor: Who wants it.
  ///   - now: The vault's time.
  /// - Returns: What is to be written.
  package func beginGeneration(
    _ cause: GenerationCause, by actor: Actor, at now: Instant
  ) -> GenerationDraft {
    precondition(carried == nil, "one generation is made at a time")
    carried = []
    let snapshot = Snapshot(
      organization: organization, uses: uses, mark: now, recordsHead: records.head,
      hashingKeys: hashingKeys)
    return GenerationDraft(
      cause: cause, directory: directory, slots: slots, key: key, snapshot: snapshot,
      audit: auditSource, synchronizedAuditHead: synchronizedAuditHead, actor: actor,
      endedAuditFileCount: cause.movesAudit ? 0 : endedAuditFileCount(at: now),
      rollsAudit: !cause.movesAudit && auditFiles.next == nil
        && auditByteCount > AuditFiles.longByteCount)
  }

  private var auditSource: AuditCopy.Source {
    AuditCopy.Source(files: auditFiles, head: audit.head, key: key)
  }

  /// Which generation it is, from 1.
  package var generation: UInt64 { slots.generation }

  /// Whether the next generation is in the making.
  package var isMakingGeneration: Bool { carried != nil }

  /// What has come since ``beginGeneration(_:by:at:)``; all of it has been written to
  /// the former generation, and no more may come.
  package var remainder: WrittenGeneration.Remainder {
    WrittenGeneration.Remainder(
      payloads: carried ?? [], audit: auditSource,
      unsynchronizedAuditFiles: unsynchronizedAuditFiles)
  }

  /// The same change with its value sealed by the key that the vault has now: it may
  /// have been sealed, and waited, before the vault got another one.
  func underPresentKey(_ change: Change) -> Change {
    switch change {
    case .keyAdded(var key):
      for index in key.versions.indices { reseal(&key.versions[index], of: key.id) }
      return .keyAdded(key)
    case .versionAdded(var version, let id, let lifetime, let formerEnd):
      reseal(&version, of: id)
      return .versionAdded(version, to: id, lifetime: lifetime, formerEnd: formerEnd)
    default: return change
    }
  }

  private func reseal(_ version: inout KeyVersion, of id: KeyID) {
    guard let formerKey, let box = version.sealedValue else { return }
    // What the present key has sealed does not open with the former one.
    let role = ValueRole.version(id, number: version.number)
    if let other = try? formerKey.reseal(box, as: role, with: key) { version.sealedValue = other }
  }

  /// Stays with the generation that is there.
  package func abandonGeneration() { carried = nil }

  /// Goes on with the generation that has taken the place of the former one.
  package func adopt(_ finished: FinishedGeneration) {
    precondition(finished.lastRecord == records.head.sequence, "no record is left behind")
    replaceRecords(finished)
    slots = finished.slots
    for row in finished.addedRows { uses.note(row) }
    if let copy = finished.auditCopy {
      audit = copy.log
      auditFiles = copy.files
      auditByteCount = copy.byteCount
      auditIndex = auditIndex.merged(with: copy.index, behind: copy.base.sequence)
      synchronizedAuditHead = copy.log.head
      unsynchronizedAuditFiles = []
    } else {
      auditFiles.dropFirst(finished.endedAuditFileCount)
      auditIndex.drop(before: auditFiles.parts[0].log.number)
      if let next = finished.nextAuditFile { auditFiles.prepare(next) }
    }
  }
}

extension GenerationCause {
  /// Whether rows of the audit are written anew with it.
  fileprivate var movesAudit: Bool {
    switch self {
    case .compaction: false
    case .rekey, .recovery: true
    }
  }
}

extension Organization {
  /// About how long a snapshot of it is.
  fileprivate var approximateSnapshotByteCount: Int {
    keys.reduce(users.count * 200 + workspaces.count * 100) { $0 + $1.approximateByteCount }
  }
}
