internal import Keyring
internal import Platform
internal import Store
internal import Wire

extension CommandDefinition {
  static let audit = CommandDefinition(
    verb: .audit,
    synopsis:
      "AUDIT [--since=TIME --until=TIME --key=KEY --user=NAME --after=N --limit=N] | "
      + "AUDIT --check [--after=N]",
    help: [
      "Tells what was asked, of what you may see, in order: 'ROW n=... time=... user=... key=...",
      "uid=... pid=... command=... verb=... outcome=... on=... object=...'. The command is what",
      "the client claims to be; key is the one that the connection acted as; on lists keys.",
      "'MORE after=N' if there is more to ask for, even if a page has no row.",
      "  --since, --until  RFC 3339, or so long ago: 90d, 12h",
      "  --key=KEY         only what was done to that key",
      "  --user=NAME       only what that user did",
      "  --limit=N         how many rows to look at, 1 to 1024, which it is unless told",
      "  --check           proves that the rows are whole, in order, and those that were",
      "                    written: 'CHECKED rows=N' a page; damaged names the first bad row",
    ],
    options: ["since", "until", "key", "user", "after", "limit"], flags: ["check"],
    availability: .unlocked
  ) { exchange, command throws(Failure) in
    let vault = try exchange.server.keeper.openVault()
    let after = try pageStart(command)
    guard !command.hasOption("check") else {
      try allow(["check", "after"], in: command)
      return try checkRows(after, exchange, vault)
    }
    let query = try exchange.server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) in
      try AuditQuery(command, in: organization, for: caller, at: now)
    }
    let page = try readPage(after, since: query.since, of: vault, count: try rowCount(command))
    for (number, row) in page.rows {
      guard let fields = query.fields(of: row, in: vault.organization) else { continue }
      exchange.status(["ROW"], [("n", String(number))] + fields)
    }
    if page.hasMore { exchange.status(["MORE"], [("after", String(page.last))]) }
    return .done
  }

  private static func rowCount(_ command: Command) throws(Failure) -> Int {
    guard let text = command.value(of: "limit") else { return Limits.auditRows }
    guard let count = Int(digits: text), (1...Limits.auditRows).contains(count) else {
      throw Failure(.invalid, "--limit: a page has 1 to \(Limits.auditRows) rows")
    }
    return count
  }

  private static func readPage(
    _ after: UInt64, since: Instant?, of vault: Vault, count: Int = Limits.auditRows
  ) throws(Failure) -> Vault.AuditPage {
    do throws(StoreError) {
      return try vault.auditPage(after: after, since: since, count: count)
    } catch {
      throw Failure(error)
    }
  }

  /// Reads rows for their own sake: whatever has changed does not open.
  private static func checkRows(
    _ after: UInt64, _ exchange: Exchange, _ vault: Vault
  ) throws(Failure) -> Progress {
    try exchange.server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> Void in
      let standing = try organization.standing(of: caller, at: now)
      guard standing.person?.role == .owner else {
        throw .forbidden("audit", "only an Owner checks the whole audit", hint: "ask an Owner")
      }
    }
    let page = try readPage(after, since: nil, of: vault)
    exchange.status(["CHECKED"], [("rows", String(page.rows.count))])
    if page.hasMore { exchange.status(["MORE"], [("after", String(page.last))]) }
    return .done
  }
}

/// Which rows are wanted, and which of them the caller may see.
private struct AuditQuery {
  let since: Instant?
  private let until: Instant?
  private let key: KeyID?
  private let users: Set<UserID>?
  private let standing: Standing

