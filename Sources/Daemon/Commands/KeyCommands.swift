internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Making and ending keys.

extension CommandDefinition {
  static let create = CommandDefinition(
    verb: .create,
    synopsis: "CREATE KEY [--env=NAME --expires=TIME --access=ACCESS --note=TEXT]",
    help: [
      "Issues a key. Its text comes as data, this once; 'KEY id=... env=... expires=...'.",
      "KEY is me/NAME, WORKSPACE/NAME or org/NAME, and so says the type.",
      "  --env=NAME       the environment variable that it is injected as",
      "  --expires=TIME   90d (unless told), 12h, 30m, 2s, never, or RFC 3339",
      "  --access=ACCESS  viewer (unless told) or editor; not for user keys",
      "  --note=TEXT      at most 200 bytes",
    ],
    options: ["env", "expires", "access", "note"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let plan = try parsed { () throws(Refusal) -> KeyPlan in
      var access: Access?
      if let text = command.value(of: "access") { access = try Access(parsing: text) }
      return try keyPlan(command, terms: .issued(access: access))
    }
    let vault = try server.keeper.openVault()
    let type = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      try organization.type(of: plan, by: caller, at: now)
    }
    let material: KeyMaterial
    do throws(StoreError) {
      material = try issue(type, in: vault)
    } catch {
      throw Failure(error)
    }
    server.committer.submit(
      .addKey(plan, material), of: exchange, about: plan.reference.text
    ) { vault, _ in
      describeNewKey(material.id, in: vault, to: exchange)
      exchange.value(
        SealedData(
          prefix: [], sealedValue: material.sealedValue,
          role: .version(material.id, number: 1), endsWithNUL: false))
    }
    return .pending
  }

  static let importKey = CommandDefinition(
    verb: .importKey,
    synopsis: "IMPORT KEY [--env=NAME --expires=TIME --use-role=ROLE --note=TEXT]",
    help: [
      "Keeps a key that a vendor issued. Inquires VALUE: 1 byte to 64 KiB, without NUL.",
      "Answers 'KEY id=... env=...', and 'SAME_VALUE name=...' for each other key with this",
      "value that you may use.",
      "  --env=NAME       the environment variable that it is injected as",
      "  --expires=TIME   when the vendor ends it, if that is known",
      "  --use-role=ROLE  who may use it: viewer (unless told), editor or admin of the",
      "                   workspace; owner (unless told) or member of the organization",
      "  --note=TEXT      at most 200 bytes",
    ],
    options: ["env", "expires", "use-role", "note"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let plan = try parsed { () throws(Refusal) -> KeyPlan in
      try keyPlan(command, terms: .imported(leastRank: try leastRank(command)))
    }
    let vault = try server.keeper.openVault()
    _ = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      try organization.type(of: plan, by: caller, at: now)
    }
    return exchange.inquire("VALUE") { (value) throws(Failure) in
      let vault = try server.keeper.openVault()
      try checkValue(value, of: plan, in: vault)
      let material = keep(value, in: vault)
      server.committer.submit(
        .addKey(plan, material), of: exchange, about: plan.reference.text
      ) { vault, _ in
        describeNewKey(material.id, in: vault, to: exchange)
        nameOthersWithSameValue(material, in: vault, to: exchange)
      }
      return .pending
    }
  }

  static let revoke = CommandDefinition(
    verb: .revoke, synopsis: "REVOKE KEY [--reason=TEXT]",
    help: [
      "Ends a key, at once and for good. 'KEY id=... name=... origin=... state=... changed=yes',",
      "or changed=no for a key that has ended before.",
    ],
    options: ["reason"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let (reference, reason) = try parsed { () throws(Refusal) -> (KeyReference, Note) in
      (
        try KeyReference(parsing: command.words[0]),
        try Note(parsing: command.value(of: "reason") ?? "")
      )
    }
    let vault = try server.keeper.openVault()
    let (id, name) = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> (KeyID, String) in
      let user = try organization.user(caller)
      let key = try organization.key(reference, inSightOf: user, at: now)
      return (key.id, organization.name(of: key, seenBy: user))
    }
    server.committer.submit(
      .revoke(reference, reason: reason), of: exchange, about: reference.text
    ) { vault, changes in
      guard let key = vault.organization.key(withID: changes.first?.keyID ?? id) else { return }
      exchange.status(
        ["KEY"],
        [
          ("id", key.id.text), ("name", name), ("origin", key.origin.text),
          ("state", key.state(at: server.keeper.now()).rawValue),
          ("changed", changes.isEmpty ? "no" : "yes"),
        ])
    }
    return .pending
  }

