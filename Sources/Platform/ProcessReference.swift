internal import CLinux
internal import Glibc

/// A process that stays the one it is: its number may be given to another one when it
/// has ended, and it may execute another program.
///
/// Source: pidfd_open(2).
package struct ProcessReference: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  private init(owning rawValue: CInt) { descriptor = FileDescriptor(owning: rawValue) }

  /// The descriptor, for the event loop; it becomes readable when the process ends.
  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// Whether the process has ended, whether anyone has waited for it or not.
  package var hasEnded: Bool { descriptor.withRawValue { clinux_is_readable($0) == 1 } }

  /// The process that has a number now.
  ///
  /// - Parameter id: The number, from 1 on.
  /// - Returns: nil if no process has it.
  /// - Throws: ``Errno``: `EMFILE` and `ENFILE` when descriptors have run out.
  ///
  /// Source: pidfd_open(2).
  package static func process(_ id: Int32) throws(Errno) -> ProcessReference? {
    do throws(Errno) {
      return ProcessReference(owning: try retrying { clinux_pidfd_open(id) })
    } catch .noSuchProcess {
      return nil
    }
  }
}

extension ProcessReference {
  /// How the process at the other end of a connection is found.
  package enum Way: Sendable {
    /// The kernel has kept it with the connection, since Linux 6.5.
    case kept

    /// By the number that the kernel has kept. That may have been given to another
    /// process if the first one has ended, so this is best effort: it is for the moment
    /// at which a connection is accepted, and the connection is seen open afterwards.
    case byNumber

    /// The best one that this kernel has.
    ///
    /// Source: unix(7), `SO_PEERPIDFD`.
    package static var best: Way { best { clinux_peer_pidfd($0) } }

    /// The same of a kernel that is asked in another way.
    ///
    /// - Parameter ask: Asks for the process behind a socket, as getsockopt(2) does;
    ///   -1 for a failure.
    /// - Returns: The way; ``byNumber`` too if nobody can be asked.
    package static func best(_ ask: (CInt) -> CInt) -> Way {
      var ends: [CInt] = [-1, -1]
      let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
      guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return .byNumber }
      let one = FileDescriptor(owning: ends[0])
      _ = FileDescriptor(owning: ends[1])
      let rawValue = one.withRawValue(ask)
      guard rawValue >= 0 else { return .byNumber }
      _ = FileDescriptor(owning: rawValue)
      return .kept
    }
  }

  /// The process at the other end of a connection, as it was when that was made.
  ///
  /// - Parameters:
  ///   - socket: The connection.
  ///   - way: How it is found.
  /// - Returns: nil if that process has ended, or cannot be told from here.
  /// - Throws: ``Errno``: `EMFILE` and `ENFILE` when descriptors have run out.
  package static func peer(
    of socket: borrowing UnixSocket, _ way: Way
  ) throws(Errno) -> ProcessReference? {
    let found: ProcessReference?
    switch way {
    case .kept: found = try kept(with: socket)
    case .byNumber:
      let id = try socket.peer().processID
      // 0 is a process of another namespace.
      guard id > 0 else { return nil }
      found = try process(id)
    }
    // Whoever closed it may have ended, and its number may be another's by now.
    if case .byNumber = way, socket.hasHungUp() { return nil }
    return found
  }

  private static func kept(
    with socket: borrowing UnixSocket
  ) throws(Errno) -> ProcessReference? {
    do throws(Errno) {
      return ProcessReference(
        owning: try socket.withRawValue { (rawValue) throws(Errno) in
          try retrying { clinux_peer_pidfd(rawValue) }
        })
    } catch {
      // What the kernel says of a process that is gone has changed over time.
      guard [ESRCH, ENODATA, EINVAL].contains(error.code) else { throw error }
      return nil
    }
  }
}
