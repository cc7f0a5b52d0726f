internal import Platform
internal import Wire

extension Subcommand {
  private static let environmentOption = OptionSpecification(
    "env", value: "NAME", "the environment variable that it is injected as")
  private static let noteOption = OptionSpecification(
    "note", value: "TEXT", "something to remember, at most 200 bytes")

  static let create = Subcommand(
    name: "create", group: .everyday, synopsis: "create KEY [options]",
    summary: "Issues a key, and prints its text, this once.",
    details: [
      "me/NAME makes a user key, WORKSPACE/NAME a workspace key, org/NAME an organization",
      "key. The text goes to standard output, all else to standard error. No command shows",
      "it again, but whoever may inject the key can run a program that prints it.",
    ],
    options: [
      environmentOption,
      OptionSpecification(
        "expires", value: "TIME", "90d (the default), 12h, 30m, 2s, never, or RFC 3339"),
      OptionSpecification(
        "access", value: "ACCESS", "viewer (the default) or editor; not for user keys"),
      noteOption, systemOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: ["coffer create me/laptop", "coffer create web/deploy --expires 30d"]
  ) { arguments throws(ClientError) in
    let key = arguments.words[0]
    let command = Command(
      .create, options: given(["env", "expires", "access", "note"], arguments), words: [key])
    let reply = try Dialogue(arguments).ask(command)
    describe(reply.statuses.first { $0.keywords == ["KEY"] }, "created \(key)")
    Console.hint("this is the only time that the text is shown")
    try Console.print(try reply.data.finish())
    return ExitStatus.done
  }

  static let importKey = Subcommand(
    name: "import", group: .everyday, synopsis: "import KEY [options]",
    summary: "Keeps a key that a vendor issued.",
    details: [
      "The value comes from standard input, or is asked for on a terminal without being",
      "shown; it is never an argument. One line end at the end of the input is cut off if it",
      "is the only one.",
      "The role for use is viewer (the default), editor or admin of the workspace; of an",
      "organization key owner (the default) or member.",
    ],
    options: [
      environmentOption,
      OptionSpecification("expires", value: "TIME", "when the vendor ends it (default: never)"),
      OptionSpecification(
        "use-role", value: "ROLE", "the least role that may use it"),
      noteOption, systemOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: [
      "coffer import web/stripe --env STRIPE_KEY",
      "printf %s \"$VALUE\" | coffer import me/github",
    ]
  ) { arguments throws(ClientError) in
    let key = arguments.words[0]
    let value: Secret? = try readValue(of: key)
    let command = Command(
      .importKey, options: given(["env", "expires", "use-role", "note"], arguments), words: [key])
    let statuses = try Dialogue(arguments).ask(command, answeringWith: value).statuses
    describe(statuses.first { $0.keywords == ["KEY"] }, "imported \(key)")
    for other in statuses where other.keywords == ["SAME_VALUE"] {
      Console.note("warning: \(other["name"] ?? "another key") holds the same value")
    }
    return ExitStatus.done
  }

  static let revoke = Subcommand(
    name: "revoke", group: .everyday, synopsis: "revoke KEY [--reason TEXT]",
    summary: "Ends a key, at once and for good.",
    options: [
      OptionSpecification("reason", value: "TEXT", "why, for those who ask later"), systemOption,
    ],
    wordCount: 1...1,
    examples: ["coffer revoke web/deploy", "coffer revoke id:0abcDEF123gh --reason leaked"]
  ) { arguments throws(ClientError) in
    let key = arguments.words[0]
    let command = Command(.revoke, options: given(["reason"], arguments), words: [key])
    let statuses = try Dialogue(arguments).ask(command).statuses
    guard let status = statuses.first(where: { $0.keywords == ["KEY"] }) else {
      throw .protocolBroken("it did not say which key")
    }
    let id = status["id"] ?? ""
    guard status["changed"] == "yes" else {
      Console.note("\(key) was \(status["state"] ?? "ended") already (id \(id))")
      return ExitStatus.done
    }
    Console.note("revoked \(key) (id \(id))")
    if status["origin"] == "imported" {
      Console.hint("its vendor still honours it until it is revoked there")
    }
    return ExitStatus.done
  }

  // MARK: Helpers

  /// Those of the options that were given, for the daemon's line.
  private static func given(_ names: [String], _ arguments: Arguments) -> [(String, String?)] {
    names.compactMap { name in arguments[name].map { (name, $0) } }
  }

  private static func describe(_ status: StatusFields?, _ event: String) {
    Console.note(event)
    guard let status else { return }
    let fields = [
      ("id", status["id"]), ("env", status["env"]), ("expires", status["expires"] ?? "never"),
    ]
    for line in Table.lines(fields.map { ($0.0, $0.1 ?? "") }) { Console.note("  \(line)") }
  }

  private static func readValue(of key: String) throws(ClientError) -> Secret {
    let value: Secret
    if SecretInput.isTerminal {
      guard let typed = try SecretInput.ask("Value of \(PrintableText.object(key)): ") else {
        throw ClientError(
          ExitStatus.failed, "\(key): there is no terminal to ask for the value on")
      }
      value = typed
    } else {
      value = try SecretInput.readStandardInput(for: key)
    }
    guard value.count > 0 else {
      throw ClientError(
        ExitStatus.failed, "\(key): the value is empty, so nothing was stored",
        hint: "pass it on standard input, as in 'coffer import \(key) < FILE'")
    }
    return value
  }
}
