// Where a caller stands, and what is in sight from there.

extension Organization {
  /// The user on whose behalf `caller` asks; throws `forbidden` if there is none.
  ///
  /// The refusal does not depend on `object`, so that it tells nothing.
  package func user(_ caller: Caller) throws(Refusal) -> User {
    switch caller {
    case .user(let id): return self[id]
    case .nobody:
      throw .forbidden(
        "caller", "this uid is no user of the organization",
        hint: "ask an Owner for 'coffer user add'")
    }
  }

  package func rank(of user: User, in workspace: WorkspaceID) -> Rank {
    if user.role == .owner { return .owner }
    return user.workspaceRoles[workspace]?.rank ?? .member
  }

  package func rankInOrganization(of user: User) -> Rank {
    user.role == .owner ? .owner : .member
  }

  /// Whether `user` may list and show `key`.
  package func sees(_ user: User, _ key: Key) -> Bool {
    switch key.namespace {
    case .user(let owner):
      if owner == user.id { return Permission.ownerOfUserKeyMay(.see) }
      return user.role == .owner && Permission.organizationOwnerMay(.see)
    case .workspace(let workspace):
      return rank(of: user, in: workspace) >= Permission.leastRankInWorkspace(for: .see)
    case .organization:
      let rank = rankInOrganization(of: user)
      if rank >= Permission.leastRankInOrganization(for: .see) { return true }
      guard case .imported(let leastRank) = key.origin else { return false }
      return rank >= leastRank
    }
  }

  /// Whether `user` may have `key` injected.
  ///
  /// An issued key only by whose own rights cover the key's; an imported one by
  /// who has the rank that it asks for.
  package func mayUse(_ key: Key, by user: User) -> Bool {
    switch (key.namespace, key.origin) {
    case (.user(let owner), _): owner == user.id
    case (.workspace(let workspace), .issued(let access, _)):
      rank(of: user, in: workspace) >= (access ?? .editor).rank
    case (.workspace(let workspace), .imported(let leastRank)):
      rank(of: user, in: workspace) >= max(leastRank, .viewer)
    case (.organization, .issued): user.role == .owner
    case (.organization, .imported(let leastRank)):
      rankInOrganization(of: user) >= leastRank
    }
  }

  /// The workspaces in sight of `user`, in order of making.
  package func workspaces(inSightOf user: User) -> [Workspace] {
    workspaces.filter { rank(of: user, in: $0.id) >= .viewer }
  }

  /// The workspace of that name if it is in sight; throws `not found` otherwise,
  /// with the same words whether it exists or not.
  package func workspace(
    named name: Name, inSightOf user: User, as object: String
  ) throws(Refusal) -> Workspace {
    guard let workspace = workspace(named: name), rank(of: user, in: workspace.id) >= .viewer
    else {
      throw .notFound(object)
    }
    return workspace
  }

  /// The key that `reference` names, live or ended, if it is in sight.
  ///
  /// Throws `not found` otherwise, with the same words whether it exists or
  /// not, and `invalid` for a bare name that several keys bear.
  package func key(_ reference: KeyReference, inSightOf user: User, at now: Instant)
    throws(Refusal) -> Key
  {
    let found: Key?
    switch reference.target {
    case .id(let id): found = key(withID: id)
    case .bare(let name): return try key(named: name, inSightOf: user, at: now)
    case .own, .ofUser, .inWorkspace, .inOrganization:
      let (namespace, name) = try place(of: reference, inSightOf: user)
      found = newestKey(named: name, in: namespace)
    }
    guard let found, sees(user, found) else { throw .notFound(reference.text) }
    return found
  }

  /// The namespace and the name in it that `reference` stands for.
  ///
  /// Throws `not found` for what is out of sight, and `invalid` for an id or a
  /// bare name, which say no place.
  func place(
    of reference: KeyReference, inSightOf user: User
  ) throws(Refusal) -> (Namespace, Name) {
    switch reference.target {
    case .own(let name): return (.user(user.id), name)
    case .ofUser(let owner, let name):
      guard let found = self.user(named: owner), found.id == user.id || user.role == .owner else {
        throw .notFound(reference.text)
      }
      return (.user(found.id), name)
    case .inWorkspace(let workspace, let name):
      let found = try self.workspace(named: workspace, inSightOf: user, as: reference.text)
      return (.workspace(found.id), name)
    case .inOrganization(let name): return (.organization, name)
    case .id, .bare:
      throw .invalid(
        reference.text, "it says no place for a new key",
        hint: "write me/NAME, WORKSPACE/NAME or org/NAME")
    }
  }

  private func key(
    named name: Name, inSightOf user: User, at now: Instant
  ) throws(Refusal) -> Key {
    var namespaces: [Namespace] = [.user(user.id)]
    namespaces += workspaces(inSightOf: user).map { .workspace($0.id) }
    namespaces.append(.organization)
    if user.role == .owner {
      namespaces += users.filter { $0.id != user.id }.map { .user($0.id) }
    }
    let visible = namespaces.compactMap { newestKey(named: name, in: $0) }
      .filter { sees(user, $0) }
    let live = visible.filter { $0.state(at: now).isLive }
    let found = live.isEmpty ? visible : live
    guard let first = found.first else { throw .notFound(name.text) }
    guard found.count == 1 else {
      let names = found.map { self.name(of: $0, seenBy: user) }.joined(separator: ", ")
      throw .invalid(
        name.text, "\(found.count) keys bear this name: \(names)", hint: "write the whole name")
    }
    return first
  }

  /// How `user` writes the name of `key`.
  package func name(of key: Key, seenBy user: User) -> String {
    switch key.namespace {
    case .user(let owner):
      "\(owner == user.id ? "me" : "@" + self[owner].name.text)/\(key.name.text)"
    case .workspace(let workspace): "\(self[workspace].name.text)/\(key.name.text)"
    case .organization: "org/\(key.name.text)"
    }
  }
}
