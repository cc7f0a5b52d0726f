internal import Wire

extension Subcommand {
  static let ps = Subcommand(
    name: "ps", group: .everyday, synopsis: "ps [KEY] [--json]",
    summary: "Lists the running commands that hold keys.",
    details: [
      "Your own, and of those of others the ones with keys that you oversee. With KEY",
      "only those that hold it. A version that is not the current one is marked. The",
      "daemon knows what it has handed out since it was started, and to whom; what a",
      "command has passed on to others that it started it does not know.",
    ],
    options: [jsonOption, systemOption, waitOption], wordCount: 0...1,
    examples: ["coffer ps", "coffer ps web/stripe --json"]
  ) { arguments throws(ClientError) in
    let holders = Holders(
      try Dialogue(arguments).askForPages(Command(.holders, words: arguments.words)))
    if arguments.has("json") {
      try Console.print(holders.json)
    } else if holders.holders.isEmpty {
      Console.note("no running command holds \(arguments.words.first ?? "a key")")
    } else {
      try Console.printTable(holders.table)
    }
    for line in holders.reservations { Console.note(line) }
    return ExitStatus.done
  }
}
