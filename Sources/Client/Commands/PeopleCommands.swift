internal import Wire

extension Subcommand {
  static let whoAmI = Subcommand(
    name: "whoami", group: .people, synopsis: "whoami [--json]",
    summary: "Tells on whose behalf you are served, and your roles.",
    details: [
      "Where COFFER_API_KEY holds a key, all commands but help, version, init, restore,",
      "unlock, status, verify and burn act as that key, and with no other rights than",
      "it has. One that is set and empty is an error, as of a secret that is missing.",
    ],
    options: [jsonOption, systemOption, waitOption],
    examples: ["coffer whoami", "coffer whoami --json"]
  ) { arguments throws(ClientError) in
    let statuses = try Dialogue(arguments).ask(Command(.whoAmI)).statuses
    if arguments.has("json") {
      try Console.print([identity(statuses)])
    } else {
      try Console.print(linesOfIdentity(statuses))
    }
    return ExitStatus.done
  }

  static func identity(_ statuses: [StatusFields]) -> JSON {
    let members = statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields).map { field in
      (field.name, field.name == "uid" ? JSON.integer(field.value) : .string(field.value))
    }
    let scopes = statuses.filter { $0.keywords == ["SCOPE"] }.map { scope in
      ("scope", JSON.optional(scope["text"]))
    }
    let roles = statuses.filter { $0.keywords == ["WORKSPACE"] }.map { workspace in
      JSON.object([
        ("name", .optional(workspace["name"])), ("role", .optional(workspace["role"])),
      ])
    }
    return .object(members + scopes + [("workspaces", .array(roles))])
  }

  static func linesOfIdentity(_ statuses: [StatusFields]) -> [String] {
    let fields = statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields).map { field in
      (field.name, field.value)
    }
    let scopes = statuses.filter { $0.keywords == ["SCOPE"] }.map { ("scope", $0["text"] ?? "") }
    let roles = statuses.filter { $0.keywords == ["WORKSPACE"] }.map { workspace in
      ("in \(workspace["name"] ?? "")", workspace["role"] ?? "")
    }
    return Table.lines(fields + scopes + roles)
  }

  static let workspace = Subcommand(
    name: "workspace", group: .people, synopsis: "workspace list | add NAME | archive WORKSPACE",
    summary: "Adds or archives a workspace, or lists those in sight.",
    details: [
      "To archive a workspace revokes its keys, for good; its name is not used again. A",
      "terminal shows them, and asks.",
    ],
    options: [Change.dryRunOption, Change.yesOption, jsonOption, systemOption, waitOption],
    wordCount: 1...2,
    examples: ["coffer workspace add web", "coffer workspace archive web --dry-run"]
  ) { arguments throws(ClientError) in
    let name = arguments.words.last ?? ""
    switch (arguments.words[0], arguments.words.count) {
    case ("add", 2):
      try arguments.allow([], for: "workspace add")
      _ = try Dialogue(arguments).ask(Command(.workspace, words: ["ADD", name]))
      Console.note("added the workspace \(name)")
    case ("archive", 2):
      try Change(
        command: Change.command(.workspace, arguments, words: ["ARCHIVE", name]),
        done: "archived the workspace \(name)", planned: "would archive the workspace \(name)",
        unchanged: "the workspace \(name) is archived already",
        question: "Archive \(PrintableText.object(name)), and end its keys for good"
      ).perform(arguments)
    case ("list", 1):
      try arguments.allow(["json"], for: "workspace list")
      let statuses = try Dialogue(arguments).ask(Command(.workspace, words: ["LIST"])).statuses
      try printWorkspaces(statuses, asJSON: arguments.has("json"))
    case _: throw wrongAction(arguments.words[0], of: "workspace", ["add", "archive", "list"])
    }
    return ExitStatus.done
  }

  private static func printWorkspaces(
    _ statuses: [StatusFields], asJSON: Bool
  ) throws(ClientError) {
    guard asJSON else {
      return try Console.printTable(
        Table.linesOfFilled(
          header: ["NAME", "ROLE", "STATE"],
          rows: statuses.map { workspace in
            [
              workspace["name"] ?? "", workspace["role"] ?? "", unusualState(of: workspace),
            ]
          }))
    }
    try Console.print(
      statuses.map { workspace in
        JSON.object(["name", "role", "state"].map { ($0, .optional(workspace[$0])) })
      })
  }

  // MARK: Helpers

  /// The state of a workspace or user, if it is worth a column.
  static func unusualState(of object: StatusFields) -> String {
    let state = object["state"] ?? ""
    return state == "active" ? "" : state
  }

  /// What is told of a word behind `command` that is none of its actions.
  static func wrongAction(
    _ word: String, of command: String, _ actions: [String]
  ) -> ClientError {
    guard !actions.contains(word) else {
      return .usage(
        "\(command) \(word): too few or too many arguments",
        hint: "'coffer \(command) --help' explains it")
    }
    let closest = Suggestion.closest(to: word, among: actions)
    let list = actions.dropLast().joined(separator: ", ") + " and " + (actions.last ?? "")
    return .usage(
      "\(command) has no action \(PrintableText.object(word))",
      hint: closest.map { "did you mean 'coffer \(command) \($0)'?" } ?? "it has \(list)")
  }
}
