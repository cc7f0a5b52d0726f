internal import Platform

/// Others that keep secrets, each with the same one, and as its users take it into the
/// environment of a command.
struct SecretPrograms {
  private let bench: Workbench
  private let secret: String

  /// Those that the goals speak of.
  static let wellKnown: Set = ["pass show", "secret-tool lookup"]

  private static let variable = "KEY_0"
  private static let startMilliseconds = 10_000.0
  private static let account = "coffer-benchmark"

  /// How long the kernel keeps the secret, should nobody take it back.
  private static let kernelSeconds = 3600

  /// - Parameters:
  ///   - bench: What they are run on.
  ///   - secret: What they keep.
  init(_ bench: Workbench, secret: String) {
    self.bench = bench
    self.secret = secret
  }

  private var home: String { bench.directory + "/secrets" }
  private var gpgHome: String { home + "/gnupg" }
  private var busAddress: String { "unix:path=\(home)/bus" }

  /// What the commands are run with.
  var environment: [String] {
    [
      "GNUPGHOME=\(gpgHome)", "PASSWORD_STORE_DIR=\(home)/pass",
      "DBUS_SESSION_BUS_ADDRESS=\(busAddress)", "XDG_DATA_HOME=\(home)/share",
      "XDG_RUNTIME_DIR=\(home)/runtime", "XDG_CONFIG_HOME=\(home)/config",
    ]
  }

  /// Makes a store with the secret for each that is installed.
  ///
  /// - Throws: ``BenchmarkError`` if one cannot be made.
  func ways() throws(BenchmarkError) -> [Way] {
    for directory in [home, gpgHome, home + "/runtime"] {
      try attempting(directory) { () throws(Errno) in
        try Directory.create(directory, permissions: 0o700)
      }
    }
    return [try keyctl(), try age(), try secretTool(), try pass()]
      .compactMap(\.self)
  }

  /// A way by a shell, in which a program prints the secret.
  private static func way(_ name: String, _ command: [String]) -> Way {
    let quoted = command.map { "'\($0)'" }.joined(separator: " ")
    let script = "\(variable)=$(\(quoted)) && export \(variable) && exec \"$@\""
    return Way(name: name, words: ["/bin/sh", "-c", script, "sh"], variable: variable)
  }

  @discardableResult
  private func run(_ words: [String], input: String = "") throws(BenchmarkError) -> String {
    try bench.output(of: words, variables: environment, input: input)
  }

  // MARK: One each

  private func keyctl() throws(BenchmarkError) -> Way? {
    guard let program = bench.find("keyctl", package: "keyutils") else { return nil }
    let id: String
    do throws(BenchmarkError) {
      id = try run([program, "padd", "user", "\(Self.account)-\(Process.id)", "@u"], input: secret)
        .trimmed
      try run([program, "timeout", id, String(Self.kernelSeconds)])
      try run([program, "pipe", id])
    } catch {
      // As in containers, which are not let to the keys of the kernel.
      error.tell()
      return nil
    }
    return Self.way("keyctl pipe", [program, "pipe", id])
  }

  private func age() throws(BenchmarkError) -> Way? {
    guard let program = bench.find("age", package: "age"),
      let generator = bench.find("age-keygen", package: "age")
    else { return nil }
    let (identity, file) = (home + "/identity", home + "/secret.age")
    try run([generator, "-o", identity])
    let recipient = try run([generator, "-y", identity]).trimmed
    try run([program, "-r", recipient, "-o", file], input: secret)
    return Self.way("age -d", [program, "-d", "-i", identity, file])
  }

  private func secretTool() throws(BenchmarkError) -> Way? {
    guard let program = bench.find("secret-tool", package: "libsecret-tools"),
      try startKeyring()
    else { return nil }
    try run(
      [program, "store", "--label", Self.account, "account", Self.account], input: secret)
    return Self.way("secret-tool lookup", [program, "lookup", "account", Self.account])
  }

  private func pass() throws(BenchmarkError) -> Way? {
    guard let program = bench.find("pass", package: "pass"),
      let gpg = bench.find("gpg", package: "gpg"),
      let connect = bench.find("gpg-connect-agent", package: "gpg-agent")
    else { return nil }
    // Without a passphrase: what an agent that was told it once spends on it.
    try run([
      gpg, "--batch", "--passphrase", "", "--quick-generate-key", Self.account, "default",
      "default", "never",
    ])
    let agent = try run([connect, "GETINFO pid", "/bye"])
    if let process = agent.split(whereSeparator: \.isWhitespace).compactMap({ Int32($0) }).first {
      bench.belongings.add(process)
    }
    try run([program, "init", Self.account])
    try run([program, "insert", "--echo", Self.account], input: secret + "\n")
    return Self.way("pass show", [program, "show", Self.account])
  }

  // MARK: The keyring of GNOME

  /// Starts a bus and a keyring that is open.
  ///
  /// - Returns: Whether they are installed.
  private func startKeyring() throws(BenchmarkError) -> Bool {
    guard let bus = bench.find("dbus-daemon", package: "dbus-daemon"),
      let keyring = bench.find("gnome-keyring-daemon", package: "gnome-keyring"),
      let tool = bench.find("secret-tool", package: "libsecret-tools")
    else { return false }
    _ = try bench.belongings.start(
      [bus, "--session", "--nofork", "--nopidfile", "--address=\(busAddress)"],
      environment: bench.environment + environment)
    try wait("dbus-daemon") { LineClient.isListened(home + "/bus") }
    // The password of a new keyring, which it reads up to the end.
    _ = try bench.belongings.start(
      [
        "/bin/sh", "-c",
        "exec '\(keyring)' --foreground --unlock --components=secrets <'\(passwordFile())'",
      ],
      environment: bench.environment + environment)
    try wait("gnome-keyring-daemon") {
      (try? run([tool, "store", "--label", "start", "account", "start"], input: "start")) != nil
    }
    return true
  }

  private func passwordFile() throws(BenchmarkError) -> String {
    let path = home + "/password"
    try run(["/bin/sh", "-c", "umask 077; cat >'\(path)'"], input: "password")
    return path
  }

  private func wait(_ name: String, until isReady: () -> Bool) throws(BenchmarkError) {
    let watch = Stopwatch()
    while !isReady() {
      guard watch.milliseconds < Self.startMilliseconds else {
        throw BenchmarkError("\(name): does not answer")
      }
      sleep(milliseconds: 10)
    }
  }

  /// Takes back what no process of ours holds.
  func end() {
    guard let program = bench.find("keyctl", package: "keyutils") else { return }
    _ = try? run([program, "purge", "-s", "user", "\(Self.account)-\(Process.id)"])
  }
}

extension String {
  /// The text without spaces and lines ends at its end.
  fileprivate var trimmed: String {
    var text = self
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return text
  }
}
