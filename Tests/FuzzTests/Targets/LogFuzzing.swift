import Keyring
import Platform
import Sodium

@testable import Store

/// Files of a log, read as a start reads them.
enum LogFuzzing {
  /// What a file of records comes to; nil if it is refused.
  static func records(of file: [UInt8]) throws -> RecordsReading? {
    let key = try FixedVault.key()
    let reading: RecordsReading
    do throws(StoreError) {
      reading = try RecordsReading(file, FixedVault.slots, key: key)
    } catch {
      return nil
    }
    try promise(
      (SealedLog.headerByteCount...max(SealedLog.headerByteCount, file.count))
        .contains(reading.byteCount), "what was read is in the file")
    try promise(
      (try? reading.judgeEnd(lastAcknowledged: reading.log.head.sequence)) != nil,
      "what was read is enough, if no more was acknowledged")
    try promise(
      (try? reading.judgeEnd(lastAcknowledged: reading.log.head.sequence + 1)) == nil,
      "a record that is missing is noticed")
    let rows = try accepted("what was read once is read again") { () throws(StoreError) in
      try reading.auditRows(behind: 0, key: key)
    }
    try promise(
      UInt64(rows.count) == reading.log.head.sequence - reading.log.base.sequence,
      "each record behind the snapshot has a row")
    _ = try? reading.openHashingKey(.tagKey, key: key)
    try promise(isWritable(reading.mark), "the mark is a time that can be written")
    try lookAround(reading.organization, at: reading.mark)
    return reading
  }

  /// What a file of the audit comes to; nil if it is refused.
  static func audit(of file: [UInt8], named: LogHead) throws -> AuditReading? {
    let key = try FixedVault.key()
    let records = try records(naming: named)
    let reading: AuditReading
    do throws(StoreError) {
      let log = try SealedLog(
        kind: .audit, vault: FixedVault.id, number: 1, readingHeaderOf: file)
      reading = try AuditReading(
        [AuditReading.Contents(log: log, bytes: file)], records: records, key: key)
    } catch {
      return nil
    }
    try promise(
      (SealedLog.headerByteCount...max(SealedLog.headerByteCount, file.count))
        .contains(reading.byteCount), "what was read is in the file")
    try promise(
      reading.lastKeptRecord <= reading.lastNamedRecord, "what is kept was named by a row")
    try promise(isWritable(reading.mark), "the mark is a time that can be written")
    return reading
  }

  /// Records that name a head of the audit, and nothing else.
  private static func records(naming head: LogHead) throws -> RecordsReading {
    let key = try FixedVault.key()
    var log = FixedVault.emptyRecords
    let record = FixedVault.record([], naming: head == .none ? SealedLog.beginning : head)
    let file = log.header + log.seal(record.encoded, key: key.records)
    return try RecordsReading(file, FixedVault.slots, key: key)
  }

  private static func isWritable(_ time: Instant) -> Bool {
    Instant(rfc3339: time.rfc3339) == time
  }

  // MARK: What the records come to

  /// Asks all that the daemon asks of an organization, for everyone in it.
  private static func lookAround(_ organization: Organization, at now: Instant) throws {
    let uses = UseRecords()
    var callers: [Caller] = organization.users.map { .user($0.id) } + [.nobody]
    callers += organization.keys.map {
      .key(VersionID($0.id, number: $0.currentVersion.number))
    }
    for caller in callers.prefix(8) {
      guard let page = try? organization.page(KeyFilter(limit: 100), for: caller, at: now),
        let standing = try? organization.standing(of: caller, at: now)
      else { continue }
      try promise(page.keys.count <= organization.keys.count, "a page has keys that are there")
      for key in organization.keys {
        try lookAt(key, of: organization, uses, by: standing, at: now)
      }
      for user in organization.users(inSightOf: standing) {
        _ = organization.workspaceRoles(of: user, inSightOf: standing)
      }
      for unusedClass in UnusedClass.allCases {
        _ = try? organization.unused(unusedClass, uses: uses, for: caller, at: now)
      }
      for workspace in organization.workspaces(inSightOf: standing) {
        _ = try? organization.injections(of: [.workspace(workspace.name)], by: caller, at: now)
      }
    }
  }

