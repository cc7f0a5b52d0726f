internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Making and ending keys.

extension CommandDefinition {
  static let create = CommandDefinition(
    verb: .create,
    synopsis:
      "CREATE KEY [--env=NAME --expires=TIME --access=ACCESS --custody=CUSTODY --scope=SCOPE "
      + "--note=TEXT] | --process WORKSPACE [--access=ACCESS --expires=TIME --note=TEXT]",
    help: [
      "Issues a key. Its text comes as data, this once, and never of a hidden key;",
      "'KEY id=... env=... expires=... custody=...'.",
      "KEY is me/NAME, WORKSPACE/NAME or org/NAME, and so says the type.",
      "  --env=NAME       the environment variable that it is injected as",
      "  --expires=TIME   90d (unless told), 12h, 30m, 2s, never, or RFC 3339",
      "  --access=ACCESS  viewer (unless told) or editor; not for user keys",
      "  --custody=...    sealed (unless told), hidden or verify-only",
      "  --scope=SCOPE    for user keys: WORKSPACE[,WORKSPACE...][:ACTION[,ACTION...]], with *",
      "                   for all workspaces, me for one's own keys; actions are list, use,",
      "                   import, verify",
      "  --note=TEXT      at most 200 bytes",
      "With --process the key is one of a workspace, named by the daemon, and verify-only. It is",
      "revoked when the process ends that has made this connection; 24h is its longest life",
      "unless told. 'KEY id=... name=... access=... expires=... custody=...'.",
    ],
    options: ["env", "expires", "access", "custody", "scope", "note"], flags: ["process"],
    wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    if command.hasOption("process") { return try createForProcess(exchange, command) }
    let server = exchange.server
    let plan = try parsed { () throws(Refusal) -> KeyPlan in
      try keyPlan(command, terms: try issuedTerms(command))
    }
    let vault = try server.keeper.openVault()
    let type = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      try organization.type(of: plan, by: caller, at: now)
    }
    let id = vault.drawKeyID()
    let (digest, sealedValue) = try issue(VersionID(id, number: 1), type, in: vault)
    let material = KeyMaterial(id: id, digest: digest, sealedValue: sealedValue)
    server.committer.submit(
      .addKey(plan, material), of: exchange, about: plan.reference.text
    ) { vault, _ in
      describeNewKey(material.id, in: vault, to: exchange)
      show(VersionID(material.id, number: 1), material.sealedValue, in: vault, to: exchange)
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
      try checkValue(value, of: plan.reference, in: vault, exchange)
      let id = vault.drawKeyID()
      let (digest, sealedValue) = keep(value, as: VersionID(id, number: 1), in: vault)
      let material = KeyMaterial(id: id, digest: digest, sealedValue: sealedValue)
      server.committer.submit(
        .addKey(plan, material), of: exchange, about: plan.reference.text
      ) { vault, _ in
        describeNewKey(material.id, in: vault, to: exchange)
        nameOthersWithSameValue(digest, as: id, in: vault, to: exchange)
      }
      return .pending
    }
  }

  static let replace = CommandDefinition(
    verb: .replace, synopsis: "REPLACE KEY [--expires=TIME]",
    help: [
      "Gives an imported key a new value, at once and instead of the former one. Inquires",
      "VALUE. Answers 'KEY id=... name=... env=... expires=... version=...'; 'FORMER version=...",
      "expires=...' if the former value had an expiry and the new one has none; 'SAME_VALUE' as",
      "IMPORT does, and who holds a former value, as REVOKE does.",
      "  --expires=TIME   when the vendor ends the new value, if that is known",
    ],
    options: ["expires"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let (reference, lifetime) = try parsed { () throws(Refusal) -> (KeyReference, Lifetime?) in
      var lifetime: Lifetime?
      if let text = command.value(of: "expires") { lifetime = try Lifetime(parsing: text) }
      return (try KeyReference(parsing: command.words[0]), lifetime)
    }
    _ = try nextVersion(of: reference, .replace, exchange)
    return exchange.inquire("VALUE") { (value) throws(Failure) in
      let vault = try server.keeper.openVault()
      try checkValue(value, of: reference, in: vault, exchange)
      // The key may have got another version while the value was awaited.
      let (version, _) = try nextVersion(of: reference, .replace, exchange)
      let (digest, sealedValue) = keep(value, as: version, in: vault)
      let material = VersionMaterial(version: version, digest: digest, sealedValue: sealedValue)
      server.committer.submit(
        .replace(reference, lifetime, material), of: exchange, about: reference.text
      ) { vault, _ in
        describeNewVersion(version, in: vault, to: exchange)
        nameLostExpiry(of: version.key, in: vault, to: exchange)
        nameOthersWithSameValue(digest, as: version.key, in: vault, to: exchange)
        nameHolders(of: version.key, to: exchange)
      }
      return .pending
    }
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

  private static func issuedTerms(_ command: Command) throws(Refusal) -> KeyPlan.Terms {
    var access: Access?
    if let text = command.value(of: "access") { access = try Access(parsing: text) }
    var custody = Custody.sealed
    if let text = command.value(of: "custody") { custody = try Custody(parsing: text) }
    var scope: ScopeText?
    if let text = command.value(of: "scope") { scope = try ScopeText(parsing: text) }
    return .issued(access: access, custody: custody, scope: scope)
  }

  /// What a rotation or replacement of a key would make, if it may be done now.
  static func nextVersion(
    of reference: KeyReference, _ action: Action, _ exchange: Exchange
  ) throws(Failure) -> (VersionID, KeyType) {
    let vault = try exchange.server.keeper.openVault()
    return try exchange.server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      try organization.nextVersion(of: reference, action, by: caller, at: now)
    }
  }

  /// Draws the text of a new version, and seals it.
  static func issue(
    _ version: VersionID, _ type: KeyType, in vault: Vault
  ) throws(Failure) -> (Digest, sealedValue: [UInt8]) {
    do throws(StoreError) {
      return try vault.drawText(type: type, id: version.key).withBytes { text in
        (vault.tag(of: text), vault.seal(text, as: .version(version.key, number: version.number)))
      }
    } catch {
      throw Failure(error)
    }
  }

  /// Seals a value that a client has sent.
  private static func keep(
    _ value: borrowing Secret, as version: VersionID, in vault: Vault
  ) -> (Digest, sealedValue: [UInt8]) {
    value.withBytes { value in
      (
        vault.fingerprint(of: value),
        vault.seal(value, as: .version(version.key, number: version.number))
      )
    }
  }

  /// Adds the text of a new version to the answer, this once, unless nobody is to see it.
  static func show(
    _ version: VersionID, _ sealedValue: [UInt8], in vault: Vault, to exchange: Exchange
  ) {
    guard vault.organization.key(withID: version.key)?.custody?.isShown ?? false else { return }
    exchange.value(
      SealedData(
        prefix: [], sealedValue: sealedValue,
        role: .version(version.key, number: version.number), endsWithNUL: false))
  }

  /// Throws `invalid` for a value that could never be injected, and for a key
  /// of this very vault.
  private static func checkValue(
    _ value: borrowing Secret, of reference: KeyReference, in vault: Vault, _ exchange: Exchange
  ) throws(Failure) {
    let object = reference.text
    noteDeadKey(value, in: vault, exchange)
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

  /// Takes note of a key's text that had been ended and is brought as a value.
  private static func noteDeadKey(
    _ value: borrowing Secret, in vault: Vault, _ exchange: Exchange
  ) {
    guard let (handle, tag) = read(value, in: vault),
      vault.organization.isDead(tag, of: handle.id, at: exchange.server.keeper.now())
    else { return }
    exchange.server.gate.noteDeadKey(exchange, .invalid, handle.id, in: vault)
  }

  private static func describeNewKey(_ id: KeyID, in vault: Vault, to exchange: Exchange) {
    guard let key = vault.organization.key(withID: id) else { return }
    exchange.status(
      ["KEY"],
      [
        ("id", id.text), ("env", key.environmentName.text),
        ("expires", key.currentVersion.expires?.rfc3339), ("custody", key.custody?.rawValue),
      ])
  }

  static func describeNewVersion(
    _ version: VersionID, in vault: Vault, to exchange: Exchange
  ) {
    guard let key = vault.organization.key(withID: version.key) else { return }
    exchange.status(
      ["KEY"],
      [
        ("id", key.id.text), ("name", exchange.name(of: key, in: vault)),
        ("env", key.environmentName.text), ("expires", key.currentVersion.expires?.rfc3339),
        ("version", String(version.number)),
      ])
  }

  /// Tells of the expiry of a former value, if the new one was given none.
  private static func nameLostExpiry(of id: KeyID, in vault: Vault, to exchange: Exchange) {
    guard let key = vault.organization.key(withID: id), key.currentVersion.expires == nil,
      let former = key.versions.dropLast().last, let expiry = former.expires
    else { return }
    exchange.status(
      ["FORMER"], [("version", String(former.number)), ("expires", expiry.rfc3339)])
  }

  private static func nameOthersWithSameValue(
    _ fingerprint: Digest, as id: KeyID, in vault: Vault, to exchange: Exchange
  ) {
    let organization = vault.organization
    let now = exchange.server.keeper.now()
    guard let standing = exchange.server.gate.standingIfAny(of: exchange, in: organization)
    else { return }
    let others = organization.usableKeys(
      withFingerprint: fingerprint, by: standing, at: now)
    for other in others where other.id != id {
      exchange.status(["SAME_VALUE"], [("name", organization.name(of: other, seenBy: standing))])
    }
  }
}
