/// What a key acts for.
package enum KeyType: String, CaseIterable, Sendable {
  case user
  case workspace
  case organization

  /// The two letters that stand for it in a key's text.
  package var textMark: String {
    switch self {
    case .user: "uk"
    case .workspace: "wk"
    case .organization: "ok"
    }
  }
}

/// Whose a key is; its name and environment name are unique in there.
package enum Namespace: Hashable, Sendable {
  case user(UserID)
  case workspace(WorkspaceID)
  case organization

  package var type: KeyType {
    switch self {
    case .user: .user
    case .workspace: .workspace
    case .organization: .organization
    }
  }
}

/// Where a key's value comes from, with what only such keys have.
package enum Origin: Hashable, Sendable {
  /// Issued by this vault. User keys have no access of their own: they act
  /// with their owner's.
  case issued(access: Access?, custody: Custody)

  /// Issued by a vendor. Only who has at least that rank where the key belongs
  /// may use it; an imported user key only its owner, whatever the rank.
  case imported(leastRank: Rank)

  package var text: String {
    switch self {
    case .issued: "issued"
    case .imported: "imported"
    }
  }
}

/// What is kept of an issued key's text.
package enum Custody: String, CaseIterable, Sendable {
  /// Tag and sealed text: it is shown once, and can be injected.
  case sealed
}

/// One named credential.
package struct Key: Equatable, Sendable {
  package let id: KeyID
  package let namespace: Namespace
  package let name: Name
  package let origin: Origin
  package let environmentName: EnvironmentName
  package let lifetime: Lifetime
  package let creator: UserID
  package let created: Instant
  package let note: Note

  /// Oldest first, never empty; the last one is what is injected.
  package var versions: [KeyVersion]

  /// How the key was ended by someone, if it was.
  package var revocation: Revocation?

  package init(
    id: KeyID, namespace: Namespace, name: Name, origin: Origin,
    environmentName: EnvironmentName, lifetime: Lifetime, creator: UserID, created: Instant,
    note: Note, version: KeyVersion
  ) {
    self.id = id
    self.namespace = namespace
    self.name = name
    self.origin = origin
    self.environmentName = environmentName
    self.lifetime = lifetime
    self.creator = creator
    self.created = created
    self.note = note
    versions = [version]
  }

  package var type: KeyType { namespace.type }

  package var currentVersion: KeyVersion { versions[versions.count - 1] }

  /// What an issued workspace or organization key may do; nil for others.
  package var access: Access? {
    switch origin {
    case .issued(let access, _): access
    case .imported: nil
    }
  }
}

/// One value of a key.
package struct KeyVersion: Equatable, Sendable {
  /// 1 for the first.
  package let number: UInt32
  package let author: UserID
  package let created: Instant

  /// The first second at which it is not accepted any more; nil if never.
  package let expires: Instant?

  /// Of an issued key the tag of its text; of an imported one the value's fingerprint.
  package let digest: Digest

  /// The sealed value; nil once the key is revoked.
  package var sealedValue: [UInt8]?

  package init(
    number: UInt32, author: UserID, created: Instant, expires: Instant?, digest: Digest,
    sealedValue: [UInt8]
  ) {
    self.number = number
    self.author = author
    self.created = created
    self.expires = expires
    self.digest = digest
    self.sealedValue = sealedValue
  }

  package func isExpired(at now: Instant) -> Bool {
    expires.map { now >= $0 } ?? false
  }
}

/// How a key came to its end by someone's hand.
package struct Revocation: Equatable, Sendable {
  package let revoker: UserID
  package let moment: Instant
  package let reason: Note

  package init(revoker: UserID, moment: Instant, reason: Note) {
    self.revoker = revoker
    self.moment = moment
    self.reason = reason
  }
}

/// What a key is at a moment; the last two are final.
package enum KeyState: String, CaseIterable, Sendable {
  case active
  case expired
  case revoked

  /// Whether the key's name is taken by it.
  package var isLive: Bool {
    switch self {
    case .active: true
    case .expired, .revoked: false
    }
  }

  /// Reads the option's value, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let state = KeyState(rawValue: text) else {
      let states = KeyState.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("--state", "a key's state is one of \(states)")
    }
    self = state
  }
}

extension Key {
  /// The state at `now`: expiry is reckoned at each look, never stored.
  package func state(at now: Instant) -> KeyState {
    if revocation != nil { return .revoked }
    return currentVersion.isExpired(at: now) ? .expired : .active
  }
}