  private static func lookAt(
    _ key: Key, of organization: Organization, _ uses: UseRecords, by standing: Standing,
    at now: Instant
  ) throws {
    let state = key.state(at: now)
    try promise(state.isLive || key.revocation != nil || state == .expired, "a key has a state")
    for version in key.versions {
      _ = key.state(of: version, at: now)
      _ = organization.text(of: version.author, seenBy: standing)
      try promise(version.end.map(isWritable) ?? true, "an end is a time that can be written")
    }
    try promise(isWritable(key.created), "a creation is a time that can be written")
    _ = organization.name(of: key, seenBy: standing)
    _ = organization.mayUse(key, by: standing)
    _ = organization.unusedClasses(of: key, uses: uses, at: now)
    _ = organization.policy.expiry(ofRotation: key.lifetime, at: now)
    for id in key.scope?.workspaces ?? [] {
      try promise(
        organization.workspaces.indices.contains(Int(id.number) - 1), "a scope's workspace is there"
      )
    }
  }

  // MARK: Edits

  /// Changes a whole file as a broken disk would, and reads it.
  ///
  /// What is read of it then are whole records of the original, from the first on.
  static func edit(_ input: inout FuzzInput) throws {
    let isAudit = input.byte() % 2 == 1
    let original = isAudit ? Self.auditFile : Self.recordsFile
    var file = original
    for _ in 0..<8 where !input.isAtEnd { edit(&file, &input) }
    let start = zip(file, original).enumerated().first { $1.0 != $1.1 }?.offset
    let unchanged = start ?? min(file.count, original.count)
    if isAudit {
      guard let reading = try audit(of: file, named: .none) else { return }
      try promise(
        reading.log.frameCount == 0 || reading.byteCount <= unchanged,
        "no row is read that was changed")
    } else {
      guard let reading = try records(of: file) else { return }
      try promise(
        reading.log.frameCount == 0 || reading.byteCount <= unchanged,
        "no record is read that was changed")
    }
  }

  private static func edit(_ file: inout [UInt8], _ input: inout FuzzInput) {
    let operation = input.byte() % 5
    let position = min(input.count(), file.count)
    let count = min(input.count(), file.count - position)
    switch operation {
    case 0: if count > 0 { file[position] ^= input.byte() }
    case 1: file.removeSubrange(position..<(position + count))
    case 2: file.insert(contentsOf: input.take(min(count, 64)), at: position)
    case 3: file.insert(contentsOf: file[position..<(position + count)], at: position)
    case _: file.removeLast(file.count - position)
    }
    // Doubling must not make it grow without end.
    if file.count > 1 << 16 { file.removeLast(file.count - 1 << 16) }
  }

  /// One of each, for the fuzzer to begin with.
  static let edits: [[UInt8]] = [
    [0, 0, 90, 0, 1, 0, 1], [1, 0, 90, 0, 1, 0, 1], [1, 1, 72, 0, 100, 0],
    [0, 2, 76, 0, 4, 0, 1, 2, 3, 4], [1, 3, 72, 0, 200, 0], [0, 4, 200, 0, 0, 0], [1],
    [0, 0, 12, 0, 1, 0, 1], [1, 0, 40, 0, 1, 0, 1],
  ]

  private static let recordsFile = sealed(
    FixedVault.emptyRecords, { try FixedVault.records().map(\.encoded) },
    { (log, payload) in
      let key = try FixedVault.key()
      return log.seal(payload, key: key.records)
    })

  private static let auditFile = sealed(
    FixedVault.emptyAudit, { try FixedVault.rows().map { $0.encoded(synchronized: 0) } },
    { (log, payload) in
      let key = try FixedVault.key()
      return log.seal(payload, key: key.audit)
    })

  private static func sealed(
    _ empty: SealedLog, _ payloads: () throws -> [[UInt8]],
    _ seal: (inout SealedLog, [UInt8]) throws -> [UInt8]
  ) -> [UInt8] {
    var log = empty
    do {
      return try log.header + payloads().flatMap { try seal(&log, $0) }
    } catch {
      preconditionFailure("the fixed vault cannot be sealed: \(error)")
    }
  }
}
