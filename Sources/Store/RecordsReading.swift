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

  /// The latest head of the audit that a record names.
  private(set) var auditHead = LogHead.none

  /// The latest time that a record tells of, since the clock was last set.
  private(set) var mark = Instant(secondsSinceEpoch: 0)

  /// The record with which the clock was last set, if it ever was.
  private(set) var clockSetting: ClockSetting?

  /// What the snapshot says of the rows of the audit; nil without a snapshot.
  private(set) var checkpoint: Record.Checkpoint?

  /// The uses up to the checkpoint.
  private(set) var uses = UseRecords()

  private(set) var hashingKeys: Snapshot.HashingKeys?

  /// Why reading has ended before the end of the file, if a record that is
  /// authentic could not be taken.
  private(set) var problem: StoreError?

  /// The number of the newest slots that a record was written under.
  private(set) var lastSlotsNumber: UInt64 = 0

  private let file: [UInt8]
  private let slotsNumber: UInt64

  /// Reads all authentic records from the beginning of `file`.
  ///
  /// Throws `unknown version`, `damaged` for what no vault of this version
  /// writes, and `rolled back` if the slots are older than a record.
  init(
    _ file: [UInt8], _ slots: SlotFile, kind: SealedLog.Kind = .records, key: VaultKey
  ) throws(StoreError) {
    try self.init(readingPrefixOf: file, slots, kind: kind, key: key, frameLimit: .max)
    if let problem { throw problem }
    try judgeSlots()
    guard log.hasSnapshot else { throw damaged("its snapshot is not whole") }
  }

  /// The same of a file that may be damaged: whatever can be read before that.
  ///
  /// Throws ``StoreError`` if nothing can be read at all.
  static func prefix(
    of file: [UInt8], _ slots: SlotFile, key: VaultKey
  ) throws(StoreError) -> RecordsReading {
    let reading = try RecordsReading(
      readingPrefixOf: file, slots, kind: .records, key: key, frameLimit: .max)
    guard let problem = reading.problem else { return reading }
    // A record that did not fit may have been applied in part.
    var prefix = try RecordsReading(
      readingPrefixOf: file, slots, kind: .records, key: key, frameLimit: reading.log.frameCount)
    prefix.problem = problem
    return prefix
  }

  private init(
    readingPrefixOf file: [UInt8], _ slots: SlotFile, kind: SealedLog.Kind, key: VaultKey,
    frameLimit: UInt64
  ) throws(StoreError) {
    self.file = file
    slotsNumber = slots.number
    log = try SealedLog(
      kind: kind, vault: slots.vault, number: slots.generation, readingHeaderOf: file)
    byteCount = SealedLog.headerByteCount
    // Most records make a key, and growing again and again costs more than reading ahead.
    organization.reserveCapacity(SealedLog.frameCount(of: file))
    while log.frameCount < frameLimit {
      let former = log
      guard let (payload, next) = log.openFrame(of: file, at: byteCount, key: key.records) else {
        break
      }
      do throws(StoreError) {
        try take(payload)
      } catch {
        log = former
        problem = error
        break
      }
      byteCount = next
    }
  }

  /// Takes over what is authentic behind a gap in the snapshot, as far as it fits to
  /// what is there without the gap.
  ///
  /// - Returns: The numbers of the records that were taken.
  /// - Throws: ``StoreError/damaged(file:reason:)`` if nothing fits.
  mutating func takeBehindGap(key: VaultKey) throws(StoreError) -> Set<UInt64> {
    let (prefix, start) = (log, byteCount)
    problem = problem ?? damaged("part \(log.frameCount + 1) of the snapshot has changed")
    var taken: Set<UInt64> = []
    var isWhole = false
    var offset = byteCount
    while let (payload, next) = log.openNextFrame(of: file, at: offset, key: key.records) {
      offset = next
      if log.isInSnapshot {
        guard let record = try? Record(decoding: payload) else { continue }
        for item in record.items { try? apply(item) }
        note(record)
      } else {
        if !isWhole { try finishWhatFits() }
        isWhole = true
        var tried = self
        guard (try? tried.take(payload)) != nil else { continue }
        self = tried
        taken.insert(log.head.sequence)
      }
    }
    if !isWhole { try finishWhatFits() }
    (log, byteCount) = (prefix, start)
    return taken
  }

  private mutating func finishWhatFits() throws(StoreError) {
    do throws(InconsistentChange) {
      try organization.dropInconsistentKeys()
      try organization.finishRestoring()
    } catch {
      throw damaged("what is left of the snapshot does not fit: \(error.reason)")
    }
  }

  /// Takes a record over; after a failure it may be applied in part.
  private mutating func take(_ payload: [UInt8]) throws(StoreError) {
    let record: Record
    do throws(CodingError) {
      record = try Record(decoding: payload)
    } catch {
      throw damaged("\(frameName) cannot be understood")
    }
    do throws(InconsistentChange) {
      for item in record.items { try apply(item) }
      if log.isInSnapshot, log.hasSnapshot { try organization.finishRestoring() }
    } catch {
      throw damaged("\(frameName): \(error.reason)")
    }
    note(record)
  }

  private mutating func note(_ record: Record) {
    lastSlotsNumber = max(lastSlotsNumber, record.slotsNumber)
    // One that was carried behind a snapshot may name an older one.
    if record.auditHead.sequence >= auditHead.sequence { auditHead = record.auditHead }
    if let moment = record.clockMoment {
      mark = moment
      clockSetting = ClockSetting(record: log.head.sequence, moment: moment)
    } else {
      mark = max(mark, record.time)
    }
  }

  private mutating func apply(_ item: Record.Item) throws(InconsistentChange) {
    // A part of a snapshot has no place behind it, nor a change in it.
    switch item {
    case .hashingKeys(let tagKey, let fingerprintKey):
      guard hashingKeys == nil, log.frameCount == 1 else {
        throw InconsistentChange(reason: "the hashing keys a second time, or late")
      }
      hashingKeys = Snapshot.HashingKeys(tagKey: tagKey, fingerprintKey: fingerprintKey)
      return
    case .change(let change):
      guard !log.isInSnapshot else { throw InconsistentChange(reason: "a change in a snapshot") }
      return try organization.apply(change)
    case .checkpoint, .part, .use, .seen: break
    }
    guard log.isInSnapshot else { throw InconsistentChange(reason: "a part outside a snapshot") }
    switch item {
    case .checkpoint(let checkpoint):
      guard self.checkpoint == nil, log.frameCount == 1 else {
        throw InconsistentChange(reason: "a checkpoint a second time, or late")
      }
      self.checkpoint = checkpoint
      mark = checkpoint.mark
    case .part(let part): try organization.restore(part)
    case .use(let use, let id): uses.restore(use, of: id)
    case .seen(let seen):
      uses.note(seen.exposure, of: seen.version, to: seen.user, at: seen.last)
    case .hashingKeys, .change: break
    }
  }

  /// What the last frame is called in a message.
  private var frameName: String {
    log.isInSnapshot
      ? "part \(log.frameCount) of the snapshot" : "record \(log.head.sequence)"
  }

  private func damaged(_ reason: String) -> StoreError {
    .damaged(file: log.fileName, reason: "\(reason) (offset \(byteCount))")
  }

  /// Throws `rolled back` if a record was written under newer slots than these.
  func judgeSlots() throws(StoreError) {
    guard lastSlotsNumber <= slotsNumber else {
      throw .rolledBack(file: VaultDirectory.FileName.slots)
    }
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

  /// Throws `damaged` unless the file ends behind the last record.
  func requireEnd() throws(StoreError) {
    guard byteCount == file.count else { throw damaged("what follows is not authentic") }
  }

  /// The rows of all records behind the one with `sequence`, for an audit that
  /// lost them.
  func auditRows(behind sequence: UInt64, key: VaultKey) throws(StoreError) -> [AuditRow] {
    guard sequence < log.head.sequence else { return [] }
    var rows: [AuditRow] = []
    var log = log.unread
    var position = SealedLog.headerByteCount
    while let (payload, next) = log.openFrame(of: file, at: position, key: key.records),
      next <= byteCount
    {
      position = next
      guard !log.isInSnapshot, log.head.sequence > sequence else { continue }
      do throws(CodingError) {
        let record = try Record(decoding: payload)
        rows.append(
          AuditRow(
            time: record.time, actor: record.actor, verb: record.verb, subjects: record.subjects,
            record: log.head.sequence))
      } catch {
        throw damaged("record \(log.head.sequence) cannot be understood")
      }
    }
    return rows
  }

  /// Opens one of the two hashing keys.
  func openHashingKey(_ role: ValueRole, key: VaultKey) throws(StoreError) -> Secret {
    guard let hashingKeys else { throw damaged("the first record lacks a key") }
    let sealed = role == .tagKey ? hashingKeys.tagKey : hashingKeys.fingerprintKey
    do throws(SodiumError) {
      return try SealedBox.openSecret(
        sealed.span, key: key.values, context: role.context(vault: log.vault))
    } catch {
      switch error {
      case .authenticationFailed: throw damaged("a sealed key is not authentic")
      case .outOfMemory, .overMemoryLimit, .outOfLockedMemory: throw StoreError(error)
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
