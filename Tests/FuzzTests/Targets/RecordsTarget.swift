import Keyring
import Platform
import Sodium

@testable import Store

extension FuzzTarget {
  /// The payloads of the logs, and files of them that the fuzzer has sealed.
  static let records = FuzzTarget(
    name: "records", maximumByteCount: 4096, seeds: RecordsFuzzing.seeds, run: RecordsFuzzing.run)
}

private enum RecordsFuzzing {
  /// What an input is, by its first byte; the rest of the byte means nothing.
  private enum Form: UInt8, CaseIterable {
    case record
    case row
    case recordsFile
    case auditFile
    case rawFile
    case editedFile
    case snapshotFile
  }

  static func run(_ bytes: [UInt8]) throws {
    var input = FuzzInput(bytes)
    guard let form = Form(rawValue: input.byte() % UInt8(Form.allCases.count)) else { return }
    switch form {
    case .record: try decodeRecord(input.rest())
    case .row: try decodeRow(input.rest())
    case .recordsFile: try readRecords(&input)
    case .auditFile: try readAudit(&input)
    case .rawFile:
      let file = input.rest()
      _ = try LogFuzzing.records(of: FixedVault.emptyRecords.header + file)
      _ = try LogFuzzing.audit(of: FixedVault.emptyAudit.header + file, named: .none)
      _ = try LogFuzzing.records(of: file)
      _ = try LogFuzzing.audit(of: file, named: .none)
    case .editedFile: try LogFuzzing.edit(&input)
    case .snapshotFile: try readSnapshot(&input)
    }
  }

  // MARK: Payloads

  private static func decodeRecord(_ bytes: [UInt8]) throws {
    let record: Record
    do throws(CodingError) {
      record = try Record(decoding: bytes)
    } catch {
      return
    }
    let again = record.encoded
    let reread = try accepted("a record that was written is read") { () throws(CodingError) in
      try Record(decoding: again)
    }
    try promise(reread == record, "a record is read as it was written")
    try promise(reread.encoded == again, "a record is written in one way")
    if !record.items.contains(where: mayBeWrittenOtherwise) {
      try promise(again == bytes, "a record is accepted as it is written only")
    }
    let times = [record.time] + (record.clockMoment.map { [$0] } ?? [])
    try promise(times.allSatisfy(isWritable), "a time is one that can be written")
  }

  /// Whether the item has a part of which the reader takes more than is written:
  /// words of a later version grant nothing, and a longer time than any counts as
  /// the longest.
  private static func mayBeWrittenOtherwise(_ item: Record.Item) -> Bool {
    let change: Change
    switch item {
    case .change(let own): change = own
    case .part(.policy(let policy)): change = .policySet(policy)
    case .part(.key(let key)): change = .keyAdded(key)
    case .hashingKeys, .checkpoint, .part, .use, .seen: return false
    }
    return switch change {
    case .workspaceRoleSet(let role, _, _): role == nil
    case .policySet(let policy):
      [
        policy.maximumLifetime, policy.defaultLifetime, policy.maximumGrace, policy.defaultGrace,
      ].contains(.longest)
    case .keyAdded(let key): key.scope != nil || key.lifetime == .lasting(.longest)
    case .versionAdded(_, _, let lifetime, _): lifetime == .lasting(.longest)
    case _: false
    }
  }

  static func isWritable(_ time: Instant) -> Bool {
    Instant(rfc3339: time.rfc3339) == time
  }

  private static func decodeRow(_ bytes: [UInt8]) throws {
    let read: AuditRow.Read
    do throws(CodingError) {
      read = try AuditRow.decoding(bytes)
    } catch {
      return
    }
    let again = read.row.encoded(synchronized: read.synchronized)
    try promise(again == bytes, "a row is accepted as it is written only")
    try promise(isWritable(read.row.time), "a time is one that can be written")
  }

  // MARK: Files of sealed payloads

  /// The payloads in the input, each behind its length, and what stands behind them.
  private static func payloads(_ input: inout FuzzInput) -> (sealed: [[UInt8]], torn: [UInt8]) {
    var sealed: [[UInt8]] = []
    while !input.isAtEnd {
      let count = input.count()
      guard count < 0xFFFF else { break }
      sealed.append(input.take(count))
    }
    return (sealed, input.rest())
  }

