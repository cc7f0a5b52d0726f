internal import Platform

/// The sockets on which somebody arrives.
struct Listeners: ~Copyable {
  /// Where clients speak the protocol.
  let main: Listener

  /// Where systemd fetches credentials; nil if that is not served.
  let credential: Listener?

  /// Takes the sockets that systemd has passed, else makes those of `options`.
  static func open(_ options: Options) throws(Listener.ListenError) -> Listeners {
    guard var passed = try passedSockets() else {
      let permissions: UInt32 = options.isSystem ? 0o666 : 0o600
      let main = try Listener(at: options.socketPath, permissions: permissions)
      let node = main.node
      do throws(Listener.ListenError) {
        let credential = try madeForCredentials(options)
        return Listeners(main: main, credential: credential)
      } catch {
        node?.remove()
        throw error
      }
    }
    guard options.isSystem || !passed.hasCredential else { throw .credentialOfOneUser }
    guard let main = passed.takeMain() else { throw .wrongPassed(.count(0)) }
    guard let credential = passed.takeCredential() else {
      return Listeners(main: Listener(passed: main), credential: nil)
    }
    return Listeners(main: Listener(passed: main), credential: Listener(passed: credential))
  }

  private static func madeForCredentials(
    _ options: Options
  ) throws(Listener.ListenError) -> Listener? {
    guard let path = options.credentialSocketPath else { return nil }
    return try Listener(at: path, permissions: 0o600)
  }

  private static func passedSockets() throws(Listener.ListenError) -> PassedSockets? {
    do throws(PassedSockets.PassingError) {
      return try PassedSockets.take()
    } catch {
      throw .wrongPassed(error)
    }
  }
}

/// A socket on which somebody arrives.
struct Listener: ~Copyable {
  private let socket: UnixSocket

  /// The node that this process made, and removes when it ends; nil for a socket
  /// that systemd has passed.
  let node: SocketNode?

  /// Why no socket could be had.
  enum ListenError: Error {
    case pathTooLong(String)
    case taken(String)
    case notOurs(String)
    case wrongPassed(PassedSockets.PassingError)

    /// A daemon of one user was passed a socket for credentials.
    case credentialOfOneUser
    case failed(String, Errno)
  }

  /// A socket that systemd has passed.
  init(passed socket: consuming UnixSocket) {
    self.socket = socket
    node = nil
  }

  /// Makes a socket.
  ///
  /// - Parameters:
  ///   - path: Where; a socket of ours on which nobody listens is replaced.
  ///   - permissions: The mode of its node.
  /// - Throws: ``ListenError``.
  init(at path: String, permissions: UInt32) throws(ListenError) {
    // Everybody must get to a socket that serves everybody.
    let serves = permissions & 0o077 != 0
    try Self.makeRoom(at: path, permissions: serves ? 0o755 : 0o700)
    do throws(Errno) {
      socket = try UnixSocket.listen(at: path, permissions: permissions)
    } catch {
      throw .failed(path, error)
    }
    node = SocketNode(path)
  }

  /// Makes room for a socket at `path`: its directory, and in the place of one of
  /// ours that nobody listens on, as a killed daemon leaves it.
  private static func makeRoom(at path: String, permissions: UInt32) throws(ListenError) {
    let isStale = try checkPlace(path)
    do throws(Errno) {
      if isStale { return try Directory.removeFile(path) }
      try Directory.create(path.parentDirectory, permissions: permissions)
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
}

extension Listener.ListenError {
  var message: String {
    switch self {
    case .pathTooLong(let path):
      "\(path): the path of a socket has at most \(UnixSocket.maximumPathByteCount) bytes"
    case .taken(let path): "\(path): another program listens on this socket"
    case .notOurs(let path): "\(path): something else is in the place of the socket"
    case .wrongPassed(.count(let count)):
      "systemd passed \(count) sockets, cofferd wants one, and one more named credential"
    case .wrongPassed(.names):
      "what systemd passed is not one main socket, and at the most one named credential"
    case .wrongPassed(.wrongKind): "what systemd passed is no listening AF_UNIX stream socket"
    case .credentialOfOneUser:
      "systemd passed a socket for credentials, which only a daemon with --system serves"
    case .failed(let path, let error): "\(path): listening failed: \(error)"
    }
  }

  var hint: String? {
    switch self {
    case .pathTooLong: "choose a shorter one with --socket or COFFER_HOME"
    case .taken: "end that program, or choose another path with --socket"
    case .notOurs: "move it away, or choose another path with --socket"
    case .wrongPassed:
      "one ListenStream= with a path in cofferd.socket, and FileDescriptorName=credential in "
        + "cofferd-credential.socket"
    case .credentialOfOneUser: "start cofferd with --system, or take that socket out of Sockets="
    case .failed: nil
    }
  }

  /// How the program ends because of it.
  var exitStatus: Int32 {
    switch self {
    case .taken: Daemon.ExitStatus.inUse
    case .pathTooLong, .notOurs, .wrongPassed, .credentialOfOneUser:
      Daemon.ExitStatus.configuration
    case .failed: Daemon.ExitStatus.failed
    }
  }
}
