internal import Keyring
internal import Platform

/// Rows of the audit that are sealed anew, for files of another generation.
///
/// The rows, their numbers and their order stay; what is bound to the file and the
/// key becomes another.
struct AuditCopy: Sendable {
  /// The files that the rows come from, and how far they go.
  struct Source: Sendable {
    let files: AuditFiles
    let head: LogHead
    let key: VaultKey
  }

  /// The files with the copies; those that stay as they are come first.
  private(set) var files: AuditFiles

  /// The log of the last file, and how long that is.
  private(set) var log: SealedLog
  private(set) var byteCount: Int
  private(set) var index = AuditIndex()

  /// The row behind which the copies begin.
  let base: LogHead

  /// The rows at the end of a file that failed, and that cannot be read again.
  private(set) var lostRowCount: UInt64 = 0

  private let key: VaultKey
  private let directory: VaultDirectory

  /// Whether a file of the source becomes a file of its own.
  private let keepsBorders: Bool

  /// Where reading goes on.
  private var part: Int
  private var sourceLog: SealedLog
  private var offset = SealedLog.headerByteCount

  /// The last row without which nothing is copied.
  private let relied: UInt64

  /// So many short files become one.
  private static let shortFileCount = 16

  /// As much is written at once.
  private static let chunkByteCount = 1 << 20

  /// Copies all rows, to be sealed with another key.
  ///
  /// - Parameters:
  ///   - source: The rows.
  ///   - key: The key that the copies are sealed with.
  ///   - number: That of the first file.
  ///   - directory: Where the files are made.
  /// - Throws: ``StoreError``.
  init(
    all source: Source, key: VaultKey, firstNumber number: UInt64, in directory: VaultDirectory
  ) throws(StoreError) {
    try self.init(
      from: 0, of: source, kept: [], base: source.files.parts[0].log.base, keepsBorders: true,
      key: key, number: number, in: directory)
  }

  /// Copies the rows behind one that is known to be on the device, to go on without
  /// the file that failed.
  ///
  /// - Parameters:
  ///   - head: The row behind which the copies begin.
  ///   - source: The rows.
  ///   - number: That of the file.
  ///   - directory: Where the file is made.
  /// - Throws: ``StoreError``.
  init(
    behind head: LogHead, of source: Source, number: UInt64, in directory: VaultDirectory
  ) throws(StoreError) {
    // A file that begins right behind that row goes too, with all that is in it.
    let position = source.files.firstPosition(toRead: head.sequence)
    // Nor may the head be that of such a file, before its first row.
    let former = source.files.parts.dropFirst(position + 1).first?.log.base
    let head = former?.sequence == head.sequence ? former ?? head : head
    let first = try source.files.firstOfShort(upTo: position)
    guard position - first >= Self.shortFileCount else {
      try self.init(
        from: position, of: source, kept: Array(source.files.parts.prefix(position + 1)),
        base: head, keepsBorders: false, key: source.key, number: number, in: directory)
      return
    }
    // Each failure leaves a short file, and there is an end to how many there may be.
    try self.init(
      from: first, of: source, kept: Array(source.files.parts.prefix(first)),
      base: source.files.parts[first].log.base, keepsBorders: false, relied: head.sequence,
      key: source.key, number: number, in: directory)
  }

  private init(
    from part: Int, of source: Source, kept: [AuditFiles.Part], base: LogHead, keepsBorders: Bool,
    relied: UInt64 = 0, key: VaultKey, number: UInt64, in directory: VaultDirectory
  ) throws(StoreError) {
    self.part = part
    self.relied = keepsBorders ? .max : relied
    self.base = base
    self.keepsBorders = keepsBorders
    self.key = key
    self.directory = directory
    let former = source.files.parts[part].log
    sourceLog = former
    log = SealedLog(
      kind: .audit, vault: key.vault, number: number, base: base,
      made: keepsBorders || relied > 0 ? former.made : source.files.last.log.made)
    let file = try LogFile(log.fileName, in: directory, for: .creating)
    files = AuditFiles(kept + [AuditFiles.Part(file: file, log: log)])
    try file.write(log.header, at: 0)
    byteCount = SealedLog.headerByteCount
  }

  /// Copies what has not been copied yet, and waits until it is on the device.
  ///
  /// - Parameters:
  ///   - source: The same as before, maybe with more rows.
  ///   - isCancelled: Asked now and then.
  /// - Returns: Whether all was copied; false if it was cancelled.
  /// - Throws: `damaged` if a row cannot be read again, but for one of a file that
  ///   failed; what writing throws.
  mutating func copy(
    _ source: Source, isCancelled: () -> Bool = { false }
  ) throws(StoreError) -> Bool {
    var bytes = try source.files.parts[part].file.readAll()
    var pending: [UInt8] = []
    while sourceLog.head.sequence < source.head.sequence {
      if isCancelled() { return false }
      if part + 1 < source.files.parts.count,
        source.files.parts[part + 1].log.base == sourceLog.head
      {
        part += 1
        sourceLog = source.files.parts[part].log
        offset = SealedLog.headerByteCount
        bytes = try source.files.parts[part].file.readAll()
        if keepsBorders {
          try flush(&pending)
          try files.last.file.synchronizeNew()
          try beginFile(made: sourceLog.made)
        }
        continue
      }
      do throws(StoreError) {
        try copyRow(of: bytes, key: source.key, to: &pending)
      } catch {
        // Of a file that failed nothing is left but what can be read.
        guard sourceLog.head.sequence >= relied else { throw error }
        lostRowCount = source.head.sequence - log.head.sequence
        break
      }
      if pending.count >= Self.chunkByteCount { try flush(&pending) }
    }
    try flush(&pending)
    try files.last.file.synchronizeNew()
    return true
  }

  /// Adds rows behind those that were copied, and waits until they are on the device.
  mutating func append(_ rows: [AuditRow]) throws(StoreError) {
    guard !rows.isEmpty else { return }
    var pending: [UInt8] = []
    log.seal(
      rows, synchronized: log.head.sequence, key: key, at: byteCount, into: &pending, &index)
    try flush(&pending)
    try files.last.file.synchronize()
  }

  private mutating func copyRow(
    of bytes: [UInt8], key sourceKey: VaultKey, to pending: inout [UInt8]
  ) throws(StoreError) {
    guard let (payload, next) = sourceLog.openFrame(of: bytes, at: offset, key: sourceKey.audit)
    else {
      throw .damaged(
        file: sourceLog.fileName,
        reason: "row \(sourceLog.head.sequence + 1) has changed (offset \(offset))")
    }
    offset = next
    // Those before the base stay where they are.
    guard sourceLog.head.sequence > log.head.sequence else { return }
    if let row = try? AuditRow.decoding(payload).row {
      index.note(rowBehind: log, at: byteCount + pending.count, time: row.time)
    }
    pending += log.seal(payload, key: key.audit)
  }

  private mutating func flush(_ pending: inout [UInt8]) throws(StoreError) {
    guard !pending.isEmpty else { return }
    try files.last.file.write(pending, at: byteCount)
    byteCount += pending.count
    pending = []
  }

  private mutating func beginFile(made: Instant) throws(StoreError) {
    log = SealedLog(
      kind: .audit, vault: key.vault, number: log.number + 1, base: log.head, made: made)
    let file = try LogFile(log.fileName, in: directory, for: .creating)
    try file.write(log.header, at: 0)
    byteCount = SealedLog.headerByteCount
    files.prepare(AuditFiles.Next(file: file, number: log.number))
    files.begin(log)
  }
}
