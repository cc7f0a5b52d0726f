internal import Platform

/// Where the daemon is that serves this client, and whether it may be started.
struct DaemonAddress {
  let socketPath: String

  /// The state directory of the user's own daemon, which is started where none
  /// runs; nil for one that somebody else starts.
  let ownStatePath: String?

  /// Whether the state directory may be made for a vault that is about to be.
  private let makesState: Bool

  static let systemSocketPath = "/run/coffer/socket"

  /// Finds the daemon.
  ///
  /// `COFFER_SOCKET` if it is set. Else the system's, if it is asked for, or if
  /// this user has no vault and the system has a daemon. Else the user's own.
  ///
  /// - Parameters:
  ///   - wantsSystem: Whether the system's is asked for.
  ///   - makesVault: Whether there need be no directory where a vault of one's own is to be.
  /// - Throws: ``ClientError``.
  init(wantsSystem: Bool, makesVault: Bool = false) throws(ClientError) {
    makesState = makesVault
    if let path = try Self.variable("COFFER_SOCKET"), !path.isEmpty {
      guard path.hasPrefix("/") else {
        throw .usage("COFFER_SOCKET is not an absolute path")
      }
      socketPath = path
      ownStatePath = nil
      return
    }
    let state = try StatePath.ofUser(Self.variable)
    if wantsSystem || Self.prefersSystem(state) {
      socketPath = Self.systemSocketPath
      ownStatePath = nil
      return
    }
    guard let state else {
      throw ClientError(
        ExitStatus.noDaemon, "no state directory: HOME is not set",
        hint: "set COFFER_HOME to an absolute path")
    }
    guard state.hasPrefix("/") else {
      throw .usage("COFFER_HOME is not an absolute path")
    }
    socketPath = state + "/socket"
    ownStatePath = state
  }

  /// A variable that names a path; another one is never taken in its place.
  static func variable(_ name: String) throws(ClientError) -> String? {
    do throws(Environment.NotText) {
      return try Environment.text(of: name)
    } catch {
      throw .usage("\(error.name) is not UTF-8", hint: "name a path that is text")
    }
  }

  private static func prefersSystem(_ state: String?) -> Bool {
    guard !exists(state.map { $0 + "/slots" }) else { return false }
    return exists(systemSocketPath)
  }

  private static func exists(_ path: String?) -> Bool {
    guard let path else { return false }
    // Who may not even look has no use for it.
    let status = try? FileStatus.ofFile(at: path, followsLinks: true)
    return status != nil
  }

  // MARK: Connecting

  /// Connects, starting the user's own daemon where none runs.
  ///
  /// - Parameter starts: Whether a daemon may be started.
  /// - Returns: The connection; nil if no daemon runs and none may be started.
  /// - Throws: ``ClientError`` with exit status 4.
  func connect(starts: Bool) throws(ClientError) -> UnixSocket? {
    do throws(Errno) {
      return try UnixSocket.connect(
        to: socketPath, limitSeconds: DaemonConnection.greetingSeconds)
    } catch {
      switch error {
      case .wouldBlock:
        throw ClientError(
          ExitStatus.noDaemon,
          "\(socketPath): so many wait there already that no daemon seems to accept them",
          hint: whatToLookAt(nil))
      case .notFound, .connectionRefused:
        guard let ownStatePath else {
          throw ClientError(
            ExitStatus.noDaemon, "\(socketPath): no daemon listens there",
            hint: !Environment.isSet("COFFER_SOCKET")
              ? "start the system's daemon, or make a vault of your own with 'coffer init'"
              : "start it, or unset COFFER_SOCKET")
        }
        guard starts else { return nil }
        // A path that was mistyped is not to be filled with another vault's beginning.
        guard makesState || !Environment.isSet("COFFER_HOME") || Self.exists(ownStatePath) else {
          throw ClientError(
            ExitStatus.failed, "COFFER_HOME: \(ownStatePath): there is no such directory",
            hint: "'coffer init --organization NAME' makes it, and a vault in it")
        }
        return try DaemonStart(socketPath: socketPath, statePath: ownStatePath).run()
      case .nameTooLong:
        throw ClientError(
          ExitStatus.noDaemon,
          "\(socketPath): the path of a socket has at most \(UnixSocket.maximumPathByteCount) bytes",
          hint: "set COFFER_HOME to a shorter path")
      case .permissionDenied:
        throw ClientError(
          ExitStatus.noDaemon, "\(socketPath): you may not connect there",
          hint: socketPath == Self.systemSocketPath
            ? "who may is in the group coffer: 'usermod -aG coffer LOGIN' as root, and log in anew"
            : "'ls -l \(socketPath)' tells who may")
      default:
        throw ClientError(ExitStatus.noDaemon, "\(socketPath): connecting failed: \(error)")
      }
    }
  }
}

