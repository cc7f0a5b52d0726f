// What is in sight of a caller.

extension Organization {
  /// Whether `key` is in sight, to be listed and shown.
  package func sees(_ standing: Standing, _ key: Key) -> Bool {
    if may(.see, key.namespace, standing) { return true }
    // Whoever may use an imported key of the organization may know of it.
    guard case (.organization, .imported(let leastRank)) = (key.namespace, key.origin),
      let rank = rankInOrganization(of: standing)
    else { return false }
    return rank >= leastRank
  }

  /// Whether the tables permit `action` on the keys of `namespace`.
  ///
  /// What a key's scope or access leave of it is asked besides.
  func may(_ action: Action, _ namespace: Namespace, _ standing: Standing) -> Bool {
    switch namespace {
    case .user(let owner):
      if standing.owns(keysOf: owner) { return Permission.ownerOfUserKeyMay(action) }
      guard rankInOrganization(of: standing) == .owner, standing.user?.id != owner else {
        return false
      }
      return Permission.organizationOwnerMay(action)
    case .workspace(let workspace):
      return rank(of: standing, in: workspace) >= Permission.leastRankInWorkspace(for: action)
    case .organization:
      guard let rank = rankInOrganization(of: standing) else { return false }
      return rank >= Permission.leastRankInOrganization(for: action)
    }
  }

  /// Whether the caller may know all of `key`: verify with detail, audit rows,
  /// the unused report.
  package func oversees(_ standing: Standing, _ key: Key) -> Bool {
    may(.oversee, key.namespace, standing) && standing.leaves(.verify)
  }

  /// Whether the caller may have `key` injected.
  ///
  /// An issued key only by a person whose own rights cover the key's; an
  /// imported one by who has the rank that it asks for.
  package func mayUse(_ key: Key, by standing: Standing) -> Bool {
    guard standing.leaves(.use) else { return false }
    guard !isArchived(key.namespace) else { return false }
    switch (key.namespace, key.origin) {
    case (_, .issued) where standing.key != nil: return false
    case (.user(let owner), _): return standing.owns(keysOf: owner)
    case (.workspace(let workspace), .issued(let access, _, _)):
      return rank(of: standing, in: workspace) >= (access ?? .editor).rank
    case (.workspace(let workspace), .imported(let leastRank)):
      return rank(of: standing, in: workspace) >= max(leastRank, .viewer)
    case (.organization, .issued): return rankInOrganization(of: standing) == .owner
    case (.organization, .imported(let leastRank)):
      return rankInOrganization(of: standing).map { $0 >= leastRank } ?? false
    }
  }

  /// Whether nothing is done any more where a key belongs.
  func isArchived(_ namespace: Namespace) -> Bool {
    guard case .workspace(let id) = namespace else { return false }
    return self[id].isArchived
  }

  /// The workspaces in sight of the caller, in order of making.
  package func workspaces(inSightOf standing: Standing) -> [Workspace] {
    workspaces.filter { rank(of: standing, in: $0.id) >= .viewer }
  }

  /// The workspace of that name if it is in sight; throws `not found` otherwise,
  /// with the same words whether it exists or not.
  package func workspace(
    named name: Name, inSightOf standing: Standing, as object: String
  ) throws(Refusal) -> Workspace {
    guard let workspace = workspace(named: name), rank(of: standing, in: workspace.id) >= .viewer
    else {
      throw .notFound(object)
    }
    return workspace
  }

  /// The key that `reference` names, live or ended, if it is in sight.
  ///
  /// Throws `not found` otherwise, with the same words whether it exists or
  /// not, and `invalid` for a bare name that several keys bear.
  package func key(_ reference: KeyReference, inSightOf standing: Standing, at now: Instant)
    throws(Refusal) -> Key
  {
    let found: Key?
    switch reference.target {
    case .id(let id): found = key(withID: id)
    case .bare(let name): return try key(named: name, inSightOf: standing, at: now)
    case .own, .ofUser, .inWorkspace, .inOrganization:
      let (namespace, name) = try place(of: reference, inSightOf: standing)
      found = newestKey(named: name, in: namespace)
    }
    guard let found, sees(standing, found) else { throw .notFound(reference.text) }
    return found
  }

