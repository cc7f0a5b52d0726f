import Glibc
import Platform

/// A throwaway vault with its daemon, as a user has them.
///
/// Everything is in a temporary directory; the daemon ends with this value.
package final class VaultFixture {
  package let directory: TemporaryDirectory
  package var statePath: String { directory.path("state") }
  package lazy var socketPath = statePath + "/socket"
  package var keyFilePath: String { directory.path("key") }
  package var logPath: String { directory.path("log") }

  /// The daemon that this test has started, if it has.
  package private(set) var daemon: Subprocess?

  /// - Parameter parent: Where the directory is made.
  package init(in parent: String = "/tmp") { directory = TemporaryDirectory(in: parent) }

  deinit { endDaemon() }

  /// What commands are run with; nothing of the test's own environment.
  package var environment: [String: String] {
    ["COFFER_HOME": statePath, "PATH": "/usr/bin:/bin", "HOME": directory.path]
  }

  /// The same with the key file, which opens the vault without a question.
  package var environmentWithKeyFile: [String: String] {
    environment.merging(["COFFER_KEY_FILE": keyFilePath]) { $1 }
  }

  // MARK: Daemon

  /// Starts the daemon, and waits until it listens.
  ///
  /// - Parameters:
  ///   - options: Those of `cofferd` besides `--state`.
  ///   - socket: Where it listens, if not in the state directory.
  ///   - further: What its environment holds besides what keeps it quiet.
  ///   - library: What the loader loads before all others, as no variable can make it.
  ///   - tracer: A program and its arguments that run the daemon, and stand before it.
  package func startDaemon(
    _ options: [String] = [], socket: String? = nil, environment further: [String: String] = [:],
    preloading library: String? = nil, under tracer: [String] = []
  ) {
    if let socket { socketPath = socket }
    let loader = library.map { [Programs.loader, "--preload", $0] } ?? []
    let command =
      tracer + loader + [Programs.daemon, "--state", statePath, "--socket", socketPath] + options
    daemon = Subprocess(
      command[0], Array(command.dropFirst()),
      environment: further.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 },
      streams: [.null, .null, .file(logPath)],
      ownSession: true)
    let listens = eventually { (try? UnixSocket.connect(to: socketPath)) != nil }
    precondition(listens, "the daemon does not listen: \(log)")
  }

  /// What the daemon has logged.
  package var log: String { String(decoding: Files.read(logPath), as: UTF8.self) }

  /// The process that listens, whoever has started it.
  package var daemonID: Int32? {
    guard let socket = try? UnixSocket.connect(to: socketPath), let peer = try? socket.peer() else {
      return nil
    }
    return peer.processID
  }

  /// Ends the daemon as a power cut would, but for the disk.
  package func killDaemon() {
    if let id = daemonID { kill(id, SIGKILL) }
    daemon?.waitForEnd()
    daemon = nil
    _ = eventually { daemonID == nil }
  }

  /// Ends whatever daemon runs on this vault.
  package func endDaemon() {
    if let id = daemonID { kill(id, SIGKILL) }
    daemon = nil
  }

  /// Ends the daemon that listens on some other socket.
  package func endDaemon(at socket: String) {
    guard let connection = try? UnixSocket.connect(to: socket), let peer = try? connection.peer()
    else { return }
    kill(peer.processID, SIGKILL)
  }

  /// Opens the vault with its key file, over a connection.
  ///
  /// - Returns: Whether it is open.
  package func unlock(over client: AssuanClient) -> Bool {
    guard client.ask("UNLOCK --key-file").last == "INQUIRE KEYFILE" else { return false }
    client.send(Array("D ".utf8) + Files.read(keyFilePath) + Array("\nEND\n".utf8))
    return client.readReply().last == "OK"
  }

  // MARK: Client

  /// Whether the vault takes changes, as `status` tells.
  package var isWritable: Bool {
    coffer("status", "--json").outputText.contains(#""writable":true"#)
  }

  /// Runs `coffer` without a terminal.
  @discardableResult
  package func coffer(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String]? = nil
  ) -> Subprocess.Result {
    Subprocess.run(
      Programs.client, arguments, environment: environment ?? environmentWithKeyFile, input: input)
  }

  @discardableResult
  package func coffer(
    _ arguments: String..., input: String = ""
  ) -> Subprocess.Result {
    coffer(arguments, input: Array(input.utf8))
  }

  /// Makes the vault with a key file and without a recovery code; whoever runs the
  /// test is its Owner, by the name of root.
  package func initialize() {
    let result = coffer(
      "init", "--organization", "acme", "--owner", "root", "--key-file", keyFilePath,
      "--no-recovery")
    precondition(result.status == 0, "init failed: \(result.errorText)")
  }

  /// Makes a vault that a passphrase opens, and locks it.
  package func initializeLocked(passphrase: String) {
    let made = coffer(
      ["init", "--organization", "acme", "--passphrase-fd", "0", "--no-recovery"],
      input: Array(passphrase.utf8), environment: environment)
    precondition(made.status == 0, "init failed: \(made.errorText)")
    let locked = coffer(["lock"], environment: environment)
    precondition(locked.status == 0, "lock failed: \(locked.errorText)")
  }

  /// Makes the vault with a workspace `web`, an imported key `web/stripe` and an
  /// issued one `web/deploy`.
  package func initializeWithKeys() {
    initialize()
    coffer("workspace", "add", "web")
    coffer("import", "web/stripe", "--env", "STRIPE_KEY", input: Self.stripeValue)
    coffer("create", "web/deploy")
  }

  package static let stripeValue = "sk_live_4242deadbeef4242cafe"

  /// Connects to the daemon, past its greeting.
  package func connect() throws -> AssuanClient {
    let client = try AssuanClient(socketPath)
    _ = client.readLine()
    return client
  }
}
