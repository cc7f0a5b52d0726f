internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Workspaces and policy; what changes of people and workspaces do to keys.

extension CommandDefinition {
  static let workspace = CommandDefinition(
    verb: .workspace, synopsis: "WORKSPACE ADD NAME | LIST | ARCHIVE NAME [--dry-run]",
    help: [
      "ADD adds a workspace; ARCHIVE ends its keys for good, and takes it from the reach of",
      "all others (Owners): 'WORKSPACE name=... state=... changed=...', and 'EFFECT' lines as",
      "USER has them; --dry-run changes nothing. LIST lists those in sight, a line each:",
      "'WORKSPACE name=... role=... state=...', with one's own role.",
    ],
    flags: ["dry-run"], wordCount: 1...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    switch (command.words[0].uppercased(), command.words.count) {
    case ("ADD", 2):
      try allow([], in: command)
      let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
      exchange.server.committer.submit(
        .addWorkspace(name), of: exchange, about: "add \(name.text)"
      ) { _, changes in
        describe(name, "active", changes, to: exchange)
      }
      return .pending
    case ("ARCHIVE", 2):
      let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
      return try changePeople(
        .archiveWorkspace(name), exchange, about: "archive \(name.text)"
      ) {
        _, changes in
        describe(name, "archived", changes, to: exchange)
      }
    case ("LIST", 1):
      try allow([], in: command)
      let vault = try exchange.server.keeper.openVault()
      let standing = try exchange.server.gate.standing(of: exchange, in: vault)
      listWorkspaces(for: standing, in: vault.organization, to: exchange)
      return .done
    case _:
      throw Failure(
        .parameter,
        "this is not how it is written: WORKSPACE ADD NAME | LIST | ARCHIVE NAME [--dry-run]")
    }
  }

  private static func describe(
    _ name: Name, _ state: String, _ changes: [Change], to exchange: Exchange
  ) {
    exchange.status(
      ["WORKSPACE"],
      [("name", name.text), ("state", state), ("changed", changes.isEmpty ? "no" : "yes")])
  }

  static func listWorkspaces(
    for standing: Standing, in organization: Organization, to exchange: Exchange
  ) {
    for workspace in organization.workspaces(inSightOf: standing) {
      let rank = organization.rank(of: standing, in: workspace.id)
      exchange.status(
        ["WORKSPACE"],
        [
          ("name", workspace.name.text), ("role", rank.text),
          ("state", workspace.isArchived ? "archived" : "active"),
        ])
    }
  }

  static let policy = CommandDefinition(
    verb: .policy, synopsis: "POLICY SHOW | SET NAME VALUE [--dry-run]",
    help: [
      "SHOW tells what the organization demands of its keys, a line each: 'POLICY name=...",
      "value=...'. SET changes one of them (Owners), and tells what changed, with changed=yes:",
      "a lowered maximum lowers its default along. Keys that are there stay as they are.",
      "--dry-run changes nothing.",
    ],
    flags: ["dry-run"], wordCount: 1...3, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let vault = try exchange.server.keeper.openVault()
    let former = vault.organization.policy
    switch (command.words[0].uppercased(), command.words.count) {
    case ("SHOW", 1):
      try allow([], in: command)
      for name in PolicyName.allCases {
        exchange.status(
          ["POLICY"], [("name", name.rawValue), ("value", former.text(of: name))])
      }
      return .done
    case ("SET", 3):
      let name = try parsed { () throws(Refusal) in try PolicyName(parsing: command.words[1]) }
      return try changePeople(
        .setPolicy(name, command.words[2]), exchange,
        about: "\(name.rawValue) \(PrintableText.object(command.words[2]))"
      ) { organization, changes in
        for other in PolicyName.allCases {
          let value = organization.policy.text(of: other)
          let isChanged = !changes.isEmpty && value != former.text(of: other)
          guard other == name || isChanged else { continue }
          exchange.status(
            ["POLICY"],
            [
              ("name", other.rawValue), ("value", value), ("changed", isChanged ? "yes" : "no"),
            ])
        }
      }
    case _:
      throw Failure(
        .parameter, "this is not how it is written: POLICY SHOW | SET NAME VALUE [--dry-run]")
    }
  }

  // MARK: What a change does

