internal import Glibc

/// A few descriptors that are waited for together, each time anew.
///
/// Source: poll(2).
package struct Polling {
  private var watched: [pollfd] = []

  package init() {}

  /// Forgets all descriptors.
  package mutating func removeAll() { watched.removeAll(keepingCapacity: true) }

  /// Waits for a descriptor as well, in the next wait.
  ///
  /// - Parameters:
  ///   - descriptor: An open one; nil stands for none, which is never ready.
  ///   - reading: Whether it is waited for until it can be read.
  ///   - writing: Whether it is waited for until it can be written.
  /// - Returns: Its place, to ask about it after the wait.
  package mutating func watch(
    _ descriptor: CInt?, reading: Bool = false, writing: Bool = false
  ) -> Int {
    let events = (reading ? POLLIN : 0) | (writing ? POLLOUT : 0)
    // Without events a hang-up would still wake the wait, again and again.
    let used = events == 0 ? -1 : descriptor ?? -1
    watched.append(pollfd(fd: used, events: Int16(events), revents: 0))
    return watched.count - 1
  }

  /// Waits until one of them is ready, a signal comes, or the time is over.
  ///
  /// - Parameter milliseconds: How long; nil is without end.
  /// - Returns: Whether one is ready.
  /// - Throws: ``Errno`` for anything but `EINTR`.
  package mutating func wait(milliseconds: Int? = nil) throws(Errno) -> Bool {
    let limit = CInt(clamping: milliseconds ?? -1)
    let count = unsafe poll(&watched, nfds_t(watched.count), limit)
    if count >= 0 { return count > 0 }
    guard Errno.current == .interrupted else { throw .current }
    for index in watched.indices { watched[index].revents = 0 }
    return false
  }

  /// Waits for one descriptor that somebody else has made non-blocking.
  ///
  /// - Parameters:
  ///   - descriptor: An open one.
  ///   - reading: Whether it is waited for until it can be read.
  ///   - writing: Whether it is waited for until it can be written.
  /// - Throws: ``Errno`` for anything but `EINTR`.
  static func wait(
    for descriptor: CInt, reading: Bool = false, writing: Bool = false
  ) throws(Errno) {
    var polling = Polling()
    _ = polling.watch(descriptor, reading: reading, writing: writing)
    _ = try polling.wait()
  }

  /// Whether the descriptor at `place` can be read, or is at its end.
  package func isReadable(_ place: Int) -> Bool {
    watched[place].revents & Int16(POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0
  }

  /// Whether the descriptor at `place` can be written, or writing it fails at once.
  package func isWritable(_ place: Int) -> Bool {
    watched[place].revents & Int16(POLLOUT | POLLHUP | POLLERR | POLLNVAL) != 0
  }
}
