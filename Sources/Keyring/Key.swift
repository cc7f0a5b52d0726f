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
  /// Issued by this vault. User keys have no access of their own: they act with
  /// their owner's roles, cut by their scope; nil is all that the owner may.
  case issued(access: Access?, custody: Custody, scope: Scope? = nil)

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

/// What is kept of an issued key's text, and who has seen it.
package enum Custody: String, CaseIterable, Sendable {
  /// Tag and sealed text: it is shown once, and can be injected.
  case sealed

  /// Tag and sealed text, which no person has seen: it can only be injected.
  case hidden

  /// The tag alone: it is shown once, and can never be injected.
  case verifyOnly = "verify-only"

  /// Whether the text is shown when it is made.
  package var isShown: Bool { self != .hidden }

  /// Whether the sealed text is kept.
  package var isInjectable: Bool { self != .verifyOnly }

  /// Reads the option's value, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let custody = Custody(rawValue: text) else {
      throw .invalid("--custody", "custody is sealed, hidden or verify-only")
    }
    self = custody
  }
}

/// Who made something: a person, or a connection that acted as a key.
package enum Author: Hashable, Sendable {
  case user(UserID)
  case key(KeyID)
}

/// One named credential.
package struct Key: Equatable, Sendable {
  package let id: KeyID
  package let namespace: Namespace
  package let creator: Author

  /// Whether its expiry is final whatever the clock: somebody has ended it since, its
  /// name was given again, or its owner or workspace is gone.
  package var isOver = false

  /// Whether it is suspended because its owner is disabled.
  package var ownerIsDisabled = false

  /// Whether it is suspended because it came back from a backup or a repair, and nobody
  /// has looked at it since.
  package var isRestored = false

  package let name: Name
  package let origin: Origin
  package let environmentName: EnvironmentName

  /// As it was asked for; each version's expiry is reckoned from it.
  package var lifetime: Lifetime
  package let created: Instant
  package let note: Note

  /// Oldest first, never empty; the last one is what is injected.
  package var versions: [KeyVersion]

  private var rareRevocation = Rare<Revocation>.absent
  private var rareSuspension = Rare<Suspension>.absent

  /// How the key was ended by someone, if it was.
  package var revocation: Revocation? {
    get { rareRevocation.value }
    set { rareRevocation = Rare(newValue) }
  }

  /// nil unless someone has suspended it.
  package var suspension: Suspension? {
    get { rareSuspension.value }
    set { rareSuspension = Rare(newValue) }
  }

  package init(
    id: KeyID, namespace: Namespace, name: Name, origin: Origin,
    environmentName: EnvironmentName, lifetime: Lifetime, creator: Author, created: Instant,
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
    case .issued(let access, _, _): access
    case .imported: nil
    }
  }

  /// What is kept of an issued key's text; nil for an imported key.
  package var custody: Custody? {
    switch origin {
    case .issued(_, let custody, _): custody
    case .imported: nil
    }
  }

  /// What cuts an issued user key; nil if nothing does.
  package var scope: Scope? {
    switch origin {
    case .issued(_, _, let scope): scope
    case .imported: nil
    }
  }

  package var isIssued: Bool { custody != nil }
}
