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

  func readAll() throws(StoreError) -> [UInt8] {
    let bytes = try attempting("reading", name) { () throws(Errno) in
      try descriptor.readAll(limit: Self.maximumByteCount)
    }
    guard let bytes else { throw .damaged(file: name, reason: "it is longer than 4 GiB") }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
    try attempting("writing", name) { () throws(Errno) in
      try descriptor.writeAll(bytes.span, at: offset)
    }
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
