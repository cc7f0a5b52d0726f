internal import Wire

/// One command of the client: its name, its help, and what it does.
struct Subcommand: Sendable {
  let name: String
  let group: Group

  /// What stands behind `coffer` in the usage line; several forms are divided by `|`.
  let synopsis: String

  /// One line, for the list of commands.
  let summary: String

  /// What else there is to know, in lines of at most 76 characters.
  var details: [String] = []

  var options: [OptionSpecification] = []

  /// The number of words that it takes.
  var wordCount: ClosedRange<Int> = 0...0

  /// Whether all from the first word on belongs to another command.
  var endsAtFirstWord = false

  /// Whether a word may be empty.
  var takesEmptyWords = false

  /// Whether somebody might try to pass a secret as an argument.
  var asksForSecret = false

  /// Whether a shell evaluates what it prints.
  var isEvaluated = false

  /// Command lines that work.
  var examples: [String] = []

  let action: @Sendable (Arguments) throws(ClientError) -> Int32

  /// Where it stands in the list of commands.
  enum Group: String, CaseIterable, Sendable {
    case everyday
    case vault
    case people
    case checking
    case shell
    case other
  }

  /// All commands, in the order of the list.
  static let all: [Subcommand] = [
    .run, .create, .importKey, .list, .show, .rotate, .replace, .revoke, .suspend, .resume,
    .expire, .ps,
    .initialize, .unlock, .lock, .status, .slot, .rekey, .backup, .restore, .doctor,
    .whoAmI, .workspace, .user, .grant, .policy,
    .verify, .burn, .unused, .why, .audit, .scan,
    .printEnvironment, .mask, .completion, .gitCredential,
    .help, .version,
  ]

  /// Options that every command takes.
  static let commonOptions = [
    OptionSpecification("help", short: "h", "show this")
  ]

  /// The option of those that list or show.
  static let jsonOption = OptionSpecification("json", "print JSON")

  /// The option of those that speak with a daemon.
  static let systemOption = OptionSpecification(
    "system", "speak with the system's daemon, not with one's own")

  /// The option of those that open a locked vault.
  static let waitOption = OptionSpecification(
    "wait", value: "TIME", "wait for a locked vault to be opened, as in 5m")

  // MARK: Help

  /// The forms in which it is written.
  var usage: [String] {
    Synopsis.forms(of: synopsis).enumerated().map { index, form in
      let start = index == 0 ? "Usage: coffer " : "       coffer "
      return start + (form.hasPrefix(name) ? "" : "\(name) ") + form
    }
  }

  /// The whole help.
  var help: [String] {
    var lines = usage + ["", summary]
    if !details.isEmpty { lines += [""] + details }
    let rows = (options + Self.commonOptions).map { option in
      ((option.short == nil ? "    " : "") + option.term, option.help)
    }
    let width = (rows.map(\.0.count).max() ?? 0) + 2
    lines += ["", "Options:"]
    for (option, help) in rows {
      lines.append("  \(option)\(String(repeating: " ", count: width - option.count))\(help)")
    }
    if !examples.isEmpty { lines += ["", "Examples:"] + examples.map { "  \($0)" } }
    return lines
  }

  /// Sorts the arguments and does what they ask.
  func perform(_ arguments: [[UInt8]]) throws(ClientError) -> Int32 {
    let sorted = try Arguments(
      bytes: arguments, options + Self.commonOptions, command: name,
      endsAtFirstWord: endsAtFirstWord)
    if sorted.has("help") {
      try Console.print(help)
      return ExitStatus.done
    }
    guard wordCount.contains(sorted.words.count) else {
      let count = sorted.words.count
      let problem = count < wordCount.lowerBound ? "too few arguments" : "too many arguments"
      throw .usage("\(problem): \(shortForm)", hint: wordCountHint)
    }
    guard endsAtFirstWord || takesEmptyWords || !sorted.words.contains("") else {
      throw .usage("an argument is empty: \(shortForm)", hint: wordCountHint)
    }
    // What is wrong is told even where there will be nothing to wait for.
    _ = try WaitingTime.told(by: sorted)
    do throws(ClientError) { return try action(sorted) } catch { throw error.inWords(of: name) }
  }

  /// How it is written, as far as that fits into a message.
  private var shortForm: String {
    Synopsis.forms(of: synopsis).count == 1 ? "coffer \(synopsis)" : "coffer \(name)"
  }

  private var wordCountHint: String {
    asksForSecret
      ? "'coffer \(name) --help' explains it; a secret is never given as an argument"
      : "'coffer \(name) --help' explains it"
  }
}
