internal import Wire

extension Subcommand {
  static let policy = Subcommand(
    name: "policy", group: .people, synopsis: "policy show [--json] | set RULE VALUE [--dry-run]",
    summary: "Shows what the organization demands of its keys, or changes it.",
    details: [
      "  max-lifetime      the longest lifetime of an issued key, as 365d",
      "  default-lifetime  the lifetime of a key that was told none",
      "  allow-never       whether a key may have no expiry: true or false",
      "  max-grace         how long a former text may be accepted after a rotation",
      "  default-grace     how long it is, unless told",
      "  idle-days         the days without use after which a key is idle",
      "  audit-days        the days for which rows of the audit are kept",
      "To lower a maximum lowers its default along.",
    ],
    options: [Change.dryRunOption, jsonOption, systemOption, waitOption], wordCount: 1...3,
    examples: ["coffer policy show", "coffer policy set max-lifetime 180d --dry-run"]
  ) { arguments throws(ClientError) in
    switch (arguments.words[0], arguments.words.count) {
    case ("show", 1):
      try arguments.allow(["json"], for: "policy show")
      let statuses = try Dialogue(arguments).ask(Command(.policy, words: ["SHOW"])).statuses
      let rules = statuses.filter { $0.keywords == ["POLICY"] }
      if arguments.has("json") {
        try Console.print([policyAsJSON(rules)])
      } else {
        try Console.print(
          Table.lines(rules.map { ($0["name"] ?? "", $0["value"] ?? "") }))
      }
    case ("set", 3): try setPolicy(arguments)
    case _: throw wrongAction(arguments.words[0], of: "policy", ["show", "set"])
    }
    return ExitStatus.done
  }

  static func policyAsJSON(_ rules: [StatusFields]) -> JSON {
    .object(
      rules.map { rule in
        let value = rule["value"] ?? ""
        let json: JSON =
          switch value {
          case "true": .boolean(true)
          case "false": .boolean(false)
          case _: Int64(value).map { .number($0) } ?? .string(value)
          }
        return (rule["name"] ?? "", json)
      })
  }

  private static func setPolicy(_ arguments: Arguments) throws(ClientError) {
    let words = arguments.words
    let command = Change.command(.policy, arguments, words: ["SET", words[1], words[2]])
    let statuses = try Dialogue(arguments).ask(command).statuses
    let settings = policySettings(statuses)
    try Change(
      command: command, done: settings.map { "\($0) now" }.joined(separator: ", "),
      planned: settings.joined(separator: ", ") + " then",
      unchanged: "\(words[1]) is \(words[2]) already"
    ).report(statuses, arguments)
  }

  /// What changes, as in `max-lifetime is 30d`.
  static func policySettings(_ statuses: [StatusFields]) -> [String] {
    statuses.filter { $0.keywords == ["POLICY"] && $0["changed"] == "yes" }.map { rule in
      "\(rule["name"] ?? "") is \(rule["value"] ?? "")"
    }
  }
}
