internal import Glibc

extension FileDescriptor {
  /// Reads as ``read(into:at:limit:)``, but waits for bytes where another process has made
  /// the descriptor non-blocking, as it may be with one that was inherited.
  ///
  /// - Parameters:
  ///   - bytes: Where they go.
  ///   - offset: Where in there the first one goes.
  ///   - limit: The most bytes that are taken; all that fit if nil.
  /// - Returns: The number of bytes read; 0 means end of file.
  /// - Throws: ``Errno`` for anything but `EINTR` and `EAGAIN`.
  ///
  /// Source: read(2), poll(2).
  package borrowing func readWaiting(
    into bytes: inout MutableSpan<UInt8>, at offset: Int = 0, limit: Int? = nil
  ) throws(Errno) -> Int {
    while true {
      do throws(Errno) {
        return try read(into: &bytes, at: offset, limit: limit)
      } catch .wouldBlock {
        try withRawValue { (rawValue) throws(Errno) in
          try Polling.wait(for: rawValue, reading: true)
        }
      }
    }
  }
}
