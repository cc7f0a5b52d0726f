/// Something that is done to keys or to people.
package enum Action: String, CaseIterable, Sendable {
  /// List and show keys.
  case see = "show"

  /// Issue a key.
  case create

  /// Keep a key that a vendor issued.
  case importValue = "import"

  /// Give an imported key a new value.
  case replace
  case rotate
  case suspend
  case resume

  /// Bring a key's expiry forward.
  case expire

  /// End a key.
  case revoke

  /// Verify with detail; the unused report, holders, reasons and audit rows.
  case oversee

  /// Give and take roles.
  case manageMembers = "manage members"

  /// Give keys to systemd units, and take them back.
  case grantToUnits = "grant to units"
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
    case .create, .importValue, .replace, .rotate, .suspend, .resume, .expire, .revoke: .editor
    case .oversee: .editor
    case .manageMembers: .admin
    case .grantToUnits: .owner
    }
  }

  /// The least rank in the organization for `action` on its keys and members.
  package static func leastRankInOrganization(for action: Action) -> Rank {
    switch action {
    case .see, .create, .importValue, .replace, .rotate, .suspend, .resume, .expire, .revoke,
      .oversee, .manageMembers, .grantToUnits:
      .owner
    }
  }

  /// Whether `action` on a user's own keys is that user's.
  package static func ownerOfUserKeyMay(_ action: Action) -> Bool {
    switch action {
    case .see, .create, .importValue, .replace, .rotate, .suspend, .resume, .expire, .revoke,
      .oversee, .grantToUnits:
      true
    case .manageMembers: false
    }
  }

  /// Whether an Owner may do `action` to another person's user key.
  package static func organizationOwnerMay(_ action: Action) -> Bool {
    switch action {
    case .see, .suspend, .revoke, .oversee, .grantToUnits: true
    case .create, .importValue, .replace, .rotate, .resume, .expire, .manageMembers: false
    }
  }

  /// What a connection that acts as a key needs in its scope or access for
  /// `action`; nil for what no key may ever do.
  package static func keyAction(for action: Action) -> KeyAction? {
    switch action {
    case .see: .list
    case .importValue, .replace: .importValue
    case .oversee: .verify
    case .create, .rotate, .suspend, .resume, .expire, .revoke, .manageMembers, .grantToUnits:
      nil
    }
  }

  /// What an issued workspace or organization key may do where it reaches.
  package static func actions(of access: Access) -> Set<KeyAction> {
    switch access {
    case .viewer: [.list, .use]
    case .editor: [.list, .use, .importValue, .verify]
    }
  }
}
