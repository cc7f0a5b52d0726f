internal import Glibc
internal import Platform

/// A vault that is made for a measurement, with a daemon of its own.
struct ThrowawayVault {
  let path: String
  private let bench: Workbench
  private let opening: Opening

  /// The process of the daemon.
  private(set) var daemon: Int32

  /// What opens it, and whom its daemon serves.
  enum Opening: Equatable {
    /// A file, from which the key comes without the costs of a passphrase.
    case withKeyFile
    case withPassphrase

    /// The daemon serves all uids.
    case ofSystem
  }

  static let passphrase = "correct horse battery"

  /// What the file holds that opens it: at least 32 bytes.
  static let keyFile = String(repeating: "0123456789abcdef", count: 4)

  private static let startMilliseconds = 10_000

  /// Makes a vault that is open.
  ///
  /// - Parameters:
  ///   - bench: What it is made on.
  ///   - name: What tells it from others of this run.
  ///   - opening: What opens it.
  /// - Throws: ``BenchmarkError`` if that fails.
  init(
    _ bench: Workbench, _ name: String = "vault", _ opening: Opening = .withKeyFile
  ) throws(BenchmarkError) {
    let path = bench.directory + "/" + name
    self.path = path
    self.bench = bench
    self.opening = opening
    // Others must get to the socket of the system.
    let permissions: UInt32 = opening == .ofSystem ? 0o755 : 0o700
    try attempting(path) { () throws(Errno) in
      try Directory.create(path, permissions: permissions)
    }
    daemon = 0
    try startDaemon()
    try initialize()
  }

  private func initialize() throws(BenchmarkError) {
    let client = try connect()
    let words = "INIT --organization=benchmark --owner=owner --no-recovery"
    let reply =
      switch opening {
      case .withKeyFile: client.ask(words + " --key-file", answering: Array(Self.keyFile.utf8))
      case .withPassphrase: client.ask(words, answering: Array(Self.passphrase.utf8))
      case .ofSystem:
        client.ask(words + " --owner-uid=0", answering: Array(Self.passphrase.utf8))
      }
    guard reply.end == .ok else { throw BenchmarkError("\(path): INIT: \(reply.end)") }
    guard opening == .withKeyFile else { return }
    try attempting(keyFilePath) { () throws(Errno) in
      let file = try FileDescriptor.open(keyFilePath, flags: O_WRONLY | O_CREAT, mode: 0o600)
      try file.writeAll(Array(Self.keyFile.utf8).span)
    }
  }

  // MARK: The daemon

  private var keyFilePath: String { path + "/key" }

  var statePath: String { path + "/state" }
  var socketPath: String { opening == .ofSystem ? path + "/socket" : statePath + "/socket" }

  /// Starts the daemon, and waits until it answers.
  mutating func startDaemon() throws(BenchmarkError) {
    let system = opening == .ofSystem ? ["--system", "--socket", socketPath] : []
    daemon = try bench.belongings.start(
      ["\(bench.programs)/cofferd", "--state", statePath] + system,
      environment: bench.environment)
    let watch = Stopwatch()
    while LineClient(socketPath)?.receiveReply().end != .ok {
      guard watch.milliseconds < Double(Self.startMilliseconds) else {
        throw BenchmarkError("\(bench.programs)/cofferd: does not answer")
      }
      sleep(milliseconds: 1)
    }
  }

  func endDaemon() { bench.belongings.end(daemon) }

  /// A client that was greeted.
  func connect() throws(BenchmarkError) -> LineClient {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok else {
      throw BenchmarkError("\(socketPath): no cofferd answers")
    }
    return client
  }

  /// Ends the daemon and removes all files.
  func remove() {
    endDaemon()
    _ = try? Process.runToEnd("/bin/rm", arguments: ["rm", "-rf", path], environment: [])
  }

  // MARK: Commands

  /// What commands of the client are run with.
  var environment: [String] {
    switch opening {
    case .withKeyFile: ["COFFER_HOME=\(statePath)", "COFFER_KEY_FILE=\(keyFilePath)"]
    case .withPassphrase: ["COFFER_HOME=\(statePath)"]
    case .ofSystem: ["COFFER_SOCKET=\(socketPath)"]
    }
  }

  /// Asks for something that must be done.
  ///
  /// - Parameters:
  ///   - line: The command.
  ///   - data: The answer to the question that comes, if one comes.
  /// - Returns: The answer.
  /// - Throws: ``BenchmarkError`` if it is not done.
  @discardableResult
  func ask(
    _ line: String, answering data: [UInt8]? = nil
  ) throws(BenchmarkError) -> LineClient.Reply {
    let client = try connect()
    let reply = data.map { client.ask(line, answering: $0) } ?? client.ask(line)
    guard reply.end == .ok else { throw BenchmarkError("\(line): \(reply.end)") }
    return reply
  }
}
