internal import Wire

/// A change of people, places or policy that can be tried out.
struct Change {
  let command: Command

  /// As in `disabled ada`.
  let done: String

  /// As in `would disable ada`.
  let planned: String

  /// As in `ada is disabled already`.
  let unchanged: String

  /// What is asked on a terminal before what cannot be taken back, as in
  /// `Remove the user ada, for good`; nil for what is done at once.
  var question: String?

  /// Every such command has it.
  static let dryRunOption = OptionSpecification(
    "dry-run", "tell what would change, and change nothing")

  /// Every command has it that asks on a terminal.
  static let yesOption = OptionSpecification("yes", "do what is for good without asking")

  /// The line, with what the arguments say of trying it out.
  static func command(
    _ verb: Verb, _ arguments: Arguments, options: [String] = [], words: [String]
  ) -> Command {
    Command(verb, options: arguments.given(options + ["dry-run"]), words: words)
  }

  /// Asks for the change, and tells what comes of it.
  func perform(_ arguments: Arguments) throws(ClientError) {
    let dialogue = try Dialogue(arguments)
    if let question, !arguments.has("dry-run"), !arguments.has("yes") {
      guard try isWanted(question, dialogue) else {
        throw ClientError(ExitStatus.failed, "nothing was changed")
      }
    }
    try report(try dialogue.ask(command).statuses, arguments)
  }

  /// Shows what would change, and asks; where there is no terminal, it was a script that
  /// said so, and there is nobody to ask.
  private func isWanted(_ question: String, _ dialogue: Dialogue) throws(ClientError) -> Bool {
    let statuses = try dialogue.ask(command.asDryRun).statuses
    guard statuses.contains(where: { $0["changed"] == "yes" }) else { return true }
    var shown = SecretBuffer()
    for line in ["coffer: \(event(statuses, isDryRun: true))"] + Effects(statuses).lines {
      try shown.append(PrintableText.withoutControls(line) + "\n")
    }
    return try Confirmation.ask(question, below: shown) ?? true
  }

  /// Tells what the daemon has answered: effects that were asked for go to standard
  /// output, others to standard error.
  func report(_ statuses: [StatusFields], _ arguments: Arguments) throws(ClientError) {
    let isDryRun = arguments.has("dry-run")
    Console.note(event(statuses, isDryRun: isDryRun))
    let effects = Effects(statuses)
    if arguments.has("json") {
      try Console.print(effects.json)
    } else if isDryRun {
      try Console.print(effects.lines)
    } else {
      for line in effects.lines where !line.isEmpty { Console.note("  \(line)") }
    }
  }

  func event(_ statuses: [StatusFields], isDryRun: Bool) -> String {
    guard statuses.contains(where: { $0["changed"] == "yes" }) else { return unchanged }
    guard isDryRun else { return done }
    let changesKeys = statuses.contains { $0.keywords == ["EFFECT"] }
    return changesKeys ? planned : "\(planned); no key would change"
  }
}
