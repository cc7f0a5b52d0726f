internal import CLinux
internal import Glibc

extension FileDescriptor {
  /// Makes a file in memory that holds `bytes`, at its beginning, and that nobody can
  /// change any more.
  ///
  /// - Parameters:
  ///   - bytes: What it holds; they are written straight from where they are.
  ///   - name: What /proc shows it as.
  /// - Returns: Its descriptor, which is closed on `exec`.
  /// - Throws: ``Errno`` as memfd_create(2) and write(2) set it.
  ///
  /// Source: memfd_create(2), fcntl(2) `F_ADD_SEALS`.
  package static func sealedMemory(
    holding bytes: Span<UInt8>, named name: String
  ) throws(Errno) -> FileDescriptor {
    let file = FileDescriptor(owning: try retrying { unsafe clinux_memory_file(name) })
    try file.writeAll(bytes)
    try file.withRawValue { (rawValue) throws(Errno) -> Void in
      _ = try retrying { clinux_seal(rawValue) }
      _ = try retrying { lseek(rawValue, 0, SEEK_SET) }
    }
    return file
  }
}
