internal import Keyring

/// What LIST and SHOW tell of a key: the fields of the protocol, and no value.
struct KeyDescription {
  typealias Field = (String, String?)

  /// What LIST tells.
  let fields: [Field]

  /// What SHOW tells besides.
  let furtherFields: [Field]

  /// The fields of each version, oldest first.
  let versions: [[Field]]

  init(
    _ key: Key, in organization: Organization, seenBy user: User, at now: Instant
  ) {
    func name(_ id: UserID) -> String { organization[id].name.text }
    var workspace: String?
    var owner: String?
    switch key.namespace {
    case .user(let id): owner = name(id)
    case .workspace(let id): workspace = organization[id].name.text
    case .organization: break
    }
    var custody: String?
    var useRole: String?
    switch key.origin {
    case .issued(_, let kept): custody = kept.rawValue
    case .imported(let leastRank):
      // Of a user key nobody but its owner is asked for a role.
      useRole = owner == nil ? leastRank.text : nil
    }
    fields = [
      ("id", key.id.text), ("name", organization.name(of: key, seenBy: user)),
      ("type", key.type.rawValue), ("workspace", workspace), ("owner", owner),
      ("origin", key.origin.text), ("state", key.state(at: now).rawValue),
      ("env", key.environmentName.text), ("access", key.access?.rawValue), ("custody", custody),
      ("use_role", useRole), ("expires", key.currentVersion.expires?.rfc3339),
      ("created", key.created.rfc3339), ("creator", name(key.creator)),
    ]
    furtherFields = [
      ("note", key.note.text.isEmpty ? nil : key.note.text),
      ("revoked", key.revocation?.moment.rfc3339),
      ("revoker", key.revocation.map { name($0.revoker) }),
      ("reason", key.revocation.flatMap { $0.reason.text.isEmpty ? nil : $0.reason.text }),
    ]
    versions = key.versions.map { version in
      [
        ("number", String(version.number)),
        ("state", Self.state(of: version, of: key, at: now).rawValue),
        ("author", name(version.author)), ("created", version.created.rfc3339),
        ("expires", version.expires?.rfc3339),
      ]
    }
  }

  private static func state(of version: KeyVersion, of key: Key, at now: Instant) -> KeyState {
    if key.revocation != nil { return .revoked }
    return version.isExpired(at: now) ? .expired : .active
  }
}
