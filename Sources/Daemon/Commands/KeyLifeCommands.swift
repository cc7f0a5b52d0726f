internal import Keyring
internal import Platform
internal import Store
internal import Wire

// What becomes of a key: new versions, expiry, suspension, its end.

extension CommandDefinition {
  static let rotate = CommandDefinition(
    verb: .rotate, synopsis: "ROTATE KEY [--grace=TIME] [--now] [--end-grace]",
    help: [
      "Makes a new version of an issued key. Its text comes as data, this once, and never of a",
      "hidden key; 'KEY id=... name=... env=... expires=... version=...', and, while the former",
      "text is accepted still, 'FORMER version=... ends=...'. Behind them who holds it, as REVOKE.",
      "  --grace=TIME  for how long that is: as the policy says unless told",
      "  --now         not at all; ends an earlier grace as well",
      "  --end-grace   an earlier version that is still accepted ends now; else it is refused",
    ],
    options: ["grace"], flags: ["now", "end-grace"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let (reference, terms) = try parsed { () throws(Refusal) -> (KeyReference, RotationTerms) in
      (try KeyReference(parsing: command.words[0]), try rotationTerms(command))
    }
    let (version, type) = try nextVersion(of: reference, .rotate, exchange)
    let vault = try server.keeper.openVault()
    let (digest, sealedValue) = try issue(version, type, in: vault)
    let material = VersionMaterial(version: version, digest: digest, sealedValue: sealedValue)
    server.committer.submit(
      .rotate(reference, terms, material), of: exchange, about: reference.text
    ) { vault, _ in
      describeNewVersion(version, in: vault, to: exchange)
      let key = vault.organization.key(withID: version.key)
      if let former = key?.graceVersion(at: server.keeper.now()) {
        exchange.status(
          ["FORMER"], [("version", String(former.number)), ("ends", former.end?.rfc3339)])
      }
      nameHolders(of: version.key, to: exchange)
      show(version, sealedValue, in: vault, to: exchange)
    }
    return .pending
  }

  private static func rotationTerms(_ command: Command) throws(Refusal) -> RotationTerms {
    let isNow = command.hasOption("now")
    guard let text = command.value(of: "grace") else {
      return RotationTerms(
        grace: isNow ? Seconds(0) : nil, endsGrace: isNow || command.hasOption("end-grace"))
    }
    guard !isNow else { throw .invalid("--grace", "it contradicts '--now'") }
    guard let grace = Seconds(parsing: text) else {
      throw .invalid("--grace", "a time is written as 90d, 12h, 30m or 2s")
    }
    return RotationTerms(grace: grace, endsGrace: command.hasOption("end-grace"))
  }

  static let expire = CommandDefinition(
    verb: .expire, synopsis: "EXPIRE KEY WHEN",
    help: [
      "Brings the expiry of a key forward, never back; WHEN is 12h from now, or RFC 3339.",
      "'KEY id=... name=... expires=... changed=...'",
    ],
    wordCount: 2...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let (reference, expiry) = try parsed { () throws(Refusal) in
      (try KeyReference(parsing: command.words[0]), try Expiry(parsing: command.words[1]))
    }
    return try change(.expire(reference, expiry), of: reference, exchange) { key in
      [("expires", key.currentVersion.expires?.rfc3339)]
    }
  }

  static let suspend = CommandDefinition(
    verb: .suspend, synopsis: "SUSPEND KEY [--reason=TEXT]",
    help: [
      "Lets a key neither be verified nor used, until it is resumed.",
      "'KEY id=... name=... state=... changed=...', and who holds it, as REVOKE.",
    ],
    options: ["reason"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let (reference, reason) = try parsed { () throws(Refusal) in
      try referenceAndReason(command)
    }
    return try change(
      .suspend(reference, reason: reason), of: reference, namesHolders: true, exchange)
  }

  static let resume = CommandDefinition(
    verb: .resume, synopsis: "RESUME KEY | --restored",
    help: [
      "Ends the suspension of a key. 'KEY id=... name=... state=... changed=...'",
      "--restored ends that of all keys, and of all grants to units, that came back from a",
      "backup (Owners): 'RESUMED keys=... grants=...'",
    ],
    flags: ["restored"], wordCount: 0...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    guard command.hasOption("restored") == command.words.isEmpty else {
      throw Failure(.parameter, "this is not how it is written: RESUME KEY, or RESUME --restored")
    }
    guard !command.words.isEmpty else { return resumeRestored(exchange) }
    let reference = try parsed { () throws(Refusal) in
      try KeyReference(parsing: command.words[0])
    }
    return try change(.resume(reference), of: reference, exchange)
  }

  private static func resumeRestored(_ exchange: Exchange) -> Progress {
    var (keys, grants) = (0, 0)
    exchange.server.committer.submit(
      .resumeRestored, of: exchange, about: "restored keys",
      foreseeing: { organization, changes in
        guard !changes.isEmpty else { return }
        keys = organization.restoredKeyCount(at: exchange.server.keeper.now())
        grants = organization.restoredGrantCount
      }
    ) { _, _ in
      exchange.status(["RESUMED"], [("keys", String(keys)), ("grants", String(grants))])
    }
    return .pending
  }

  static let revoke = CommandDefinition(
    verb: .revoke, synopsis: "REVOKE KEY [--reason=TEXT]",
    help: [
      "Ends a key, at once and for good. 'KEY id=... name=... origin=... state=... changed=yes',",
      "or changed=no for a key that had ended for good. Then 'HOLDERS count=... untracked=...' and",
      "a line 'HOLDER pid=... uid=... user=... command=... since=...' for each running process",
      "that was handed a value of it, up to \(Limits.namedHolders) of them.",
    ],
    options: ["reason"], wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let (reference, reason) = try parsed { () throws(Refusal) in
      try referenceAndReason(command)
    }
    return try change(
      .revoke(reference, reason: reason), of: reference, namesHolders: true, exchange
    ) { key in [("origin", key.origin.text)] }
  }

  // MARK: Helpers

  private static func referenceAndReason(
    _ command: Command
  ) throws(Refusal) -> (KeyReference, Note) {
    (
      try KeyReference(parsing: command.words[0]),
      try Note(parsing: command.value(of: "reason") ?? "")
    )
  }

  /// Changes a key, and answers with a line of how it is then.
  ///
  /// The key is looked up before, since by its name it may not be found afterwards.
  private static func change(
    _ request: Request, of reference: KeyReference, namesHolders: Bool = false,
    _ exchange: Exchange,
    _ fields: @escaping (Key) -> [(String, String?)] = { _ in [] }
  ) throws(Failure) -> Progress {
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let (id, name) = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> (KeyID, String) in
      let standing = try organization.standing(of: caller, at: now)
      let key = try organization.key(reference, inSightOf: standing, at: now)
      return (key.id, organization.name(of: key, seenBy: standing))
    }
    server.committer.submit(request, of: exchange, about: reference.text) { vault, changes in
      guard let key = vault.organization.key(withID: changes.first?.keyID ?? id) else { return }
      exchange.status(
        ["KEY"],
        [("id", key.id.text), ("name", name)] + fields(key) + [
          ("state", key.state(at: server.keeper.now()).rawValue),
          ("changed", changes.isEmpty ? "no" : "yes"),
        ])
      if namesHolders { nameHolders(of: key.id, to: exchange) }
    }
    return .pending
  }
}
