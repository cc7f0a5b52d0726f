internal import Wire

extension Subcommand {
  static let grant = Subcommand(
    name: "grant", group: .people,
    synopsis: "grant USER ROLE [WORKSPACE] | --unit UNIT [KEY [none]] [options]",
    summary: "Gives a user a role, or a systemd unit a key; or takes it away.",
    details: [
      "In a workspace: viewer, editor, admin, or none to take the role away.",
      "In the organization, without a workspace: owner or member.",
      "With --unit the unit may get the value of KEY as a credential or, with none,",
      "may not any more; web@.service stands for all instances of that template.",
      "Without KEY it lists what the unit is given of the keys in sight. A grant ends",
      "with its key, and not with the rights of whoever gave it.",
    ],
    options: [
      OptionSpecification("unit", value: "UNIT", "a systemd unit, as web.service"),
      OptionSpecification(
        "credential", value: "NAME", "how the unit calls it; the key's own name unless told"),
      Change.dryRunOption, jsonOption, systemOption, waitOption,
    ],
    wordCount: 0...3,
    examples: [
      "coffer grant ada editor web", "coffer grant ada none web --dry-run",
      "coffer grant --unit web.service web/stripe",
      "coffer grant --unit web@.service web/stripe none --credential payment",
    ]
  ) { arguments throws(ClientError) in
    if let unit = arguments["unit"] {
      try grantToUnit(unit, arguments)
    } else {
      try grantRole(arguments)
    }
    return ExitStatus.done
  }

  private static func grantRole(_ arguments: Arguments) throws(ClientError) {
    try arguments.allow(["dry-run", "json"], for: "grant USER ROLE")
    let words = arguments.words
    guard words.count >= 2 else {
      throw .usage(
        "too few arguments: coffer \(grant.synopsis)", hint: "'coffer grant --help' explains it")
    }
    let place = words.count == 3 ? " in \(words[2])" : ""
    let role = (words[1] == "none" ? "no role" : "the role \(words[1])") + place
    try Change(
      command: Change.command(.grant, arguments, words: words),
      done: "\(words[0]) has \(role)", planned: "\(words[0]) would have \(role)",
      unchanged: "\(words[0]) had \(role) already"
    ).perform(arguments)
  }

  // MARK: Units

  private static func grantToUnit(
    _ unit: String, _ arguments: Arguments
  ) throws(ClientError) {
    let words = arguments.words
    guard let key = words.first else { return try listGrants(to: unit, arguments) }
    let withdraws = words.count == 2
    guard words.count < 3, !withdraws || words[1] == "none" else {
      throw .usage(
        "behind the key stands nothing, or none: coffer grant --unit UNIT KEY [none]",
        hint: "'coffer grant --help' explains it")
    }
    let change = Change(
      command: Change.command(.grant, arguments, options: ["unit", "credential"], words: words),
      done: "\(unit) \(withdraws ? "is not given \(key) any more" : "is given \(key)")",
      planned: "\(unit) would \(withdraws ? "not be given \(key) any more" : "be given \(key)")",
      unchanged: "\(unit) \(withdraws ? "was not given \(key)" : "was given \(key) already")")
    let statuses = try Dialogue(arguments).ask(change.command).statuses
    try change.report(statuses, arguments)
    guard !withdraws else { return }
    if !arguments.has("dry-run"),
      let credential = statuses.first(where: { $0.keywords == ["GRANT"] })?["credential"]
    {
      Console.hint(
        "put into the unit, below \(section(of: unit)): \(credentialLine(credential))")
    }
    if statuses.contains(where: { $0.keywords == ["UNSERVED"] }) {
      Console.note(
        "warning: this daemon is your own, and systemd is served credentials by the system's only")
      Console.hint("'cofferd --system' serves them")
    }
  }

  /// The line by which a unit asks for a credential.
  ///
  /// Source: systemd.exec(5), `LoadCredential=`; systemd.unit(5), "Specifiers".
  static func credentialLine(_ credential: String) -> String {
    var name = ""
    for character in credential {
      switch character {
      case "%": name += "%%"
      case "\\": name += "\\\\"
      case " " where name.isEmpty: name += "\\ "
      case _: name.append(character)
      }
    }
    return "LoadCredential=\(name):/run/coffer/credential"
  }

  /// The heading under which a unit of that type is told what it runs with.
  private static func section(of unit: String) -> String {
    let type = unit.split(separator: ".").last ?? "service"
    return "[\(type.prefix(1).uppercased())\(type.dropFirst())]"
  }

  private static func listGrants(
    to unit: String, _ arguments: Arguments
  ) throws(ClientError) {
    try arguments.allow(["unit", "json"], for: "grant --unit UNIT")
    let statuses = try Dialogue(arguments).ask(
      Command(.grant, options: arguments.given(["unit"]))
    ).statuses
    if arguments.has("json") {
      try Console.print(grantsAsJSON(statuses))
    } else if statuses.isEmpty {
      Console.note("\(unit) is given no key in sight")
    } else {
      try Console.printTable(grantTable(statuses))
    }
  }

  static func grantTable(_ statuses: [StatusFields]) -> [String] {
    Table.linesOfFilled(
      header: ["UNIT", "CREDENTIAL", "KEY", "STATE"],
      rows: statuses.map { grant in
        [
          grant["unit"] ?? "", grant["credential"] ?? "", grant["key"] ?? "",
          grant["restored"] == "yes" ? "restored" : "",
        ]
      })
  }

  static func grantsAsJSON(_ statuses: [StatusFields]) -> [JSON] {
    statuses.map { grant in
      .object(
        ["unit", "credential", "key"].map { ($0, .optional(grant[$0])) }
          + [("restored", .boolean(grant["restored"] == "yes"))])
    }
  }
}
