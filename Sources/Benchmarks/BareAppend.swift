internal import Glibc
internal import Platform

/// The floor of what a durable change can take: bytes at the end of a file, then
/// fdatasync(2).
struct BareAppend {
  let path: String

  /// How many bytes are written at a time.
  let byteCount: Int

  /// Appends for a time.
  ///
  /// - Parameter milliseconds: How long.
  /// - Returns: How often in a second.
  /// - Throws: ``BenchmarkError`` if the file cannot be written.
  func run(milliseconds: Int64) throws(BenchmarkError) -> Double {
    try attempting(path) { () throws(Errno) in
      let file = try FileDescriptor.open(
        path, flags: O_WRONLY | O_CREAT | O_APPEND, mode: 0o600)
      let bytes = [UInt8](repeating: 0x78, count: byteCount)
      let watch = Stopwatch()
      var count = 0
      while watch.nanoseconds < milliseconds * 1_000_000 {
        try file.writeAll(bytes.span)
        try file.synchronizeData()
        count += 1
      }
      return Double(count) * 1e9 / Double(watch.nanoseconds)
    }
  }
}
