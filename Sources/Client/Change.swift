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

  /// Every such command has it.
  static let dryRunOption = OptionSpecification(
    "dry-run", "tell what would change, and change nothing")

  /// The line, with what the arguments say of trying it out.
  static func command(
    _ verb: Verb, _ arguments: Arguments, options: [String] = [], words: [String]
  ) -> Command {
    Command(verb, options: arguments.given(options + ["dry-run"]), words: words)
  }

  /// Asks for the change, and tells what comes of it.
  func perform(_ arguments: Arguments) throws(ClientError) {
    try report(try Dialogue(arguments).ask(command).statuses, arguments)
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
