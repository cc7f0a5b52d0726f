import Glibc
import Platform
import Testing

/// Sockets as tests need them.
///
/// ``UnixSocket/listen(at:permissions:backlog:)`` sets the mask of the whole
/// process for a moment, so tests that run beside others do without it.
enum Sockets {
  /// A socket that has the name `path`, and on which nobody listens.
  ///
  /// A name that begins with NUL is abstract, as unix(7) has it.
  static func bound(at path: String, type: __socket_type = SOCK_STREAM) throws -> FileDescriptor {
    let socket = FileDescriptor(owning: Glibc.socket(AF_UNIX, CInt(type.rawValue), 0))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    try #require(bytes.count < capacity)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let end = path.hasPrefix("\0") ? bytes.count : capacity
    let size = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + end)
    let code = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        socket.withRawValue { Glibc.bind($0, address, size) }
      }
    }
    try #require(code == 0)
    return socket
  }

  /// A listening socket at `path`, which does not block.
  static func listening(at path: String) throws -> UnixSocket {
    let socket = try bound(at: path)
    try #require(socket.withRawValue { Glibc.listen($0, 16) } == 0)
    socket.withRawValue { _ = fcntl($0, F_SETFL, O_NONBLOCK) }
    return UnixSocket(owning: socket)
  }

  /// Two sockets that are connected with each other; neither blocks.
  static func pair() throws -> SocketPair {
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
    try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
    return SocketPair(
      one: UnixSocket(owning: FileDescriptor(owning: ends[0])),
      other: UnixSocket(owning: FileDescriptor(owning: ends[1])))
  }

  /// The connection that waits, which there must be.
  static func accepted(by listener: borrowing UnixSocket) throws -> UnixSocket {
    guard let socket = try listener.accept() else { throw Errno.wouldBlock }
    return socket
  }

  /// Whether a connection waits; it is closed then.
  static func acceptsAny(_ listener: borrowing UnixSocket) throws -> Bool {
    try listener.accept() != nil
  }

  /// Ends the connection at this side.
  static func close(_ socket: consuming UnixSocket) {}

  /// Whether `descriptor` has something to read, now or within `milliseconds`.
  static func isReadable(_ descriptor: CInt, within milliseconds: CInt = 0) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, milliseconds) == 1
  }
}

/// Two sockets that are connected with each other.
struct SocketPair: ~Copyable {
  let one: UnixSocket
  let other: UnixSocket
}
