/// On whose behalf a request is decided, as things are at this moment.
///
/// It is looked up anew for each request, so that a demotion, a rotation or a
/// revocation counts from the very next one.
package struct Standing: Sendable {
  /// The person; of a user key its owner; nil for other keys.
  package let user: User?

  /// The key that the connection acts as; nil for a person.
  package let key: Key?

  /// A person who acts for themself.
  package init(_ user: User) {
    self.user = user
    key = nil
  }

  init(_ key: Key, owner: User?) {
    user = owner
    self.key = key
  }

  /// The person, if it is a person that asks and no key.
  package var person: User? { key == nil ? user : nil }

  package var author: Author? {
    if let key { return .key(key.id) }
    return user.map { .user($0.id) }
  }

  /// Whether its rights may reach what belongs to the organization itself.
  ///
  /// Workspace and organization keys reach workspaces only, and so does a user
  /// key with a scope.
  var reachesOrganization: Bool { user != nil && key?.scope == nil }

  /// Whether the keys of `owner` are its own.
  func owns(keysOf owner: UserID) -> Bool {
    user?.id == owner && (key?.scope?.coversOwn ?? true)
  }

  /// What scope or access leave of what keys can do; a person may do all of it.
  package var keyActions: Set<KeyAction> { limit ?? Set(KeyAction.allCases) }

  /// Whether scope or access leave `action` of what keys can do.
  package func leaves(_ action: KeyAction) -> Bool { limit?.contains(action) ?? true }

  /// The actions that are left; nil for all.
  private var limit: Set<KeyAction>? {
    guard let key else { return nil }
    return key.access.map { Permission.actions(of: $0) } ?? key.scope?.actions
  }

  /// Throws `forbidden` unless `action` is left.
  func require(_ action: KeyAction, on object: String) throws(Refusal) {
    guard leaves(action) else {
      throw .forbidden(
        object, "no permission: the key that this connection acts as may not \(action.rawValue)",
        hint: "act as a key or a user who may")
    }
  }
}

extension Organization {
  /// The standing of `caller` now.
  ///
  /// Throws `forbidden` for a peer who is no active user, and `denied` for a key
  /// that has ended; neither depends on what was asked about.
  package func standing(of caller: Caller, at now: Instant) throws(Refusal) -> Standing {
    switch caller {
    case .user(let id):
      guard self[id].state == .active else { throw .noUser }
      return Standing(self[id])
    case .key(let version):
      guard let key = key(withID: version.key), key.isIssued, key.state(at: now) == .active,
        [key.currentVersion.number, key.graceVersion(at: now)?.number].contains(version.number)
      else {
        throw Refusal(
          .denied, "caller", "the key that this connection acts as is accepted no more",
          hint: "present a valid key")
      }
      return standing(of: key)
    case .nobody: throw .noUser
    }
  }

  /// The standing of whoever acts as `key`.
  func standing(of key: Key) -> Standing {
    switch key.namespace {
    case .user(let owner): Standing(key, owner: self[owner])
    case .workspace, .organization: Standing(key, owner: nil)
    }
  }

  // MARK: Ranks

  package func rank(of user: User, in workspace: WorkspaceID) -> Rank {
    if user.role == .owner { return .owner }
    return user.workspaceRoles[workspace]?.rank ?? .member
  }

  package func rankInOrganization(of user: User) -> Rank {
    user.role == .owner ? .owner : .member
  }

  /// The rank in a workspace; of a key never above its owner's, its scope or its
  /// access, and none in an archived workspace.
  package func rank(of standing: Standing, in workspace: WorkspaceID) -> Rank {
    guard let key = standing.key else {
      return standing.user.map { rank(of: $0, in: workspace) } ?? .member
    }
    guard !self[workspace].isArchived else { return .member }
    switch key.namespace {
    case .user(let owner):
      guard key.scope?.covers(workspace) ?? true else { return .member }
      return rank(of: self[owner], in: workspace)
    case .workspace(let own):
      return own == workspace ? key.access?.rank ?? .member : .member
    case .organization: return key.access?.rank ?? .member
    }
  }

  /// The rank in the organization; nil where what belongs to it is out of reach.
  package func rankInOrganization(of standing: Standing) -> Rank? {
    guard standing.reachesOrganization, let user = standing.user else { return nil }
    return rankInOrganization(of: user)
  }
}

extension Refusal {
  /// The refusal of every peer who is no active user; it tells nothing of what
  /// was asked about.
  static let noUser = Refusal.forbidden(
    "caller", "this uid is no user of the organization",
    hint: "ask an Owner for 'coffer user add', or present a key")
}
