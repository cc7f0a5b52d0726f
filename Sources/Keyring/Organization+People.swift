// Requests decided into changes: the rules on people and workspaces.

extension Organization {
  func addition(ofWorkspace name: Name, by user: User) throws(Refusal) -> Change {
    try requireOwner(user, for: name.text, "only an Owner adds workspaces")
    guard !KeyReference.reservedWorkspaceNames.contains(name.text) else {
      throw .invalid(name.text, "me, org and id are reserved, since references begin with them")
    }
    guard workspace(named: name) == nil else {
      throw Refusal(.conflict, name.text, "a workspace has this name")
    }
    return .workspaceAdded(
      Workspace(id: WorkspaceID(number: UInt32(workspaces.count) + 1), name: name))
  }

  func addition(ofUser name: Name, uid: UInt32, by user: User) throws(Refusal) -> Change {
    try requireOwner(user, for: name.text, "only an Owner adds users")
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
    of role: OrganizationRole, for name: Name, by user: User
  ) throws(Refusal) -> [Change] {
    try requireOwner(user, for: name.text, "only an Owner gives roles in the organization")
    guard let target = self.user(named: name) else { throw .notFound(name.text) }
    guard target.role != role else { return [] }
    let owners = users.count { $0.role == .owner }
    guard role == .owner || owners > 1 else {
      throw Refusal(
        .wrongState, name.text, "the last Owner stays one",
        hint: "make somebody else an Owner first")
    }
    return [.organizationRoleSet(role, of: target.id)]
  }

  func setting(
    of role: WorkspaceRole?, for name: Name, in workspaceName: Name, by user: User
  ) throws(Refusal) -> [Change] {
    let workspace = try workspace(
      named: workspaceName, inSightOf: user, as: workspaceName.text)
    let own = rank(of: user, in: workspace.id)
    guard own >= Permission.leastRankInWorkspace(for: .manageMembers) else {
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

  private func requireOwner(
    _ user: User, for object: String, _ reason: String
  ) throws(Refusal) {
    guard user.role == .owner else { throw .forbidden(object, reason, hint: "ask an Owner") }
  }

  /// The users that `user` may list: all for an Owner, an Admin's fellow
  /// members, and oneself.
  package func users(inSightOf user: User) -> [User] {
    if user.role == .owner { return users }
    let administered = workspaces.filter {
      rank(of: user, in: $0.id) >= Permission.leastRankInWorkspace(for: .manageMembers)
    }
    return users.filter { other in
      other.id == user.id || administered.contains { other.workspaceRoles[$0.id] != nil }
    }
  }

  /// The roles of `other` that `user` may list, in order of the workspaces.
  package func workspaceRoles(
    of other: User, inSightOf user: User
  ) -> [(Workspace, WorkspaceRole)] {
    workspaces.compactMap { workspace in
      guard let role = other.workspaceRoles[workspace.id],
        other.id == user.id
          || rank(of: user, in: workspace.id)
            >= Permission.leastRankInWorkspace(for: .manageMembers)
      else { return nil }
      return (workspace, role)
    }
  }
}
