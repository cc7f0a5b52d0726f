internal import Keyring
internal import Platform

// What can be read of damaged files.

extension RecordsReading {
  /// The authentic records behind one that is not, by their numbers.
  func recordsBehindGap(of file: [UInt8], key: VaultKey) -> [UInt64: Record] {
    var found: [UInt64: Record] = [:]
    var (log, offset) = (log, byteCount)
    while let (payload, next) = log.openNextFrame(of: file, at: offset, key: key.records) {
      offset = next
      if !log.isInSnapshot, let record = try? Record(decoding: payload) {
        found[log.head.sequence] = record
      }
    }
    return found
  }
}

extension RepairPlan.AuditState {
  /// Reads all of the audit that can be read.
  init(
    salvaging slots: SlotFile, records: RecordsReading, in directory: VaultDirectory,
    key: VaultKey
  ) throws(StoreError) {
    // The files between those that cannot be read, each with its number.
    var runs: [[(number: UInt64, contents: AuditReading.Contents)]] = [[]]
    var problem: StoreError?
    for number in slots.audit {
      do throws(StoreError) {
        let bytes = try LogFile(VaultDirectory.FileName.audit(number), in: directory).readAll()
        do throws(StoreError) {
          let log = try SealedLog(
            kind: .audit, vault: slots.vault, number: number, readingHeaderOf: bytes)
          runs[runs.count - 1].append((number, AuditReading.Contents(log: log, bytes: bytes)))
        } catch {
          // One that is to follow has not begun; an opening takes it for that, too.
          guard case .damaged = error, number == slots.audit.last, slots.audit.count > 1 else {
            throw error
          }
        }
      } catch {
        if case .failed = error { throw error }
        problem = problem ?? error
        runs.append([])
      }
    }
    let rows = runs.joined().flatMap { Self.rows(of: $0.contents, key: key) }
    let checkpoint = records.checkpoint?.auditHead.sequence ?? 0
    // The later rows are worth more, if all that count are among them.
    let isLaterEnough = runs[runs.count - 1].first.map {
      $0.contents.log.base.sequence <= checkpoint
    }
    let stays = isLaterEnough == true ? runs[runs.count - 1] : runs[0]
    let contents = stays.map(\.contents)
    var kept = stays.map(\.number)
    var damaged = Self.names(of: slots, in: directory) { problem != nil && !kept.contains($0) }
    guard !contents.isEmpty else {
      // Nothing is left of it: it begins anew, behind what the records name.
      self.init(
        keptNumbers: [], head: records.auditHead, uses: records.uses, mark: records.mark,
        damagedFiles: damaged, rows: rows, problem: problem)
      return
    }
    let first = contents.lastIndex { $0.log.base.sequence < checkpoint } ?? 0
    let reading = try AuditReading(
      readingPrefixOf: Array(contents[first...]), records: records, key: key)
    guard reading.position > 0 || reading.log.frameCount > 0 else {
      // Not even the header can be relied on then.
      self.init(
        keptNumbers: [], head: records.auditHead, uses: records.uses, mark: records.mark,
        damagedFiles: Self.names(of: slots, in: directory) { _ in true }, rows: rows,
        problem: problem
          ?? .damaged(file: reading.log.fileName, reason: "its first row has changed"))
      return
    }
    if problem == nil {
      do throws(StoreError) { try reading.judgeEnd() } catch { problem = error }
    }
    if problem != nil, damaged.isEmpty { damaged = [reading.log.fileName] }
    kept = Array(kept.prefix(first + reading.position + 1))
    // No opening reads those before, and whoever lists the rows does.
    if let (last, found) = Self.lastBroken(of: contents.prefix(first + 1), key: key) {
      problem = problem ?? found
      kept = Array(kept.dropFirst(last + 1))
    }
    // What does not stay is set aside too.
    let others = Self.names(of: slots, in: directory) { problem != nil && !kept.contains($0) }
    damaged += others.filter { !damaged.contains($0) }
    self.init(
      keptNumbers: kept, head: reading.log.head,
      uses: reading.uses, mark: reading.mark, damagedFiles: damaged, rows: rows,
      problem: problem)
  }

  /// The last of these files, but for the very last, whose rows do not lead to the next.
  private static func lastBroken(
    of contents: ArraySlice<AuditReading.Contents>, key: VaultKey
  ) -> (position: Int, StoreError)? {
    for (position, (file, next)) in zip(contents, contents.dropFirst()).enumerated().reversed() {
      var (log, offset) = (file.log, SealedLog.headerByteCount)
      while log.head != next.log.base,
        let (_, end) = log.openFrame(of: file.bytes, at: offset, key: key.audit)
      {
        offset = end
      }
      guard log.head != next.log.base else { continue }
      let reason = "row \(log.head.sequence + 1) has changed (offset \(offset))"
      return (position, .damaged(file: log.fileName, reason: reason))
    }
    return nil
  }

  /// The names of the slots' files that are there, and that `isMeant` tells by their numbers.
  private static func names(
    of slots: SlotFile, in directory: VaultDirectory, _ isMeant: (UInt64) -> Bool
  ) -> [String] {
    slots.audit.filter(isMeant).map(VaultDirectory.FileName.audit).filter(directory.holds)
  }

  private static func rows(of contents: AuditReading.Contents, key: VaultKey) -> [AuditRow] {
    var rows: [AuditRow] = []
    var (log, offset) = (contents.log, SealedLog.headerByteCount)
    while let (payload, next) = log.openNextFrame(of: contents.bytes, at: offset, key: key.audit) {
      offset = next
      if let row = try? AuditRow.decoding(payload).row { rows.append(row) }
    }
    return rows
  }
}

extension VaultDirectory {
  /// Whether a file of that name can be seen.
  func holds(_ name: String) -> Bool {
    let status = try? disk.status(of: name)
    return status != nil
  }

  /// Whether a repair has named a file so, as `records.2.damaged.3`.
  static func isCopyAside(_ name: String) -> Bool {
    name.split(separator: ".").contains("damaged")
  }

  /// Writes a copy of a file beside it, under a name that is free.
  func copyAside(_ name: String) throws(StoreError) {
    let bytes = try LogFile(name, in: self).readAll()
    var copy = name + ".damaged"
    var number = 2
    while holds(copy) {
      copy = "\(name).damaged.\(number)"
      number += 1
    }
    try write(bytes, toNew: copy)
    try synchronize()
  }
}
