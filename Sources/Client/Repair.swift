internal import Platform
internal import Wire

/// What `coffer doctor --repair` does.
struct Repair {
  private let arguments: Arguments
  private let object: Object?

  /// What can be repaired.
  enum Object: String, CaseIterable {
    case clock
    case writing
    case vault
  }

  /// Throws a usage error for what cannot be repaired.
  init(_ arguments: Arguments) throws(ClientError) {
    self.arguments = arguments
    try arguments.exclude(["key-file", "passphrase-fd"])
    try arguments.allow(
      ["repair", "dry-run", "yes", "key-file", "passphrase-fd"], for: "doctor --repair")
    guard let word = arguments.words.first else {
      object = nil
      return
    }
    guard let object = Object(rawValue: word) else {
      throw .usage(
        "\(PrintableText.object(word)) cannot be repaired",
        hint: "clock, writing and vault can be")
    }
    self.object = object
    guard object == .vault || !arguments.has("dry-run") else {
      throw .usage("--dry-run is for the vault", hint: "'coffer doctor' tells what is wrong")
    }
  }

  func perform() throws(ClientError) {
    switch object {
    case .clock: try repairClock()
    case .writing: try repairWriting()
    case .vault: try repairVault()
    case nil: try repairWhatNeedsIt()
    }
  }

  /// Looks at the state of the vault, which tells what can be done.
  private func repairWhatNeedsIt() throws(ClientError) {
    let connection = try Dialogue(arguments, presentsKey: false).connection
    try connection.send([Command(.status)])
    let status = StatusFields(fields: try connection.receiveReply().statuses.flatMap(\.fields))
    switch status["state"] {
    case "none": Console.note("there is no vault, so there is nothing to repair")
    case "unlocked":
      if status["writable"] == "no" { return try repairWriting() }
      Console.note("the vault is open and takes changes, so there is nothing to repair")
      Console.hint("where 'coffer doctor' finds damage, 'coffer lock' first, then repair")
      guard let seconds = status["clock_ahead"] else { return }
      Console.note("warning: \(Subcommand.clockWarning(seconds))")
      Console.hint("if the clock is right, 'coffer doctor --repair clock'")
    case _: try repairVault()
    }
  }

  private func repairClock() throws(ClientError) {
    let command = Command(.check, options: [("repair", "clock")])
    let statuses = try Dialogue(arguments).ask(command).statuses
    let clock = statuses.first { $0.keywords == ["CLOCK"] }
    Console.note(
      "the clock is believed: it is \(clock?["now"] ?? "")"
        + (clock?["was"].map { ", and was \($0) for the vault" } ?? ""))
  }

  private func repairWriting() throws(ClientError) {
    guard !arguments.has("dry-run") else {
      return Console.note("would write the vault anew, and go on with changes in the new files")
    }
    let command = Command(.check, options: [("repair", "writing")])
    let statuses = try Dialogue(arguments).ask(command).statuses
    let repaired = statuses.first { $0.keywords == ["REPAIRED"] }
    Console.note(repaired?["text"] ?? "the vault takes changes again")
  }

  // MARK: The vault

  private func repairVault() throws(ClientError) {
    let connection = try Dialogue(arguments, presentsKey: false).connection
    let environmentPath = try environmentKeyFilePath()
    let isKeyFile = arguments.has("key-file") || environmentPath != nil
    let secret: Secret = try openingSecret()
    let plan: RepairPlan
    do throws(ClientError) {
      plan = try ask(["dry-run"], isKeyFile, secret, connection)
    } catch {
      throw error.naming(keyFileOfEnvironment: environmentPath, wasAllThatWasTold: true)
    }
    guard !plan.isEmpty else {
      return Console.note("nothing of the vault is damaged or put back, so nothing is to be done")
    }
    for problem in plan.problems { Console.note(problem) }
    Console.note("to repair the vault:")
    for step in plan.steps { Console.note("  \(step)") }
    if arguments.has("dry-run") { return try Console.print(plan.lines) }
    let hasShown = try showLosses(plan)
    try confirm(plan)
    let done = try ask([], isKeyFile, secret, connection)
    Console.note("the vault is repaired, and unlocked")
    if !done.hasLosses { Console.note("no change was lost") }
    if !hasShown || done.lines != plan.lines { try Console.print(done.lines) }
  }

