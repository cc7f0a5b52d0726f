/// One thing that has become different; the log is a sequence of these.
///
/// A change is a fact: it was decided before, and applying it asks no rule again.
package enum Change: Equatable, Sendable {
  case organizationNamed(Name)
  case policySet(Policy)
  case userAdded(User)

  /// Disabled, or enabled again.
  case userStateSet(UserState, of: UserID)

  /// The user is gone for good, and so are the live keys of theirs.
  case userRemoved(UserID, Revocation)
  case userRebound(UserID, uid: UInt32)
  case workspaceAdded(Workspace)

  /// Nothing is done there any more; its live keys have ended.
  case workspaceArchived(WorkspaceID, Revocation)
  case organizationRoleSet(OrganizationRole, of: UserID)

  /// nil takes the role away.
  case workspaceRoleSet(WorkspaceRole?, of: UserID, in: WorkspaceID)

  case keyAdded(Key)
  case keySuspended(KeyID, Suspension)
  case keyResumed(KeyID)

  /// The key is ended for good by somebody; one that has expired by then stays expired.
  case keyRevoked(KeyID, Revocation)

  /// All versions that are accepted end at that moment, if not before.
  case expiryBroughtForward(KeyID, to: Instant)

  /// The key has a new version, by a rotation or a replacement; the former one
  /// is accepted up to `formerEnd`.
  case versionAdded(KeyVersion, to: KeyID, lifetime: Lifetime, formerEnd: Instant)

  /// The grace of a former version is over at that moment.
  case versionEnded(VersionID, at: Instant)

  /// A unit is given the value of that key, until it is withdrawn or the key has
  /// ended for good; or somebody has looked at a grant that came back.
  case unitGranted(UnitCredential, KeyID)
  case unitGrantWithdrawn(UnitCredential, from: KeyID)

  /// The key lives no longer than that process.
  case keyBound(KeyID, to: ProcessBinding)

  /// Keys of processes are wholly gone, as if they had never been.
  case keysForgotten([KeyID])

  /// The clock on the wall is believed again, whatever the mark was.
  case clockSet(Instant)

  /// All has come back from a backup: the issued keys that have not ended for good are
  /// suspended, since some may have been revoked or rotated after it was made. So are
  /// the grants to units, which may have been withdrawn.
  case keysRestored(at: Instant)

  /// Somebody has looked at the grants, and at those of the keys that live then; at
  /// the moment of the record, as it has none of its own.
  case restoredKeysResumed(at: Instant)
}

extension Change {
  /// The key that it is about, if it is about one.
  package var keyID: KeyID? { subject?.key }

  /// The key that it is about, and which of its versions; number 0 is the whole key.
  package var subject: VersionID? {
    switch self {
    case .keyAdded(let key): VersionID(key.id, number: key.currentVersion.number)
    case .keySuspended(let id, _), .keyResumed(let id), .keyRevoked(let id, _),
      .expiryBroughtForward(let id, _), .unitGranted(_, let id),
      .unitGrantWithdrawn(_, from: let id), .keyBound(let id, _):
      VersionID(id, number: 0)
    case .versionAdded(let version, let id, _, _): VersionID(id, number: version.number)
    case .versionEnded(let version, _): version
    case .organizationNamed, .policySet, .userAdded, .userStateSet, .userRemoved, .userRebound,
      .workspaceAdded, .workspaceArchived, .organizationRoleSet, .workspaceRoleSet, .clockSet,
      .keysRestored, .restoredKeysResumed, .keysForgotten:
      nil
    }
  }
}

extension Change {
  /// The workspace whose state or members it is about, if it is about one.
  package var workspace: WorkspaceID? {
    switch self {
    case .workspaceAdded(let workspace): workspace.id
    case .workspaceArchived(let id, _), .workspaceRoleSet(_, _, let id): id
    case .organizationNamed, .policySet, .userAdded, .userStateSet, .userRemoved, .userRebound,
      .organizationRoleSet, .keyAdded, .keySuspended, .keyResumed, .keyRevoked,
      .expiryBroughtForward, .versionAdded, .versionEnded, .unitGranted, .unitGrantWithdrawn,
      .keyBound, .keysForgotten, .clockSet, .keysRestored, .restoredKeysResumed:
      nil
    }
  }
}

/// A change that does not fit the state it is applied to.
///
/// The log was authenticated before it was read, so this is a log that some
/// other program wrote, or a mistake of ours.
package struct InconsistentChange: Error, Equatable {
  package let reason: String

  package init(reason: String) { self.reason = reason }
}
