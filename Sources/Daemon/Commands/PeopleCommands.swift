internal import Keyring
internal import Platform
internal import Store
internal import Wire

// People and workspaces.

extension CommandDefinition {
  static let whoAmI = CommandDefinition(
    verb: .whoAmI, synopsis: "WHOAMI",
    help: [
      "Tells on whose behalf the daemon acts for you: uid, user, role; and a line",
      "'WORKSPACE name=... role=...' for each workspace in sight.",
    ],
    availability: .unlocked
  ) { exchange, _ throws(Failure) in
    let vault = try exchange.server.keeper.openVault()
    let user = try exchange.server.gate.user(of: exchange, in: vault)
    exchange.status(["uid=\(exchange.peer.userID)"])
    exchange.status(["user=\(user.name.text)"])
    exchange.status(["role=\(user.role.rawValue)"])
    for workspace in vault.organization.workspaces(inSightOf: user) {
      let rank = vault.organization.rank(of: user, in: workspace.id)
      exchange.status(["WORKSPACE"], [("name", workspace.name.text), ("role", rank.text)])
    }
    return .done
  }

  static let workspace = CommandDefinition(
    verb: .workspace, synopsis: "WORKSPACE ADD NAME | WORKSPACE LIST",
    help: [
      "Adds a workspace (Owners), or lists those in sight, a line each:",
      "'WORKSPACE name=... role=...', with one's own role.",
    ],
    wordCount: 1...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    switch (command.words[0].uppercased(), command.words.count) {
    case ("ADD", 2):
      let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
      exchange.server.committer.submit(
        .addWorkspace(name), of: exchange, about: name.text
      ) { _, _ in
        exchange.status(["WORKSPACE"], [("name", name.text)])
      }
      return .pending
    case ("LIST", 1):
      let vault = try exchange.server.keeper.openVault()
      let user = try exchange.server.gate.user(of: exchange, in: vault)
      for workspace in vault.organization.workspaces(inSightOf: user) {
        let rank = vault.organization.rank(of: user, in: workspace.id)
        exchange.status(["WORKSPACE"], [("name", workspace.name.text), ("role", rank.text)])
      }
      return .done
    case _:
      throw Failure(
        .parameter, "this is not how it is written: WORKSPACE ADD NAME | WORKSPACE LIST")
    }
  }

  static let user = CommandDefinition(
    verb: .user, synopsis: "USER ADD NAME --uid=N | USER LIST",
    help: [
      "Adds a user bound to a uid, as a Member (Owners); or lists the users in sight: a line",
      "'USER name=... uid=... role=...' for each, and behind it for each workspace role a line",
      "'ROLE user=... workspace=... role=...'.",
    ],
    options: ["uid"], wordCount: 1...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    switch (command.words[0].uppercased(), command.words.count) {
    case ("ADD", 2): return try addUser(exchange, command)
    case ("LIST", 1) where !command.hasOption("uid"):
      let vault = try exchange.server.keeper.openVault()
      let organization = vault.organization
      let user = try exchange.server.gate.user(of: exchange, in: vault)
      for other in organization.users(inSightOf: user) {
        let name = other.name.text
        exchange.status(
          ["USER"], [("name", name), ("uid", String(other.uid)), ("role", other.role.rawValue)])
        for (workspace, role) in organization.workspaceRoles(of: other, inSightOf: user) {
          exchange.status(
            ["ROLE"],
            [("user", name), ("workspace", workspace.name.text), ("role", role.rawValue)])
        }
      }
      return .done
    case _:
      throw Failure(.parameter, "this is not how it is written: USER ADD NAME --uid=N | USER LIST")
    }
  }

  private static func addUser(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    let name = try parsed { () throws(Refusal) in try Name(parsing: command.words[1]) }
    guard let text = command.value(of: "uid") else {
      throw Failure(.parameter, "--uid=N is missing")
    }
    guard let uid = UInt32(text) else {
      throw Failure(.invalid, "--uid: a uid is a number from 0 to 4294967294")
    }
    exchange.server.committer.submit(
      .addUser(name, uid: uid), of: exchange, about: name.text
    ) { _, _ in
      exchange.status(["USER"], [("name", name.text), ("uid", String(uid)), ("role", "member")])
    }
    return .pending
  }

  static let grant = CommandDefinition(
    verb: .grant, synopsis: "GRANT USER ROLE [WORKSPACE]",
    help: [
      "Gives a user a role in the organization (owner, member; Owners), or in a workspace",
      "(viewer, editor, admin, none; its Admins, up to their own rank, and Owners).",
      "Answers 'GRANT changed=yes' or, if it was so already, 'GRANT changed=no'.",
    ],
    wordCount: 2...3, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let request = try parsed { () throws(Refusal) in try grantRequest(command.words) }
    exchange.server.committer.submit(
      request, of: exchange, about: command.words.joined(separator: " ")
    ) { _, changes in
      exchange.status(["GRANT"], [("changed", changes.isEmpty ? "no" : "yes")])
    }
    return .pending
  }

  private static func grantRequest(_ words: [String]) throws(Refusal) -> Request {
    let user = try Name(parsing: words[0])
    if words.count == 2 {
      guard let role = OrganizationRole(rawValue: words[1]) else {
        throw .invalid(
          "role", "a role in the organization is owner or member",
          hint: "name the workspace for the others, as in 'grant USER editor WORKSPACE'")
      }
      return .setOrganizationRole(role, ofUser: user)
    }
    let workspace = try Name(parsing: words[2])
    let role = WorkspaceRole(rawValue: words[1])
    guard role != nil || words[1] == "none" else {
      throw .invalid("role", "a role in a workspace is viewer, editor, admin or none")
    }
    return .setWorkspaceRole(role, ofUser: user, inWorkspace: workspace)
  }

  /// Reads a client's words by the rules; what breaks one is no matter of rights.
  static func parsed<Result>(
    _ body: () throws(Refusal) -> Result
  ) throws(Failure) -> Result {
    do throws(Refusal) { return try body() } catch { throw Failure(error) }
  }
}
