internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// What a person is told of who holds values.
///
/// One's own processes are told whole. Of those of others only the keys that one
/// oversees: those of whose use one may know everything else as well.
struct HolderReport {
  private let ledger: ExposureLedger
  private let organization: Organization
  private let standing: Standing
  private let userID: UInt32
  private let now: Instant

  /// - Parameters:
  ///   - exchange: Who asks.
  ///   - organization: That of the open vault.
  ///   - standing: The rights of who asks, a person.
  init(_ exchange: Exchange, in organization: Organization, seenBy standing: Standing) {
    ledger = exchange.server.ledger
    userID = exchange.peer.userID
    now = exchange.server.keeper.now()
    self.organization = organization
    self.standing = standing
  }

  // MARK: Lines

  /// Answers with a page of who holds what.
  ///
  /// - Parameters:
  ///   - key: Only holders of this one; nil for all.
  ///   - number: The number of the last one on the page before; 0 for the first page.
  ///   - exchange: What is answered.
  func tell(of key: Key?, after number: UInt64, to exchange: Exchange) {
    let sight = key.map { organization.oversees(standing, $0) ? "all" : "own" }
    exchange.status(
      ["LEDGER"],
      [
        ("since", ledger.since.rfc3339), ("untracked", String(ledger.untracked)), ("sight", sight),
      ])
    var last = number
    var room = Limits.heldVersionsOfOnePage
    for holder in key.map({ ledger.holders(of: $0.id) }) ?? ledger.all where holder.token > number {
      let held = fields(ofHeldBy: holder, key)
      guard !held.isEmpty else { continue }
      guard room > 0 else { return exchange.status(["MORE"], [("after", String(last))]) }
      exchange.status(["HOLDER"], fields(of: holder))
      for version in held { exchange.status(["HELD"], version) }
      last = holder.token
      room -= held.count
    }
  }

  /// Answers with who still holds a value of a key, if the caller may know of it.
  ///
  /// - Parameters:
  ///   - key: What has ended, or has another value now, which nobody was handed yet.
  ///   - exchange: What is answered.
  func tell(ofThoseWhoHold key: Key, to exchange: Exchange) {
    guard organization.oversees(standing, key) else { return }
    let holders = ledger.holders(of: key.id)
    exchange.status(
      ["HOLDERS"],
      [("count", String(holders.count)), ("untracked", String(ledger.untracked))])
    for holder in holders.prefix(Limits.namedHolders) {
      exchange.status(["HOLDER"], fields(of: holder))
    }
  }

  // MARK: Fields

  private func fields(of holder: Holder) -> [(String, String?)] {
    [
      ("pid", String(holder.peer.processID)), ("uid", String(holder.peer.userID)),
      ("user", organization.user(withUID: holder.peer.userID)?.name.text),
      ("command", holder.command.isEmpty ? nil : holder.command),
      ("since", holder.since.rfc3339), ("incomplete", holder.isIncomplete ? "yes" : nil),
    ]
  }

  /// The versions that a process holds, as far as they are told, in order of the keys'
  /// names.
  private func fields(ofHeldBy holder: Holder, _ wanted: Key?) -> [[(String, String?)]] {
    let isOwn = holder.peer.userID == userID
    let keys = wanted.map { [$0.id] } ?? Array(holder.versions.keys)
    let told = keys.compactMap { id -> (Key, String)? in
      guard let key = organization.key(withID: id), isOwn || organization.oversees(standing, key)
      else { return nil }
      // Who may see it no more is told no name that it may have got since.
      return (key, organization.sees(standing, key) ? name(of: key) : "id:\(id.text)")
    }
    return told.sorted { $0.1 < $1.1 }.flatMap { key, name in
      (holder.versions[key.id] ?? []).sorted().map { number in
        fields(of: key, name, version: number)
      }
    }
  }

  private func name(of key: Key) -> String { organization.name(of: key, seenBy: standing) }

  private func fields(of key: Key, _ name: String, version: UInt32) -> [(String, String?)] {
    let state = key.version(numbered: version).map { key.state(of: $0, at: now).rawValue }
    return [
      ("key", name), ("id", key.id.text), ("version", String(version)),
      ("current", key.currentVersion.number == version ? "yes" : "no"), ("state", state),
    ]
  }
}

extension CommandDefinition {
  /// Names those who still hold a value of a key that has ended or has another one.
  ///
  /// - Parameters:
  ///   - id: The key.
  ///   - exchange: What is answered; one that acts as a key is told nothing.
  static func nameHolders(of id: KeyID, to exchange: Exchange) {
    guard let organization = exchange.server.keeper.vault?.organization,
      let key = organization.key(withID: id),
      let standing = exchange.server.gate.standingIfAny(of: exchange, in: organization),
      standing.person != nil
    else { return }
    HolderReport(exchange, in: organization, seenBy: standing)
      .tell(ofThoseWhoHold: key, to: exchange)
  }
}
