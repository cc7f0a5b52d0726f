internal import Wire

extension Subcommand {
  static let why = Subcommand(
    name: "why", group: .checking,
    synopsis: "why KEY [ACTION] [-w WORKSPACE] [--user USER] [--json]",
    summary: "Explains why something may be done with a key, or may not.",
    details: [
      "May you, or the user that is named, do ACTION with KEY: list, show, use (the",
      "default), replace, rotate, suspend, resume, expire, revoke or verify?",
      "With a workspace: may the key itself do ACTION in there: list, use (the",
      "default), import or verify? The exit status is 0 for yes and 1 for no.",
    ],
    options: [
      OptionSpecification(
        "workspace", short: "w", value: "WORKSPACE", "ask for the key itself, in there"),
      OptionSpecification("user", value: "USER", "ask for this user"),
      jsonOption, systemOption, waitOption,
    ],
    wordCount: 1...2,
    examples: ["coffer why web/stripe", "coffer why web/deploy rotate --user ada"]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["workspace", "user"])
    let command = Command(
      .why, options: arguments.given(["workspace", "user"]), words: arguments.words)
    let explanation = try Explanation(
      try Dialogue(arguments).ask(command).statuses, workspace: arguments["workspace"])
    if arguments.has("json") {
      try Console.print([explanation.json])
    } else {
      try Console.print(explanation.lines)
    }
    return explanation.isAllowed ? ExitStatus.done : ExitStatus.failed
  }
}

/// The chain of rules by which something is allowed, or is not.
struct Explanation {
  private let answer: StatusFields
  private let steps: [StatusFields]
  private let changes: [String]
  private let workspace: String?

  /// - Parameters:
  ///   - statuses: The answer.
  ///   - workspace: Where the key itself was to act, if that was asked.
  /// - Throws: ``ClientError`` if it is no answer.
  init(_ statuses: [StatusFields], workspace: String?) throws(ClientError) {
    guard let answer = statuses.first(where: { $0.keywords == ["WHY"] }) else {
      throw .protocolBroken("it did not say whether it is allowed")
    }
    self.answer = answer
    steps = statuses.filter { $0.keywords == ["STEP"] }
    changes = statuses.filter { $0.keywords == ["CHANGE"] }.compactMap { $0["text"] }
    self.workspace = workspace
  }

  var isAllowed: Bool { answer["allowed"] == "yes" }

  var lines: [String] {
    [summary]
      + steps.map { step in
        "  \(step["allows"] == "yes" ? "yes" : "no ")  \(step["text"] ?? "")"
      }
      + changes.map { "to change it: \($0)" }
  }

  private var summary: String {
    let may = isAllowed ? "may" : "may not"
    let (action, key) = (answer["action"] ?? "", answer["key"] ?? "")
    guard let workspace else {
      return "\(answer["subject"] ?? "") \(may) \(action) \(key)"
    }
    return "\(key) \(may) \(action) in \(workspace)"
  }

  var json: JSON {
    .object(
      [("allowed", .boolean(isAllowed))]
        + ["action", "key", "subject"].map { ($0, .optional(answer[$0])) } + [
          ("workspace", .optional(workspace)),
          (
            "steps",
            .array(
              steps.map { step in
                .object([
                  ("allows", .boolean(step["allows"] == "yes")), ("text", .optional(step["text"])),
                ])
              })
          ),
          ("changes", .array(changes.map { .string($0) })),
        ])
  }
}
