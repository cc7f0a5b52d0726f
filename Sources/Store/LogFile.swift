internal import Platform

/// The open file of a log; one thread may write it while another syncs it.
final class LogFile: Sendable {
  let name: String
  private let descriptor: FileDescriptor

  init(_ name: String, in directory: VaultDirectory) throws(StoreError) {
    descriptor = try directory.open(name, for: .readingAndWriting)
    self.name = name
  }

  /// No file of a log is longer: it could not be read into memory at once.
  private static let maximumByteCount = 4 << 30

  /// Behind this no frame begins, so that what is written can be read again.
  private static let fullByteCount = maximumByteCount - SealedLog.maximumFrameByteCount

  func readAll() throws(StoreError) -> [UInt8] {
    let bytes = try attempting("reading", name) { () throws(Errno) in
      try descriptor.readAll(limit: Self.maximumByteCount)
    }
    guard let bytes else { throw .damaged(file: name, reason: "it is longer than 4 GiB") }
    return bytes
  }

  /// Reads a part of the file.
  ///
  /// - Returns: `byteCount` bytes from `offset` on, or fewer at the end.
  func read(at offset: Int, atMost byteCount: Int) throws(StoreError) -> [UInt8] {
    try attempting("reading", name) { () throws(Errno) in
      try descriptor.read(at: offset, atMost: byteCount)
    }
  }

  /// Writes frames behind those that are there.
  ///
  /// Throws `full` where the file would become too long to be read.
  func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
    guard offset + bytes.count <= Self.fullByteCount else { throw .full(file: name) }
    try attempting("writing", name) { () throws(Errno) in
      try descriptor.writeAll(bytes.span, at: offset)
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
    try attempting("cutting", name) { () throws(Errno) in
      try descriptor.truncate(to: byteCount)
    }
  }

  func synchronize() throws(StoreError) {
    try attempting("syncing", name) { () throws(Errno) in try descriptor.synchronizeData() }
  }
}
