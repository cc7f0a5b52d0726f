internal import CLinux
internal import Glibc

/// Wakes an event loop from another thread.
///
/// Source: eventfd(2).
package struct Wakeup: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  package init() throws(Errno) {
    let flags = CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK)
    descriptor = FileDescriptor(owning: try retrying { eventfd(0, flags) })
  }

  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// Makes the descriptor readable; from any thread.
  package borrowing func signal() {
    var one: UInt64 = 1
    // Fails only when the counter is full, and then the loop is awake anyway.
    _ = descriptor.withRawValue { unsafe Glibc.write($0, &one, 8) }
  }

  /// Makes the descriptor unreadable again.
  package borrowing func clear() {
    var count: UInt64 = 0
    _ = descriptor.withRawValue { unsafe Glibc.read($0, &count, 8) }
  }
}
