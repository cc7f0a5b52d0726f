import Keyring
import Sodium
@testable import Store

/// What a vault knows, as `Tests/reader` prints it: JSON lines, and of a value its
/// length and digest.
struct VaultText {
  private let vault: Vault
  private let now: Instant

  init(_ vault: Vault, at now: Instant) {
    self.vault = vault
    self.now = now
  }

  private var organization: Organization { vault.organization }

  func keys() throws -> String {
    try organization.keys.map { try line(of: $0) + "\n" }.joined()
  }

  func rows() throws -> String {
    try vault.auditPage(after: 0, count: 100_000).rows.map { line(of: $0.row, $0.number) + "\n" }
      .joined()
  }

  private func line(of key: Key) throws -> String {
    let use = vault.uses[key.id]
    var leastRank: String?
    if case .imported(let rank) = key.origin { leastRank = rank.text }
    return Self.object(
      [
        ("id", Self.quoted(key.id.text)),
        ("name", Self.quoted(place(of: key) + "/" + key.name.text)),
        ("type", Self.quoted(key.type.rawValue)), ("origin", Self.quoted(key.origin.text)),
        ("state", Self.quoted(key.state(at: now).rawValue)),
        ("env", Self.quoted(key.environmentName.text)),
        ("access", Self.quoted(key.access?.rawValue)),
        ("custody", Self.quoted(key.custody?.rawValue)),
        ("scope", Self.quoted(key.scope.map(text))), ("rank", Self.quoted(leastRank)),
        ("expires", Self.quoted(key.currentVersion.expires?.rfc3339)),
        ("created", Self.quoted(key.created.rfc3339)), ("note", Self.quoted(key.note.text)),
        ("uses", String(use?.count ?? 0)), ("last_used", Self.quoted(use?.last.rfc3339)),
        (
          "versions",
          "[" + (try key.versions.map { try object(of: $0, key) }).joined(separator: ",")
            + "]"
        ),
      ] + units(of: key) + process(of: key))
  }

  /// Only of a key that is bound to a process.
  private func process(of key: Key) -> [(String, String)] {
    guard let process = organization.process(of: key.id) else { return [] }
    let boot = process.boot.map { Hex.text($0.bytes) } ?? "-"
    let start = process.start.map(String.init) ?? "-"
    return [("process", Self.quoted("\(boot) \(process.processID) \(start)"))]
  }

  /// Only of a key that is given to a unit: older vaults know of no such thing.
  private func units(of key: Key) -> [(String, String)] {
    let units = organization.unitGrants(of: key.id).map { grant in
      Self.quoted(
        "\(grant.credential.unit.text) \(grant.credential.name.text)"
          + (grant.isRestored ? " restored" : ""))
    }
    return units.isEmpty ? [] : [("units", "[" + units.joined(separator: ",") + "]")]
  }

  private func place(of key: Key) -> String {
    switch key.namespace {
    case .organization: "org"
    case .workspace(let id): organization[id].name.text
    case .user(let id): "@" + organization[id].name.text
    }
  }

  private func text(_ scope: Scope) -> String {
    let ids = scope.workspaces.map { $0.sorted { $0.number < $1.number } }
    let places =
      (ids?.map { organization[$0].name.text } ?? ["*"]) + (scope.coversOwn ? ["me"] : [])
    let text = places.joined(separator: ",")
    guard scope.actions.count < KeyAction.allCases.count else { return text }
    return text + ":" + scope.actions.sorted().map(\.rawValue).joined(separator: ",")
  }

  private func object(of version: KeyVersion, _ key: Key) throws -> String {
    var value: [UInt8]?
    if let sealed = version.sealedValue {
      var bytes = [UInt8](repeating: 0, count: Vault.openByteCount(ofSealed: sealed))
      var span = bytes.mutableSpan
      _ = try vault.open(sealed, as: .version(key.id, number: version.number), into: &span)
      value = bytes
    }
    let digest = value.map { Hex.text(Hash.digest(of: $0.span)) }
    return Self.object([
      ("number", String(version.number)),
      ("state", Self.quoted(key.state(of: version, at: now).rawValue)),
      ("created", Self.quoted(version.created.rfc3339)),
      ("expires", Self.quoted(version.expires?.rfc3339)),
      ("ends", Self.quoted(version.graceEnd?.rfc3339)),
      ("length", value.map { String($0.count) } ?? "null"), ("blake2b", Self.quoted(digest)),
    ])
  }

  private func line(of row: AuditRow, _ number: UInt64) -> String {
    let user = row.actor.user.map { id in
      organization.knownUser(id)?.name.text ?? "user #\(id.number)"
    }
    let subjects = row.subjects.map { Self.quoted("\($0.key.text) \($0.number)") }
    return Self.object([
      ("n", String(number)), ("time", Self.quoted(row.time.rfc3339)), ("user", Self.quoted(user)),
      ("key", Self.quoted(row.actor.key?.text)), ("uid", String(row.actor.uid)),
      ("pid", String(row.actor.processID)), ("command", Self.quoted(row.actor.command)),
      ("verb", Self.quoted(row.verb)), ("outcome", String(row.outcome)),
      ("object", Self.quoted(row.object)), ("record", row.record.map { String($0) } ?? "null"),
      ("subjects", "[" + subjects.joined(separator: ",") + "]"),
    ])
  }

  // MARK: JSON

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  /// Text without quotes, backslashes and control characters, as all of it is here.
  private static func quoted(_ text: String?) -> String { text.map { "\"\($0)\"" } ?? "null" }
}
