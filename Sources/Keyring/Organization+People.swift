// Requests decided into changes: the rules on people and workspaces.

extension Organization {
  func addition(ofWorkspace name: Name, by standing: Standing) throws(Refusal) -> Change {
    try requireOwner(standing, for: name.text, "only an Owner adds workspaces")
    guard !KeyReference.reservedWorkspaceNames.contains(name.text) else {
      throw .invalid(name.text, "me, org and id are reserved, since references begin with them")
    }
    guard workspace(named: name) == nil else {
      throw Refusal(.conflict, name.text, "a workspace has this name")
    }
    return .workspaceAdded(
      Workspace(id: WorkspaceID(number: UInt32(workspaces.count) + 1), name: name))
  }

  func addition(ofUser name: Name, uid: UInt32, by standing: Standing) throws(Refusal) -> Change {
    try requireOwner(standing, for: name.text, "only an Owner adds users")
    try User.checkBindable(uid)
    guard self.user(named: name) == nil else {
      throw Refusal(.conflict, name.text, "a user has this name")
    }
    if let other = self.user(withUID: uid) {
      throw Refusal(.conflict, name.text, "uid \(uid) is bound to \(other.name.text)")
    }
    return .userAdded(
      User(id: UserID(number: UInt32(users.count) + 1), name: name, uid: uid, role: .member))
  }

  func setting(
    of role: OrganizationRole, for name: Name, by standing: Standing
  ) throws(Refusal) -> [Change] {
    try requireOwner(standing, for: name.text, "only an Owner gives roles in the organization")
    guard let target = self.user(named: name) else { throw .notFound(name.text) }
    guard target.role != role else { return [] }
    if role != .owner { try requireAnotherOwner(than: target) }
    return [.organizationRoleSet(role, of: target.id)]
  }

  func setting(
    of role: WorkspaceRole?, for name: Name, in workspaceName: Name, by standing: Standing
  ) throws(Refusal) -> [Change] {
    let workspace = try workspace(
      named: workspaceName, inSightOf: standing, as: workspaceName.text)
    let own = rank(of: standing, in: workspace.id)
    guard !workspace.isArchived else { throw archived(workspace) }
    guard standing.person != nil, own >= Permission.leastRankInWorkspace(for: .manageMembers)
    else {
      throw .forbidden(
        workspaceName.text, "only its Admins and Owners give roles in a workspace",
        hint: "ask an Admin of \(workspaceName.text) or an Owner")
    }
    guard let target = self.user(named: name) else { throw .notFound(name.text) }
    guard rank(of: target, in: workspace.id) <= own else {
      throw .forbidden(name.text, "an Owner's roles are given by Owners only")
    }
    guard target.workspaceRoles[workspace.id] != role else { return [] }
    return [.workspaceRoleSet(role, of: target.id, in: workspace.id)]
  }

  func archived(_ workspace: Workspace) -> Refusal {
    Refusal(
      .wrongState, workspace.name.text, "the workspace is archived",
      hint: "add another one with 'coffer workspace add NAME'")
  }

  /// Archives a workspace: its keys are revoked for good.
  func archival(
    ofWorkspace name: Name, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    try requireOwner(standing, for: name.text, "only an Owner archives workspaces")
    guard let workspace = workspace(named: name) else { throw .notFound(name.text) }
    guard !workspace.isArchived else { return [] }
    return [
      .workspaceArchived(
        workspace.id,
        try revocation(by: standing, at: now, because: "the workspace was archived"))
    ]
  }

  /// Disables, enables or removes a user; with a removed one all their user keys end.
  func setting(
    of state: UserState, for name: Name, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    try requireOwner(standing, for: name.text, "only an Owner disables, enables or removes users")
    guard let target = user(named: name) else { throw .notFound(name.text) }
    guard target.state != state else { return [] }
    if state != .active { try requireAnotherOwner(than: target) }
    guard state == .removed else { return [.userStateSet(state, of: target.id)] }
    return [
      .userRemoved(
        target.id, try revocation(by: standing, at: now, because: "the user was removed"))
    ]
  }

  /// Binds a user to another uid.
  ///
  /// It is for Owners, and, with nil as `standing`, for uid 0, who has shown a
  /// secret of the vault.
  func rebinding(
    of name: Name, to uid: UInt32, by standing: Standing?
  ) throws(Refusal) -> [Change] {
    if let standing {
      try requireOwner(standing, for: name.text, "only an Owner binds users to other uids")
    }
    try User.checkBindable(uid)
    guard let target = user(named: name) else { throw .notFound(name.text) }
    guard target.uid != uid else { return [] }
    if let other = user(withUID: uid) {
      throw Refusal(.conflict, name.text, "uid \(uid) is bound to \(other.name.text)")
    }
    return [.userRebound(target.id, uid: uid)]
  }

  func setting(
    of name: PolicyName, to text: String, by standing: Standing
  ) throws(Refusal) -> [Change] {
    try requireOwner(standing, for: name.rawValue, "only an Owner sets the policy")
    let policy = try policy.setting(name, to: text)
    return policy == self.policy ? [] : [.policySet(policy)]
  }

  func believing(_ clock: Instant, by standing: Standing) throws(Refusal) -> [Change] {
    try requireOwner(standing, for: "clock", "only an Owner says that the clock is right")
    return [.clockSet(clock)]
  }

  private func revocation(
    by standing: Standing, at now: Instant, because reason: String
  ) throws(Refusal) -> Revocation {
    guard let author = standing.author else { throw .noUser }
    return Revocation(revoker: author, moment: now, reason: Note(stored: reason) ?? .none)
  }

  private func requireAnotherOwner(than target: User) throws(Refusal) {
    guard isActiveOwner(target), users.count(where: isActiveOwner) == 1 else { return }
    throw Refusal(
      .wrongState, target.name.text, "the last active Owner stays one",
      hint: "make somebody else an Owner first, with 'coffer grant USER owner'")
  }

  private func requireOwner(
    _ standing: Standing, for object: String, _ reason: String
  ) throws(Refusal) {
    guard standing.person?.role == .owner else {
      throw .forbidden(object, reason, hint: "ask an Owner")
    }
  }

  /// The users that the caller may list: all for an Owner, an Admin's fellow
  /// members, and oneself.
  package func users(inSightOf standing: Standing) -> [User] {
    let users = users.filter { $0.state != .removed }
    guard let user = standing.person else { return [] }
    if user.role == .owner { return users }
    let administered = workspaces.filter {
      rank(of: standing, in: $0.id) >= Permission.leastRankInWorkspace(for: .manageMembers)
    }
    return users.filter { other in
      other.id == user.id || administered.contains { other.workspaceRoles[$0.id] != nil }
    }
  }

  /// The roles of `other` that the caller may list, in order of the workspaces.
  package func workspaceRoles(
    of other: User, inSightOf standing: Standing
  ) -> [(Workspace, WorkspaceRole)] {
    workspaces.compactMap { workspace in
      guard let role = other.workspaceRoles[workspace.id],
        other.id == standing.person?.id
          || rank(of: standing, in: workspace.id)
            >= Permission.leastRankInWorkspace(for: .manageMembers)
      else { return nil }
      return (workspace, role)
    }
  }
}
