internal import Wire

extension Subcommand {
  static let whoAmI = Subcommand(
    name: "whoami", group: .people, synopsis: "whoami [--json]",
    summary: "Tells on whose behalf you are served, and your roles.",
    options: [jsonOption, systemOption], examples: ["coffer whoami"]
  ) { arguments throws(ClientError) in
    let statuses = try Dialogue(arguments).ask(Command(.whoAmI)).statuses
    let fields = statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields)
    let workspaces = statuses.filter { $0.keywords == ["WORKSPACE"] }
    if arguments.has("json") {
      let roles = workspaces.map { workspace in
        JSON.object([
          ("name", .optional(workspace["name"])), ("role", .optional(workspace["role"])),
        ])
      }
      let members = fields.map {
        ($0.name, $0.name == "uid" ? number($0.value) : .string($0.value))
      }
      try Console.print([JSON.object(members + [("workspaces", .array(roles))])])
      return ExitStatus.done
    }
    let roles = workspaces.map { ("in \($0["name"] ?? "")", $0["role"] ?? "") }
    try Console.print(Table.lines(fields.map { ($0.name, $0.value) } + roles))
    return ExitStatus.done
  }

  static let workspace = Subcommand(
    name: "workspace", group: .people, synopsis: "workspace add NAME | list [--json]",
    summary: "Adds a workspace, or lists those in sight.",
    options: [jsonOption, systemOption], wordCount: 1...2,
    examples: ["coffer workspace add web", "coffer workspace list"]
  ) { arguments throws(ClientError) in
    switch (arguments.words[0], arguments.words.count) {
    case ("add", 2):
      let name = arguments.words[1]
      _ = try Dialogue(arguments).ask(Command(.workspace, words: ["ADD", name]))
      Console.note("added the workspace \(name)")
    case ("list", 1):
      let statuses = try Dialogue(arguments).ask(Command(.workspace, words: ["LIST"])).statuses
      try printRows(statuses, ["name", "role"], asJSON: arguments.has("json"))
    case _: throw wrongAction(arguments.words[0], of: "workspace", ["add", "list"])
    }
    return ExitStatus.done
  }

  static let user = Subcommand(
    name: "user", group: .people, synopsis: "user add NAME --uid N | list [--json]",
    summary: "Adds a user, or lists those in sight.",
    options: [
      OptionSpecification("uid", value: "N", "the uid that the user's processes have"),
      jsonOption, systemOption,
    ],
    wordCount: 1...2, examples: ["coffer user add ada --uid 1001", "coffer user list"]
  ) { arguments throws(ClientError) in
    switch (arguments.words[0], arguments.words.count) {
    case ("add", 2):
      guard let uid = arguments["uid"] else {
        throw .usage("the uid is missing", hint: "as in 'coffer user add ada --uid 1001'")
      }
      let name = arguments.words[1]
      _ = try Dialogue(arguments).ask(
        Command(.user, options: [("uid", uid)], words: ["ADD", name]))
      Console.note("added the user \(name), a member without a role in any workspace")
      Console.hint("'coffer grant \(name) viewer WORKSPACE' gives one")
    case ("list", 1):
      let statuses = try Dialogue(arguments).ask(Command(.user, words: ["LIST"])).statuses
      try printUsers(statuses, asJSON: arguments.has("json"))
    case _: throw wrongAction(arguments.words[0], of: "user", ["add", "list"])
    }
    return ExitStatus.done
  }

  static let grant = Subcommand(
    name: "grant", group: .people, synopsis: "grant USER ROLE [WORKSPACE]",
    summary: "Gives a user a role, or takes it away.",
    details: [
      "In a workspace: viewer, editor, admin, or none to take the role away.",
      "In the organization, without a workspace: owner or member.",
    ],
    options: [systemOption], wordCount: 2...3,
    examples: ["coffer grant ada editor web", "coffer grant ada owner"]
  ) { arguments throws(ClientError) in
    let statuses = try Dialogue(arguments).ask(Command(.grant, words: arguments.words)).statuses
    let isNew = statuses.contains { $0["changed"] == "yes" }
    let words = arguments.words
    let place = words.count == 3 ? " in \(words[2])" : ""
    let role = words[1] == "none" ? "no role" : "the role \(words[1])"
    Console.note("\(words[0]) \(isNew ? "has" : "had") \(role)\(place)\(isNew ? "" : " already")")
    return ExitStatus.done
  }

  // MARK: Helpers

  private static func wrongAction(
    _ word: String, of command: String, _ actions: [String]
  ) -> ClientError {
    guard !actions.contains(word) else {
      return .usage(
        "\(command) \(word): too few or too many arguments",
        hint: "'coffer \(command) --help' explains it")
    }
    let closest = Suggestion.closest(to: word, among: actions)
    return .usage(
      "\(command) has no action \(PrintableText.object(word))",
      hint: closest.map { "did you mean 'coffer \(command) \($0)'?" }
        ?? "it has \(actions.joined(separator: " and "))")
  }

  private static func number(_ text: String) -> JSON {
    Int64(text).map { .number($0) } ?? .null
  }

  private static func printRows(
    _ statuses: [StatusFields], _ names: [String], asJSON: Bool
  ) throws(ClientError) {
    if asJSON {
      try Console.print(
        statuses.map { status in
          JSON.object(names.map { ($0, .optional(status[$0])) })
        })
    } else {
      let rows = statuses.map { status in names.map { status[$0] ?? "" } }
      try Console.print(Table.lines(header: names.map { $0.uppercased() }, rows: rows))
    }
  }

  private static func printUsers(
    _ statuses: [StatusFields], asJSON: Bool
  ) throws(ClientError) {
    let users = statuses.filter { $0.keywords == ["USER"] }
    func roles(of user: StatusFields) -> [StatusFields] {
      statuses.filter { $0.keywords == ["ROLE"] && $0["user"] == user["name"] }
    }
    guard asJSON else {
      let rows = users.map { user in
        [
          user["name"] ?? "", user["uid"] ?? "", user["role"] ?? "",
          roles(of: user).map { "\($0["workspace"] ?? ""):\($0["role"] ?? "")" }
            .joined(separator: " "),
        ]
      }
      return try Console.print(
        Table.lines(header: ["NAME", "UID", "ROLE", "WORKSPACES"], rows: rows))
    }
    try Console.print(
      users.map { user in
        let roles = roles(of: user).map { role in
          JSON.object([
            ("name", .optional(role["workspace"])), ("role", .optional(role["role"])),
          ])
        }
        return JSON.object([
          ("name", .optional(user["name"])), ("uid", number(user["uid"] ?? "")),
          ("role", .optional(user["role"])), ("workspaces", .array(roles)),
        ])
      })
  }
}
