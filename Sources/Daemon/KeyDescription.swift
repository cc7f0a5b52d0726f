internal import Keyring

/// What LIST and SHOW tell of a key: the fields of the protocol, and no value.
struct KeyDescription {
  typealias Field = (String, String?)

  private let key: Key
  private let organization: Organization
  private let use: Use?
  private let standing: Standing
  private let now: Instant
  private let classes: [UnusedClass]

  init(
    _ key: Key, in organization: Organization, uses: UseRecords, seenBy standing: Standing,
    at now: Instant
  ) {
    self.key = key
    self.organization = organization
    self.standing = standing
    self.now = now
    use = uses[key.id]
    // The report on unused keys is for those who oversee them.
    classes =
      organization.oversees(standing, key)
      ? organization.unusedClasses(of: key, uses: uses, at: now) : []
  }

  // MARK: Fields

  /// What LIST tells.
  var fields: [Field] {
    let place = KeyPlace(key, in: organization)
    var useRole: String?
    if case .imported(let leastRank) = key.origin, place.owner == nil {
      // Of a user key nobody but its owner is asked for a role.
      useRole = leastRank.text
    }
    return [
      ("id", key.id.text), ("name", organization.name(of: key, seenBy: standing)),
      ("type", key.type.rawValue), ("workspace", place.workspace), ("owner", place.owner),
      ("origin", key.origin.text), ("state", key.state(at: now).rawValue),
      ("env", key.environmentName.text), ("access", key.access?.rawValue),
      ("custody", key.custody?.rawValue),
      ("use_role", useRole), ("expires", key.currentVersion.expires?.rfc3339),
      ("created", key.created.rfc3339),
      ("creator", organization.text(of: key.creator, seenBy: standing)),
      ("last_used", use?.last.rfc3339), ("uses", String(use?.count ?? 0)),
      ("flags", flags.isEmpty ? nil : flags.map(\.rawValue).joined(separator: ",")),
      // Last, since it may be too long for the line.
      ("scope", key.scope.map(organization.text)),
    ]
  }

  /// What SHOW tells besides.
  var furtherFields: [Field] {
    [
      ("last_uid", use.map { String($0.uid) }),
      ("last_command", use.flatMap { $0.command.isEmpty ? nil : $0.command }),
      ("note", key.note.text.isEmpty ? nil : key.note.text),
      ("process", organization.process(of: key.id).map { String($0.processID) }),
      ("suspended", key.suspension?.moment.rfc3339),
      ("suspender", key.suspension.map { organization[$0.suspender].name.text }),
      ("revoked", key.revocation?.moment.rfc3339),
      ("revoker", key.revocation.map { organization.text(of: $0.revoker, seenBy: standing) }),
      ("reason", reason),
    ]
  }

  private var reason: String? {
    let note = key.revocation?.reason ?? key.suspension?.reason ?? .none
    return note.text.isEmpty ? nil : note.text
  }

  /// The fields of each version, oldest first.
  var versions: [[Field]] {
    key.versions.map { version in
      [
        ("number", String(version.number)),
        ("state", key.state(of: version, at: now).rawValue),
        ("author", organization.text(of: version.author, seenBy: standing)),
        ("created", version.created.rfc3339),
        ("expires", version.expires?.rfc3339), ("ends", version.graceEnd?.rfc3339),
        ("last_used", use?.last(of: version.number)?.rfc3339),
      ]
    }
  }

  /// The fields of each grant of the key to a systemd unit.
  var units: [[Field]] {
    organization.unitGrants(of: key.id).map { grant in
      CommandDefinition.fields(of: grant.credential) + [
        ("restored", grant.isRestored ? "yes" : nil)
      ]
    }
  }

  /// The fields of each place where an issued key may do something.
  var rights: [[Field]] {
    organization.rights(of: key).map { Self.fields(of: $0, in: organization) }
  }

  static func fields(of right: Right, in organization: Organization) -> [Field] {
    let place: Field =
      switch right.place {
      case .workspace(let id): ("workspace", organization[id].name.text)
      case .own: ("own", "yes")
      case .organization: ("organization", "yes")
      }
    return [place, ("rank", right.rank.text), ("actions", right.actionsText)]
  }

  // MARK: Flags

  /// What catches the eye about a live key; first what waits for somebody, since
  /// where there is little room only the first is shown.
  enum Flag: String, CaseIterable {
    case restored

    /// A grant of it to a unit came back from a backup or a repair.
    case restoredGrant = "restored-grant"
    case orphaned
    case inGrace = "in-grace"
    case expiring
    case neverUsed = "never-used"
    case idle
    case superseded
    case ownerDisabled = "owner-disabled"
  }

  /// How near the expiry is of a key that is flagged for it.
  private static let expiringWithin = Seconds.days(7)

  var flags: [Flag] {
    guard key.state(at: now).isLive else { return [] }
    return Flag.allCases.filter { flag in
      switch flag {
      case .restored: key.isRestored
      case .restoredGrant: organization.hasRestoredGrant(key)
      case .orphaned: classes.contains(.orphaned)
      case .inGrace: key.graceVersion(at: now) != nil
      // That of a key of a process always is near.
      case .expiring where organization.process(of: key.id) != nil: false
      case .expiring:
        key.currentVersion.expires.map { $0 <= now.advanced(by: Self.expiringWithin) } ?? false
      case .neverUsed: classes.contains(.neverUsed)
      case .idle: classes.contains(.idle)
      case .superseded: classes.contains(.superseded)
      case .ownerDisabled: key.ownerIsDisabled
      }
    }
  }
}

/// Where a key belongs, by name.
struct KeyPlace {
  let workspace: String?
  let owner: String?

  init(_ key: Key, in organization: Organization) {
    switch key.namespace {
    case .user(let id): (workspace, owner) = (nil, organization[id].name.text)
    case .workspace(let id): (workspace, owner) = (organization[id].name.text, nil)
    case .organization: (workspace, owner) = (nil, nil)
    }
  }
}

extension Organization {
  /// A scope as it is written.
  func text(_ scope: Scope) -> String {
    var places = scope.workspaces.map { ids in
      ids.sorted { $0.number < $1.number }.map { self[$0].name.text }
    }
    if scope.coversOwn { places = (places ?? ["*"]) + ["me"] }
    let text = (places ?? ["*"]).joined(separator: ",")
    guard scope.actions != Set(KeyAction.allCases) else { return text }
    return "\(text):\(scope.actions.sorted().map(\.rawValue).joined(separator: ","))"
  }
}
