internal import Wire

// The life of keys: pausing, shortening and ending it.

extension Subcommand {
  private static let reasonOption = OptionSpecification(
    "reason", value: "TEXT", "why, for those who ask later")

  static let suspend = Subcommand(
    name: "suspend", group: .everyday, synopsis: "suspend KEY [--reason TEXT]",
    summary: "Refuses a key until it is resumed.",
    options: [reasonOption, systemOption, waitOption], wordCount: 1...1,
    examples: [
      "coffer suspend me/laptop", "coffer suspend web/deploy --reason 'is this still used?'",
    ]
  ) { arguments throws(ClientError) in
    let (status, statuses) = try changeAndRest(.suspend, arguments, options: ["reason"])
    Console.note(event("suspended", status, arguments.words[0]))
    Holders.report(statuses, holding: "it")
    return ExitStatus.done
  }

  static let resume = Subcommand(
    name: "resume", group: .everyday, synopsis: "resume KEY | resume --restored",
    summary: "Accepts a suspended key again.",
    details: [
      "With --restored all that a restore or a repair has suspended: look at them first",
      "with 'coffer list --state suspended', and revoke what had been ended by then. So",
      "are grants to systemd units: withdraw those that had been withdrawn by then.",
    ],
    options: [
      OptionSpecification("restored", "all keys and grants that a restore or repair brought back"),
      systemOption, waitOption,
    ],
    wordCount: 0...1, examples: ["coffer resume web/deploy", "coffer resume --restored"]
  ) { arguments throws(ClientError) in
    if arguments.has("restored") {
      try resumeRestored(arguments)
      return ExitStatus.done
    }
    guard let key = arguments.words.first else {
      throw .usage("the key is missing", hint: "as in 'coffer resume web/deploy'")
    }
    let status = try change(.resume, arguments)
    Console.note(event("resumed", status, key))
    return ExitStatus.done
  }

  private static func resumeRestored(_ arguments: Arguments) throws(ClientError) {
    guard arguments.words.isEmpty else {
      throw .usage("--restored is for all keys that were brought back, and takes no key")
    }
    let command = Command(.resume, options: [("restored", nil)])
    let statuses = try Dialogue(arguments).ask(command).statuses
    let resumed = statuses.first { $0.keywords == ["RESUMED"] }
    let count = resumed?["keys"] ?? "0"
    var text = "resumed \(count) \(count == "1" ? "key" : "keys")"
    if let grants = resumed?["grants"], grants != "0" {
      text += " and \(grants) \(grants == "1" ? "grant" : "grants") to units"
    }
    Console.note("\(text) that came back from a backup or a repair")
  }

  static let expire = Subcommand(
    name: "expire", group: .everyday, synopsis: "expire KEY WHEN",
    summary: "Brings the expiry of a key forward.",
    details: [
      "WHEN is a time from now, as 90d, 12h, 30m or 2s, or a moment in RFC 3339. An",
      "expiry is never moved back: rotate the key instead.",
    ],
    options: [systemOption, waitOption], wordCount: 2...2,
    examples: ["coffer expire web/deploy 12h", "coffer expire me/laptop 2027-01-31T00:00:00Z"]
  ) { arguments throws(ClientError) in
    let key = arguments.words[0]
    let status = try change(.expire, arguments)
    let already = status["changed"] == "yes" ? "" : " already"
    let moment = status["expires"] ?? "never"
    Console.note("\(key) expires\(already) at \(moment) (id \(status["id"] ?? ""))")
    return ExitStatus.done
  }

  static let revoke = Subcommand(
    name: "revoke", group: .everyday, synopsis: "revoke KEY [--reason TEXT]",
    summary: "Ends a key, at once and for good.",
    options: [reasonOption, systemOption, waitOption], wordCount: 1...1,
    examples: ["coffer revoke web/deploy", "coffer revoke id:0abcDEF123gh --reason leaked"]
  ) { arguments throws(ClientError) in
    let (status, statuses) = try changeAndRest(.revoke, arguments, options: ["reason"])
    if status["changed"] == "yes", status["state"] == "expired" {
      Console.note(
        "\(arguments.words[0]) had expired; now it is ended for good (id \(status["id"] ?? ""))")
    } else {
      Console.note(event("revoked", status, arguments.words[0]))
    }
    Holders.report(statuses, holding: "it")
    if status["changed"] == "yes", status["origin"] == "imported" {
      Console.hint("its vendor still honours it until it is revoked there")
    }
    return ExitStatus.done
  }

  // MARK: Helpers

  /// Asks for a change of the key that the words name.
  private static func change(
    _ verb: Verb, _ arguments: Arguments
  ) throws(ClientError) -> StatusFields { try changeAndRest(verb, arguments).key }

  /// The same, with all else that the daemon says.
  private static func changeAndRest(
    _ verb: Verb, _ arguments: Arguments, options: [String] = []
  ) throws(ClientError) -> (key: StatusFields, all: [StatusFields]) {
    let command = Command(verb, options: arguments.given(options), words: arguments.words)
    let statuses = try Dialogue(arguments).ask(command).statuses
    return (try keyStatus(statuses), statuses)
  }

  /// What has come of a change, as in `revoked web/deploy (id 0abcDEF123gh)`.
  static func event(_ participle: String, _ status: StatusFields, _ key: String) -> String {
    let id = status["id"] ?? ""
    return status["changed"] == "yes"
      ? "\(participle) \(key) (id \(id))"
      : "\(key) was \(status["state"] ?? participle) already (id \(id))"
  }
}
