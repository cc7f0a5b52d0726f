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
    let next = auditFiles.next
    var log = audit
    var bytes: [UInt8] = []
    if let next {
      // The file that was made for them goes on where this one ends.
      log = SealedLog(
        kind: .audit, vault: audit.vault, number: next.number, base: audit.head,
        made: rows[0].time)
      bytes = log.header
    }
    let beginning = log
    let start = next == nil ? auditByteCount : 0
    var index = auditIndex
    log.seal(
      rows, synchronized: synchronizedAuditHead.sequence, key: key, at: start, into: &bytes, &index)
    // After a failure the next rows take the same place.
    try (next?.file ?? auditFiles.last.file).write(bytes, at: start)
    if next != nil { auditFiles.begin(beginning) }
    if unsynchronizedAuditFiles.last?.name != auditFiles.last.file.name {
      unsynchronizedAuditFiles.append(auditFiles.last.file)
    }
    audit = log
    auditByteCount = start + bytes.count
    auditIndex = index
    for row in rows { uses.note(row) }
  }

  /// Whether rows were written since the audit was last synced.
  package var hasUnsynchronizedAudit: Bool { synchronizedAuditHead != audit.head }

  /// The rows that have been written, on their way to the device.
  package var auditSynchronization: AuditSynchronization {
    AuditSynchronization(files: unsynchronizedAuditFiles, head: audit.head)
  }

  package struct AuditSynchronization: Sendable {
    fileprivate let files: [LogFile]
    fileprivate let head: LogHead

    /// Waits until the rows are on the device.
    package func run() throws(StoreError) {
      for file in files { try file.synchronize() }
    }
  }

  /// Takes note that the rows of `synchronization` are on the device.
  package func complete(_ synchronization: AuditSynchronization) {
    guard synchronization.head.sequence > synchronizedAuditHead.sequence else { return }
    synchronizedAuditHead = synchronization.head
    // The last one may have got rows meanwhile.
    unsynchronizedAuditFiles =
      hasUnsynchronizedAudit ? unsynchronizedAuditFiles.suffix(1) : []
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
    guard sequence < audit.head.sequence else {
      return AuditPage(rows: [], last: sequence, hasMore: false)
    }
    var reader = AuditFileReader(of: self, behind: sequence, since: time)
    let start = max(sequence, reader.sequence)
    var rows: [(number: UInt64, row: AuditRow)] = []
    while reader.sequence < audit.head.sequence, reader.sequence < start + UInt64(count) {
      let row = try reader.next()
      if reader.sequence > start { rows.append((reader.sequence, row)) }
    }
    return AuditPage(
      rows: rows, last: reader.sequence, hasMore: reader.sequence < audit.head.sequence)
  }
}

/// Reads the rows of the audit from its files, one after the other.
private struct AuditFileReader {
  private let vault: Vault

  /// Which of the files, and its log as far as it was read.
  private var part: Int
  private var log: SealedLog

  /// A part of the file, where it begins, and how far it has been read.
  private var bytes: [UInt8] = []
  private var start: Int
  private var position = 0

  private static let usualByteCount = 256 << 10

  /// - Parameters:
  ///   - vault: Whose audit it is.
  ///   - sequence: The row behind which to begin, or a little before.
  ///   - time: Rows before it may be passed over; nil for none.
  init(of vault: Vault, behind sequence: UInt64, since time: Instant?) {
    self.vault = vault
    let files = vault.auditFiles
    part = max(
      files.position(behind: sequence), time.map { files.position(before: $0) } ?? 0)
    log = files.parts[part].log
    start = SealedLog.headerByteCount
    let entries = [
      vault.auditIndex.entry(before: sequence, in: log.number),
      time.flatMap { vault.auditIndex.entry(since: $0, in: log.number) },
    ]
    guard let entry = entries.compactMap(\.self).max(by: { $0.head.sequence < $1.head.sequence })
    else { return }
    log = log.continuing(behind: entry.head)
    start = entry.offset
  }

  /// The number of the row that was read last.
  var sequence: UInt64 { log.head.sequence }

  /// Where the file ends that is being read.
  private var end: LogHead {
    let parts = vault.auditFiles.parts
    return part + 1 < parts.count ? parts[part + 1].log.base : vault.audit.head
  }

  mutating func next() throws(StoreError) -> AuditRow {
    if sequence == end.sequence, part + 1 < vault.auditFiles.parts.count {
      part += 1
      log = vault.auditFiles.parts[part].log
      (bytes, start, position) = ([], SealedLog.headerByteCount, 0)
    }
    let former = log
    if let row = try read(behind: former) { return row }
    // The row may go on behind what was read of the file.
    for byteCount in [Self.usualByteCount, SealedLog.maximumFrameByteCount] {
      start += position
      position = 0
      bytes = try vault.auditFiles.parts[part].file.read(at: start, atMost: byteCount)
      if let row = try read(behind: former) { return row }
    }
    throw damaged(former.head.sequence + 1, "has changed")
  }

  private mutating func read(behind former: SealedLog) throws(StoreError) -> AuditRow? {
    let offset = start + position
    guard let (payload, next) = log.openFrame(of: bytes, at: position, key: vault.key.audit) else {
      return nil
    }
    position = next
    guard isKnown(log.head) else {
      throw damaged(former.head.sequence + 1, "is not the one that was written")
    }
    do throws(CodingError) {
      let row = try AuditRow.decoding(payload).row
      vault.auditIndex.note(rowBehind: former, at: offset, time: row.time)
      return row
    } catch {
      throw damaged(former.head.sequence + 1, "cannot be understood")
    }
  }

  /// Whether a head is the one that was there when the row was written or first
  /// read, as far as that is remembered.
  private func isKnown(_ head: LogHead) -> Bool {
    if head.sequence == end.sequence { return head == end }
    guard let entry = vault.auditIndex.entry(before: head.sequence, in: log.number),
      entry.head.sequence == head.sequence
    else { return true }
    return entry.head == head
  }

  private func damaged(_ number: UInt64, _ reason: String) -> StoreError {
    .damaged(
      file: log.fileName, reason: "row \(number) \(reason) (offset \(start + position))")
  }
}

extension UseRecords {
  /// Takes note of what a row tells of uses, and of who has had a value.
  mutating func note(_ row: AuditRow) {
    guard row.outcome == 0 else { return }
    switch row.verb {
    case "ENV", AuditRow.credentialVerb:
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

extension SealedLog {
  /// Seals rows as the next frames of an audit.
  ///
  /// - Parameters:
  ///   - rows: The rows.
  ///   - sequence: The last row that is known to be on the device.
  ///   - key: The vault's.
  ///   - start: Where `bytes` will stand in the file.
  ///   - bytes: What the frames are added to.
  ///   - index: Takes note of where the rows are.
  mutating func seal(
    _ rows: [AuditRow], synchronized sequence: UInt64, key: VaultKey, at start: Int,
    into bytes: inout [UInt8], _ index: inout AuditIndex
  ) {
    for row in rows {
      index.note(rowBehind: self, at: start + bytes.count, time: row.time)
      bytes += seal(row.encoded(synchronized: sequence), key: key.audit)
    }
  }
}
