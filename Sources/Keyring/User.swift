/// The number of a user, in order of making; never used again.
package struct UserID: Hashable, Sendable {
  package let number: UInt32
  package init(number: UInt32) { self.number = number }
}

/// The number of a workspace, in order of making; never used again.
package struct WorkspaceID: Hashable, Sendable {
  package let number: UInt32
  package init(number: UInt32) { self.number = number }
}

/// Whether a user may act.
package enum UserState: String, CaseIterable, Sendable {
  case active

  /// Until somebody enables them.
  case disabled

  /// For good: whoever gets the name or the uid later is another user.
  case removed
}

/// A login name bound to one Unix uid.
package struct User: Equatable, Sendable {
  package let id: UserID
  package let name: Name

  /// The uid as the kernel tells it of a peer.
  package var uid: UInt32
  package var role: OrganizationRole
  package var workspaceRoles: [WorkspaceID: WorkspaceRole] = [:]
  package var state = UserState.active

  package init(id: UserID, name: Name, uid: UInt32, role: OrganizationRole) {
    self.id = id
    self.name = name
    self.uid = uid
    self.role = role
  }

  /// Throws `invalid` for uids that stand for nobody: that of an unmapped peer,
  /// that of no user, and those that systemd gives to one service after another.
  ///
  /// Source: user_namespaces(7); systemd, "Users, Groups, UIDs and GIDs".
  package static func checkBindable(_ uid: UInt32) throws(Refusal) {
    guard uid != 65534, uid != .max, !(61184...65519).contains(uid) else {
      throw .invalid("uid \(uid)", "this uid belongs to no one person, so it cannot be a user's")
    }
  }
}

/// A named part of the organization.
package struct Workspace: Equatable, Sendable {
  package let id: WorkspaceID
  package let name: Name

  /// Whether nothing is done in it any more; its name is not used again.
  package var isArchived = false

  package init(id: WorkspaceID, name: Name) {
    self.id = id
    self.name = name
  }
}

/// On whose behalf a request comes.
package enum Caller: Equatable, Sendable {
  case user(UserID)

  /// A connection that acts as a key, which presented that version of it.
  case key(VersionID)

  /// A peer who is no user: nothing of the organization is theirs to see.
  case nobody
}
