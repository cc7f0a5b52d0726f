internal import Wire

// The life of keys: pausing, shortening and ending it.

extension Subcommand {
  private static let reasonOption = OptionSpecification(
    "reason", value: "TEXT", "why, for those who ask later")

  static let suspend = Subcommand(
    name: "suspend", group: .everyday, synopsis: "suspend KEY [--reason TEXT]",
    summary: "Refuses a key until it is resumed.",
    options: [reasonOption, systemOption], wordCount: 1...1,
    examples: ["coffer suspend web/deploy --reason 'is this still used?'"]
  ) { arguments throws(ClientError) in
    let status = try change(.suspend, arguments, options: ["reason"])
    Console.note(event("suspended", status, arguments.words[0]))
    return ExitStatus.done
  }

  static let resume = Subcommand(
    name: "resume", group: .everyday, synopsis: "resume KEY",
    summary: "Accepts a suspended key again.",
    options: [systemOption], wordCount: 1...1, examples: ["coffer resume web/deploy"]
  ) { arguments throws(ClientError) in
    let status = try change(.resume, arguments)
    Console.note(event("resumed", status, arguments.words[0]))
    return ExitStatus.done
  }

  static let expire = Subcommand(
    name: "expire", group: .everyday, synopsis: "expire KEY WHEN",
    summary: "Brings the expiry of a key forward.",
    details: [
      "WHEN is a time from now, as 90d, 12h, 30m or 2s, or a moment in RFC 3339. An",
      "expiry is never moved back: rotate the key instead.",
    ],
    options: [systemOption], wordCount: 2...2,
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
    options: [reasonOption, systemOption], wordCount: 1...1,
    examples: ["coffer revoke web/deploy", "coffer revoke id:0abcDEF123gh --reason leaked"]
  ) { arguments throws(ClientError) in
    let status = try change(.revoke, arguments, options: ["reason"])
    Console.note(event("revoked", status, arguments.words[0]))
    if status["changed"] == "yes", status["origin"] == "imported" {
      Console.hint("its vendor still honours it until it is revoked there")
    }
    return ExitStatus.done
  }

  // MARK: Helpers

  /// Asks for a change of the key that the words name.
  private static func change(
    _ verb: Verb, _ arguments: Arguments, options: [String] = []
  ) throws(ClientError) -> StatusFields {
    let command = Command(verb, options: arguments.given(options), words: arguments.words)
    return try keyStatus(try Dialogue(arguments).ask(command).statuses)
  }

  /// What has come of a change, as in `revoked web/deploy (id 0abcDEF123gh)`.
  static func event(_ participle: String, _ status: StatusFields, _ key: String) -> String {
    let id = status["id"] ?? ""
    return status["changed"] == "yes"
      ? "\(participle) \(key) (id \(id))"
      : "\(key) was \(status["state"] ?? participle) already (id \(id))"
  }
}
