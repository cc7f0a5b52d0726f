internal import Keyring
internal import Platform
internal import Store
internal import Wire

// What is granted: roles to users, and keys to systemd units.

extension CommandDefinition {
  static let grant = CommandDefinition(
    verb: .grant,
    synopsis: "GRANT USER ROLE [WORKSPACE] | --unit=UNIT [KEY [none]] [--credential=NAME]",
    help: [
      "Gives a user a role in the organization (owner, member; Owners), or in a workspace",
      "(viewer, editor, admin, none; its Admins, up to their own rank, and Owners).",
      "Answers 'GRANT changed=yes' or, if it was so already, 'GRANT changed=no', and 'EFFECT'",
      "and 'SEEN' lines as USER does. --dry-run changes nothing.",
      "With --unit it gives a systemd unit, or with 'web@.service' all instances of a template,",
      "the value of a key as a credential; with 'none' it takes that back. It is for an Owner who",
      "may have the key injected. 'GRANT unit=... credential=... key=... changed=...';",
      "'UNSERVED unit=...' where the daemon serves units nothing. Without a KEY it lists what is",
      "given to the unit, and to its template, of the keys in sight: 'GRANT unit=...",
      "credential=... key=...' for each, and 'restored=yes' where it came back from a backup or a",
      "repair, and gives nothing until it is granted again.",
      "  --credential=NAME  the credential's name; the key's own unless told",
    ],
    options: ["unit", "credential"], flags: ["dry-run"], wordCount: 0...3, availability: .unlocked
  ) { exchange, command throws(Failure) in
    if let unit = command.value(of: "unit") {
      let unit = try parsed { () throws(Refusal) in try UnitName(parsing: unit) }
      guard let reference = command.words.first else { return try list(unit, exchange, command) }
      return try grant(reference, to: unit, exchange, command)
    }
    try allow(["dry-run"], in: command)
    guard command.words.count >= 2 else { throw misspelled }
    let request = try parsed { () throws(Refusal) in try grantRequest(command.words) }
    return try changePeople(
      request, exchange, about: command.words.joined(separator: " ")
    ) { _, changes in
      exchange.status(["GRANT"], [("changed", changes.isEmpty ? "no" : "yes")])
    }
  }

  private static let misspelled = Failure(
    .parameter,
    "this is not how it is written: GRANT USER ROLE [WORKSPACE], or GRANT --unit=UNIT [KEY [none]]")

  private static func grantRequest(_ words: [String]) throws(Refusal) -> Request {
    let user = try Name(parsing: words[0])
    if words.count == 2 {
      guard let role = OrganizationRole(rawValue: words[1]) else {
        throw .invalid(
          "role", "a role in the organization is owner or member",
          hint: "name the workspace for the others, as in 'coffer grant USER editor WORKSPACE'")
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

  // MARK: Units

  private static func list(
    _ unit: UnitName, _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    try allow(["unit"], in: command)
    let vault = try exchange.server.keeper.openVault()
    let organization = vault.organization
    let standing = try exchange.server.gate.standing(of: exchange, in: vault)
    for grant in organization.unitGrants(to: unit, inSightOf: standing) {
      let name = organization.key(withID: grant.key).map {
        organization.name(of: $0, seenBy: standing)
      }
      exchange.status(
        ["GRANT"],
        fields(of: grant.credential) + [
          ("key", name), ("restored", grant.isRestored ? "yes" : nil),
        ])
    }
    return .done
  }

  private static func grant(
    _ text: String, to unit: UnitName, _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    let withdraws = command.words.count == 2
    guard command.words.count < 3, !withdraws || command.words[1] == "none" else {
      throw misspelled
    }
    let (reference, name) = try parsed {
      () throws(Refusal) -> (KeyReference, CredentialName?) in
      let reference = try KeyReference(parsing: text)
      guard let name = command.value(of: "credential") else { return (reference, nil) }
      return (reference, try CredentialName(parsing: name))
    }
    let request: Request =
      withdraws
      ? .withdrawFromUnit(reference, unit, as: name) : .grantToUnit(reference, unit, as: name)
    let object = "\(unit.text) \(command.words.joined(separator: " "))"
    return try changePeople(request, exchange, about: object) { organization, changes in
      let standing = exchange.server.gate.standingIfAny(of: exchange, in: organization)
      guard let standing,
        let key = changedKey(reference, changes, in: organization, standing, exchange)
      else { return }
      let credential = UnitCredential(name ?? CredentialName(of: key.name), ofUnit: unit)
      exchange.status(
        ["GRANT"],
        fields(of: credential) + [
          ("key", organization.name(of: key, seenBy: standing)),
          ("changed", changes.isEmpty ? "no" : "yes"),
        ])
      // In user mode there is no socket that systemd could ask.
      guard !withdraws, !exchange.server.options.isSystem else { return }
      exchange.status(["UNSERVED"], [("unit", unit.text)])
    }
  }

  /// The key that was granted or withdrawn, or would have been if it were not so already.
  private static func changedKey(
    _ reference: KeyReference, _ changes: [Change], in organization: Organization,
    _ standing: Standing, _ exchange: Exchange
  ) -> Key? {
    if let id = changes.last?.keyID { return organization.key(withID: id) }
    let now = exchange.server.keeper.now()
    return try? organization.key(reference, inSightOf: standing, at: now)
  }

  /// How a credential of a unit is told, also by SHOW.
  static func fields(of credential: UnitCredential) -> [(String, String?)] {
    [("unit", credential.unit.text), ("credential", credential.name.text)]
  }
}