  /// Changes people, workspaces or policy, or with `--dry-run` only tells of it.
  ///
  /// - Parameters:
  ///   - request: What is to be changed.
  ///   - exchange: The command.
  ///   - object: What the audit says that it was about.
  ///   - describe: Begins the answer; gets the organization as it is afterwards.
  /// - Returns: How far the command has come.
  /// - Throws: ``Failure`` for a refusal of a dry run.
  static func changePeople(
    _ request: Request, _ exchange: Exchange, about object: String,
    _ describe: @escaping (Organization, [Change]) -> Void
  ) throws(Failure) -> Progress {
    let server = exchange.server
    let vault = try server.keeper.openVault()
    guard !exchange.command.hasOption("dry-run") else {
      let (organization, changes) = try server.gate.audited(exchange, in: vault) {
        (organization, caller, now) throws(Refusal) in
        (organization, try organization.decide(request, by: caller, at: now))
      }
      let foreseen = Foresight(changes, in: organization, uses: vault.uses, for: exchange)
      describe(foreseen.organization, changes)
      foreseen.tell(exchange)
      return .done
    }
    var foreseen: Foresight?
    server.committer.submit(
      request, of: exchange, about: object,
      foreseeing: { organization, changes in
        foreseen = Foresight(changes, in: organization, uses: vault.uses, for: exchange)
      }
    ) { vault, changes in
      describe(vault.organization, changes)
      foreseen?.tell(exchange)
    }
    return .pending
  }
}

/// What changes do to keys, and which live values somebody has had whom they concern.
private struct Foresight {
  /// As it is after the changes.
  let organization: Organization
  private let effects: [Effect]
  private let seen: [UseRecords.Seen]
  private let standing: Standing?

  init(
    _ changes: [Change], in former: Organization, uses: UseRecords, for exchange: Exchange
  ) {
    let now = exchange.server.keeper.now()
    let organization = former.after(changes)
    self.organization = organization
    standing = exchange.server.gate.standingIfAny(of: exchange, in: former)
    guard let standing else {
      // Root rebinds a user, and learns nothing of keys by it.
      (effects, seen) = ([], [])
      return
    }
    effects = former.effects(ofBecoming: organization, by: changes, seenBy: standing, at: now)
    seen = changes.compactMap { $0.userWithLess(than: former) }
      .flatMap { uses.liveValues(seenBy: $0, in: organization, at: now) }
      .filter { value in
        former.key(withID: value.version.key).map { former.oversees(standing, $0) } ?? false
      }
  }

  /// So many lines of each kind are told; behind them how many more there are.
  private static let toldCount = 1000

  func tell(_ exchange: Exchange) {
    for effect in effects.prefix(Self.toldCount) {
      exchange.status(
        ["EFFECT"],
        [
          ("key", organization.name(of: effect.key, seenBy: standing)),
          ("id", effect.key.id.text), ("change", effect.text),
        ])
    }
    for value in seen.prefix(Self.toldCount) {
      guard let key = organization.key(withID: value.version.key) else { continue }
      exchange.status(
        ["SEEN"],
        [
          ("key", organization.name(of: key, seenBy: standing)), ("id", key.id.text),
          ("version", String(value.version.number)), ("how", value.exposure.rawValue),
          ("at", value.last.rfc3339), ("user", organization[value.user].name.text),
        ])
    }
    let further = max(0, effects.count - Self.toldCount) + max(0, seen.count - Self.toldCount)
    if further > 0 { exchange.status(["FURTHER"], [("lines", String(further))]) }
  }
}

extension Change {
  /// The user who may do less after it; nil if there is none.
  fileprivate func userWithLess(than former: Organization) -> UserID? {
    switch self {
    case .userStateSet(.disabled, let id), .userRemoved(let id, _), .userRebound(let id, _),
      .organizationRoleSet(.member, let id):
      id
    case .workspaceRoleSet(let role, let id, let workspace)
    where role?.rank ?? .member < former.rank(of: former[id], in: workspace):
      id
    case .userStateSet, .organizationRoleSet, .workspaceRoleSet, .organizationNamed, .policySet,
      .userAdded, .workspaceAdded, .workspaceArchived, .keyAdded, .keySuspended, .keyResumed,
      .keyRevoked, .expiryBroughtForward, .versionAdded, .versionEnded, .unitGranted,
      .unitGrantWithdrawn, .keyBound, .keysForgotten, .clockSet, .keysRestored,
      .restoredKeysResumed:
      nil
    }
  }
}