  private static func readRecords(_ input: inout FuzzInput) throws {
    let (sealed, torn) = payloads(&input)
    let key = try FixedVault.key()
    var log = FixedVault.emptyRecords
    let file = log.header + sealed.flatMap { log.seal($0, key: key.records) }
    guard let reading = try LogFuzzing.records(of: file + torn) else { return }
    try promise(reading.log.head == log.head, "each record is read that was sealed")
    try promise(reading.byteCount == file.count, "a torn end is no record")
  }

  /// A file that begins with a snapshot of all payloads but the last few.
  private static func readSnapshot(_ input: inout FuzzInput) throws {
    let behind = Int(input.byte() % 4)
    let (sealed, torn) = payloads(&input)
    let key = try FixedVault.key()
    var log = FixedVault.emptySnapshot(.records, frameCount: max(0, sealed.count - behind))
    let file = log.header + sealed.flatMap { log.seal($0, key: key.records) }
    guard let reading = try LogFuzzing.records(of: file + torn) else { return }
    try promise(reading.log.head == log.head, "each part and record is read that was sealed")
    // What a snapshot says is said again by a snapshot of it.
    let payloads = Snapshot(
      organization: reading.organization, uses: reading.uses, mark: reading.mark,
      recordsHead: reading.log.head,
      hashingKeys: Snapshot.HashingKeys(tagKey: [], fingerprintKey: [])
    ).payloads(
      by: FixedVault.actor, verb: "COMPACT", slotsNumber: 1, auditHead: FixedVault.emptyAudit.head)
    var again = FixedVault.emptySnapshot(.records, frameCount: payloads.count)
    let copy = again.header + payloads.flatMap { again.seal($0, key: key.records) }
    let reread = try accepted("a snapshot that was written is read") { () throws(StoreError) in
      try RecordsReading(copy, FixedVault.slots, key: key)
    }
    try promise(
      reread.organization == reading.organization, "a snapshot is read as it was written")
  }

  private static func readAudit(_ input: inout FuzzInput) throws {
    let (sealed, torn) = payloads(&input)
    let key = try FixedVault.key()
    var log = FixedVault.emptyAudit
    let file = log.header + sealed.flatMap { log.seal($0, key: key.audit) }
    guard let reading = try LogFuzzing.audit(of: file + torn, named: log.head) else { return }
    try promise(reading.log.head == log.head, "each row is read that was sealed")
    try promise(reading.byteCount == file.count, "a torn end is no row")
  }

  static func seeds() throws -> [[UInt8]] {
    let records = try FixedVault.records().map(\.encoded)
    let rows = try FixedVault.rows().enumerated().map { $1.encoded(synchronized: UInt64($0)) }
    func file(_ form: Form, _ payloads: [[UInt8]]) -> [UInt8] {
      [form.rawValue]
        + payloads.flatMap { [UInt8($0.count & 0xFF), UInt8($0.count >> 8)] + $0 }
    }
    var single = records.map { [Form.record.rawValue] + $0 }
    single += rows.map { [Form.row.rawValue] + $0 }
    single += try FixedVault.history().joined()
      .map { [Form.record.rawValue] + FixedVault.record([.change($0)]).encoded }
    let key = try FixedVault.key()
    var log = FixedVault.emptyRecords
    let raw = log.header + records.prefix(2).flatMap { log.seal($0, key: key.records) }
    return single
      + (1...records.count).map { file(.recordsFile, Array(records.prefix($0))) }
      + [
        file(.auditFile, rows), file(.auditFile, rows) + [0xFF, 0xFF, 1, 2, 3],
        [Form.rawFile.rawValue] + raw,
        [Form.rawFile.rawValue] + raw.dropFirst(SealedLog.headerByteCount),
      ] + LogFuzzing.edits.map { [Form.editedFile.rawValue] + $0 }
      + [
        [Form.snapshotFile.rawValue, 0]
          + file(.record, try FixedVault.snapshotPayloads()).dropFirst()
      ]
      + [
        [Form.snapshotFile.rawValue, 1]
          + file(
            .record,
            try FixedVault.snapshotPayloads() + [
              FixedVault.record([.change(.restoredKeysResumed(at: FixedVault.moment))]).encoded
            ]
          ).dropFirst()
      ]
  }
}
