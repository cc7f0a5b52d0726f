internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Listing, showing and injecting keys.

extension CommandDefinition {
  static let list = CommandDefinition(
    verb: .list, synopsis: "LIST [--workspace=NAME --state=STATE --after=ID --limit=N]",
    help: [
      "Lists the keys in sight in order of creation, a line each: 'KEY id=... name=...',",
      "with the fields of SHOW but without notes. 'MORE after=ID' if there are more.",
      "  --workspace=NAME  only the keys of a workspace",
      "  --state=STATE     only active, expired or revoked ones",
      "  --after=ID        only keys made later than this one",
      "  --limit=N         1 to 1000 keys, 100 unless told",
    ],
    options: ["workspace", "state", "after", "limit"], availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let filter = try parsed { () throws(Refusal) in try keyFilter(command) }
    var time = server.keeper.now()
    let page = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      time = now
      return try organization.page(filter, for: caller, at: now)
    }
    let user = try server.gate.user(of: exchange, in: vault)
    for key in page.keys {
      let description = KeyDescription(key, in: vault.organization, seenBy: user, at: time)
      exchange.status(["KEY"], description.fields)
    }
    if page.hasMore, let last = page.keys.last {
      exchange.status(["MORE"], [("after", last.id.text)])
    }
    return .done
  }

  private static func keyFilter(_ command: Command) throws(Refusal) -> KeyFilter {
    var filter = KeyFilter(limit: Limits.pageDefault)
    if let text = command.value(of: "workspace") { filter.workspace = try Name(parsing: text) }
    if let text = command.value(of: "state") { filter.state = try KeyState(parsing: text) }
    if let text = command.value(of: "after") {
      guard let id = KeyID(text) else {
        throw .invalid("--after", "an id has 12 letters and digits")
      }
      filter.after = id
    }
    if let text = command.value(of: "limit") {
      guard let limit = Int(text), (1...Limits.pageMaximum).contains(limit) else {
        throw .invalid("--limit", "a page has 1 to \(Limits.pageMaximum) keys")
      }
      filter.limit = limit
    }
    return filter
  }

  static let show = CommandDefinition(
    verb: .show, synopsis: "SHOW KEY",
    help: [
      "Tells all of a key but its value, a field a line, and a line 'VERSION number=...' for",
      "each of its versions. An ended key is found by its id, or by its name while no live",
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
      let user = try organization.user(caller)
      let key = try organization.key(reference, inSightOf: user, at: now)
      return KeyDescription(key, in: organization, seenBy: user, at: now)
    }
    for field in description.fields + description.furtherFields where field.1 != nil {
      exchange.status([], [field])
    }
    for version in description.versions { exchange.status(["VERSION"], version) }
    return .done
  }

  static let environment = CommandDefinition(
    verb: .environment, synopsis: "ENV [--workspace=NAME] [KEY[=NAME]...]",
    help: [
      "Hands out values: as data NAME=value NUL NAME=value NUL ..., each under the key's",
      "environment name or the one told. Before them a line 'ENV key=... name=...' for each,",
      "in the same order. All or nothing: if one cannot be had, none is.",
      "  --workspace=NAME  all keys of a workspace that you may use",
    ],
    options: ["workspace"], wordCount: 0...500, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let selections = try parsed { () throws(Refusal) in try selectedKeys(command) }
    guard !selections.isEmpty else {
      throw Failure(.parameter, "no key is named: ENV [--workspace=NAME] [KEY[=NAME]...]")
    }
    var who = Caller.nobody
    let (injections, names) = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> ([Injection], [String]) in
      who = caller
      let user = try organization.user(caller)
      let injections = try organization.injections(of: selections, by: caller, at: now)
      guard injections.count <= Limits.injections else {
        throw Refusal(
          .limit, "ENV", "one command injects at most \(Limits.injections) keys",
          hint: "name fewer keys")
      }
      return (injections, injections.map { organization.name(of: $0.key, seenBy: user) })
    }
    server.gate.note(exchange, who, keyIDs: injections.map(\.key.id))
    for (injection, name) in zip(injections, names) {
      exchange.status(
        ["ENV"], [("key", name), ("name", injection.environmentName.text)])
    }
    for injection in injections {
      exchange.value(
        SealedData(
          prefix: Array("\(injection.environmentName.text)=".utf8),
          sealedValue: injection.sealedValue,
          role: .version(injection.key.id, number: injection.version.number),
          endsWithNUL: true))
    }
    return .done
  }

  private static func selectedKeys(_ command: Command) throws(Refusal) -> [Selection] {
    var selections: [Selection] = []
    if let text = command.value(of: "workspace") {
      selections.append(.workspace(try Name(parsing: text)))
    }
    for word in command.words {
      let (text, told) = word.divided(at: "=")
      var name: EnvironmentName?
      if let told { name = try EnvironmentName(parsing: told) }
      selections.append(.key(try KeyReference(parsing: text), as: name))
    }
    return selections
  }
}
