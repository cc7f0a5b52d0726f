internal import Keyring

/// What the files of the audit say, and whether their end is a torn one.
///
/// Rows are written before they are synced, so a power failure may take the
/// last ones, and that is no damage. Whatever is known to have been on the
/// device must still be there: the records name a head of the audit that was,
/// and each row names the last one that was when it was written.
struct AuditReading {
  /// The log of the last file up to the last row that is kept.
  private(set) var log: SealedLog

  /// Where that row ends.
  private(set) var byteCount = SealedLog.headerByteCount

  /// Which of the files that is; those behind it are to be begun anew.
  private(set) var position = 0

  /// The last record that a kept row names, or that is known to have had one.
  private(set) var lastKeptRecord: UInt64

  /// The last record that any authentic row names: it was acknowledged.
  private(set) var lastNamedRecord: UInt64 = 0

  /// The latest time that a row tells of, since the clock was last set.
  private(set) var mark = Instant(secondsSinceEpoch: 0)

  /// Who has used and seen what, by the records and the rows that are kept.
  private(set) var uses: UseRecords

  /// Where the rows stand that are kept.
  private(set) var index = AuditIndex()

  /// Whether the last row tells that the vault was locked, with all on the device.
  private(set) var endsCleanly = false

  /// The last row that is known to have been on the device.
  private(set) var lastSynchronized: UInt64 = 0

  /// Whether the head that the records name was there.
  private(set) var headWasSeen = false

  private let contents: [Contents]
  private let checkpoint: UInt64
  private let clockSetting: ClockSetting?

  /// Whether the clock was last set before the rows that come now.
  private var isBehindClockSetting: Bool

  /// A file, and all that is in it.
  struct Contents {
    /// Before its first row.
    let log: SealedLog
    let bytes: [UInt8]
  }

  /// Reads all authentic rows, and judges their end.
  ///
  /// - Parameters:
  ///   - contents: The files from the one on in which the checkpoint is.
  ///   - records: What the records say.
  ///   - key: The keys of the vault.
  ///   - opened: The frames of the last one of these files, if they were opened before.
  /// - Throws: `damaged` if a row has changed that was on the device; `rolled back`
  ///   if the audit ends before one.
  init(
    _ contents: [Contents], records: RecordsReading, key: VaultKey,
    opened: OpenedFrames? = nil
  ) throws(StoreError) {
    try self.init(readingPrefixOf: contents, records: records, key: key, opened: opened)
    try judgeEnd()
  }

  /// The same of files that may be damaged: whatever can be read before that.
  ///
  /// Throws `damaged` for a row that no vault of this version writes.
  init(
    readingPrefixOf contents: [Contents], records: RecordsReading, key: VaultKey,
    opened: OpenedFrames? = nil
  ) throws(StoreError) {
    let payloads = opened?.take()
    self.contents = contents
    clockSetting = records.clockSetting
    isBehindClockSetting = records.clockSetting == nil
    checkpoint = records.checkpoint?.auditHead.sequence ?? 0
    uses = records.uses
    lastKeptRecord = records.log.base.sequence
    log = contents[0].log
    let named = records.auditHead
    // What is in files before these was judged when they were left behind.
    headWasSeen = named == .none || named.sequence < log.base.sequence
    while true {
      note(named)
      while !isContinued {
        let former = log
        let isLast = position == contents.count - 1
        let ahead = isLast ? payloads?[Int(log.frameCount)] : nil
        guard let (payload, next) = openNext(ahead, key: key) else { break }
        try keep(payload, behind: former, endingAt: next)
        note(named)
      }
      guard isContinued else { break }
      position += 1
      log = contents[position].log
      byteCount = SealedLog.headerByteCount
    }
    lastSynchronized = max(named.sequence, try readBehindGap(key: key))
  }

  /// The next row of this file, which may have been opened before.
  private mutating func openNext(
    _ ahead: [UInt8]?, key: VaultKey
  ) -> (payload: [UInt8], next: Int)? {
    let file = contents[position].bytes
    guard let ahead else { return log.openFrame(of: file, at: byteCount, key: key.audit) }
    return log.passFrame(of: file, at: byteCount).map { (ahead, $0) }
  }

  /// Whether the next file goes on behind the row that was read last.
  private var isContinued: Bool {
    position + 1 < contents.count && contents[position + 1].log.base == log.head
  }

  private mutating func note(_ named: LogHead) {
    if log.head == named || (log.frameCount == 0 && log.base == named) { headWasSeen = true }
  }

  private mutating func keep(
    _ payload: [UInt8], behind former: SealedLog, endingAt next: Int
  ) throws(StoreError) {
    let row = try take(payload, isKept: true).row
    index.note(rowBehind: former, at: byteCount, time: row.time)
    if log.head.sequence > checkpoint { uses.note(row) }
    lastKeptRecord = max(lastKeptRecord, row.record ?? 0)
    endsCleanly = row.isCleanEnd
    byteCount = next
  }

  /// Throws as ``init(_:records:key:)`` does.
  func judgeEnd() throws(StoreError) {
    // A header is authentic by the row behind it alone, which is written with it.
    guard position > 0 || log.frameCount > 0 else {
      throw byteCount < contents[0].bytes.count
        ? damaged("its first row has changed") : .rolledBack(file: log.fileName)
    }
    if log.head.sequence < lastSynchronized {
      let isCut = byteCount >= contents[position].bytes.count && position == contents.count - 1
      guard !isCut else { throw .rolledBack(file: log.fileName) }
      throw damaged("row \(log.head.sequence + 1) has changed")
    }
    guard headWasSeen else { throw .rolledBack(file: log.fileName) }
  }

  /// Looks for authentic rows behind one that is not.
  ///
  /// - Returns: The last row that they say was on the device; 0 if there are none.
  private mutating func readBehindGap(key: VaultKey) throws(StoreError) -> UInt64 {
    var synchronized: UInt64 = 0
    var log = log
    var offset = byteCount
    for index in position..<contents.count {
      let file = contents[index].bytes
      if index > position {
        log = contents[index].log
        offset = SealedLog.headerByteCount
      }
      while let (payload, next) = log.openNextFrame(of: file, at: offset, key: key.audit) {
        synchronized = max(synchronized, try take(payload, isKept: false).synchronized)
        offset = next
      }
    }
    return synchronized
  }

  private mutating func take(
    _ payload: [UInt8], isKept: Bool
  ) throws(StoreError) -> AuditRow.Read {
    let read: AuditRow.Read
    do throws(CodingError) {
      read = try AuditRow.decoding(payload)
    } catch {
      throw damaged("a row cannot be understood")
    }
    lastNamedRecord = max(lastNamedRecord, read.row.record ?? 0)
    if !isKept || log.head.sequence > checkpoint { noteTime(of: read.row) }
    return read
  }

  private mutating func noteTime(of row: AuditRow) {
    guard isBehindClockSetting else {
      // Of an earlier reckoning, which an Owner has said was wrong.
      mark = clockSetting?.moment ?? mark
      isBehindClockSetting = row.record == clockSetting?.record
      return
    }
    mark = max(mark, row.time)
  }

  private func damaged(_ reason: String) -> StoreError {
    .damaged(file: log.fileName, reason: "\(reason) (offset \(byteCount))")
  }
}
