internal import Wire

extension Subcommand {
  static let unused = Subcommand(
    name: "unused", group: .checking,
    synopsis: "unused [--class CLASS] [--json] | unused --revoke CLASS [--yes]",
    summary: "Lists keys that seem to be used no more, or ends them.",
    details: [
      "  never-used  made or imported 7 or more days ago, and never used",
      "  idle        not used for 90 days, or as the policy says",
      "  superseded  a former text is still used after a rotation",
      "  orphaned    whoever made it could not make it now",
      "To revoke a class shows what would end, asks, and ends just that, at once.",
    ],
    options: [
      OptionSpecification("class", value: "CLASS", "only the keys of this class"),
      OptionSpecification("revoke", value: "CLASS", "end the keys of this class, for good"),
      OptionSpecification("yes", short: "y", "do not ask"),
      jsonOption, systemOption, waitOption,
    ],
    examples: ["coffer unused", "coffer unused --revoke never-used"]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["class", "revoke"])
    guard arguments.has("revoke") || !arguments.has("yes") else {
      throw .usage("--yes is for --revoke", hint: "as in 'coffer unused --revoke idle --yes'")
    }
    let dialogue = try Dialogue(arguments)
    if let name = arguments["revoke"] {
      try revokeUnused(of: name, dialogue, arguments)
      return ExitStatus.done
    }
    let command = Command(.unused, options: arguments.given(["class"]))
    let list = UnusedKeys(try dialogue.ask(command).statuses)
    if arguments.has("json") {
      try Console.print(list.json)
    } else if list.keys.isEmpty {
      Console.note("no key in sight seems to be unused")
    } else {
      try Console.printTable(list.lines)
    }
    return ExitStatus.done
  }

  private static func revokeUnused(
    of name: String, _ dialogue: Dialogue, _ arguments: Arguments
  ) throws(ClientError) {
    let list = UnusedKeys(
      try dialogue.ask(Command(.unused, options: [("class", name)])).statuses)
    guard let token = list.token, !list.keys.isEmpty else {
      return Console.note("no key in sight is \(name)")
    }
    for line in list.lines { Console.note("  \(line)") }
    let count = list.keys.count == 1 ? "this key" : "these \(list.keys.count) keys"
    if !arguments.has("yes") {
      guard let isAgreed = try Confirmation.ask("End \(count) for good") else {
        throw .usage("there is no terminal to ask on", hint: "say --yes to end \(count)")
      }
      guard isAgreed else {
        throw ClientError(ExitStatus.failed, "nothing was revoked")
      }
    }
    let command = Command(.unused, options: [("revoke", name), ("token", token)])
    let revoked = try dialogue.ask(command).statuses.filter { $0.keywords == ["KEY"] }
    if arguments.has("json") {
      try Console.print(
        revoked.map { key in
          JSON.object(["id", "name", "origin"].map { ($0, .optional(key[$0])) })
        })
    }
    for key in revoked { Console.note("revoked \(key["name"] ?? "") (id \(key["id"] ?? ""))") }
    if revoked.contains(where: { $0["origin"] == "imported" }) {
      Console.hint("vendors still honour imported keys until they are revoked there")
    }
  }
}

/// The keys that seem to be used no more.
struct UnusedKeys {
  /// Grouped by class.
  let keys: [StatusFields]

  /// What stands for just this list when it is to be revoked.
  let token: String?

  init(_ statuses: [StatusFields]) {
    keys = statuses.filter { $0.keywords == ["KEY"] }
    token = statuses.first { $0.keywords == ["LIST"] }?["token"]
  }

  var lines: [String] {
    Table.linesOfFilled(
      header: ["CLASS", "NAME", "CREATED", "LAST USED", "DETAIL"],
      rows: keys.map { key in
        [
          key["class"] ?? "", key["name"] ?? "", KeyFields.day(key["created"]) ?? "",
          KeyFields.day(key["last_used"]) ?? "", key["detail"] ?? "",
        ]
      })
  }

  var json: [JSON] {
    keys.map { key in
      .object(
        ["class", "id", "name", "created", "last_used", "detail"].map {
          ($0, .optional(key[$0]))
        })
    }
  }
}