  /// Shows what is lost to whoever is asked about it.
  ///
  /// - Returns: Whether standard output has it, so that it need not tell it again.
  private func showLosses(_ plan: RepairPlan) throws(ClientError) -> Bool {
    guard !arguments.has("yes") else { return false }
    guard StandardStream.output.isTerminal else {
      for line in plan.lines { Console.note("  \(line)") }
      return false
    }
    try Console.print(plan.lines)
    return true
  }

  /// The key file of the environment, unless the command line names another secret.
  private func environmentKeyFilePath() throws(ClientError) -> String? {
    guard !arguments.has("key-file"), !arguments.has("passphrase-fd") else { return nil }
    return try Unlocking.keyFilePath()
  }

  /// What opens the vault; it is asked for once, and sent twice.
  private func openingSecret() throws(ClientError) -> Secret {
    if let secret = try SecretInput.readNamed(by: arguments) { return secret }
    if let path = try environmentKeyFilePath() {
      return try Unlocking.readKeyFile(ofEnvironment: path)
    }
    guard let typed = try SecretInput.ask("Passphrase of the vault: ") else {
      throw .usage(
        "there is no terminal to ask for the passphrase of the vault on",
        hint: "use --key-file PATH or --passphrase-fd N")
    }
    return typed
  }

  private func ask(
    _ flags: [String], _ isKeyFile: Bool, _ secret: borrowing Secret,
    _ connection: DaemonConnection
  ) throws(ClientError) -> RepairPlan {
    var options: [(String, String?)] = [("repair", "vault")]
    for flag in flags + (isKeyFile ? ["key-file"] : []) { options.append((flag, nil)) }
    let activity = flags.contains("dry-run") ? "looking at the vault" : "repairing the vault"
    let reply = try connection.showingProgress(of: activity) { () throws(ClientError) in
      try connection.send(Command(.check, options: options), answeredWith: secret)
      return try connection.receiveReply(isAnswered: true)
    }
    return RepairPlan(reply.statuses)
  }

  private func confirm(_ plan: RepairPlan) throws(ClientError) {
    guard !arguments.has("yes") else { return }
    let question = plan.hasLosses ? "Do this, without what is lost" : "Do this"
    guard let isAgreed = try Confirmation.ask(question) else {
      throw .usage("there is no terminal to ask on", hint: "say --yes to do this")
    }
    guard isAgreed else { throw ClientError(ExitStatus.failed, "nothing was changed") }
  }
}

/// What the repair of a vault does, and what it cannot bring back.
struct RepairPlan {
  /// What is wrong.
  let problems: [String]

  /// What is done, in order.
  let steps: [String]

  /// The changes that are lost.
  private let losses: [StatusFields]

  init(_ statuses: [StatusFields]) {
    problems = statuses.filter { $0.keywords == ["PROBLEM"] }.compactMap { $0["text"] }
    steps = statuses.filter { $0.keywords == ["REPAIR"] }.compactMap { $0["text"] }
    losses = statuses.filter { $0.keywords == ["LOST"] }
  }

  var isEmpty: Bool { steps.isEmpty && losses.isEmpty }
  var hasLosses: Bool { !losses.isEmpty }

  /// The changes that are lost, and the keys that they were about.
  var lines: [String] {
    guard hasLosses else { return [] }
    return ["Changes that are lost:"]
      + Table.linesOfFilled(
        header: ["RECORD", "TIME", "VERB", "ON", "KEYS"],
        rows: losses.map { loss in
          [
            loss["record"] ?? "", loss["time"] ?? "", loss["verb"] ?? "", loss["object"] ?? "",
            (loss["keys"] ?? "").split(separator: ",").map { "id:\($0)" }.joined(separator: " "),
          ]
        })
  }
}
