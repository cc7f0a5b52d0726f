internal import Keyring
internal import Platform
internal import Store
internal import Wire

// What somebody does who holds the text of a key.

extension CommandDefinition {
  static let verify = CommandDefinition(
    verb: .verify, synopsis: "VERIFY [--require=ACTION [--workspace=NAME]]",
    help: [
      "Tells whether a key's text is accepted. Inquires KEY. 'VALID id=... name=... type=...",
      "workspace=... owner=... expires=... version=... ends=...', and a line 'RIGHT",
      "workspace=... actions=...' for each workspace that it reaches, with own=yes for its",
      "owner's keys and organization=yes for those of the organization.",
      "  --require=ACTION  only if it may list, use, import or verify",
      "  --workspace=NAME  in that workspace",
    ],
    options: ["require", "workspace"], availability: .unlockedToAll
  ) { exchange, command throws(Failure) in
    let requirement = try parsed { () throws(Refusal) in try wantedRequirement(command) }
    return exchange.inquire("KEY") { (text) throws(Failure) in
      try judge(text, requiring: requirement, exchange) { (key, version, vault) in
        describe(key, version, in: vault.organization, to: exchange)
      }
    }
  }

  static let authenticate = CommandDefinition(
    verb: .authenticate, synopsis: "AUTH",
    help: [
      "Lets the connection act as a key from now on, and as no user. Inquires KEY. If it is",
      "not accepted the connection acts as nobody.",
    ],
    availability: .unlockedToAll
  ) { exchange, _ in
    exchange.inquire("KEY") { (text) throws(Failure) in
      try judge(text, requiring: nil, exchange) { (key, version, _) in
        exchange.ownSession.act(as: VersionID(key.id, number: version.number))
      }
    }
  }

  static let burn = CommandDefinition(
    verb: .burn, synopsis: "BURN",
    help: [
      "Ends the key of a text that leaked, by whoever holds it. Inquires KEY. The answer is",
      "the same whatever the text was.",
    ],
    availability: .unlockedToAll
  ) { exchange, _ in
    exchange.inquire("KEY") { (text) throws(Failure) in
      let vault = try exchange.server.keeper.openVault()
      try exchange.server.keeper.requireWritable()
      guard let (handle, tag) = read(text, in: vault) else { return .done }
      if vault.organization.isDead(tag, of: handle.id, at: exchange.server.keeper.now()) {
        exchange.server.gate.noteDeadKey(exchange, .denied, handle.id, in: vault)
      }
      exchange.server.committer.submit(
        .burn(handle.id, tag: tag), of: exchange, about: ""
      ) { _, _ in }
      return .pending
    }
  }

  // MARK: Helpers

  private static func wantedRequirement(_ command: Command) throws(Refusal) -> Requirement? {
    guard let text = command.value(of: "require") else {
      guard command.value(of: "workspace") == nil else {
        throw .invalid("--workspace", "it says where what '--require' names must be allowed")
      }
      return nil
    }
    var workspace: Name?
    if let name = command.value(of: "workspace") { workspace = try Name(parsing: name) }
    return Requirement(try KeyAction(parsing: text, in: "--require"), in: workspace)
  }

  /// The id and the tag of a text; nil if it is malformed, and then the vault is
  /// not asked.
  static func read(
    _ text: borrowing Secret, in vault: Vault
  ) -> (KeyText.Handle, Digest)? {
    text.withBytes { bytes in
      KeyText.parse(bytes).map { ($0, vault.tag(of: bytes)) }
    }
  }

  /// Goes on with the key and the version that a text is accepted as; takes note of the
  /// use.
  ///
  /// Throws `malformed`, and `denied` with no more than the client may know.
  private static func judge(
    _ text: borrowing Secret, requiring requirement: Requirement?, _ exchange: Exchange,
    _ body: @escaping (Key, KeyVersion, Vault) -> Void
  ) throws(Failure) -> Progress {
    guard let (handle, tag) = read(text, in: try exchange.server.keeper.openVault()) else {
      throw Failure(
        .malformed, "malformed: this is no key that Coffer issued",
        hint: "it has 57 characters and begins with cof_; was all of it copied?")
    }
    return try judge(handle, tag, requiring: requirement, exchange, body)
  }

