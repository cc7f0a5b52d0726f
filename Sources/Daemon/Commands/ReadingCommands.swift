internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Listing and showing keys.

extension CommandDefinition {
  static let list = CommandDefinition(
    verb: .list,
    synopsis:
      "LIST [--workspace=NAME --type=TYPE --state=STATE --flag=FLAG --after=ID --limit=N]",
    help: [
      "Lists the keys in sight in order of creation, a line each: 'KEY id=... name=...',",
      "with the fields of SHOW but without notes. 'MORE after=ID' if there are more.",
      "  --workspace=NAME  only the keys of a workspace",
      "  --type=TYPE       only user, workspace or organization keys",
      "  --state=STATE     only active, suspended, expired or revoked ones",
      "  --flag=FLAG       only those with that flag, as orphaned, in-grace or expiring",
      "  --after=ID        only keys made later than this one",
      "  --limit=N         1 to 1000 keys, 100 unless told",
    ],
    options: ["workspace", "type", "state", "flag", "after", "limit"], availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let (filter, flag) = try parsed { () throws(Refusal) in
      (try keyFilter(command), try wantedFlag(command))
    }
    var time = server.keeper.now()
    let page = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      time = now
      return try organization.page(filter, for: caller, at: now)
    }
    let standing = try server.gate.standing(of: exchange, in: vault)
    for key in page.keys {
      let description = KeyDescription(
        key, in: vault.organization, uses: vault.uses, seenBy: standing, at: time)
      guard flag.map(description.flags.contains) ?? true else { continue }
      exchange.status(["KEY"], description.fields)
    }
    if page.hasMore, let last = page.keys.last {
      exchange.status(["MORE"], [("after", last.id.text)])
    }
    return .done
  }

  private static func wantedFlag(_ command: Command) throws(Refusal) -> KeyDescription.Flag? {
    guard let text = command.value(of: "flag") else { return nil }
    guard let flag = KeyDescription.Flag(rawValue: text) else {
      let flags = KeyDescription.Flag.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("--flag", "a flag is one of \(flags)")
    }
    return flag
  }

  private static func keyFilter(_ command: Command) throws(Refusal) -> KeyFilter {
    var filter = KeyFilter(limit: Limits.pageDefault)
    if let text = command.value(of: "workspace") { filter.workspace = try Name(parsing: text) }
    if let text = command.value(of: "type") {
      guard let type = KeyType(rawValue: text) else {
        throw .invalid("--type", "a key's type is one of user, workspace, organization")
      }
      filter.type = type
    }
    if let text = command.value(of: "state") { filter.state = try KeyState(parsing: text) }
    if let text = command.value(of: "after") {
      guard let id = KeyID(text) else {
        throw .invalid("--after", "an id has 12 letters and digits")
      }
      filter.after = id
    }
    if let text = command.value(of: "limit") {
      guard let limit = Int(digits: text), (1...Limits.pageMaximum).contains(limit) else {
        throw .invalid("--limit", "a page has 1 to \(Limits.pageMaximum) keys")
      }
      filter.limit = limit
    }
    return filter
  }

  static let show = CommandDefinition(
    verb: .show, synopsis: "SHOW KEY",
    help: [
      "Tells all of a key but its value, a field a line; a line 'RIGHT workspace=... rank=...",
      "actions=...' for each place that an issued key reaches, a line 'UNIT unit=...",
      "credential=...' for each systemd unit that it is given to, and a line 'VERSION number=...'",
      "for each version. An ended key is found by its id, or by its name while no live",
      "key bears it.",
    ],
    wordCount: 1...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let reference = try parsed { () throws(Refusal) in
      try KeyReference(parsing: command.words[0])
    }
    let description = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      let standing = try organization.standing(of: caller, at: now)
      let key = try organization.shownKey(reference, to: standing, at: now)
      return KeyDescription(
        key, in: organization, uses: vault.uses, seenBy: standing, at: now)
    }
    for field in description.fields + description.furtherFields where field.1 != nil {
      exchange.status([], [field])
    }
    for right in description.rights { exchange.status(["RIGHT"], right) }
    for unit in description.units { exchange.status(["UNIT"], unit) }
    for version in description.versions { exchange.status(["VERSION"], version) }
    return .done
  }
}
