internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Which keys could go, and why something is allowed.

extension CommandDefinition {
  static let unused = CommandDefinition(
    verb: .unused, synopsis: "UNUSED [--class=CLASS] | UNUSED --revoke=CLASS --token=TOKEN",
    help: [
      "Lists the keys that could perhaps go, of those that you oversee: 'KEY class=... id=...",
      "name=... origin=... created=... last_used=... detail=...', by class: never-used, idle,",
      "superseded, orphaned. Last 'LIST count=... token=...' for one class.",
      "  --revoke=CLASS  ends all keys of a list that was shown with that token, in one commit:",
      "                  'KEY id=... name=... origin=... changed=yes' a line each",
    ],
    options: ["class", "revoke", "token"], availability: .unlocked
  ) { exchange, command throws(Failure) in
    if command.hasOption("revoke") { return try revokeUnused(exchange, command) }
    try allow(["class"], in: command)
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let told = try parsed { () throws(Refusal) -> UnusedClass? in
      guard let text = command.value(of: "class") else { return nil }
      return try UnusedClass(parsing: text)
    }
    let standing = try server.gate.standing(of: exchange, in: vault)
    for unusedClass in told.map({ [$0] }) ?? UnusedClass.allCases {
      let list = try server.gate.audited(exchange, in: vault) {
        (organization, caller, now) throws(Refusal) in
        try organization.unused(unusedClass, uses: vault.uses, for: caller, at: now)
      }
      for key in list.keys {
        exchange.status(
          ["KEY"], fields(of: key, as: unusedClass, in: vault, seenBy: standing))
      }
      guard told != nil else { continue }
      exchange.status(
        ["LIST"], [("count", String(list.keys.count)), ("token", list.token.text)])
    }
    return .done
  }

  private static func fields(
    of key: Key, as unusedClass: UnusedClass, in vault: Vault, seenBy standing: Standing
  ) -> [(String, String?)] {
    let use = vault.uses[key.id]
    let detail: String? =
      switch unusedClass {
      case .neverUsed, .idle: nil
      case .superseded: "a version before \(key.currentVersion.number) is still used"
      case .orphaned:
        vault.organization.text(of: key.currentVersion.author, seenBy: standing)
          + " could not make it now"
      }
    return [
      ("class", unusedClass.rawValue), ("id", key.id.text),
      ("name", vault.organization.name(of: key, seenBy: standing)),
      ("origin", key.origin.text), ("created", key.created.rfc3339),
      ("last_used", use?.last.rfc3339), ("detail", detail),
    ]
  }

  private static func revokeUnused(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    let vault = try exchange.server.keeper.openVault()
    guard !command.hasOption("class"), let text = command.value(of: "revoke"),
      let token = command.value(of: "token")
    else {
      throw Failure(
        .parameter, "this is not how it is written: UNUSED --revoke=CLASS --token=TOKEN")
    }
    let unusedClass = try parsed { () throws(Refusal) in try UnusedClass(parsing: text) }
    exchange.server.committer.submit(
      .revokeUnused(unusedClass, list: UnusedList.Token(token), vault.uses), of: exchange,
      about: unusedClass.rawValue
    ) { vault, changes in
      for id in changes.compactMap(\.keyID) {
        guard let key = vault.organization.key(withID: id) else { continue }
        exchange.status(
          ["KEY"],
          [
            ("id", id.text), ("name", exchange.name(of: key, in: vault)),
            ("origin", key.origin.text), ("changed", "yes"),
          ])
      }
    }
    return .pending
  }

  static let why = CommandDefinition(
    verb: .why, synopsis: "WHY KEY [ACTION] [--workspace=NAME | --user=NAME]",
    help: [
      "Tells why you, or the user, may do something to a key, or may not: ACTION is list, show,",
      "use (unless told), replace, rotate, suspend, resume, expire, revoke or verify. With a",
      "workspace: what the key itself may do there, list, use (unless told), import or verify.",
      "'WHY allowed=... action=... key=... subject=...', 'STEP allows=... text=...' in order,",
      "of which the first that refuses is the last, and 'CHANGE text=...', what would help.",
    ],
    options: ["workspace", "user"], wordCount: 1...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let vault = try exchange.server.keeper.openVault()
    let reference = try parsed { () throws(Refusal) in
      try KeyReference(parsing: command.words[0])
    }
    let action = command.words.count == 2 ? command.words[1] : "use"
    let reasoning = try exchange.server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      if let workspace = command.value(of: "workspace") {
        guard !command.hasOption("user") else {
          throw .invalid("--user", "with a workspace the question is what the key itself may do")
        }
        return try organization.reasoning(
          for: try KeyAction(parsing: action, in: "action"), in: try Name(parsing: workspace),
          of: reference, askedBy: caller, at: now)
      }
      var user: Name?
      if let name = command.value(of: "user") { user = try Name(parsing: name) }
      return try organization.reasoning(
        for: try PersonalAction(parsing: action), to: reference, by: user, askedBy: caller,
        at: now)
    }
    tell(reasoning, action, reference, exchange)
    return .done
  }

  private static func tell(
    _ reasoning: Reasoning, _ action: String, _ reference: KeyReference, _ exchange: Exchange
  ) {
    exchange.status(
      ["WHY"],
      [
        ("allowed", reasoning.isAllowed ? "yes" : "no"), ("action", action),
        ("key", reference.text), ("subject", reasoning.subject),
      ])
    for step in reasoning.steps {
      exchange.status(["STEP"], [("allows", step.allows ? "yes" : "no"), ("text", step.text)])
    }
    if let change = reasoning.change { exchange.status(["CHANGE"], [("text", change)]) }
  }
}
