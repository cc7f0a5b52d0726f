internal import CLinux
internal import Glibc
internal import Synchronization

/// A thread of the kernel.
///
/// Source: pthread_create(3).
package enum Thread {
  /// Runs `body` on a new thread, which ends with it.
  ///
  /// - Throws: ``Errno`` if the system has no room for another thread.
  package static func start(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    let work = unsafe Unmanaged.passRetained(Work(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
    defer { _ = unsafe pthread_attr_destroy(&attributes) }
    var thread = pthread_t()
    let code = unsafe pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument = unsafe argument else { return nil }
        let work = unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
        work.body()
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      unsafe work.release()
      throw Errno(code: code)
    }
  }

  /// Lets other threads go first from now on, where both want the processor; where
  /// that is not allowed nothing changes.
  ///
  /// Source: nice(2), sched(7): on Linux it is of the calling thread alone.
  package static func giveWay() { _ = nice(4) }

  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

/// Hands elements from one thread to another, in order.
package final class BlockingQueue<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])
  private let available: FileDescriptor

  package init() throws(Errno) {
    let flags = CInt(EFD_CLOEXEC) | CInt(EFD_SEMAPHORE)
    available = FileDescriptor(owning: try retrying { eventfd(0, flags) })
  }

  /// Adds `element`; never waits.
  package func append(_ element: Element) {
    elements.withLock { $0.append(element) }
    var one: UInt64 = 1
    _ = available.withRawValue { unsafe Glibc.write($0, &one, 8) }
  }

  /// Takes the first element, waiting until there is one.
  package func next() -> Element {
    while true {
      var one: UInt64 = 0
      let count = available.withRawValue { unsafe Glibc.read($0, &one, 8) }
      guard count == 8 else { continue }
      let element = elements.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      if let element { return element }
    }
  }
}

/// Carries one value from thread to thread; whoever takes it owns it.
package final class Handoff<Value: ~Copyable>: Sendable {
  private let value: Mutex<Value?>

  package init(_ value: consuming sending Value) { self.value = Mutex(value) }

  /// The value, for the first who asks.
  package func take() -> sending Value? {
    value.withLock { value in
      let taken = value.take()
      value = nil
      return taken
    }
  }
}
