internal import CLinux
internal import Glibc

/// Tells when a name in a directory was removed or given to something else.
///
/// What is made under a new name, and what is written, is not told, so that
/// nobody is woken by it.
///
/// Source: inotify(7).
package struct DirectoryWatch: ~Copyable {
  private let descriptor: FileDescriptor

  /// Watches the directory at `path` from now on, under whatever name it goes.
  ///
  /// - Parameter path: Where it is.
  /// - Throws: ``Errno`` as inotify_init1(2) and inotify_add_watch(2) set it;
  ///   `EMFILE` if the user has too many watches.
  package init(_ path: String) throws(Errno) {
    let flags = CInt(IN_CLOEXEC | IN_NONBLOCK)
    let events =
      UInt32(IN_DELETE) | UInt32(IN_MOVED_FROM) | UInt32(IN_MOVED_TO)
      | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    let queue = FileDescriptor(owning: try retrying { inotify_init1(flags) })
    try queue.withRawValue { (rawValue) throws(Errno) -> Void in
      _ = try retrying { unsafe inotify_add_watch(rawValue, path, events) }
    }
    descriptor = queue
  }

  /// Lends the descriptor, which is readable while there is something to tell.
  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// Forgets what there was to tell.
  package borrowing func clear() {
    // An event has at most 16 bytes, a name and a NUL.
    var buffer = [UInt8](repeating: 0, count: 4096)
    var bytes = buffer.mutableSpan
    while let count = try? descriptor.read(into: &bytes), count > 0 {}
  }
}
