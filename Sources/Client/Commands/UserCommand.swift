internal import Platform
internal import Wire

extension Subcommand {
  static let user = Subcommand(
    name: "user", group: .people,
    synopsis: "user list | add NAME --uid N | disable USER | enable USER | remove USER "
      + "| rebind USER --uid N [options]",
    summary: "Adds, lists, disables, enables, removes or rebinds users.",
    details: [
      "  user list                  lists those in sight",
      "  user add NAME --uid N      adds a user, a member without a role",
      "  user disable USER          suspends the user and the user's own keys",
      "  user enable USER           brings back what disabling has suspended",
      "  user remove USER           ends the user and the user's own keys, for good",
      "  user rebind USER --uid N   binds the user to another uid; root may do so with",
      "                             a secret that opens the vault",
      "A change tells which keys change with it, and which live values the person has",
      "had; before it removes somebody a terminal shows that, and asks.",
    ],
    options: [
      OptionSpecification("uid", value: "N", "the uid that the user's processes have"),
      OptionSpecification("key-file", value: "PATH", "of rebind: a file that opens the vault"),
      OptionSpecification(
        "passphrase-fd", value: "N", "of rebind: read a passphrase from a descriptor"),
      Change.dryRunOption, Change.yesOption, jsonOption, systemOption, waitOption,
    ],
    wordCount: 1...2,
    examples: ["coffer user add ada --uid 1001", "coffer user remove ada --dry-run"]
  ) { arguments throws(ClientError) in
    let name = arguments.words.last ?? ""
    switch (arguments.words[0], arguments.words.count) {
    case ("add", 2): try addUser(name, arguments)
    case ("list", 1):
      try arguments.allow(["json"], for: "user list")
      let statuses = try Dialogue(arguments).ask(Command(.user, words: ["LIST"])).statuses
      try printUsers(statuses, asJSON: arguments.has("json"))
    case ("disable", 2):
      try changeUser("DISABLE", name, arguments, ("disabled", "disable", "is disabled"))
    case ("enable", 2):
      try changeUser("ENABLE", name, arguments, ("enabled", "enable", "is enabled"))
    case ("remove", 2):
      try changeUser(
        "REMOVE", name, arguments, ("removed", "remove", "was removed"),
        question: "Remove \(PrintableText.object(name)) for good")
    case ("rebind", 2): try rebindUser(name, arguments)
    case _:
      throw wrongAction(
        arguments.words[0], of: "user", ["add", "list", "disable", "enable", "remove", "rebind"])
    }
    return ExitStatus.done
  }

  private static func uid(
    _ arguments: Arguments, for action: String
  ) throws(ClientError) -> String {
    guard let uid = arguments["uid"] else {
      throw .usage("the uid is missing", hint: "as in 'coffer user \(action) ada --uid 1001'")
    }
    return uid
  }

  private static func addUser(_ name: String, _ arguments: Arguments) throws(ClientError) {
    try arguments.allow(["uid"], for: "user add")
    let uid = try uid(arguments, for: "add")
    let statuses = try Dialogue(arguments).ask(
      Command(.user, options: [("uid", uid)], words: ["ADD", name])
    ).statuses
    Console.note("added the user \(name), a member without a role in any workspace")
    for other in statuses where other.keywords == ["UNSERVED"] {
      Console.note(
        "warning: this daemon serves your own uid only, so uid \(other["uid"] ?? "") is not let in")
      Console.hint("'cofferd --system' serves several users")
    }
    Console.hint("'coffer grant \(name) viewer WORKSPACE' gives one")
  }

  private static func changeUser(
    _ action: String, _ name: String, _ arguments: Arguments,
    _ words: (done: String, planned: String, unchanged: String), question: String? = nil
  ) throws(ClientError) {
    let allowed = ["dry-run", "json"] + (question == nil ? [] : ["yes"])
    try arguments.allow(allowed, for: "user \(words.planned)")
    try Change(
      command: Change.command(.user, arguments, words: [action, name]),
      done: "\(words.done) \(name)", planned: "would \(words.planned) \(name)",
      unchanged: "\(name) \(words.unchanged) already", question: question
    ).perform(arguments)
  }

