internal import CLinux
internal import Glibc

/// systemd, as far as a service speaks with it.
package enum ServiceManager {
  /// Tells the manager a state such as `READY=1`; does nothing without one.
  ///
  /// Source: sd_notify(3).
  package static func notify(_ state: String) {
    guard let path = Environment.value(of: "NOTIFY_SOCKET"),
      path.hasPrefix("/") || path.hasPrefix("@")
    else { return }
    // A manager that cannot be told will find out by its own time-outs.
    _ = unsafe clinux_send_datagram(path, path.utf8.count, state, state.utf8.count)
  }

  /// Why a passed socket cannot be used.
  package enum PassingError: Error, Equatable {
    /// Not one socket was passed, but so many.
    case count(Int)

    /// What was passed is no AF_UNIX stream socket that listens.
    case wrongKind
  }

  /// The listening socket that the manager has passed; nil if it passes none to
  /// this process.
  ///
  /// - Returns: The socket, which neither blocks nor is inherited.
  /// - Throws: ``PassingError``.
  ///
  /// Source: sd_listen_fds(3).
  package static func takePassedSocket() throws(PassingError) -> UnixSocket? {
    guard let process = Environment.value(of: "LISTEN_PID").flatMap({ Int32($0) }),
      process == Process.id, let text = Environment.value(of: "LISTEN_FDS"), let count = Int(text)
    else { return nil }
    guard count == 1 else { throw .count(count) }
    let first: CInt = 3
    guard option(SO_ACCEPTCONN, of: first) == 1, option(SO_DOMAIN, of: first) == AF_UNIX,
      option(SO_TYPE, of: first) == CInt(SOCK_STREAM.rawValue)
    else { throw .wrongKind }
    let descriptor = FileDescriptor(owning: first)
    _ = fcntl(first, F_SETFD, FD_CLOEXEC)
    _ = fcntl(first, F_SETFL, fcntl(first, F_GETFL) | O_NONBLOCK)
    return UnixSocket(owning: descriptor)
  }

  private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
    var value: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 else { return nil }
    return value
  }
}
