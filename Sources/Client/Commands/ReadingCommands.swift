internal import Wire

extension Subcommand {
  static let list = Subcommand(
    name: "list", group: .everyday, synopsis: "list [options]",
    summary: "Lists the keys in sight, in order of creation.",
    details: [
      "Flags: restored (it came back from a backup or a repair, and waits for",
      "'coffer resume'), restored-grant (its grant to a systemd unit did), orphaned,",
      "in-grace, expiring, never-used, idle, superseded and owner-disabled.",
      "A column in which nothing stands is left out, and where lines get too long, the",
      "first flag stands for several: restored+1.",
    ],
    options: [
      OptionSpecification(
        "workspace", short: "w", value: "WORKSPACE", "only the keys of this workspace"),
      OptionSpecification(
        "state", value: "STATE", "only active, suspended, expired or revoked"),
      OptionSpecification(
        "type", value: "TYPE", "only user, workspace or organization keys"),
      OptionSpecification("flag", value: "FLAG", "only those that have this flag"),
      jsonOption, systemOption, waitOption,
    ],
    examples: ["coffer list", "coffer list -w web --json", "coffer list --flag orphaned"]
  ) { arguments throws(ClientError) in
    let filter = arguments.given(["workspace", "state", "type", "flag"])
    let command = Command(.list, options: filter + [("limit", "1000")])
    let keys = try Dialogue(arguments).askForPages(command).filter { $0.keywords == ["KEY"] }
    if arguments.has("json") {
      try Console.print(keys.map { JSON.object(KeyFields.members($0)) })
    } else if keys.isEmpty {
      Console.note(filter.isEmpty ? "no key is in sight" : "no key in sight matches")
    } else {
      try Console.printTable(KeyFields.table(keys))
    }
    return ExitStatus.done
  }

  static let show = Subcommand(
    name: "show", group: .everyday, synopsis: "show KEY [--json]",
    summary: "Tells all of a key but its value.",
    options: [jsonOption, systemOption, waitOption], wordCount: 1...1,
    examples: ["coffer show web/stripe", "coffer show id:0abcDEF123gh --json"]
  ) { arguments throws(ClientError) in
    let statuses = try Dialogue(arguments).ask(Command(.show, words: arguments.words)).statuses
    if arguments.has("json") {
      try Console.print([shownKey(statuses)])
    } else {
      try Console.print(linesOfKey(statuses))
    }
    return ExitStatus.done
  }

  // MARK: Helpers

  static func shownKey(_ statuses: [StatusFields]) -> JSON {
    let key = StatusFields(fields: statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields))
    let versions = statuses.filter { $0.keywords == ["VERSION"] }
    return .object(
      KeyFields.members(key) + KeyFields.furtherMembers(key) + [
        ("rights", KeyRights(statuses).json), ("units", KeyUnits(statuses).json),
        ("versions", .array(versions.map { .object(KeyFields.versionMembers($0)) })),
      ])
  }

  static func linesOfKey(_ statuses: [StatusFields]) -> [String] {
    let fields = statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields)
    let versions = statuses.filter { $0.keywords == ["VERSION"] }
    return Table.lines(
      fields.map { (Table.label($0.name), $0.value) } + KeyRights(statuses).fields
        + KeyUnits(statuses).fields)
      + [""] + KeyFields.versionTable(versions)
  }
}
