internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Keys that live no longer than the process that asks for one.

extension CommandDefinition {
  /// Issues a workspace key that is revoked when the process has ended which has made the
  /// connection.
  static func createForProcess(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    try allow(["process", "access", "expires", "note"], in: command)
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let id = vault.drawKeyID()
    // Whoever may not is told so before the process matters.
    let (workspace, draft) = try parsed { () throws(Refusal) -> (Name, KeyPlan) in
      let workspace = try Name(parsing: command.words[0])
      return (workspace, try processPlan(id, in: workspace, command))
    }
    let type = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> KeyType in
      let standing = try organization.standing(of: caller, at: now)
      _ = try organization.workspace(named: workspace, inSightOf: standing, as: workspace.text)
      return try organization.type(of: draft, by: caller, at: now)
    }
    let holder = try watchedProcess(of: exchange)
    try server.processKeys.bind(id, to: holder, by: exchange)
    var plan = draft
    plan.process = ProcessBinding(ofProcess: holder.peer.processID, heldBy: holder.process)
    let (digest, sealedValue) = try issue(VersionID(id, number: 1), type, in: vault)
    server.committer.submit(
      .addKey(plan, KeyMaterial(id: id, digest: digest, sealedValue: sealedValue)),
      of: exchange, about: plan.reference.text
    ) { vault, _ in
      describe(id, in: vault, to: exchange)
      server.ledger.note(
        [VersionID(id, number: 1)], handedTo: holder,
        claiming: exchange.ownSession.claimedCommand)
      show(VersionID(id, number: 1), sealedValue, in: vault, to: exchange)
    }
    return .pending
  }

  private static func processPlan(
    _ id: KeyID, in workspace: Name, _ command: Command
  ) throws(Refusal) -> KeyPlan {
    var lifetime: Lifetime?
    if let text = command.value(of: "expires") { lifetime = try Lifetime(parsing: text) }
    var access: Access?
    if let text = command.value(of: "access") { access = try Access(parsing: text) }
    return KeyPlan(
      reference: KeyReference(
        Organization.nameOfProcessKey(id), inWorkspace: workspace),
      // Who has it has it; nobody else is ever to have it injected.
      terms: .issued(access: access, custody: .verifyOnly), lifetime: lifetime,
      note: try Note(parsing: command.value(of: "note") ?? ""))
  }

  /// The process behind the connection, whose end the daemon will hear of.
  private static func watchedProcess(of exchange: Exchange) throws(Failure) -> Holder {
    switch exchange.server.holder(of: exchange.ownSession) {
    case .running(let holder): return holder
    case .ended:
      throw Failure(
        .wrongState, "the process that has made this connection has ended",
        hint: "connect anew, from the process that the key is for")
    case .unknown:
      let capacity = exchange.server.ledger.capacity
      throw Failure(
        .limit,
        "this process cannot be watched: the daemon watches \(capacity.holdersOfOneUser) of one "
          + "uid, and \(capacity.holders) in all",
        hint: "'coffer ps' lists them; end some, or make a key with 'coffer create'")
    }
  }

  private static func describe(_ id: KeyID, in vault: Vault, to exchange: Exchange) {
    guard let key = vault.organization.key(withID: id) else { return }
    exchange.status(
      ["KEY"],
      [
        ("id", id.text), ("name", exchange.name(of: key, in: vault)),
        ("access", key.access?.rawValue), ("expires", key.currentVersion.expires?.rfc3339),
        ("custody", key.custody?.rawValue),
      ])
  }
}
