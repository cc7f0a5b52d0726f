package import Keyring
internal import Platform

// The audit of an open vault.

extension Vault {
  // MARK: Writing

  /// Writes `rows` in one go; they need not be on the device yet.
  ///
  /// Throws if they could not be written; then none of them counts as written.
  package func append(_ rows: [AuditRow]) throws(StoreError) {
    guard !rows.isEmpty else { return }
    let former = audit
    var index = auditIndex
    var bytes: [UInt8] = []
    for row in rows {
      index.note(rowBehind: audit.head, at: auditByteCount + bytes.count, time: row.time)
      bytes += audit.seal(
        row.encoded(synchronized: synchronizedAuditHead.sequence), key: key.audit)
    }
    do throws(StoreError) {
      try auditFile.write(bytes, at: auditByteCount)
    } catch {
      // The next rows take the same place.
      audit = former
      throw error
    }
    auditByteCount += bytes.count
    auditIndex = index
    for row in rows { uses.note(row) }
  }

  /// Whether rows were written since the audit was last synced.
  package var hasUnsynchronizedAudit: Bool { synchronizedAuditHead != audit.head }

  /// The rows that have been written, on their way to the device.
  package var auditSynchronization: AuditSynchronization {
    AuditSynchronization(file: auditFile, head: audit.head)
  }

  package struct AuditSynchronization: Sendable {
    fileprivate let file: LogFile
    fileprivate let head: LogHead

    /// Waits until the rows are on the device.
    package func run() throws(StoreError) { try file.synchronize() }
  }

  /// Takes note that the rows of `synchronization` are on the device.
  package func complete(_ synchronization: AuditSynchronization) {
    guard synchronization.head.sequence > synchronizedAuditHead.sequence else { return }
    synchronizedAuditHead = synchronization.head
  }

  // MARK: Reading

  /// Some rows of the audit, and where to go on.
  package struct AuditPage {
    /// In order, each with its number; the first row is 1.
    package let rows: [(number: UInt64, row: AuditRow)]

    /// The number of the last row that was looked at.
    package let last: UInt64

    /// Whether there are rows behind that one.
    package let hasMore: Bool
  }

  /// Reads rows from the file, and checks on the way that they are authentic,
  /// whole and in their order.
  ///
  /// - Parameters:
  ///   - sequence: The number of the row behind which to begin.
  ///   - time: No row before it is wanted; nil for all.
  ///   - count: How many rows to look at, at most.
  /// - Returns: The rows.
  /// - Throws: `damaged` with the number of the first bad row, and what reading throws.
  package func auditPage(
    after sequence: UInt64, since time: Instant? = nil, count: Int
  ) throws(StoreError) -> AuditPage {
    guard sequence < audit.head.sequence, let entry = place(after: sequence, since: time) else {
      return AuditPage(rows: [], last: sequence, hasMore: false)
    }
    var reader = AuditFileReader(entry, of: self)
    let start = max(sequence, entry.head.sequence)
    var rows: [(number: UInt64, row: AuditRow)] = []
    while reader.sequence < audit.head.sequence, reader.sequence < start + UInt64(count) {
      let row = try reader.next()
      if reader.sequence > start { rows.append((reader.sequence, row)) }
    }
    return AuditPage(
      rows: rows, last: reader.sequence, hasMore: reader.sequence < audit.head.sequence)
  }

  private func place(after sequence: UInt64, since time: Instant?) -> AuditIndex.Entry? {
    let next = auditIndex.entry(before: sequence)
    guard let time, let later = auditIndex.entry(since: time) else { return next }
    return (next?.head.sequence ?? 0) < later.head.sequence ? later : next
  }
}

/// Reads the rows of the audit from its file, one after the other.
private struct AuditFileReader {
  private let vault: Vault
  private var log: SealedLog

  /// A part of the file, where it begins, and how far it has been read.
  private var bytes: [UInt8] = []
  private var start: Int
  private var position = 0

  private static let usualByteCount = 256 << 10

  init(_ entry: AuditIndex.Entry, of vault: Vault) {
    self.vault = vault
    log = vault.audit.continuing(behind: entry.head)
    start = entry.offset
  }

  /// The number of the row that was read last.
  var sequence: UInt64 { log.head.sequence }

  mutating func next() throws(StoreError) -> AuditRow {
    let former = log.head
    if let row = try read(behind: former) { return row }
    // The row may go on behind what was read of the file.
    for byteCount in [Self.usualByteCount, SealedLog.maximumFrameByteCount] {
      start += position
      position = 0
      bytes = try vault.auditFile.read(at: start, atMost: byteCount)
      if let row = try read(behind: former) { return row }
    }
    throw damaged(former.sequence + 1, "has changed")
  }

  private mutating func read(behind former: LogHead) throws(StoreError) -> AuditRow? {
    guard let (payload, next) = log.openFrame(of: bytes, at: position, key: vault.key.audit) else {
      return nil
    }
    position = next
    guard vault.isHead(log.head) else {
      throw damaged(former.sequence + 1, "is not the one that was written")
    }
    do throws(CodingError) {
      return try AuditRow.decoding(payload).row
    } catch {
      throw damaged(former.sequence + 1, "cannot be understood")
    }
  }

  private func damaged(_ number: UInt64, _ reason: String) -> StoreError {
    .damaged(
      file: log.fileName, reason: "row \(number) \(reason) (offset \(start + position))")
  }
}

extension Vault {
  /// Whether a head is the one that was there when the row was written or first
  /// read, as far as that is remembered.
  fileprivate func isHead(_ head: LogHead) -> Bool {
    if head.sequence == audit.head.sequence { return head == audit.head }
    guard let entry = auditIndex.entry(before: head.sequence),
      entry.head.sequence == head.sequence
    else { return true }
    return entry.head == head
  }
}

extension UseRecords {
  /// Takes note of what a row tells of uses, and of who has had a value.
  mutating func note(_ row: AuditRow) {
    guard row.outcome == 0 else { return }
    switch row.verb {
    case "ENV":
      for subject in row.subjects { noteUse(subject, row) }
      for subject in row.subjects { note(.injected, subject, row) }
    case "VERIFY", "AUTH":
      for subject in row.subjects { noteUse(subject, row) }
    case "CREATE", "ROTATE":
      // Of a rotation that ended a grace, the new version is the last subject.
      if let subject = row.subjects.last { note(.shown, subject, row) }
    case "IMPORT", "REPLACE":
      if let subject = row.subjects.last { note(.supplied, subject, row) }
    case _: break
    }
  }

  private mutating func noteUse(_ subject: VersionID, _ row: AuditRow) {
    noteUse(of: subject, at: row.time, uid: row.actor.uid, command: row.actor.command)
  }

  private mutating func note(_ exposure: Exposure, _ subject: VersionID, _ row: AuditRow) {
    guard let user = row.actor.user else { return }
    note(exposure, of: subject, to: user, at: row.time)
  }
}
