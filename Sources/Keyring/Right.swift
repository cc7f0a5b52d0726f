/// What an issued key may do at one place, as things are at this moment.
package struct Right: Equatable, Sendable {
  package enum Place: Hashable, Sendable {
    case workspace(WorkspaceID)

    /// The keys of the owner of a user key.
    case own
    case organization
  }

  package let place: Place

  /// The rank there that counts for the use of imported keys.
  package let rank: Rank
  package let actions: Set<KeyAction>

  /// The actions as a list, as in `list,use`.
  package var actionsText: String {
    actions.sorted().map(\.rawValue).joined(separator: ",")
  }
}

extension Organization {
  /// What an issued key may do, and where; workspaces in order of making.
  package func rights(of key: Key) -> [Right] {
    guard key.isIssued else { return [] }
    let standing = standing(of: key)
    var rights: [Right] = []
    for workspace in workspacesInReach(of: key) {
      if let right = right(of: standing, in: workspace) { rights.append(right) }
    }
    if let owner = standing.user, standing.owns(keysOf: owner.id), !standing.keyActions.isEmpty {
      rights.append(Right(place: .own, rank: .owner, actions: standing.keyActions))
    }
    if let rank = rankInOrganization(of: standing) {
      // A Member reaches only what a role of theirs may use.
      let actions: Set<KeyAction> =
        rank == .owner ? standing.keyActions : standing.keyActions.intersection([.list, .use])
      if !actions.isEmpty {
        rights.append(Right(place: .organization, rank: rank, actions: actions))
      }
    }
    return rights
  }

  /// The workspaces in which a key can have a rank, in order of making; where they are
  /// few, the others are not looked at.
  private func workspacesInReach(of key: Key) -> [WorkspaceID] {
    switch key.namespace {
    case .workspace(let own): return [own]
    case .organization: return workspaces.map(\.id)
    case .user(let owner):
      if let scope = key.scope?.workspaces { return scope.sorted { $0.number < $1.number } }
      let owner = self[owner]
      guard owner.role != .owner else { return workspaces.map(\.id) }
      return owner.workspaceRoles.keys.sorted { $0.number < $1.number }
    }
  }

  /// What a key may do in one workspace; nil if nothing.
  private func right(of standing: Standing, in workspace: WorkspaceID) -> Right? {
    let rank = rank(of: standing, in: workspace)
    let actions = actions(of: standing, with: rank)
    guard rank >= .viewer, !actions.isEmpty else { return nil }
    return Right(place: .workspace(workspace), rank: rank, actions: actions)
  }

  /// What a key may do in a workspace where it has `rank`.
  private func actions(of standing: Standing, with rank: Rank) -> Set<KeyAction> {
    standing.keyActions.filter { action in
      switch action {
      case .list: rank >= Permission.leastRankInWorkspace(for: .see)
      case .use: rank >= .viewer
      case .importValue: rank >= Permission.leastRankInWorkspace(for: .importValue)
      case .verify: rank >= Permission.leastRankInWorkspace(for: .oversee)
      }
    }
  }

  /// Whether a key may do `action`, in one workspace or, with nil, anywhere.
  package func permits(_ key: Key, _ action: KeyAction, in workspace: WorkspaceID?) -> Bool {
    guard let workspace else { return rights(of: key).contains { $0.actions.contains(action) } }
    guard key.isIssued else { return false }
    return right(of: standing(of: key), in: workspace)?.actions.contains(action) ?? false
  }

  /// Whether the author of a live key's newest version could not make it now.
  ///
  /// It is reckoned at each look; a new version by someone entitled ends it.
  package func isOrphaned(_ key: Key, at now: Instant) -> Bool {
    guard key.state(at: now).isLive else { return false }
    if case .user = key.namespace { return false }
    let author: Caller
    switch key.currentVersion.author {
    case .user(let id): author = .user(id)
    case .key(let id):
      guard let acting = self.key(withID: id) else { return true }
      author = .key(VersionID(id, number: acting.currentVersion.number))
    }
    let standing: Standing
    do throws(Refusal) { standing = try self.standing(of: author, at: now) } catch { return true }
    let action: Action = key.isIssued ? .create : .importValue
    guard may(action, key.namespace, standing) else { return true }
    if let keyAction = Permission.keyAction(for: action), !standing.keyActions.contains(keyAction) {
      return true
    }
    guard case .workspace(let workspace) = key.namespace, let access = key.access else {
      return false
    }
    return access.rank > rank(of: standing, in: workspace)
  }
}
