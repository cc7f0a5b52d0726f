internal import Platform
internal import Wire

// What anyone may ask or do who holds a key's text.

extension Subcommand {
  static let verify = Subcommand(
    name: "verify", group: .checking,
    synopsis: "verify [--require RIGHT [-w WORKSPACE]] [--json | --quiet]",
    summary: "Tells whether a key that you hold is valid, and what it may do.",
    details: [
      "The text comes from standard input, or is asked for on a terminal without",
      "being shown; it is never an argument. The exit status is 0 for a valid key",
      "and 1 for any other.",
    ],
    options: [
      OptionSpecification(
        "require", value: "RIGHT", "and it may list, use, import or verify"),
      OptionSpecification("workspace", short: "w", value: "WORKSPACE", "and it may so in there"),
      OptionSpecification("quiet", short: "q", "say nothing of the key"),
      jsonOption, systemOption, waitOption,
    ],
    asksForSecret: true,
    examples: [
      "printf %s \"$TOKEN\" | coffer verify --quiet",
      "coffer verify --require use --workspace web < token",
    ]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["json", "quiet"])
    guard arguments.has("require") || !arguments.has("workspace") else {
      throw .usage(
        "--workspace needs an action", hint: "as in 'coffer verify --require use -w web'")
    }
    let text: Secret? = try SecretInput.read(prompt: "Key to verify: ", for: "the key")
    let command = Command(.verify, options: arguments.given(["require", "workspace"]))
    let verdict: Verdict
    do throws(ClientError) {
      let dialogue = try Dialogue(arguments, presentsKey: false)
      verdict = try Verdict(try dialogue.ask(command, answeringWith: text).statuses)
    } catch {
      guard let refused = Verdict(error) else { throw error }
      guard arguments.has("json") || arguments.has("quiet") else { throw error }
      verdict = refused
    }
    if arguments.has("json") {
      try Console.print([verdict.json])
    } else if !arguments.has("quiet") {
      try Console.print(verdict.lines)
    }
    return verdict.isValid ? ExitStatus.done : ExitStatus.failed
  }

  static let burn = Subcommand(
    name: "burn", group: .checking, synopsis: "burn",
    summary: "Ends a key that you hold, as one that was found in the open.",
    details: [
      "The text comes from standard input, or is asked for on a terminal without",
      "being shown; it is never an argument. The current text of a key revokes it, a",
      "former one that is still accepted ends that one. The answer is always the",
      "same, whatever the text was.",
    ],
    options: [systemOption, waitOption], asksForSecret: true,
    examples: [
      "coffer burn < leaked", "git show HEAD:.env | grep -o 'cof_[0-9A-Za-z_]*' | coffer burn",
    ]
  ) { arguments throws(ClientError) in
    let text: Secret? = try SecretInput.read(prompt: "Key to burn: ", for: "the key")
    let dialogue = try Dialogue(arguments, presentsKey: false)
    _ = try dialogue.ask(Command(.burn), answeringWith: text)
    Console.note("done: if it was a live key of this vault, it has ended")
    return ExitStatus.done
  }
}

/// What the daemon says of a key's text.
enum Verdict {
  case valid(StatusFields, KeyRights)

  /// Why it is not, in a word, and in the daemon's words.
  case invalid(reason: String, message: String)

  /// Throws if the daemon did not say what is valid.
  init(_ statuses: [StatusFields]) throws(ClientError) {
    guard let key = statuses.first(where: { $0.keywords == ["VALID"] }) else {
      throw .protocolBroken("it did not say which key")
    }
    self = .valid(key, KeyRights(statuses))
  }

  /// The refusal of a key; nil for an error that says nothing of it.
  init?(_ error: ClientError) {
    let reason: String
    switch error.code {
    case .malformed: reason = "malformed"
    case .denied: reason = "denied"
    case .forbidden: reason = "no permission"
    case _: return nil
    }
    self = .invalid(reason: reason, message: error.message)
  }

  var isValid: Bool {
    switch self {
    case .valid: true
    case .invalid: false
    }
  }

  var lines: [String] {
    switch self {
    case .invalid(_, let message): return [message]
    case .valid(let key, let rights):
      var fields = ["id", "type", "workspace", "owner"].compactMap { name in
        key[name].map { (name, $0) }
      }
      fields.append(("expires", key["expires"] ?? "never"))
      if let version = key["version"] { fields.append(("version", version)) }
      if let end = key["ends"] { fields.append(("former text until", end)) }
      return ["\(key["name"] ?? "the key") is valid"] + Table.lines(fields + rights.fields)
    }
  }

  var json: JSON {
    switch self {
    case .invalid(let reason, let message):
      return .object([
        ("valid", .boolean(false)), ("reason", .string(reason)), ("message", .string(message)),
      ])
    case .valid(let key, let rights):
      let texts = ["id", "name", "type", "workspace", "owner", "expires"]
      return .object(
        [("valid", .boolean(true))] + texts.map { ($0, .optional(key[$0])) } + [
          ("version", .integer(key["version"])), ("ends", .optional(key["ends"])),
          ("rights", rights.json),
        ])
    }
  }
}
