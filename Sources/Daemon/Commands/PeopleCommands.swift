internal import Keyring
internal import Platform
internal import Store
internal import Wire

// People: who asks, and users.

extension CommandDefinition {
  static let whoAmI = CommandDefinition(
    verb: .whoAmI, synopsis: "WHOAMI",
    help: [
      "Tells on whose behalf the daemon acts for you: uid, user, role; or uid, key, id and type",
      "of the key that the connection acts as. And a line 'WORKSPACE name=... role=...' for",
      "each workspace in sight.",
    ],
    availability: .unlocked
  ) { exchange, _ throws(Failure) in
    let vault = try exchange.server.keeper.openVault()
    let standing = try exchange.server.gate.standing(of: exchange, in: vault)
    exchange.status(["uid=\(exchange.peer.userID)"])
    if let key = standing.key {
      exchange.status(["key=\(vault.organization.name(of: key, seenBy: nil))"])
      exchange.status(["id=\(key.id.text)"])
      exchange.status(["type=\(key.type.rawValue)"])
      if let scope = key.scope {
        exchange.status(["SCOPE"], [("text", vault.organization.text(scope))])
      }
    } else if let user = standing.user {
      exchange.status(["user=\(user.name.text)"])
      exchange.status(["role=\(user.role.rawValue)"])
    }
    listWorkspaces(for: standing, in: vault.organization, to: exchange)
    return .done
  }

  static let user = CommandDefinition(
    verb: .user,
    synopsis: "USER ADD NAME --uid=N | LIST | DISABLE|ENABLE|REMOVE NAME | REBIND NAME --uid=N",
    help: [
      "ADD adds a user bound to a uid, as a Member; DISABLE suspends a user and their user",
      "keys until ENABLE; REMOVE ends both for good; REBIND binds a user to another uid. All",
      "of it is the Owners'; REBIND also uid 0's, who is then asked for PASSPHRASE, or for",
      "KEYFILE with --key-file. 'USER name=... uid=... role=... state=... changed=...', and:",
      "  EFFECT key=... id=... change=...  what becomes of a key",
      "  SEEN key=... id=... version=... how=... at=... user=...  a live value that they had",
      "  --dry-run  tells all that, and changes nothing",
      "ADD adds 'UNSERVED uid=...' where the daemon serves its own uid only.",
      "LIST lists the users in sight: 'USER name=... uid=... role=... state=...' for each, and",
      "behind it for each workspace role 'ROLE user=... workspace=... role=...'.",
    ],
    options: ["uid"], flags: ["dry-run", "key-file"], wordCount: 1...2, availability: .unlockedToAll
  ) { exchange, command throws(Failure) in
    switch (command.words[0].uppercased(), command.words.count) {
    case ("ADD", 2): return try addUser(exchange, command)
    case ("REBIND", 2): return try rebindUser(exchange, command)
    case ("DISABLE", 2): return try set(.disabled, "disable", exchange, command)
    case ("ENABLE", 2): return try set(.active, "enable", exchange, command)
    case ("REMOVE", 2): return try set(.removed, "remove", exchange, command)
    case ("LIST", 1):
      try allow([], in: command)
      return try listUsers(exchange)
    case _:
      throw Failure(
        .parameter, "this is not how it is written: USER ADD NAME --uid=N, USER LIST, ...",
        hint: "'HELP USER' has all forms")
    }
  }

  // MARK: Helpers

  private static func listUsers(_ exchange: Exchange) throws(Failure) -> Progress {
    let vault = try exchange.server.keeper.openVault()
    let organization = vault.organization
    let standing = try exchange.server.gate.standing(of: exchange, in: vault)
    for other in organization.users(inSightOf: standing) {
      exchange.status(["USER"], fields(of: other))
      for (workspace, role) in organization.workspaceRoles(of: other, inSightOf: standing) {
        exchange.status(
          ["ROLE"],
          [
            ("user", other.name.text), ("workspace", workspace.name.text),
            ("role", role.rawValue),
          ])
      }
    }
    return .done
  }

  private static func fields(of user: User) -> [(String, String?)] {
    [
      ("name", user.name.text), ("uid", String(user.uid)), ("role", user.role.rawValue),
      ("state", user.state.rawValue),
    ]
  }

  private static func addUser(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    try allow(["uid"], in: command)
    let (name, uid) = try parsedUser(command)
    exchange.server.committer.submit(
      .addUser(name, uid: uid), of: exchange, about: "add \(name.text) uid \(uid)"
    ) { vault, changes in
      describe(name, in: vault.organization, changes, to: exchange)
      // In user mode other uids are not let in.
      guard !exchange.server.options.isSystem else { return }
      exchange.status(["UNSERVED"], [("uid", String(uid))])
    }
    return .pending
  }

  private static func parsedUser(_ command: Command) throws(Failure) -> (Name, uid: UInt32) {
    let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
    guard let text = command.value(of: "uid") else {
      throw Failure(.parameter, "--uid=N is missing")
    }
    guard let uid = UInt32(digits: text) else {
      throw Failure(.invalid, "--uid: a uid is a number from 0 to 4294967294")
    }
    return (name, uid)
  }

  private static func set(
    _ state: UserState, _ deed: String, _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    try allow(["dry-run"], in: command)
    let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
    let vault = try exchange.server.keeper.openVault()
    let id = vault.organization.user(named: name)?.id
    return try changePeople(
      .setUserState(state, ofUser: name), exchange, about: "\(deed) \(name.text)"
    ) { organization, changes in
      // A removed user is not found by the name any more.
      guard let id else { return }
      exchange.status(
        ["USER"], fields(of: organization[id]) + [("changed", changes.isEmpty ? "no" : "yes")])
    }
  }

  private static func describe(
    _ name: Name, in organization: Organization, _ changes: [Change], to exchange: Exchange
  ) {
    guard let user = organization.user(named: name) else { return }
    exchange.status(
      ["USER"], fields(of: user) + [("changed", changes.isEmpty ? "no" : "yes")])
  }

  /// Binds a user to another uid; uid 0, who is no Owner, shows a secret of the vault.
  private static func rebindUser(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    let server = exchange.server
    let (name, uid) = try parsedUser(command)
    let object = "rebind \(name.text) uid \(uid)"
    let answer = { (organization: Organization, changes: [Change]) in
      describe(name, in: organization, changes, to: exchange)
    }
    guard isRootOfSystem(exchange), !isOwner(exchange) else {
      return try changePeople(
        .rebindUser(name, uid: uid, hasShownSecret: false), exchange, about: object, answer)
    }
    let kind = secretKind(command)
    return try inquirePresent(kind, exchange) { (text) throws(Failure) in
      let secret = try unlockSecret(kind, copying: text)
      try server.keeper.check(secret, for: exchange.peer.userID) { result in
        switch consume result {
        case .failure(let error):
          server.gate.noteIfWrong(error, exchange)
          exchange.fail(Failure(error))
        case .success:
          exchange.proceed { () throws(Failure) in
            try changePeople(
              .rebindUser(name, uid: uid, hasShownSecret: true), exchange, about: object,
              answer)
          }
        }
      }
      return .pending
    }
  }

  private static func isOwner(_ exchange: Exchange) -> Bool {
    guard let vault = exchange.server.keeper.vault else { return false }
    let standing = exchange.server.gate.standingIfAny(of: exchange, in: vault.organization)
    return standing?.person?.role == .owner
  }
}