  // MARK: Rebinding

  private static func rebindUser(_ name: String, _ arguments: Arguments) throws(ClientError) {
    try arguments.allow(
      ["uid", "key-file", "passphrase-fd", "dry-run", "json"], for: "user rebind")
    try arguments.exclude(["key-file", "passphrase-fd"])
    let uid = try uid(arguments, for: "rebind")
    let secret = try SecretInput.readNamed(by: arguments)
    let isKeyFile = arguments.has("key-file")
    let change = Change(
      command: rebinding(name, arguments, isKeyFile: isKeyFile),
      done: "bound \(name) to uid \(uid)", planned: "would bind \(name) to uid \(uid)",
      unchanged: "\(name) is bound to uid \(uid) already")
    let dialogue = try Dialogue(arguments)
    let hasSecret = secret != nil
    do throws(ClientError) {
      let statuses = try dialogue.ask(change.command, answeringWith: secret).statuses
      return try change.report(statuses, arguments)
    } catch {
      // An Owner is asked for nothing; whoever is asked, and has named no secret,
      // is asked on the terminal.
      guard error.code == .canceled, !hasSecret else { throw error }
    }
    let keyFile = try Unlocking.keyFilePath()
    let answer: Secret? =
      if let keyFile {
        try Unlocking.readKeyFile(ofEnvironment: keyFile)
      } else {
        try SecretInput.ask("Passphrase of the vault: ")
      }
    guard answer != nil else {
      throw ClientError(
        ExitStatus.failed, "\(name): a secret that opens the vault is needed",
        hint: "name it with --key-file PATH or --passphrase-fd N")
    }
    let command = rebinding(name, arguments, isKeyFile: keyFile != nil)
    let statuses: [StatusFields]
    do throws(ClientError) {
      statuses = try dialogue.ask(command, answeringWith: answer).statuses
    } catch {
      throw error.naming(keyFileOfEnvironment: keyFile)
    }
    try change.report(statuses, arguments)
  }

  private static func rebinding(
    _ name: String, _ arguments: Arguments, isKeyFile: Bool
  ) -> Command {
    let options = arguments.given(["uid", "dry-run"])
    return Command(
      .user, options: options + (isKeyFile ? [("key-file", nil)] : []), words: ["REBIND", name])
  }

  // MARK: Listing

  private static func printUsers(
    _ statuses: [StatusFields], asJSON: Bool
  ) throws(ClientError) {
    if asJSON {
      try Console.print(usersAsJSON(statuses))
    } else {
      try Console.printTable(userTable(statuses))
    }
  }

  private static func roles(
    of user: StatusFields, _ statuses: [StatusFields]
  ) -> [StatusFields] {
    statuses.filter { $0.keywords == ["ROLE"] && $0["user"] == user["name"] }
  }

  static func userTable(_ statuses: [StatusFields]) -> [String] {
    let rows = statuses.filter { $0.keywords == ["USER"] }.map { user in
      [
        user["name"] ?? "", user["uid"] ?? "", user["role"] ?? "", unusualState(of: user),
        roles(of: user, statuses).map { "\($0["workspace"] ?? ""):\($0["role"] ?? "")" }
          .joined(separator: " "),
      ]
    }
    return Table.linesOfFilled(header: ["NAME", "UID", "ROLE", "STATE", "WORKSPACES"], rows: rows)
  }

  static func usersAsJSON(_ statuses: [StatusFields]) -> [JSON] {
    statuses.filter { $0.keywords == ["USER"] }.map { user in
      let roles = roles(of: user, statuses).map { role in
        JSON.object([
          ("name", .optional(role["workspace"])), ("role", .optional(role["role"])),
        ])
      }
      return .object([
        ("name", .optional(user["name"])), ("uid", .integer(user["uid"])),
        ("role", .optional(user["role"])), ("state", .optional(user["state"])),
        ("workspaces", .array(roles)),
      ])
    }
  }
}