  /// The same for what has been read of a text, once no change of the key is on its way.
  private static func judge(
    _ handle: KeyText.Handle, _ tag: Digest, requiring requirement: Requirement?,
    _ exchange: Exchange, _ body: @escaping (Key, KeyVersion, Vault) -> Void
  ) throws(Failure) -> Progress {
    let committer = exchange.server.committer
    guard !committer.isChanging([handle.id]) else {
      // What a crash may still undo is no ground to accept a text.
      committer.whenIdle(for: exchange) {
        exchange.proceed { () throws(Failure) in
          try judge(handle, tag, requiring: requirement, exchange, body)
        }
      }
      return .pending
    }
    let vault = try exchange.server.keeper.openVault()
    let (key, version) = try accepted(handle, tag, requiring: requirement, in: vault, exchange)
    body(key, version, vault)
    return .done
  }

  /// The key and the version, with the row of the use or of the refusal.
  private static func accepted(
    _ handle: KeyText.Handle, _ tag: Digest, requiring requirement: Requirement?,
    in vault: Vault, _ exchange: Exchange
  ) throws(Failure) -> (Key, KeyVersion) {
    let server = exchange.server
    let organization = vault.organization
    let caller = server.gate.caller(exchange, in: organization)
    switch organization.verify(
      handle, tag: tag, by: caller, requiring: requirement, at: server.keeper.now(),
      isEqual: Vault.isEqual)
    {
    case .valid(let key, _) where server.gate.endedProcessKeys.contains(key.id):
      // It is being revoked; where that cannot be written, it stays so.
      server.gate.noteRefusal(
        exchange, caller, .denied, subject: key.id, object: Denial.Reason.revoked.rawValue)
      throw Failure(.denied, "denied")
    case .valid(let key, let version):
      server.gate.note(
        exchange, caller, subjects: [VersionID(key.id, number: version.number)])
      return (key, version)
    case .denied(let denial):
      if denial.isDeadKey {
        server.gate.noteDeadKey(exchange, .denied, handle.id, in: vault)
      } else {
        server.gate.noteRefusal(
          exchange, caller, denial.reason == .noPermission ? .forbidden : .denied,
          subject: denial.key, object: denial.reason.rawValue)
      }
      throw failure(of: denial)
    }
  }

  private static func failure(of denial: Denial) -> Failure {
    switch denial.reason {
    case .noPermission:
      Failure(.forbidden, "no permission: the key is valid, but may not do that")
    case .unknown where denial.isTold: Failure(.denied, "denied: the key is unknown")
    case .revoked where denial.isTold: Failure(.denied, "denied: the key is revoked")
    case .expired where denial.isTold: Failure(.denied, "denied: the key is expired")
    case .suspended where denial.isTold: Failure(.denied, "denied: the key is suspended")
    case .retired where denial.isTold:
      Failure(.denied, "denied: the text is that of a version which has been retired")
    case .unknown, .revoked, .expired, .suspended, .retired: Failure(.denied, "denied")
    }
  }

  private static func describe(
    _ key: Key, _ version: KeyVersion, in organization: Organization, to exchange: Exchange
  ) {
    let place = KeyPlace(key, in: organization)
    let isFormer = version.number != key.currentVersion.number
    exchange.status(
      ["VALID"],
      [
        ("id", key.id.text), ("name", organization.name(of: key, seenBy: nil)),
        ("type", key.type.rawValue), ("workspace", place.workspace), ("owner", place.owner),
        ("expires", version.expires?.rfc3339), ("version", String(version.number)),
        ("ends", isFormer ? version.end?.rfc3339 : nil),
      ])
    for right in organization.rights(of: key) {
      exchange.status(["RIGHT"], KeyDescription.fields(of: right, in: organization))
    }
  }
}
