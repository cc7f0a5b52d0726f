internal import CLinux
internal import Glibc

/// A stream socket of the AF_UNIX family.
///
/// Source: unix(7).
package struct UnixSocket: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// The longest path of a socket: `sun_path` has room for 107 bytes and a NUL.
  package static let maximumPathByteCount = 107

  package init(owning descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// The descriptor, for the event loop.
  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  // MARK: Opening

  /// Connects to the socket at `path`; the socket blocks.
  ///
  /// - Parameters:
  ///   - path: Where somebody listens.
  ///   - limitSeconds: As of ``limitWaiting(seconds:)``, from the connecting on: where
  ///     more wait to be accepted than may, that waits as well.
  /// - Returns: The socket.
  /// - Throws: ``Errno``: `ENOENT`, `ECONNREFUSED` where nobody listens, `EAGAIN` past
  ///   `limitSeconds`, `ENAMETOOLONG` past ``maximumPathByteCount``.
  ///
  /// Source: connect(2), socket(7).
  package static func connect(
    to path: String, limitSeconds: Int32 = 0
  ) throws(Errno) -> UnixSocket {
    let socket = UnixSocket(owning: try stream(nonBlocking: false))
    if limitSeconds > 0 { try socket.limitWaiting(seconds: limitSeconds) }
    let count = path.utf8.count
    _ = try socket.withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe clinux_connect(rawValue, path, count) }
    }
    return socket
  }

  /// Bounds how long one call of a socket that blocks waits for its peer.
  ///
  /// - Parameter seconds: Past them ``receive(into:at:)`` returns nil, and
  ///   ``sendAll(_:)`` throws `EAGAIN`; 0 is no limit.
  /// - Throws: ``Errno`` as setsockopt(2) sets it.
  ///
  /// Source: socket(7), `SO_RCVTIMEO` and `SO_SNDTIMEO`.
  package borrowing func limitWaiting(seconds: Int32) throws(Errno) {
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { clinux_limit_waiting(rawValue, seconds) }
    }
  }

  /// Listens on a new socket at `path`, where nothing may be.
  ///
  /// - Parameters:
  ///   - path: At most ``maximumPathByteCount`` bytes.
  ///   - permissions: The mode of the socket's node, set as it is made.
  ///   - backlog: How many connections may wait to be accepted.
  /// - Returns: The socket, which does not block.
  /// - Throws: ``Errno``: `EADDRINUSE` if the path is taken.
  ///
  /// Source: bind(2), listen(2), umask(2).
  package static func listen(
    at path: String, permissions: UInt32, backlog: CInt = 512
  ) throws(Errno) -> UnixSocket {
    let descriptor = try stream(nonBlocking: true)
    let count = path.utf8.count
    let former = umask(0o777 & ~permissions)
    defer { _ = umask(former) }
    try descriptor.withRawValue { (rawValue) throws(Errno) -> Void in
      _ = try retrying { unsafe clinux_bind(rawValue, path, count) }
      _ = try retrying { Glibc.listen(rawValue, backlog) }
    }
    return UnixSocket(owning: descriptor)
  }

  private static func stream(nonBlocking: Bool) throws(Errno) -> FileDescriptor {
    let kind =
      CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
      | (nonBlocking ? CInt(SOCK_NONBLOCK.rawValue) : 0)
    return FileDescriptor(owning: try retrying { socket(AF_UNIX, kind, 0) })
  }

  // MARK: Using

  /// The next waiting connection, which does not block; nil if none waits.
  ///
  /// - Throws: ``Errno``: `EMFILE` and `ENFILE` when descriptors have run out.
  ///
  /// Source: accept(2).
  package borrowing func accept() throws(Errno) -> UnixSocket? {
    do throws(Errno) {
      let rawValue = try descriptor.withRawValue { (rawValue) throws(Errno) in
        try retrying { clinux_accept(rawValue) }
      }
      return UnixSocket(owning: FileDescriptor(owning: rawValue))
    } catch {
      // ECONNABORTED: the peer has gone before it was its turn.
      if error == .wouldBlock || error.code == ECONNABORTED { return nil }
      throw error
    }
  }

  /// Who was at the other end when the connection was made.
  ///
  /// Source: unix(7), `SO_PEERCRED`.
  package borrowing func peer() throws(Errno) -> PeerCredentials {
    var peer = clinux_peer()
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe clinux_peer_credentials(rawValue, &peer) }
    }
    return PeerCredentials(processID: peer.pid, userID: peer.uid)
  }

  /// The address that the peer has bound before it connected, with the NUL that an
  /// abstract one begins with; empty if it has none.
  ///
  /// Source: getpeername(2).
  package borrowing func peerName() throws(Errno) -> [UInt8] {
    var name = [CChar](repeating: 0, count: Self.maximumPathByteCount + 1)
    let capacity = name.count
    let count = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe clinux_peer_name(rawValue, &name, capacity) }
    }
    return name.prefix(Int(count)).map { UInt8(bitPattern: $0) }
  }

  /// Whether the peer has closed the connection.
  ///
  /// Source: poll(2), `POLLHUP`.
  package borrowing func hasHungUp() -> Bool {
    descriptor.withRawValue { clinux_has_hung_up($0) == 1 }
  }

  /// Waits for something to receive, be it the end.
  ///
  /// - Parameter milliseconds: How long at the most.
  /// - Returns: Whether it has come; true as well for what a receiving will tell.
  ///
  /// Source: poll(2).
  package borrowing func hasInput(within milliseconds: CInt) -> Bool {
    descriptor.withRawValue { rawValue in
      var watched = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
      return unsafe poll(&watched, 1, milliseconds) != 0
    }
  }

  /// Receives into `bytes` from `offset` on.
  ///
  /// Uses read(2), not recvmsg(2), so that the kernel drops descriptors that a
  /// peer passes along.
  ///
  /// - Returns: The number of bytes, 0 at the end; nil if there is nothing yet.
  package borrowing func receive(
    into bytes: inout MutableSpan<UInt8>, at offset: Int
  ) throws(Errno) -> Int? {
    do throws(Errno) {
      return try descriptor.read(into: &bytes, at: offset)
    } catch .wouldBlock {
      return nil
    }
  }

  /// Sends as much of `bytes` as the kernel takes at once; raises no signal.
  ///
  /// - Returns: The number of bytes taken; 0 if the peer must read first.
  /// - Throws: ``Errno``: `EPIPE` or `ECONNRESET` if the peer is gone.
  ///
  /// Source: send(2), `MSG_NOSIGNAL`.
  package borrowing func send(_ bytes: Span<UInt8>) throws(Errno) -> Int {
    do throws(Errno) {
      return try descriptor.withRawValue { (rawValue) throws(Errno) -> Int in
        try unsafe bytes.withUnsafeBufferPointer { (buffer) throws(Errno) -> Int in
          try retrying {
            unsafe Glibc.send(rawValue, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
          }
        }
      }
    } catch .wouldBlock {
      return 0
    }
  }

  /// Sends all of `bytes` through a socket that blocks.
  ///
  /// Throws ``Errno`` as ``send(_:)``, and `EAGAIN` past the limit of its waiting.
  package borrowing func sendAll(_ bytes: Span<UInt8>) throws(Errno) {
    var sent = 0
    while sent < bytes.count {
      let count = try send(bytes.extracting(sent..<bytes.count))
      guard count > 0 else { throw .wouldBlock }
      sent += count
    }
  }

  /// Tells the peer that nothing more will come.
  ///
  /// Source: shutdown(2).
  package borrowing func finishSending() throws(Errno) {
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { shutdown(rawValue, CInt(SHUT_WR)) }
    }
  }
}

/// The process at the other end of a connection, as the kernel recorded it.
package struct PeerCredentials: Equatable, Sendable {
  package let processID: Int32
  package let userID: UInt32

  package init(processID: Int32, userID: UInt32) {
    self.processID = processID
    self.userID = userID
  }
}