extension DaemonAddress {
  /// Makes sure that those who made the socket and listen on it may have what is sent.
  ///
  /// - Parameter socket: A connection of this address, before its first byte.
  /// - Returns: The process that listens.
  /// - Throws: ``ClientError`` with exit status 4.
  func checkPeer(of socket: borrowing UnixSocket) throws(ClientError) -> Int32 {
    let peer: PeerCredentials
    let nodes: [FileStatus?]
    do throws(Errno) {
      peer = try socket.peer()
      nodes = [
        try FileStatus.ofFile(at: socketPath, followsLinks: false),
        try FileStatus.ofFile(at: socketPath, followsLinks: true),
      ]
    } catch {
      throw ClientError(ExitStatus.noDaemon, "\(socketPath): \(error)")
    }
    // Where systemd listens for the daemon, the peer is systemd.
    guard Self.isTrusted(peer.userID) else {
      throw impostor("uid \(peer.userID) listens there, neither you nor root")
    }
    // A name of somebody else's may lead to another program of this user or root's.
    if let node = nodes.compactMap(\.self).first(where: { !Self.isTrusted($0.owner) }) {
      throw impostor("it belongs to uid \(node.owner), neither you nor root")
    }
    return peer.processID
  }

  private static func isTrusted(_ userID: UInt32) -> Bool {
    userID == Process.userID || userID == 0
  }

  private func impostor(_ finding: String) -> ClientError {
    ClientError(
      ExitStatus.noDaemon, "\(socketPath): \(finding)",
      hint: "nothing was sent; find out who made this socket")
  }

  /// What tells why a daemon does not answer.
  ///
  /// - Parameter id: The process that listens, if it is known.
  /// - Returns: A hint.
  func whatToLookAt(_ id: Int32?) -> String {
    if socketPath == Self.systemSocketPath { return "'systemctl status cofferd' tells how it is" }
    guard ownStatePath != nil else {
      return "is COFFER_SOCKET the socket of a cofferd, and does that run?"
    }
    let process = id.map { "'ps -p \($0) -o pid,stat,args' shows" } ?? "'ps -C cofferd' shows"
    return "\(process) whether it is stopped; if it is ended, the next coffer starts another"
  }
}

/// Starts the user's own daemon, and waits until it listens.
private struct DaemonStart {
  let socketPath: String
  let statePath: String

  /// How long a start may take; it takes a few milliseconds.
  private static let patienceMilliseconds = 10_000
  private static let pauseMilliseconds = 2

  /// How long a daemon is waited for that another client has started.
  private static let otherMilliseconds = 1_000

  private static let limitSeconds = DaemonConnection.greetingSeconds

  /// When the next one is started, if one has ended at once; then twice as late.
  private static let firstRestMilliseconds = 20

  func run() throws(ClientError) -> UnixSocket {
    let program = try DaemonProgram().path
    var id = try start(program)
    var left = Self.patienceMilliseconds
    var rest = Self.firstRestMilliseconds
    var restLeft = rest
    while left > 0 {
      if let socket = try? UnixSocket.connect(
        to: socketPath, limitSeconds: Self.limitSeconds)
      {
        return socket
      }
      if Process.hasEnded(id) {
        left = min(left, Self.otherMilliseconds)
        restLeft -= Self.pauseMilliseconds
      }
      if restLeft <= 0 {
        // A former daemon that is just ending keeps the directory for a moment.
        id = try start(program)
        rest *= 2
        restLeft = rest
      }
      sleep(milliseconds: Self.pauseMilliseconds)
      left -= Self.pauseMilliseconds
    }
    throw explanation(program, hasEnded: Process.hasEnded(id))
  }

  private func start(_ program: String) throws(ClientError) -> Int32 {
    do throws(Errno) {
      return try Process.startDetached(
        program, arguments: ["cofferd", "--state", statePath],
        environment: DaemonProgram.environment)
    } catch {
      throw ClientError(
        ExitStatus.noDaemon, "the daemon could not be started: \(program): \(error)",
        hint: error == .notFound ? "cofferd belongs beside coffer, in the same directory" : nil)
    }
  }

  /// Lets the daemon say itself why it could not start.
  private func explanation(_ program: String, hasEnded: Bool) -> ClientError {
    if hasEnded {
      _ = try? Process.runToEnd(
        program, arguments: ["cofferd", "--check", "--state", statePath],
        environment: DaemonProgram.environment, outputIsError: true)
    }
    return ClientError(
      ExitStatus.noDaemon, "the daemon could not be started",
      hint: "'\(program) --state \(statePath)' runs it in the foreground")
  }
}
