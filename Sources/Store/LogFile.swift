internal import Platform

/// The open file of a log; one thread may write it while another syncs it.
final class LogFile: Sendable {
  let name: String
  private let file: any DiskFile
  private let directory: VaultDirectory

  /// Opens the file `name` of the directory, or makes it.
  init(
    _ name: String, in directory: VaultDirectory,
    for opening: Directory.Opening = .readingAndWriting
  ) throws(StoreError) {
    file = try directory.open(name, for: opening)
    self.name = name
    self.directory = directory
  }

  /// No file of a log is longer: it could not be read into memory at once.
  static let maximumByteCount = 4 << 30

  /// Behind this no frame begins, so that what is written can be read again.
  private static let fullByteCount = maximumByteCount - SealedLog.maximumFrameByteCount

  func readAll() throws(StoreError) -> [UInt8] {
    let bytes = try attempting("reading", name) { () throws(Errno) in
      try file.readAll(limit: Self.maximumByteCount)
    }
    guard let bytes else { throw .damaged(file: name, reason: "it is longer than 4 GiB") }
    return bytes
  }

  /// How long it is now.
  func byteCount() throws(StoreError) -> Int {
    try attempting("looking at", name) { () throws(Errno) in try file.status().byteCount }
  }

  /// Reads a part of the file.
  ///
  /// - Returns: `byteCount` bytes from `offset` on, or fewer at the end.
  func read(at offset: Int, atMost byteCount: Int) throws(StoreError) -> [UInt8] {
    try attempting("reading", name) { () throws(Errno) in
      try file.read(at: offset, atMost: byteCount)
    }
  }

  /// Writes frames behind those that are there.
  ///
  /// Throws `full` where the file would become too long to be read.
  func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
    guard offset + bytes.count <= Self.fullByteCount else { throw .full(file: name) }
    try attempting("writing", name) { () throws(Errno) in
      try file.write(bytes.span, at: offset)
    }
  }

  /// Throws `changed by others` unless the file is the one that bears its name,
  /// and as long as it was left.
  ///
  /// - Parameter byteCount: How long that was.
  /// - Throws: ``StoreError``.
  func requireUnchanged(byteCount: Int) throws(StoreError) {
    try directory.requireInPlace()
    let (own, named) = try attempting("looking", name) { () throws(Errno) in
      (try file.status(), try directory.disk.status(of: name))
    }
    guard let named, named.identity == own.identity, own.byteCount == byteCount else {
      throw .changedByOthers(file: name)
    }
  }

  /// How much of a log's end may be in doubt after an unclean end.
  private static let doubtfulByteCount = 4 << 20

  /// Writes the end of the file again, the same bytes, and waits until they are
  /// on the device.
  ///
  /// After a failed sync the kernel takes pages for written that never were, and
  /// a later sync skips them.
  ///
  /// - Parameter bytes: All that the file holds.
  /// - Throws: ``StoreError/failed(file:operation:_:)``.
  func writeEndAgain(of bytes: [UInt8]) throws(StoreError) {
    let start = max(0, bytes.count - Self.doubtfulByteCount)
    try write(Array(bytes[start...]), at: start)
    try synchronize()
  }

  func truncate(to byteCount: Int) throws(StoreError) {
    try attempting("cutting", name) { () throws(Errno) in try file.truncate(to: byteCount) }
  }

  /// Waits until the bytes, and the length, are on the device.
  func synchronize() throws(StoreError) {
    try attempting("syncing", name) { () throws(Errno) in try file.synchronizeData() }
  }

  /// The same for a file that was just made.
  func synchronizeNew() throws(StoreError) {
    try attempting("syncing", name) { () throws(Errno) in try file.synchronize() }
  }
}
