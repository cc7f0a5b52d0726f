/// One thing that has become different; the log is a sequence of these.
///
/// A change is a fact: it was decided before, and applying it asks no rule again.
package enum Change: Equatable, Sendable {
  case organizationNamed(Name)
  case userAdded(User)
  case workspaceAdded(Workspace)
  case organizationRoleSet(OrganizationRole, of: UserID)

  /// nil takes the role away.
  case workspaceRoleSet(WorkspaceRole?, of: UserID, in: WorkspaceID)

  case keyAdded(Key)
  case keyRevoked(KeyID, Revocation)
}

extension Change {
  /// The key that it is about, if it is about one.
  package var keyID: KeyID? {
    switch self {
    case .keyAdded(let key): key.id
    case .keyRevoked(let id, _): id
    case .organizationNamed, .userAdded, .workspaceAdded, .organizationRoleSet,
      .workspaceRoleSet:
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
}
