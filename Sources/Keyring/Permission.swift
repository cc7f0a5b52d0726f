/// Something that is done to keys or to people.
package enum Action: CaseIterable, Sendable {
  /// List and show keys.
  case see

  /// Issue a key.
  case create

  /// Keep a key that a vendor issued.
  case importValue

  /// End a key.
  case revoke

  /// Give and take roles.
  case manageMembers
}

/// Who may do what with the keys of a workspace, of the organization, and of
/// one person; the whole policy on keys is these tables.
///
/// Use (injection) depends on the key as well: see ``Organization/mayUse(_:by:)``.
package enum Permission {
  /// The least rank in a workspace for `action` on its keys and members.
  package static func leastRankInWorkspace(for action: Action) -> Rank {
    switch action {
    case .see: .viewer
    case .create: .editor
    case .importValue: .editor
    case .revoke: .editor
    case .manageMembers: .admin
    }
  }

  /// The least rank in the organization for `action` on its keys and members.
  package static func leastRankInOrganization(for action: Action) -> Rank {
    switch action {
    case .see: .owner
    case .create: .owner
    case .importValue: .owner
    case .revoke: .owner
    case .manageMembers: .owner
    }
  }

  /// Whether `action` on a user's own keys is that user's.
  package static func ownerOfUserKeyMay(_ action: Action) -> Bool {
    switch action {
    case .see, .create, .importValue, .revoke: true
    case .manageMembers: false
    }
  }

  /// Whether an Owner may do `action` to another person's user key.
  package static func organizationOwnerMay(_ action: Action) -> Bool {
    switch action {
    case .see, .revoke: true
    case .create, .importValue, .manageMembers: false
    }
  }
}