  init(
    _ command: Command, in organization: Organization, for caller: Caller, at now: Instant
  ) throws(Refusal) {
    let standing = try organization.standing(of: caller, at: now)
    since = try Self.moment(command, "since", now)
    until = try Self.moment(command, "until", now)
    var key: KeyID?
    if let text = command.value(of: "key") {
      let reference = try KeyReference(parsing: text)
      let found = try organization.key(reference, inSightOf: standing, at: now)
      guard organization.oversees(standing, found) else {
        throw .forbidden(text, "only who oversees a key sees what was done to it")
      }
      key = found.id
    }
    var users: Set<UserID>?
    if let text = command.value(of: "user") {
      let name = try Name(parsing: text)
      // Whoever bore the name: of those who were removed the rows are left.
      let isOwner = standing.person?.role == .owner
      let known = isOwner ? organization.users : organization.users(inSightOf: standing)
      users = Set(known.filter { $0.name == name }.map(\.id))
      guard users?.isEmpty == false else { throw .notFound(text) }
    }
    self.key = key
    self.users = users
    self.standing = standing
  }

  private static func moment(
    _ command: Command, _ option: String, _ now: Instant
  ) throws(Refusal) -> Instant? {
    guard let text = command.value(of: option) else { return nil }
    switch try Expiry(parsing: text) {
    case .at(let moment): return moment
    case .after(let ago):
      return Instant(secondsSinceEpoch: max(0, now.secondsSinceEpoch - ago.count))
    }
  }

  private func isOfWantedUser(_ row: AuditRow) -> Bool {
    guard let users else { return true }
    return row.actor.user.map(users.contains) ?? false
  }

  /// How many keys of a row are named.
  private static let namedKeys = 5

  /// What is told of a row; nil if it is not wanted, or not the caller's to see.
  func fields(
    of row: AuditRow, in organization: Organization
  ) -> [(String, String?)]? {
    guard row.verb != AuditRow.markVerb, since.map({ row.time >= $0 }) ?? true,
      until.map({ row.time < $0 }) ?? true,
      isOfWantedUser(row),
      key.map({ id in row.subjects.contains { $0.key == id } }) ?? true,
      let keys = visibleKeys(of: row, in: organization)
    else { return nil }
    let names = keys.prefix(Self.namedKeys).map { id in
      // Of one that was forgotten only the id is left.
      organization.key(withID: id).map { organization.name(of: $0, seenBy: standing) }
        ?? "id:\(id.text)"
    }
    let outcome = row.outcome == 0 ? "ok" : Failure.Code(rawValue: Int(row.outcome))?.word
    return [
      ("time", row.time.rfc3339),
      (
        "user", row.actor.user.map { organization.knownUser($0)?.name.text ?? "user #\($0.number)" }
      ),
      ("key", row.actor.key.map { organization.text(of: .key($0), seenBy: standing) }),
      ("uid", String(row.actor.uid)), ("pid", String(row.actor.processID)),
      ("command", row.actor.command.isEmpty ? nil : row.actor.command), ("verb", row.verb),
      ("outcome", outcome ?? String(row.outcome)),
      ("code", row.outcome == 0 ? nil : String(row.outcome)),
      ("on", names.isEmpty ? nil : names.joined(separator: ",")),
      ("more", keys.count > Self.namedKeys ? String(keys.count - Self.namedKeys) : nil),
      ("object", row.object.isEmpty ? nil : row.object),
    ]
  }

  /// The keys of a row that the caller may see; nil if the row is not for them.
  ///
  /// Owners see all rows, others those on keys that they oversee, and on
  /// workspaces where they would.
  private func visibleKeys(of row: AuditRow, in organization: Organization) -> [KeyID]? {
    var ids: [KeyID] = []
    for subject in row.subjects where ids.last != subject.key { ids.append(subject.key) }
    if standing.person?.role == .owner { return ids }
    let visible = ids.filter { id in
      organization.key(withID: id).map { organization.oversees(standing, $0) } ?? false
    }
    if !visible.isEmpty { return visible }
    guard row.subjects.isEmpty, let workspace = row.workspace else { return nil }
    let rank = organization.rank(of: standing, in: workspace)
    return rank >= Permission.leastRankInWorkspace(for: .oversee) ? [] : nil
  }
}
