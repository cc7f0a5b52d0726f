internal import Keyring
internal import Store
internal import Wire

extension CommandDefinition {
  static let holders = CommandDefinition(
    verb: .holders, synopsis: "HOLDERS [KEY] [--after=N]",
    help: [
      "Tells which running processes were handed values: your own, and of others those with",
      "keys that you oversee. 'LEDGER since=... untracked=...': what was handed out before, and",
      "what a process has passed on, as to one that it has started, is not known. Then a line",
      "'HOLDER pid=... uid=... user=... command=... since=...' for each process, and behind it",
      "'HELD key=... id=... version=... current=... state=...' for each value. 'MORE after=N' if",
      "there is more to ask for.",
    ],
    options: ["after"], wordCount: 0...1, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let after = try pageStart(command)
    let reference = try parsed { () throws(Refusal) -> KeyReference? in
      guard let word = command.words.first else { return nil }
      return try KeyReference(parsing: word)
    }
    let (standing, key) = try server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> (Standing, Key?) in
      let standing = try organization.standing(of: caller, at: now)
      guard let reference else { return (standing, nil) }
      return (standing, try organization.key(reference, inSightOf: standing, at: now))
    }
    HolderReport(exchange, in: vault.organization, seenBy: standing)
      .tell(of: key, after: after, to: exchange)
    return .done
  }
}