  /// The namespace and the name in it that `reference` stands for.
  ///
  /// Throws `not found` for what is out of sight, and `invalid` for an id or a
  /// bare name, which say no place.
  func place(
    of reference: KeyReference, inSightOf standing: Standing
  ) throws(Refusal) -> (Namespace, Name) {
    switch reference.target {
    case .own(let name):
      guard let user = standing.user, standing.owns(keysOf: user.id) else {
        throw .notFound(reference.text)
      }
      return (.user(user.id), name)
    case .ofUser(let owner, let name):
      guard let found = self.user(named: owner), may(.see, .user(found.id), standing) else {
        throw .notFound(reference.text)
      }
      return (.user(found.id), name)
    case .inWorkspace(let workspace, let name):
      let found = try self.workspace(named: workspace, inSightOf: standing, as: reference.text)
      return (.workspace(found.id), name)
    case .inOrganization(let name): return (.organization, name)
    case .id, .bare:
      throw .invalid(
        reference.text, "it says no place for a new key",
        hint: "write me/NAME, WORKSPACE/NAME or org/NAME")
    }
  }

  private func key(
    named name: Name, inSightOf standing: Standing, at now: Instant
  ) throws(Refusal) -> Key {
    var namespaces: [Namespace] = standing.user.map { [.user($0.id)] } ?? []
    namespaces += workspaces(inSightOf: standing).map { .workspace($0.id) }
    namespaces.append(.organization)
    if rankInOrganization(of: standing) == .owner {
      namespaces += users.filter { $0.id != standing.user?.id }.map { .user($0.id) }
    }
    let visible = namespaces.compactMap { newestKey(named: name, in: $0) }
      .filter { sees(standing, $0) }
    let live = visible.filter { $0.state(at: now).isLive }
    let found = live.isEmpty ? visible : live
    guard let first = found.first else { throw .notFound(name.text) }
    guard found.count == 1 else {
      var rule = "\(found.count) keys bear this name"
      if standing.leaves(.list) {
        rule += ": " + found.map { self.name(of: $0, seenBy: standing) }.joined(separator: ", ")
      }
      throw .invalid(name.text, rule, hint: "write the whole name")
    }
    return first
  }

  /// How the caller writes the name of `key`; everybody, if it is nil.
  package func name(of key: Key, seenBy standing: Standing?) -> String {
    switch key.namespace {
    case .user(let owner):
      "\(owner == standing?.user?.id ? "me" : "@" + self[owner].name.text)/\(key.name.text)"
    case .workspace(let workspace): "\(self[workspace].name.text)/\(key.name.text)"
    case .organization: "org/\(key.name.text)"
    }
  }

  /// The name of a user, or of a key that somebody acted as; of one that is out of
  /// sight only the type.
  package func text(of author: Author, seenBy standing: Standing) -> String {
    switch author {
    case .user(let id): return self[id].name.text
    case .key(let id):
      guard let key = key(withID: id) else { return "id:\(id.text)" }
      return sees(standing, key) ? name(of: key, seenBy: nil) : "a \(key.type.rawValue) key"
    }
  }

  /// The key that an audit row is about when a request that named it was refused,
  /// whether it was in sight or not; nil if there is none.
  package func keyID(written text: String, by caller: Caller) -> KeyID? {
    guard let reference = try? KeyReference(parsing: text) else { return nil }
    switch reference.target {
    case .id(let id): return key(withID: id)?.id
    case .bare: return nil
    case .own(let name):
      guard case .user(let user) = caller else { return nil }
      return newestKey(named: name, in: .user(user))?.id
    case .ofUser(let owner, let name):
      return user(named: owner).flatMap { newestKey(named: name, in: .user($0.id))?.id }
    case .inWorkspace(let workspace, let name):
      return self.workspace(named: workspace)
        .flatMap { newestKey(named: name, in: .workspace($0.id))?.id }
    case .inOrganization(let name): return newestKey(named: name, in: .organization)?.id
    }
  }
}
