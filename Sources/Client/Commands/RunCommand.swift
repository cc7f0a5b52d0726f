internal import Keyring
internal import Platform
internal import Wire

extension Subcommand {
  static let run = Subcommand(
    name: "run", group: .everyday,
    synopsis: "run [-k KEY[=NAME]]... [-w WORKSPACE]... [--] COMMAND [ARG...]",
    summary: "Runs a command with keys in its environment.",
    details: [
      "Coffer gets out of the way: the command has this process' id, terminal,",
      "signals and exit status. If any key cannot be had, the command does not run,",
      "and the exit status is 125 (126: it cannot be executed, 127: it is not there).",
      "A locked vault is one reason; '--wait 5m' gives somebody the time to open it.",
    ],
    options: [
      OptionSpecification(
        "key", short: "k", value: "KEY[=NAME]", repeats: true,
        "inject a key, as its environment name or this"),
      OptionSpecification(
        "workspace", short: "w", value: "WORKSPACE", repeats: true,
        "inject all keys of a workspace that you may use"),
      maskOption, systemOption, waitOption,
    ],
    wordCount: 0...Int.max, endsAtFirstWord: true,
    examples: [
      "coffer run -k web/stripe -- ./deploy.sh",
      "coffer run --mask -w web -- npm test",
      "coffer run -w web -k me/github=GH_TOKEN -- make release",
      "coffer run --wait 10m -k web/deploy -- ./nightly.sh",
    ]
  ) { arguments throws(ClientError) in
    let selection = try KeySelection(arguments)
    guard let command = arguments.words.first else {
      throw .usage("no command is named", hint: "as in 'coffer run -k web/stripe -- ./deploy.sh'")
    }
    guard !selection.isEmpty else {
      throw .usage(
        "no key is selected",
        hint: "name keys with '-k KEY', or all of a workspace with '-w WORKSPACE'")
    }
    let obtained = try ObtainedKeys.obtain(selection, for: command, arguments)
    try obtained.checkNames()
    let execution = CommandExecution(arguments.commandWords)
    guard !arguments.has("mask") else {
      let patterns = try MaskPatterns.of(obtained)
      var supervisor = try Supervisor(execution, try obtained.environment(), patterns)
      return try supervisor.run()
    }
    throw execution.run(try obtained.environment())
  }
}

extension Subcommand {
  static let maskOption = OptionSpecification(
    "mask", "replace values in what the command prints, as by <web/stripe>")
}

/// The keys that a command line selects.
struct KeySelection {
  private var keys: [(reference: String, name: String?)] = []
  private var workspaces: [String] = []

  /// A line with more bytes could be cut by a client in between.
  private static let maximumLineByteCount = 900

  /// Throws for a name that no key may be injected as, before anything is asked.
  init(_ arguments: Arguments) throws(ClientError) {
    for (option, value) in arguments.options {
      guard let value else { continue }
      switch option {
      case "key":
        let (reference, name) = value.divided(at: "=")
        try Self.check(reference, of: "-k")
        if let name { try Self.check(name) }
        keys.append((reference, name))
      case "workspace":
        try Self.check(value, of: "-w")
        workspaces.append(value)
      case _: break
      }
    }
  }

  var isEmpty: Bool { keys.isEmpty && workspaces.isEmpty }

  /// The names that the command line itself has chosen.
  var chosenNames: Set<String> { Set(keys.compactMap(\.name)) }

  /// The longest reference is '@', two names and what stands between them.
  private static let maximumReferenceByteCount = 2 * Name.maximumCount + 2

  /// Throws for what can be no key or workspace, such as a variable of the shell
  /// that is not set.
  private static func check(_ word: String, of option: String) throws(ClientError) {
    guard !word.isEmpty else {
      throw .usage("\(option) names nothing", hint: "is a variable of the shell not set?")
    }
    guard word.utf8.count <= maximumReferenceByteCount else {
      throw .usage("\(option): \(PrintableText.object(word)): this is too long for a name")
    }
  }

  private static func check(_ name: String) throws(ClientError) {
    do throws(Refusal) {
      _ = try EnvironmentName(parsing: name, hint: "choose another one, as in '-k KEY=NAME'")
    } catch {
      let failure = Failure(error)
      throw ClientError(ExitStatus.failed, failure.message, hint: failure.hint)
    }
  }

  /// The lines that ask for the keys, short enough for any client in between.
  var commands: [Command] {
    var commands = workspaces.map { Command(.environment, options: [("workspace", $0)]) }
    var words: [String] = []
    for key in keys {
      let word = key.name.map { "\(key.reference)=\($0)" } ?? key.reference
      let line = Command(.environment, words: words + [word]).line
      if line.utf8.count > Self.maximumLineByteCount, !words.isEmpty {
        commands.append(Command(.environment, words: words))
        words = []
      }
      words.append(word)
    }
    if !words.isEmpty { commands.append(Command(.environment, words: words)) }
    return commands
  }
}