  // MARK: Helpers

  /// What the client wants a new key to be.
  private static func keyPlan(
    _ command: Command, terms: KeyPlan.Terms
  ) throws(Refusal) -> KeyPlan {
    var environmentName: EnvironmentName?
    if let text = command.value(of: "env") { environmentName = try EnvironmentName(parsing: text) }
    var lifetime: Lifetime?
    if let text = command.value(of: "expires") { lifetime = try Lifetime(parsing: text) }
    return KeyPlan(
      reference: try KeyReference(parsing: command.words[0]), terms: terms,
      environmentName: environmentName, lifetime: lifetime,
      note: try Note(parsing: command.value(of: "note") ?? ""))
  }

  private static func leastRank(_ command: Command) throws(Refusal) -> Rank? {
    guard let text = command.value(of: "use-role") else { return nil }
    guard let rank = Rank(text: text) else {
      throw .invalid(
        "--use-role", "the role for use is viewer, editor or admin; owner or member for org keys")
    }
    return rank
  }

  /// Draws a new key's id and text.
  private static func issue(_ type: KeyType, in vault: Vault) throws(StoreError) -> KeyMaterial {
    let id = vault.drawKeyID()
    let text = try vault.drawText(type: type, id: id)
    return text.withBytes { text in
      KeyMaterial(
        id: id, digest: vault.tag(of: text),
        sealedValue: vault.seal(text, as: .version(id, number: 1)))
    }
  }

  /// Seals a value that a client has sent.
  private static func keep(_ value: borrowing Secret, in vault: Vault) -> KeyMaterial {
    let id = vault.drawKeyID()
    return value.withBytes { value in
      KeyMaterial(
        id: id, digest: vault.fingerprint(of: value),
        sealedValue: vault.seal(value, as: .version(id, number: 1)))
    }
  }

  /// Throws `invalid` for a value that could never be injected, and for a key
  /// of this very vault.
  private static func checkValue(
    _ value: borrowing Secret, of plan: KeyPlan, in vault: Vault
  ) throws(Failure) {
    let object = plan.reference.text
    try parsed { () throws(Refusal) -> Void in
      try value.withBytes { (bytes) throws(Refusal) -> Void in
        guard !bytes.isEmpty else { throw .invalid(object, "the value is empty") }
        guard bytes.firstIndex(of: 0) == nil else {
          throw .invalid(object, "the value holds a NUL byte, which no environment can carry")
        }
        guard !vault.hasIssued(bytes) else {
          throw .invalid(
            object, "the value is the text of a key that this vault has issued",
            hint: "use that key itself; its id stands behind its prefix")
        }
      }
    }
  }

  private static func describeNewKey(_ id: KeyID, in vault: Vault, to exchange: Exchange) {
    guard let key = vault.organization.key(withID: id) else { return }
    exchange.status(
      ["KEY"],
      [
        ("id", id.text), ("env", key.environmentName.text),
        ("expires", key.currentVersion.expires?.rfc3339),
      ])
  }

  private static func nameOthersWithSameValue(
    _ material: KeyMaterial, in vault: Vault, to exchange: Exchange
  ) {
    let server = exchange.server
    let organization = vault.organization
    guard case .user(let id) = server.gate.caller(exchange.peer, in: organization),
      let own = organization.key(withID: material.id)
    else { return }
    let user = organization[id]
    let names = organization.namesOfKeys(
      withFingerprint: material.digest, usableBy: user, at: server.keeper.now())
    for name in names where name != organization.name(of: own, seenBy: user) {
      exchange.status(["SAME_VALUE"], [("name", name)])
    }
  }
}
