internal import Wire

extension Subcommand {
  static let list = Subcommand(
    name: "list", group: .everyday, synopsis: "list [--workspace NAME] [--state STATE] [--json]",
    summary: "Lists the keys in sight, in order of creation.",
    options: [
      OptionSpecification(
        "workspace", short: "w", value: "NAME", "only the keys of this workspace"),
      OptionSpecification("state", value: "STATE", "only active, expired or revoked ones"),
      jsonOption, systemOption,
    ],
    examples: ["coffer list", "coffer list -w web --json"]
  ) { arguments throws(ClientError) in
    let dialogue = try Dialogue(arguments)
    var keys: [StatusFields] = []
    var after: String?
    repeat {
      var options: [(String, String?)] = [("limit", "1000")]
      for name in ["workspace", "state"] {
        if let value = arguments[name] { options.append((name, value)) }
      }
      if let after { options.append(("after", after)) }
      let statuses = try dialogue.ask(Command(.list, options: options)).statuses
      keys += statuses.filter { $0.keywords == ["KEY"] }
      after = statuses.first { $0.keywords == ["MORE"] }?["after"]
    } while after != nil
    if arguments.has("json") {
      try Console.print(keys.map { JSON.object(keyMembers($0)) })
    } else if keys.isEmpty {
      Console.note("no key is in sight")
    } else {
      try Console.print(keyTable(keys))
    }
    return ExitStatus.done
  }

  static let show = Subcommand(
    name: "show", group: .everyday, synopsis: "show KEY [--json]",
    summary: "Tells all of a key but its value.",
    options: [jsonOption, systemOption], wordCount: 1...1,
    examples: ["coffer show web/stripe", "coffer show id:0abcDEF123gh --json"]
  ) { arguments throws(ClientError) in
    let statuses = try Dialogue(arguments).ask(Command(.show, words: arguments.words)).statuses
    let versions = statuses.filter { $0.keywords == ["VERSION"] }
    let key = StatusFields(fields: statuses.filter { $0.keywords.isEmpty }.flatMap(\.fields))
    if arguments.has("json") {
      let further = ["note", "revoked", "revoker", "reason"].map { ($0, JSON.optional(key[$0])) }
      let list = versions.map { version in
        JSON.object(
          [("number", version["number"].flatMap { Int64($0) }.map { .number($0) } ?? .null)]
            + ["state", "author", "created", "expires"].map { ($0, .optional(version[$0])) })
      }
      try Console.print(
        [JSON.object(keyMembers(key) + further + [("versions", .array(list))])])
      return ExitStatus.done
    }
    var lines = Table.lines(key.fields.map { (Table.label($0.name), $0.value) })
    lines.append("")
    lines += Table.lines(
      header: ["VERSION", "STATE", "AUTHOR", "CREATED", "EXPIRES"],
      rows: versions.map { version in
        [
          version["number"] ?? "", version["state"] ?? "", version["author"] ?? "",
          version["created"] ?? "", version["expires"] ?? "never",
        ]
      })
    try Console.print(lines)
    return ExitStatus.done
  }

  // MARK: Helpers

  /// The fields of a key that `list` and `show` share, as JSON.
  private static func keyMembers(_ key: StatusFields) -> [(String, JSON)] {
    [
      "id", "name", "type", "workspace", "owner", "origin", "state", "env", "access", "custody",
      "use_role", "expires", "created", "creator",
    ].map { ($0, .optional(key[$0])) }
  }

  private static func keyTable(_ keys: [StatusFields]) -> [String] {
    Table.lines(
      header: ["NAME", "ORIGIN", "STATE", "ENV", "EXPIRES"],
      rows: keys.map { key in
        [
          key["name"] ?? "", key["origin"] ?? "", key["state"] ?? "", key["env"] ?? "",
          key["expires"].map { String($0.prefix(10)) } ?? "never",
        ]
      })
  }
}
