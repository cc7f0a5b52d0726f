internal import Platform
internal import Wire

extension Subcommand {
  static let doctor = Subcommand(
    name: "doctor", group: .vault,
    synopsis: "doctor [--json] | doctor --repair [clock | writing | vault]",
    summary: "Looks whether all is well with the vault, or repairs it.",
    details: [
      "Without --repair nothing is changed, opened or started. The exit status is 1 if",
      "something is wrong. With --repair it looks what can be repaired, or does:",
      "  clock    believes the clock again that the vault took for wrong, since it had",
      "           jumped by more than an hour; look at the clock first",
      "  writing  goes on with changes, in new files, after a write had failed",
      "  vault    of a vault that does not open makes one that does, of what can be",
      "           read; shows what would be done and lost, asks, and deletes nothing:",
      "           damaged files are kept as NAME.damaged",
    ],
    options: [
      OptionSpecification("repair", "repair what is named, or what needs it"),
      OptionSpecification("dry-run", "with --repair: show what would be done"),
      OptionSpecification("yes", short: "y", "with --repair: do not ask"),
      OptionSpecification("key-file", value: "PATH", "of vault: a file that opens it"),
      OptionSpecification(
        "passphrase-fd", value: "N", "of vault: read a passphrase from a descriptor"),
      jsonOption, systemOption, waitOption,
    ],
    wordCount: 0...1, asksForSecret: true,
    examples: ["coffer doctor", "coffer doctor --repair clock", "coffer doctor --repair vault"]
  ) { arguments throws(ClientError) in
    if arguments.has("repair") {
      try Repair(arguments).perform()
      return ExitStatus.done
    }
    guard arguments.words.isEmpty else {
      throw .usage(
        "what is to be repaired stands behind --repair",
        hint: "as in 'coffer doctor --repair clock'")
    }
    if let other = arguments.options.first(where: { repairOptions.contains($0.name) }) {
      let others = repairOptions.filter { $0 != other.name }.map { "--\($0)" }
      throw .usage(
        "--\(other.name) goes with --repair only",
        hint: "so do \(others.joined(separator: ", ")); as in 'coffer doctor --repair --dry-run'")
    }
    let findings = try Diagnosis(arguments).findings()
    if arguments.has("json") {
      try Console.print(findings.map(\.json))
    } else {
      try Console.printTable(Finding.lines(findings), under: "VERDICT")
    }
    return findings.contains { $0.verdict == .wrong } ? ExitStatus.failed : ExitStatus.done
  }

  /// The options that mean nothing where nothing is repaired.
  private static let repairOptions = ["dry-run", "yes", "key-file", "passphrase-fd", "wait"]
}

/// What can be found out without changing, opening or starting anything.
struct Diagnosis {
  private let address: DaemonAddress
  private let isSystem: Bool

  /// Where the system's daemon keeps its vault.
  private static let systemStatePath = "/var/lib/coffer"

  init(_ arguments: Arguments) throws(ClientError) {
    address = try DaemonAddress(wantsSystem: arguments.has("system"))
    isSystem = address.socketPath == DaemonAddress.systemSocketPath
  }

  /// All findings: those of the daemon first, then those of this side.
  func findings() throws(ClientError) -> [Finding] {
    let connection: DaemonConnection?
    do throws(ClientError) {
      connection = try DaemonConnection.open(address, starts: false)
      try connection?.receiveGreeting()
    } catch {
      return [Finding("daemon", .wrong, error)] + closed(address.ownStatePath) + ofKeyFile
    }
    guard let connection else {
      let none = Finding("daemon", .ok, "none runs; it is started when it is needed")
      return [none] + closed(address.ownStatePath) + ofKeyFile
    }
    let state = try data(of: "state", connection)
    let running = Finding("daemon", .ok, "one runs; its vault is \(state)")
    let own = try ofSocket() + [try ofVersion(connection)] + ofKeyFile
    if state == "unlocked" { return [running] + (try open(connection)) + own }
    let found = closed(try data(of: "state_dir", connection))
    guard let problem = try lastProblem(connection) else { return [running] + found + own }
    return [running, problem] + found.filter { $0.subject != problem.subject } + own
  }

