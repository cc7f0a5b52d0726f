internal import Keyring
internal import Platform
internal import Sodium

/// What a file of records says, as far as it is authentic.
struct RecordsReading {
  /// The log up to its last authentic record.
  private(set) var log: SealedLog

  /// Where that record ends.
  private(set) var byteCount: Int

  private(set) var organization = Organization()

  /// The last head of the audit that a record names.
  private(set) var auditHead: LogHead

  /// The latest time that a record tells of, since the clock was last set.
  private(set) var mark = Instant(secondsSinceEpoch: 0)

  /// The record with which the clock was last set, if it ever was.
  private(set) var clockSetting: ClockSetting?

  private let file: [UInt8]
  private var starts: [Int] = []
  private var tagKey: [UInt8]?
  private var fingerprintKey: [UInt8]?

  /// Reads all authentic records from the beginning of `file`.
  ///
  /// Throws `unknown version`, `damaged` for what no vault of this version
  /// writes, and `rolled back` if the slots are older than a record.
  init(
    _ file: [UInt8], _ slots: SlotFile, key: borrowing VaultKey
  ) throws(StoreError) {
    self.file = file
    log = try SealedLog(
      kind: .records, vault: slots.vault, number: slots.generation, readingHeaderOf: file)
    byteCount = SealedLog.headerByteCount
    auditHead = LogHead.none
    while let (payload, next) = log.openFrame(of: file, at: byteCount, key: key.records) {
      let record: Record
      do throws(CodingError) {
        record = try Record(decoding: payload)
      } catch {
        throw damaged("record \(log.head.sequence) cannot be understood")
      }
      guard record.slotsNumber <= slots.number else {
        throw .rolledBack(file: VaultDirectory.FileName.slots)
      }
      try apply(record)
      starts.append(byteCount)
      byteCount = next
    }
  }

  private mutating func apply(_ record: Record) throws(StoreError) {
    for item in record.items {
      switch item {
      case .hashingKeys(let tagKey, let fingerprintKey):
        self.tagKey = tagKey
        self.fingerprintKey = fingerprintKey
      case .change(let change):
        do throws(InconsistentChange) {
          try organization.apply(change)
        } catch {
          throw damaged("record \(log.head.sequence): \(error.reason)")
        }
      }
    }
    auditHead = record.auditHead
    if let moment = record.clockMoment {
      mark = moment
      clockSetting = ClockSetting(record: log.head.sequence, moment: moment)
    } else {
      mark = max(mark, record.time)
    }
  }

  private func damaged(_ reason: String) -> StoreError {
    .damaged(file: log.fileName, reason: "\(reason) (offset \(byteCount))")
  }

  /// Throws `damaged` if a record is missing that was acknowledged.
  ///
  /// What stands behind the last authentic record is then not the torn end of a
  /// record that nobody was told of.
  func judgeEnd(lastAcknowledged: UInt64) throws(StoreError) {
    guard lastAcknowledged > log.head.sequence else { return }
    let number = log.head.sequence + 1
    throw damaged(
      byteCount < file.count
        ? "record \(number) has changed" : "record \(number) is missing, the file was cut")
  }

  /// The rows of all records behind the one with `sequence`, for an audit that
  /// lost them.
  func auditRows(
    behind sequence: UInt64, key: borrowing VaultKey
  ) throws(StoreError) -> [AuditRow] {
    var rows: [AuditRow] = []
    for index in starts.indices.dropFirst(Int(sequence)) {
      guard
        let payload = log.reopenFrame(
          of: file, at: starts[index], UInt64(index) + 1, key: key.records)
      else { throw damaged("record \(index + 1) has changed") }
      do throws(CodingError) {
        let record = try Record(decoding: payload)
        rows.append(
          AuditRow(
            time: record.time, actor: record.actor, verb: record.verb, subjects: record.subjects,
            record: UInt64(index) + 1))
      } catch {
        throw damaged("record \(index + 1) cannot be understood")
      }
    }
    return rows
  }

  /// Opens one of the two hashing keys of the first record.
  func openHashingKey(
    _ role: ValueRole, key: borrowing VaultKey
  ) throws(StoreError) -> Secret {
    guard let sealed = role == .tagKey ? tagKey : fingerprintKey else {
      throw damaged("the first record lacks a key")
    }
    do throws(SodiumError) {
      return try SealedBox.openSecret(
        sealed.span, key: key.values, context: role.context(vault: log.vault))
    } catch {
      switch error {
      case .authenticationFailed: throw damaged("a sealed key is not authentic")
      case .outOfMemory, .outOfLockedMemory: throw StoreError(error)
      }
    }
  }
}

/// When an Owner said that the clock was right, whatever it had been before.
///
/// No time that was told before it counts for the mark.
struct ClockSetting: Equatable {
  let record: UInt64
  let moment: Instant
}
