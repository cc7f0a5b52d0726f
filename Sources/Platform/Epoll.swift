internal import CLinux
internal import Glibc

/// The kernel's list of descriptors that an event loop waits for.
///
/// Each registration bears a token that the caller never uses twice, so that a
/// late event of a closed descriptor is not taken for one of its successor.
///
/// Source: epoll(7); level-triggered.
package struct Epoll: ~Copyable {
  /// What a registration waits for.
  package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let reading = Interest(rawValue: EPOLLIN.rawValue)
    package static let writing = Interest(rawValue: EPOLLOUT.rawValue)
  }

  /// What has happened to one registration.
  package struct Event: Sendable {
    package let token: UInt64
    private let flags: UInt32

    package var isReadable: Bool { flags & EPOLLIN.rawValue != 0 }
    package var isWritable: Bool { flags & EPOLLOUT.rawValue != 0 }

    /// Both directions are closed, or the socket has failed; always reported.
    package var isHangUp: Bool { flags & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }

    init(token: UInt64, flags: UInt32) {
      self.token = token
      self.flags = flags
    }
  }

  private let descriptor: FileDescriptor
  private var buffer: [clinux_event]

  /// Makes a list without a registration.
  ///
  /// - Parameter capacity: The most events that one wait returns, up to 256.
  /// - Throws: ``Errno`` as epoll_create1(2) sets it.
  package init(capacity: Int = 256) throws(Errno) {
    descriptor = FileDescriptor(owning: try retrying { epoll_create1(CInt(EPOLL_CLOEXEC)) })
    buffer = [clinux_event](repeating: clinux_event(), count: capacity)
  }

  /// Waits for `watched` from now on, until it is closed.
  package borrowing func add(
    _ watched: CInt, token: UInt64, interest: Interest
  ) throws(Errno) {
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { clinux_epoll_add(rawValue, watched, interest.rawValue, token) }
    }
  }

  /// Changes what is waited for.
  package borrowing func modify(
    _ watched: CInt, token: UInt64, interest: Interest
  ) throws(Errno) {
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { clinux_epoll_modify(rawValue, watched, interest.rawValue, token) }
    }
  }

  /// Waits for events, without end.
  ///
  /// - Returns: At least one event; none if a signal came in between.
  package mutating func wait() throws(Errno) -> [Event] {
    let capacity = CInt(buffer.count)
    let rawValue = descriptor.withRawValue { $0 }
    let count = unsafe clinux_epoll_wait(rawValue, &buffer, capacity)
    if count < 0 {
      guard Errno.current == .interrupted else { throw .current }
      return []
    }
    return buffer.prefix(Int(count)).map { Event(token: $0.token, flags: $0.flags) }
  }
}
