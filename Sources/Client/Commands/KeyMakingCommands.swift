internal import Platform
internal import Wire

// Making keys, and new versions of them.

extension Subcommand {
  private static let environmentOption = OptionSpecification(
    "env", value: "NAME", "the variable that it is injected as")
  private static let noteOption = OptionSpecification(
    "note", value: "TEXT", "something to remember, at most 200 bytes")

  static let create = Subcommand(
    name: "create", group: .everyday, synopsis: "create KEY [options]",
    summary: "Issues a key, and prints its text, this once.",
    details: [
      "me/NAME makes a user key, WORKSPACE/NAME a workspace key, org/NAME an",
      "organization key. The text goes to standard output, all else to standard",
      "error. No command shows it again, but whoever may inject the key can run a",
      "program that prints it. Custody is for the whole life of the key:",
      "  sealed       shown once, and can be injected (the default)",
      "  hidden       never shown to anybody, but can be injected",
      "  verify-only  shown once, and cannot be injected: the text is not kept",
      "A scope cuts what a user key may do: WORKSPACE[,...][:ACTION[,...]], with *",
      "for all workspaces and me for one's own keys; the actions are list, use,",
      "import and verify.",
    ],
    options: [
      environmentOption,
      OptionSpecification(
        "expires", value: "TIME", "90d, 12h, 30m, 2s or RFC 3339, within the policy"),
      OptionSpecification(
        "access", value: "ACCESS", "viewer (the default) or editor; not for user keys"),
      OptionSpecification(
        "custody", value: "CUSTODY", "sealed, hidden or verify-only"),
      OptionSpecification("scope", value: "SCOPE", "of a user key: what it may do"),
      noteOption, systemOption, waitOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: [
      "coffer create me/laptop --scope web:list,use",
      "coffer create web/deploy --expires 30d",
    ]
  ) { arguments throws(ClientError) in
    try Console.requireOutput()
    let key = arguments.words[0]
    let options = arguments.given(["env", "expires", "access", "custody", "scope", "note"])
    let dialogue = try Dialogue(arguments)
    let reply = try namingWorkspaces { () throws(ClientError) in
      try dialogue.ask(Command(.create, options: options, words: [key]))
    }
    let status = try keyStatus(reply.statuses)
    describe(status, "created \(key)")
    try printText(
      reply, of: status,
      orHint: "end it with 'coffer revoke \(key)', then create it again")
    return ExitStatus.done
  }

  static let importKey = Subcommand(
    name: "import", group: .everyday,
    synopsis: "import KEY [options] | import WORKSPACE/ --env-file FILE [--all]",
    summary: "Keeps a key that a vendor issued.",
    details: [
      "The value comes from standard input, or is asked for on a terminal without",
      "being shown; it is never an argument. One line end at the end of the input is",
      "cut off if it is the only one.",
      "The role for use is viewer (the default), editor or admin of the workspace;",
      "of an organization key owner (the default) or member.",
      "",
      "With --env-file the values of a dotenv file are stored, each that you say yes",
      "to, that of STRIPE_KEY as web/stripe-key, and the file is rewritten with",
      "references in their place, for 'coffer run -e FILE'. me/ or org/ can stand in",
      "the place of WORKSPACE/. Left alone are empty values, references, names that",
      "stand twice, and reserved ones. Where a key of that place holds the value",
      "already, it is named. The disk may go on to hold the former file, and so do",
      "copies of it.",
    ],
    options: [
      environmentOption,
      OptionSpecification("env-file", value: "FILE", "store the values of a dotenv file"),
      OptionSpecification("all", "of --env-file: store all of them, without asking"),
      OptionSpecification("expires", value: "TIME", "when the vendor ends it (default: never)"),
      OptionSpecification("use-role", value: "ROLE", "the least role that may use it"),
      noteOption, systemOption, waitOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: [
      "coffer import web/stripe --env STRIPE_KEY",
      "printf %s \"$VALUE\" | coffer import me/github",
      "coffer import web/ --env-file .env",
    ]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["env", "env-file"])
    guard !arguments.has("env-file") else { return try EnvFileImport(arguments).run() }
    guard !arguments.has("all") else {
      throw .usage("--all needs --env-file", hint: "one key is imported without it")
    }
    let key = arguments.words[0]
    let options = arguments.given(["env", "expires", "use-role", "note"])
    let command = Command(.importKey, options: options, words: [key])
    let dialogue = try Dialogue(arguments)
    let statuses = try namingWorkspaces { () throws(ClientError) in
      try ask(command, withValueOf: key, dialogue)
    }
    describe(try keyStatus(statuses), "imported \(key)")
    warnOfSameValues(statuses)
    return ExitStatus.done
  }

  static let rotate = Subcommand(
    name: "rotate", group: .everyday,
    synopsis: "rotate KEY [--grace TIME | --now] [--end-grace]",
    summary: "Gives an issued key a new text, and prints it, this once.",
    details: [
      "Id, name and rights stay as they are. The new text is valid and injected at",
      "once; the former one is accepted for the grace time, never past its expiry.",
      "The text goes to standard output, all else to standard error.",
    ],
    options: [
      OptionSpecification(
        "grace", value: "TIME", "how long the former text is accepted, as 12h"),
      OptionSpecification("now", "end the former text at once, as after a leak"),
      OptionSpecification("end-grace", "end the grace of an earlier rotation first"),
      systemOption, waitOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: ["coffer rotate web/deploy --grace 2h", "coffer rotate me/laptop --now"]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["grace", "now"])
    try Console.requireOutput()
    let options = arguments.given(["grace", "now", "end-grace"])
    let reply = try Dialogue(arguments).ask(
      Command(.rotate, options: options, words: arguments.words))
    let status = try keyStatus(reply.statuses)
    describe(status, "rotated \(arguments.words[0])")
    for former in reply.statuses where former.keywords == ["FORMER"] {
      Console.note(formerText(former))
    }
    Holders.report(reply.statuses, holding: "a former text")
    try printText(
      reply, of: status,
      orHint: "rotate it again with 'coffer rotate \(arguments.words[0]) --now --end-grace'")
    return ExitStatus.done
  }

  static let replace = Subcommand(
    name: "replace", group: .everyday, synopsis: "replace KEY [--expires TIME]",
    summary: "Gives an imported key the new value that its vendor issued.",
    details: [
      "The value comes from standard input, or is asked for on a terminal without",
      "being shown, as that of 'coffer import'. The former one is injected no more.",
    ],
    options: [
      OptionSpecification("expires", value: "TIME", "when the vendor ends the new value"),
      systemOption, waitOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: ["coffer replace web/stripe", "coffer replace me/github --expires 90d < token"]
  ) { arguments throws(ClientError) in
    let key = arguments.words[0]
    let command = Command(.replace, options: arguments.given(["expires"]), words: [key])
    let statuses = try ask(command, withValueOf: key, Dialogue(arguments))
    describe(try keyStatus(statuses), "replaced the value of \(key)")
    for former in statuses where former.keywords == ["FORMER"] {
      let expiry = former["expires"] ?? ""
      Console.note("warning: the former value had an expiry, \(expiry), and this one has none")
      Console.hint("'coffer expire \(key) TIME' gives it one")
    }
    warnOfSameValues(statuses)
    Holders.report(statuses, holding: "a former value")
    Console.hint("its vendor still honours the former value until it is revoked there")
    return ExitStatus.done
  }

  // MARK: Helpers

  /// What the daemon says of the key that a command was about.
  static func keyStatus(_ statuses: [StatusFields]) throws(ClientError) -> StatusFields {
    guard let status = statuses.first(where: { $0.keywords == ["KEY"] }) else {
      throw .protocolBroken("it did not say which key")
    }
    return status
  }

  /// Tells of a workspace that is not found where the others are.
  ///
  /// The hint is the client's own, so it is the same whether the workspace does not
  /// exist or is out of sight.
  static func namingWorkspaces<Result: ~Copyable>(
    _ body: () throws(ClientError) -> Result
  ) throws(ClientError) -> Result {
    do throws(ClientError) { return try body() } catch {
      let isOfUser = error.message.hasPrefix("@") || error.message.hasPrefix("me/")
      guard error.code == .notFound, error.hint == nil, !isOfUser else { throw error }
      throw ClientError(
        error.code, error.message,
        hint: "'coffer workspace list' has the workspaces in sight; an Owner adds another one "
          + "with 'coffer workspace add'")
    }
  }

  private static func describe(_ status: StatusFields, _ event: String) {
    Console.note(event)
    for line in newVersionLines(status) { Console.note("  \(line)") }
  }

  /// What there is to know of a version that was just made.
  static func newVersionLines(_ status: StatusFields) -> [String] {
    var fields = [
      ("id", status["id"] ?? ""), ("env", status["env"] ?? ""),
      ("expires", status["expires"] ?? "never"),
    ]
    if let version = status["version"] { fields.append(("version", version)) }
    if let custody = status["custody"], custody != "sealed" {
      fields.append(("custody", custody))
    }
    return Table.lines(fields)
  }

  /// Until when the text before a rotation can be used.
  static func formerText(_ former: StatusFields) -> String {
    let version = former["version"].map { "the former text (version \($0))" } ?? "the former text"
    return former["ends"].map { "\(version) is accepted until \($0)" }
      ?? "\(version) is not accepted any more"
  }

  /// Prints the text of an issued key, if anybody is to see it; `hint` tells what
  /// to do if it could not be written.
  private static func printText(
    _ reply: consuming DaemonConnection.Reply, of status: StatusFields, orHint hint: String
  ) throws(ClientError) {
    guard reply.data.count > 0 else {
      return Console.note("its custody is hidden: the text is shown to nobody, only injected")
    }
    try Console.print(
      try reply.data.finish(), orTell: ("the text of the new key is lost", hint))
    Console.hint("keep the text now: it is not shown again")
  }

  private static func warnOfLineEnd(_ value: borrowing Secret) {
    let endsWithReturn = value.withBytes { bytes in
      bytes.count > 0 && bytes[bytes.count - 1] == 0x0D
    }
    guard endsWithReturn else { return }
    Console.note("warning: the value ends with a carriage return, as from a file of Windows")
  }

  static func warnOfSameValues(_ statuses: [StatusFields]) {
    for other in statuses where other.keywords == ["SAME_VALUE"] {
      Console.note("warning: \(other["name"] ?? "another key") holds the same value")
    }
  }

  /// Sends a command that keeps a value; nobody types one for a command that is refused.
  private static func ask(
    _ command: Command, withValueOf key: String, _ dialogue: Dialogue
  ) throws(ClientError) -> [StatusFields] {
    if SecretInput.isTerminal { try dialogue.requireInquiry(by: command) }
    let value: Secret? = try readValue(of: key, for: command.verb.lowercased())
    return try dialogue.ask(command, answeringWith: value).statuses
  }

  private static func readValue(
    of key: String, for command: String
  ) throws(ClientError) -> Secret {
    let value = try SecretInput.read(
      prompt: "Value of \(PrintableText.object(key)): ", for: PrintableText.object(key))
    guard value.count > 0 else {
      throw ClientError(
        ExitStatus.failed, "\(key): the value is empty, so nothing was stored",
        hint: "pass it on standard input, as in 'coffer \(command) \(key) < FILE'")
    }
    warnOfLineEnd(value)
    return value
  }
}