  /// What the daemon found in a vault that it could not open, if it has tried.
  private func lastProblem(_ connection: DaemonConnection) throws(ClientError) -> Finding? {
    try connection.send([Command(.status)])
    let status = StatusFields(fields: try connection.receiveReply().statuses.flatMap(\.fields))
    guard status["state"] == "locked", let problem = status["problem"] else { return nil }
    return Finding(
      "chain", .wrong, problem,
      hint: "'coffer doctor --repair' shows what can be saved, and changes nothing before you agree"
    )
  }

  private func data(
    of name: String, _ connection: DaemonConnection
  ) throws(ClientError) -> String {
    try connection.send([Command(.getInfo, words: [name])])
    return try connection.receiveReply().data.withBytes { $0.text }
  }

  // MARK: The vault

  /// What the daemon of an open vault tells, if it tells it to this caller.
  private func open(_ connection: DaemonConnection) throws(ClientError) -> [Finding] {
    do throws(ClientError) {
      try PresentedKey.present(on: connection)
      let reply = try connection.showingProgress(of: "looking at the vault") {
        () throws(ClientError) in
        try connection.send([Command(.check)])
        return try connection.receiveReply()
      }
      return reply.statuses.filter { $0.keywords == ["FINDING"] }.map(Finding.init)
    } catch {
      guard error.status == ExitStatus.failed else { throw error }
      return [Finding("vault", .unknown, error)]
    }
  }

  /// What `cofferd` tells of a state directory, with the keys of its vault out of reach.
  private func closed(_ statePath: String?) -> [Finding] {
    guard let path = statePath ?? (isSystem ? Self.systemStatePath : nil) else {
      return [Finding("vault", .unknown, "where it is cannot be told without its daemon")]
    }
    let status = try? FileStatus.ofFile(at: path, followsLinks: true)
    guard Process.userID == 0 || status == nil || status?.owner == Process.userID else {
      return [
        Finding("vault", .unknown, "\(path) belongs to another uid", hint: "ask as root")
      ]
    }
    do throws(ClientError) {
      let program = try DaemonProgram()
      let system = isSystem ? ["--system"] : []
      let lines = try program.lines(
        ofRun: ["--check", "--state", path, "--socket", address.socketPath] + system)
      let findings = Finding.findings(in: lines)
      guard findings.isEmpty else { return findings }
      return [Finding("vault", .unknown, "\(program.path) did not tell what it found")]
    } catch {
      return [Finding("vault", .unknown, error)]
    }
  }

  // MARK: This side

  /// Whether the socket is its daemon's alone.
  private func ofSocket() throws(ClientError) -> [Finding] {
    let path = address.socketPath
    let status = try attempting("\(path): looking at the socket") { () throws(Errno) in
      try FileStatus.ofFile(at: path, followsLinks: true)
    }
    guard let status else { return [] }
    guard status.owner == Process.userID || status.owner == 0 else {
      return [
        Finding(
          "client", .wrong, "\(path) belongs to uid \(status.owner), neither you nor root",
          hint: "find out who made this socket")
      ]
    }
    // A daemon of one user refuses all others, but they should not even get there.
    guard address.ownStatePath == nil || status.permissions & 0o077 == 0 else {
      return [
        Finding(
          "client", .wrong, "\(path) is open to others",
          hint: "close it with 'chmod 600 \(path)'")
      ]
    }
    let owner = status.owner == Process.userID ? "yours" : "root's"
    return [Finding("client", .ok, "the socket is \(owner)")]
  }

  private func ofVersion(_ connection: DaemonConnection) throws(ClientError) -> Finding {
    let version = try data(of: "version", connection)
    guard version == Product.version else {
      return Finding(
        "client", .wrong, "this is coffer \(Product.version), but cofferd \(version) runs",
        hint: "end cofferd, and let it be started again")
    }
    return Finding("client", .ok, "coffer \(Product.version), the version of the daemon")
  }

  /// Whether the key file that the environment names can be used.
  private var ofKeyFile: [Finding] {
    do throws(ClientError) {
      guard let path = try Unlocking.keyFilePath() else { return [] }
      _ = try KeyFile.read(path)
      return [Finding("client", .ok, "COFFER_KEY_FILE: \(path) is closed to others")]
    } catch {
      return [Finding("client", .wrong, "COFFER_KEY_FILE: \(error.message)", hint: error.hint)]
    }
  }
}
