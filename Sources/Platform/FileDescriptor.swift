internal import Glibc

/// An open file descriptor with exactly one owner.
///
/// The descriptor is closed when its owner goes away. Call ``close()`` instead
/// where a delayed write error must be seen.
package struct FileDescriptor: ~Copyable, Sendable {
  private let rawValue: CInt

  /// Takes ownership of `rawValue`, which must be open.
  package init(owning rawValue: CInt) {
    precondition(rawValue >= 0, "a descriptor is never negative")
    self.rawValue = rawValue
  }

  deinit { _ = Glibc.close(rawValue) }

  /// Opens the file at `path`; the descriptor is closed on `exec`.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - flags: As in open(2); `O_CLOEXEC` is added.
  ///   - mode: The permission bits of a file that is created.
  /// - Returns: The descriptor.
  /// - Throws: ``Errno`` as open(2) sets it.
  ///
  /// Source: open(2).
  package static func open(
    _ path: String, flags: CInt, mode: UInt32 = 0
  ) throws(Errno) -> FileDescriptor {
    FileDescriptor(owning: try retrying { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) })
  }

  /// Lends the raw descriptor to `body`, for calls that this type does not wrap.
  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(rawValue)
  }

  /// Reads into `bytes` from `offset` on, by one `read(2)`.
  ///
  /// - Parameters:
  ///   - bytes: Where they go.
  ///   - offset: Where in there the first one goes.
  ///   - limit: The most bytes that are taken; all that fit if nil.
  /// - Returns: The number of bytes read; 0 means end of file.
  /// - Throws: ``Errno`` for anything but `EINTR`.
  ///
  /// Source: read(2).
  package borrowing func read(
    into bytes: inout MutableSpan<UInt8>, at offset: Int = 0, limit: Int? = nil
  ) throws(Errno) -> Int {
    precondition(offset >= 0 && offset <= bytes.count, "the offset is inside")
    return try unsafe bytes.withUnsafeMutableBufferPointer { (buffer) throws(Errno) -> Int in
      let free = unsafe UnsafeMutableBufferPointer(rebasing: buffer[offset...])
      let most = min(limit ?? free.count, free.count)
      return try retrying { unsafe Glibc.read(rawValue, free.baseAddress, most) }
    }
  }

  /// Reads everything up to the end of the file, for what is no secret.
  ///
  /// - Parameter limit: The largest number of bytes that are accepted.
  /// - Returns: The bytes; nil if there are more than `limit`.
  /// - Throws: ``Errno`` as read(2) sets it.
  package borrowing func readAll(limit: Int) throws(Errno) -> [UInt8]? {
    let expected = try status().byteCount
    guard expected <= limit else { return nil }
    var bytes = [UInt8](repeating: 0, count: expected + 1)
    var filled = 0
    while true {
      if filled == bytes.count {
        guard filled <= limit else { return nil }
        bytes.append(
          contentsOf: repeatElement(0, count: min(max(filled, 4096), limit + 1 - filled)))
      }
      var span = bytes.mutableSpan
      let count = try read(into: &span, at: filled)
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  /// Reads a part of a file, for what is no secret; its own position stays.
  ///
  /// - Parameters:
  ///   - offset: Where the part begins.
  ///   - byteCount: The most bytes that are wanted.
  /// - Returns: The bytes; fewer than `byteCount` at the end of the file.
  /// - Throws: ``Errno`` as pread(2) sets it.
  ///
  /// Source: pread(2).
  package borrowing func read(
    at offset: Int, atMost byteCount: Int
  ) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var filled = 0
    while filled < byteCount {
      let count = try unsafe bytes.withUnsafeMutableBufferPointer {
        (all) throws(Errno) -> Int in
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: all[filled...])
        return try retrying {
          unsafe pread(rawValue, rest.baseAddress, rest.count, offset + filled)
        }
      }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(byteCount - filled)
    return bytes
  }

  /// Writes some of `bytes`, by one `write(2)`.
  ///
  /// - Parameters:
  ///   - bytes: What is written, from `offset` on.
  ///   - offset: Where in there the first one is.
  ///   - limit: The most bytes that are written.
  /// - Returns: The number of bytes written.
  /// - Throws: ``Errno`` for anything but `EINTR`; `EAGAIN` where it would have to wait.
  ///
  /// Source: write(2).
  package borrowing func write(
    _ bytes: Span<UInt8>, at offset: Int = 0, limit: Int = Int.max
  ) throws(Errno) -> Int {
    try unsafe bytes.withUnsafeBufferPointer { (all) throws(Errno) -> Int in
      let rest = unsafe UnsafeBufferPointer(rebasing: all[offset...])
      return try retrying {
        unsafe Glibc.write(rawValue, rest.baseAddress, min(rest.count, limit))
      }
    }
  }

  /// Opens what a descriptor leads to once more, without its waiting for anything; what
  /// others do with the descriptor stays as it is.
  ///
  /// - Parameters:
  ///   - descriptor: An open one, as of a terminal or a pipe.
  ///   - access: As in `O_WRONLY`.
  /// - Returns: The new one, close-on-exec and non-blocking.
  /// - Throws: ``Errno``, as for a socket, or without /proc.
  ///
  /// Source: proc(5), `/proc/self/fd`; open(2).
  package static func reopen(_ descriptor: CInt, access: CInt) throws(Errno) -> FileDescriptor {
    try .open("/proc/self/fd/\(descriptor)", flags: access | O_NONBLOCK | O_NOCTTY)
  }

  /// Whether a descriptor that somebody else owns leads to a regular file.
  ///
  /// Source: fstat(2).
  package static func isRegularFile(_ descriptor: CInt) throws(Errno) -> Bool {
    try status(of: descriptor).kind == .regular
  }

  /// What a descriptor that somebody else owns leads to.
  ///
  /// Source: fstat(2).
  package static func status(of descriptor: CInt) throws(Errno) -> FileStatus {
    var status = stat()
    _ = try retrying { unsafe fstat(descriptor, &status) }
    return FileStatus(status)
  }

  /// A copy of a descriptor, close-on-exec.
  ///
  /// Source: fcntl(2), `F_DUPFD_CLOEXEC`.
  package static func duplicate(_ descriptor: CInt) throws(Errno) -> FileDescriptor {
    FileDescriptor(
      owning: try retrying { fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) })
  }

  /// Writes all of `bytes`, in as many `write(2)` calls as it takes.
  ///
  /// - Throws: ``Errno`` as write(2) sets it; some bytes may have been written.
  ///
  /// Source: write(2).
  package borrowing func writeAll(_ bytes: Span<UInt8>) throws(Errno) {
    var offset = 0
    while offset < bytes.count {
      offset += try unsafe bytes.withUnsafeBufferPointer { (all) throws(Errno) -> Int in
        let rest = unsafe UnsafeBufferPointer(rebasing: all[offset...])
        return try retrying { unsafe Glibc.write(rawValue, rest.baseAddress, rest.count) }
      }
    }
  }

  /// Writes all of `bytes` at `offset`, whatever the file's own position is.
  ///
  /// - Throws: ``Errno`` as pwrite(2) sets it; some bytes may have been written.
  ///
  /// Source: pwrite(2).
  package borrowing func writeAll(_ bytes: Span<UInt8>, at offset: Int) throws(Errno) {
    var written = 0
    while written < bytes.count {
      written += try unsafe bytes.withUnsafeBufferPointer { (all) throws(Errno) -> Int in
        let rest = unsafe UnsafeBufferPointer(rebasing: all[written...])
        return try retrying {
          unsafe pwrite(rawValue, rest.baseAddress, rest.count, offset + written)
        }
      }
    }
  }

  /// Waits until the data of the file is on the device.
  ///
  /// - Throws: ``Errno``; then nothing is known of what was written, and a
  ///   second call proves nothing.
  ///
  /// Source: fdatasync(2).
  package borrowing func synchronizeData() throws(Errno) {
    _ = try retrying { fdatasync(rawValue) }
  }

  /// Waits until data and metadata of the file are on the device.
  ///
  /// Source: fsync(2).
  package borrowing func synchronize() throws(Errno) {
    _ = try retrying { fsync(rawValue) }
  }

  /// Cuts the file to `byteCount` bytes.
  ///
  /// Source: ftruncate(2).
  package borrowing func truncate(to byteCount: Int) throws(Errno) {
    _ = try retrying { ftruncate(rawValue, byteCount) }
  }

  /// What the file is, whose, and how long.
  ///
  /// Source: fstat(2).
  package borrowing func status() throws(Errno) -> FileStatus {
    var status = stat()
    _ = try retrying { unsafe fstat(rawValue, &status) }
    return FileStatus(status)
  }

  /// Takes the exclusive lock of the open file, without waiting.
  ///
  /// - Returns: Whether it was free.
  /// - Throws: ``Errno`` for anything but a lock that another one holds.
  ///
  /// Source: flock(2).
  package borrowing func tryLock() throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try retrying { flock(rawValue, LOCK_EX | LOCK_NB) }
      return true
    } catch .wouldBlock {
      return false
    }
  }

  /// Gives back the lock of the open file.
  ///
  /// Source: flock(2), `LOCK_UN`.
  package borrowing func unlock() { _ = flock(rawValue, LOCK_UN) }

  /// Whether the descriptor is a terminal.
  ///
  /// Source: isatty(3).
  package static func isTerminal(_ standardDescriptor: CInt) -> Bool {
    isatty(standardDescriptor) == 1
  }

  /// Closes the descriptor and reports what `deinit` would have to swallow.
  ///
  /// Source: close(2).
  package consuming func close() throws(Errno) {
    let descriptor = rawValue
    discard self
    if Glibc.close(descriptor) == -1, Errno.current != .interrupted { throw .current }
  }

  /// Gives up ownership without closing.
  package consuming func release() -> CInt {
    let descriptor = rawValue
    discard self
    return descriptor
  }
}
