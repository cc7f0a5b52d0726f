internal import Platform

/// The socket on which clients arrive.
struct Listener: ~Copyable {
  private let socket: UnixSocket

  /// The node that this process made, and removes when it ends.
  private let ownNode: (path: String, identity: FileStatus.Identity)?

  /// Why no socket could be had.
  enum ListenError: Error {
    case pathTooLong(String)
    case taken(String)
    case notOurs(String)
    case wrongPassed(ServiceManager.PassingError)
    case failed(String, Errno)
  }

  /// The socket that systemd has passed, else one at the path of `options`.
  init(_ options: Options) throws(ListenError) {
    let passed: UnixSocket?
    do throws(ServiceManager.PassingError) {
      passed = try ServiceManager.takePassedSocket()
    } catch {
      throw .wrongPassed(error)
    }
    if let passed {
      socket = passed
      ownNode = nil
    } else {
      let path = options.socketPath
      try Self.makeRoom(at: path, isSystem: options.isSystem)
      socket = try Self.bound(to: path, isSystem: options.isSystem)
      ownNode = Self.identity(of: path).map { (path, $0) }
    }
  }

  private static func bound(to path: String, isSystem: Bool) throws(ListenError) -> UnixSocket {
    do throws(Errno) {
      return try UnixSocket.listen(at: path, permissions: isSystem ? 0o666 : 0o600)
    } catch {
      throw .failed(path, error)
    }
  }

  private static func identity(of path: String) -> FileStatus.Identity? {
    let status = try? FileStatus.ofFile(at: path, followsLinks: false)
    return status?.identity
  }

  /// Makes room for a socket at `path`: its directory, and in the place of one of
  /// ours that nobody listens on, as a killed daemon leaves it.
  private static func makeRoom(at path: String, isSystem: Bool) throws(ListenError) {
    let isStale = try checkPlace(path)
    do throws(Errno) {
      if isStale { return try Directory.removeFile(path) }
      guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
      // Everybody must get to a socket that serves everybody.
      try Directory.create(String(path[..<slash]), permissions: isSystem ? 0o755 : 0o700)
    } catch {
      throw .failed(path, error)
    }
  }

  /// Throws unless a socket can be bound to `path`.
  ///
  /// - Parameter path: Where it is to be.
  /// - Returns: Whether one stands there that nobody listens on.
  /// - Throws: ``ListenError``.
  static func checkPlace(_ path: String) throws(ListenError) -> Bool {
    guard path.utf8.count <= UnixSocket.maximumPathByteCount else { throw .pathTooLong(path) }
    do throws(Errno) {
      guard let status = try FileStatus.ofFile(at: path, followsLinks: false) else { return false }
      guard status.kind == .socket, status.owner == Process.userID else {
        throw Errno.exists
      }
      do throws(Errno) {
        _ = try UnixSocket.connect(to: path)
      } catch .connectionRefused {
        return true
      }
    } catch .exists {
      throw .notOurs(path)
    } catch {
      throw .failed(path, error)
    }
    throw .taken(path)
  }

  borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try socket.withRawValue(body)
  }

  borrowing func accept() throws(Errno) -> UnixSocket? { try socket.accept() }

  /// Removes the node, if it is still the one that this process made.
  borrowing func remove() {
    guard let (path, identity) = ownNode, Self.identity(of: path) == identity else { return }
    try? Directory.removeFile(path)
  }
}

extension Listener.ListenError {
  var message: String {
    switch self {
    case .pathTooLong(let path):
      "\(path): the path of a socket has at most \(UnixSocket.maximumPathByteCount) bytes"
    case .taken(let path): "\(path): another program listens on this socket"
    case .notOurs(let path): "\(path): something else is in the place of the socket"
    case .wrongPassed(.count(let count)): "systemd passed \(count) sockets, cofferd wants one"
    case .wrongPassed(.wrongKind): "what systemd passed is no listening AF_UNIX stream socket"
    case .failed(let path, let error): "\(path): listening failed: \(error)"
    }
  }

  var hint: String? {
    switch self {
    case .pathTooLong: "choose a shorter one with --socket or COFFER_HOME"
    case .taken: "end that program, or choose another path with --socket"
    case .notOurs: "move it away, or choose another path with --socket"
    case .wrongPassed: "see cofferd.socket: one ListenStream= with a path"
    case .failed: nil
    }
  }
}
