internal import Keyring

/// What a file of the audit says, and whether its end is a torn one.
///
/// Rows are written before they are synced, so a power failure may take the
/// last ones, and that is no damage. Whatever is known to have been on the
/// device must still be there: the records name a head of the audit that was,
/// and each row names the last one that was when it was written.
struct AuditReading {
  /// The log up to the last row that is kept.
  private(set) var log: SealedLog

  /// Where that row ends.
  private(set) var byteCount: Int

  /// The last record that a kept row names.
  private(set) var lastKeptRecord: UInt64 = 0

  /// The last record that any authentic row names: it was acknowledged.
  private(set) var lastNamedRecord: UInt64 = 0

  /// The latest time that a row tells of, since the clock was last set.
  private(set) var mark = Instant(secondsSinceEpoch: 0)

  /// Who has used and seen what, by the rows that are kept.
  private(set) var uses = UseRecords()

  /// Where the rows stand that are kept.
  private(set) var index = AuditIndex()

  /// Whether the last row tells that the vault was locked, with all on the device.
  private(set) var endsCleanly = false

  private let file: [UInt8]
  private let clockSetting: ClockSetting?

  /// Whether the clock was last set before the rows that come now.
  private var isBehindClockSetting: Bool

  /// Reads all authentic rows of `file`, and judges its end.
  ///
  /// - Parameters:
  ///   - file: The bytes of the file.
  ///   - vault: Whose it is.
  ///   - named: The last head that the records name.
  ///   - clockSetting: When the records say that the clock was last set.
  ///   - key: The keys of the vault.
  /// - Throws: `unknown version`; `damaged` if a row has changed that was on the
  ///   device; `rolled back` if the file ends before one.
  init(
    _ file: [UInt8], vault: VaultID, recordsNameHead named: LogHead,
    clockSetting: ClockSetting?, key: borrowing VaultKey
  ) throws(StoreError) {
    self.file = file
    self.clockSetting = clockSetting
    isBehindClockSetting = clockSetting == nil
    log = try SealedLog(kind: .audit, vault: vault, number: 1, readingHeaderOf: file)
    byteCount = SealedLog.headerByteCount
    var headWasSeen = log.head == named || named == .none
    while true {
      let former = log.head
      guard let (payload, next) = log.openFrame(of: file, at: byteCount, key: key.audit) else {
        break
      }
      let read = try take(payload)
      index.note(rowBehind: former, at: byteCount, time: read.row.time)
      uses.note(read.row)
      lastKeptRecord = max(lastKeptRecord, read.row.record ?? 0)
      endsCleanly = read.row.isCleanEnd
      byteCount = next
      if log.head == named { headWasSeen = true }
    }
    let lastSynchronized = max(named.sequence, try readBehindGap(key: key))
    if log.head.sequence < lastSynchronized {
      guard byteCount < file.count else { throw .rolledBack(file: log.fileName) }
      throw damaged("row \(log.head.sequence + 1) has changed")
    }
    guard headWasSeen else { throw .rolledBack(file: log.fileName) }
  }

  /// Looks for authentic rows behind one that is not.
  ///
  /// - Returns: The last row that they say was on the device; 0 if there are none.
  private mutating func readBehindGap(key: borrowing VaultKey) throws(StoreError) -> UInt64 {
    var synchronized: UInt64 = 0
    var log = log
    var position = byteCount
    while position < file.count {
      if let (payload, next) = log.openFrame(of: file, at: position, key: key.audit) {
        synchronized = max(synchronized, try take(payload).synchronized)
        position = next
      } else if let found = log.nextAuthenticFrame(of: file, behind: position, key: key.audit) {
        log = found.log
        synchronized = max(synchronized, try take(found.payload).synchronized)
        position = found.next
      } else {
        break
      }
    }
    return synchronized
  }

  private mutating func take(_ payload: [UInt8]) throws(StoreError) -> AuditRow.Read {
    let read: AuditRow.Read
    do throws(CodingError) {
      read = try AuditRow.decoding(payload)
    } catch {
      throw damaged("a row cannot be understood")
    }
    lastNamedRecord = max(lastNamedRecord, read.row.record ?? 0)
    noteTime(of: read.row)
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
