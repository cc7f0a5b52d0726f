package import Platform

/// The files of a state directory, as a vault reads and writes them.
///
/// A seam for tests, which put a disk in its place that loses, tears and
/// reorders what was not synced; ``SystemDisk`` is the real one.
package protocol Disk: Sendable {
  /// The names in the directory, sorted.
  func names() throws(Errno) -> [String]

  /// What the file `name` is; nil if there is none.
  func status(of name: String) throws(Errno) -> FileStatus?

  func open(_ name: String, for opening: Directory.Opening) throws(Errno) -> any DiskFile

  /// Gives the file `name` the name `newName`, in place of what bears it; durable
  /// after ``synchronize()``.
  func rename(_ name: String, to newName: String) throws(Errno)

  /// Removes the file `name`, if it is there.
  func remove(_ name: String) throws(Errno)

  /// Waits until the names of files are on the device.
  func synchronize() throws(Errno)

  /// Whether the directory is still the one at its path.
  func isInPlace() throws(Errno) -> Bool
}

/// An open file of a ``Disk``; one thread may write it while another syncs it.
package protocol DiskFile: Sendable {
  func status() throws(Errno) -> FileStatus

  /// All bytes; nil if there are more than `limit`.
  func readAll(limit: Int) throws(Errno) -> [UInt8]?

  /// `byteCount` bytes from `offset` on, or fewer at the end.
  func read(at offset: Int, atMost byteCount: Int) throws(Errno) -> [UInt8]

  /// Writes all of `bytes`; after a failure some of them may have been written.
  func write(_ bytes: Span<UInt8>, at offset: Int) throws(Errno)

  func truncate(to byteCount: Int) throws(Errno)

  /// Waits until the data, and the length, are on the device.
  func synchronizeData() throws(Errno)

  /// Waits until data and metadata are on the device.
  func synchronize() throws(Errno)
}

/// A directory of the system.
final class SystemDisk: Disk {
  private let path: String
  private let directory: Directory

  /// - Parameters:
  ///   - directory: Opened and checked.
  ///   - path: Where it was found.
  init(_ directory: consuming Directory, at path: String) {
    self.path = path
    self.directory = directory
  }

  func names() throws(Errno) -> [String] { try directory.names() }

  func status(of name: String) throws(Errno) -> FileStatus? { try directory.status(of: name) }

  func open(_ name: String, for opening: Directory.Opening) throws(Errno) -> any DiskFile {
    SystemFile(try directory.open(name, for: opening))
  }

  func rename(_ name: String, to newName: String) throws(Errno) {
    try directory.rename(name, to: newName)
  }

  func remove(_ name: String) throws(Errno) { try directory.remove(name) }

  func synchronize() throws(Errno) { try directory.synchronize() }

  func isInPlace() throws(Errno) -> Bool {
    let there = try FileStatus.ofFile(at: path, followsLinks: true)
    return try there?.identity == directory.status().identity
  }
}

private final class SystemFile: DiskFile {
  private let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  func status() throws(Errno) -> FileStatus { try descriptor.status() }

  func readAll(limit: Int) throws(Errno) -> [UInt8]? {
    let byteCount = try status().byteCount
    guard byteCount <= limit else { return nil }
    return try descriptor.read(at: 0, atMost: byteCount)
  }

  func read(at offset: Int, atMost byteCount: Int) throws(Errno) -> [UInt8] {
    try descriptor.read(at: offset, atMost: byteCount)
  }

  func write(_ bytes: Span<UInt8>, at offset: Int) throws(Errno) {
    try descriptor.writeAll(bytes, at: offset)
  }

  func truncate(to byteCount: Int) throws(Errno) { try descriptor.truncate(to: byteCount) }

  func synchronizeData() throws(Errno) { try descriptor.synchronizeData() }

  func synchronize() throws(Errno) { try descriptor.synchronize() }
}
