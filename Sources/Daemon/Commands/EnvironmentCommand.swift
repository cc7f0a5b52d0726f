internal import Keyring
internal import Platform
internal import Store
internal import Wire

extension CommandDefinition {
  static let environment = CommandDefinition(
    verb: .environment,
    synopsis: "ENV [--workspace=NAME --only=NAME,... --dry-run] [KEY[=NAME]...]",
    help: [
      "Hands out values: as data NAME=value NUL NAME=value NUL ..., each under the key's",
      "environment name or the one told. Before them a line 'ENV key=... name=...' for each,",
      "in the same order. All or nothing: if one cannot be had, none is.",
      "  --workspace=NAME  all keys of a workspace that you may use",
      "  --only=NAME,...   none but those with one of these environment names",
      "  --dry-run         tells what would be handed out, and hands out nothing",
    ],
    options: ["workspace", "only"], flags: ["dry-run"], wordCount: 0...500,
    availability: .unlocked
  ) { exchange, command throws(Failure) in
    let (selections, wanted) = try parsed { () throws(Refusal) in
      (try selectedKeys(command), try wantedNames(command))
    }
    guard !selections.isEmpty else {
      throw Failure(.parameter, "no key is named: ENV [--workspace=NAME] [KEY[=NAME]...]")
    }
    return try handOut(selections, only: wanted, to: exchange)
  }

  private static func handOut(
    _ selections: [Selection], only wanted: Set<EnvironmentName>?, to exchange: Exchange
  ) throws(Failure) -> Progress {
    let server = exchange.server
    let vault = try server.keeper.openVault()
    var who = Caller.nobody
    let (injections, names) = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> ([Injection], [String]) in
      who = caller
      let standing = try organization.standing(of: caller, at: now)
      let injections = try organization.injections(
        of: selections, only: wanted, by: caller, at: now)
      guard injections.count <= Limits.injections else {
        throw Refusal(
          .limit, "ENV", "one command injects at most \(Limits.injections) keys",
          hint: "name fewer keys")
      }
      return (injections, injections.map { organization.name(of: $0.key, seenBy: standing) })
    }
    func tellNames() {
      for (injection, name) in zip(injections, names) {
        exchange.status(
          ["ENV"], [("key", name), ("name", injection.environmentName.text)])
      }
    }
    guard !exchange.command.hasOption("dry-run") else {
      tellNames()
      return .done
    }
    guard !server.committer.isChanging(injections.map(\.key.id)) else {
      // A version that a crash may still undo is handed to nobody.
      server.committer.whenIdle(for: exchange) {
        exchange.proceed { () throws(Failure) in
          try handOut(selections, only: wanted, to: exchange)
        }
      }
      return .pending
    }
    let versions = injections.map { VersionID($0.key.id, number: $0.version.number) }
    server.note(versions, handedTo: exchange.ownSession)
    server.gate.note(exchange, who, subjects: versions)
    tellNames()
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

  private static func wantedNames(_ command: Command) throws(Refusal) -> Set<EnvironmentName>? {
    guard let text = command.value(of: "only") else { return nil }
    var names: Set<EnvironmentName> = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      names.insert(try EnvironmentName(parsing: name))
    }
    return names
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
