// An organization as it is, part by part, for a log that begins with it.

/// One thing that is true of an organization, whatever came before.
package enum SnapshotPart: Equatable, Sendable {
  case name(Name)
  case policy(Policy)

  /// A user without the roles in workspaces.
  case user(User)
  case workspace(Workspace)
  case workspaceRole(WorkspaceRole, of: UserID, in: WorkspaceID)

  /// A key, with as many of its versions as fit; the rest of them follows.
  case key(Key)
  case versions([KeyVersion], of: KeyID)
  case unitGrant(UnitGrant)

  /// What a key is bound to.
  case process(ProcessBinding, of: KeyID)
}

extension Organization {
  /// So many versions of a key are told in one part.
  private static let versionsOfOnePart = 1000

  /// Hands all parts to `body`, in the order in which they can be restored.
  package func forEachPart<Failure: Error>(
    _ body: (SnapshotPart) throws(Failure) -> Void
  ) throws(Failure) {
    if let name { try body(.name(name)) }
    try body(.policy(policy))
    for workspace in workspaces { try body(.workspace(workspace)) }
    for user in users {
      var bare = user
      bare.workspaceRoles = [:]
      try body(.user(bare))
      for (workspace, role) in user.workspaceRoles.sorted(by: { $0.key.number < $1.key.number }) {
        try body(.workspaceRole(role, of: user.id, in: workspace))
      }
    }
    for key in keys { try forEachPart(of: key, body) }
    for grant in Self.inOrder(Array(unitGrants.values)) { try body(.unitGrant(grant)) }
    guard !processes.isEmpty else { return }
    for key in keys {
      if let process = processes[key.id] { try body(.process(process, of: key.id)) }
    }
  }

  private func forEachPart<Failure: Error>(
    of key: Key, _ body: (SnapshotPart) throws(Failure) -> Void
  ) throws(Failure) {
    guard key.versions.count > Self.versionsOfOnePart else { return try body(.key(key)) }
    var first = key
    first.versions = Array(key.versions.prefix(Self.versionsOfOnePart))
    try body(.key(first))
    var rest = key.versions.dropFirst(Self.versionsOfOnePart)
    while !rest.isEmpty {
      try body(.versions(Array(rest.prefix(Self.versionsOfOnePart)), of: key.id))
      rest = rest.dropFirst(Self.versionsOfOnePart)
    }
  }

  /// Makes a part true, behind those that came before it.
  ///
  /// Throws ``InconsistentChange`` if it does not fit to them.
  package mutating func restore(_ part: SnapshotPart) throws(InconsistentChange) {
    switch part {
    case .name(let name): self.name = name
    case .policy(let policy): self.policy = policy
    case .user(let user): try restore(user)
    case .workspace(let workspace):
      guard Int(workspace.id.number) == workspaces.count + 1,
        workspaceByName[workspace.name] == nil
      else {
        throw InconsistentChange(reason: "a workspace out of its order")
      }
      workspaces.append(workspace)
      workspaceByName[workspace.name] = workspace.id
    case .workspaceRole(let role, let user, let workspace):
      guard knownUser(user) != nil, isKnown(workspace) else {
        throw InconsistentChange(reason: "a role of who or where is unknown")
      }
      users[Int(user.number) - 1].workspaceRoles[workspace] = role
    case .key(let key): try restore(key)
    case .versions(let versions, let id): try restore(versions, of: id)
    case .unitGrant(let grant):
      guard unitGrants[grant.credential] == nil else {
        throw InconsistentChange(reason: "a grant that is there already")
      }
      try add(grant)
    case .process(let process, let id):
      // Those that have ended are bound too, until they are forgotten.
      guard let key = key(withID: id), key.isIssued, processes[id] == nil else {
        throw InconsistentChange(reason: "a process of a key that is unknown, or bound")
      }
      processes[id] = process
    }
  }

  /// Whether all workspaces that the key's scope names are there.
  func knowsScope(of key: Key) -> Bool {
    key.scope?.workspaces?.allSatisfy(isKnown) ?? true
  }

  private func isKnown(_ workspace: WorkspaceID) -> Bool {
    workspaces.indices.contains(Int(workspace.number) - 1)
  }

  private mutating func restore(_ user: User) throws(InconsistentChange) {
    guard Int(user.id.number) == users.count + 1, user.workspaceRoles.isEmpty else {
      throw InconsistentChange(reason: "a user out of their order")
    }
    users.append(user)
    guard user.state != .removed else { return }
    guard userByUID[user.uid] == nil, userByName[user.name] == nil else {
      throw InconsistentChange(reason: "two users with one name or uid")
    }
    userByUID[user.uid] = user.id
    userByName[user.name] = user.id
  }

  private mutating func restore(_ key: Key) throws(InconsistentChange) {
    let isPlaced =
      switch key.namespace {
      case .user(let id): knownUser(id) != nil
      case .workspace(let id): isKnown(id)
      case .organization: true
      }
    guard position(ofKeyWithID: key.id) == nil, isPlaced, knowsScope(of: key) else {
      throw InconsistentChange(reason: "a key that is there already, or belongs nowhere")
    }
    let position = keys.count
    keys.append(key)
    noteID(ofKeyAt: position)
    noteName(ofKeyAt: position)
    noteEnvironmentName(ofKeyAt: position)
    positionsByNamespace[key.namespace, default: []].append(position)
  }

  private mutating func restore(
    _ versions: [KeyVersion], of id: KeyID
  ) throws(InconsistentChange) {
    guard let position = position(ofKeyWithID: id), position == keys.count - 1 else {
      throw InconsistentChange(reason: "versions that do not follow their key")
    }
    keys[position].versions += versions
  }

  /// Takes note of the digests, now that all parts are there, and checks what a
  /// part alone could not be checked for.
  ///
  /// Throws ``InconsistentChange`` if a part names what is not there.
  package mutating func finishRestoring() throws(InconsistentChange) {
    for position in keys.indices {
      let key = keys[position]
      guard isConsistent(key) else {
        throw InconsistentChange(reason: "a key whose authors or versions are unknown")
      }
      let authors = [key.creator, key.revocation?.revoker].compactMap(\.self)
      for author in authors + key.versions.map(\.author) { noteAuthor(author, of: key.id) }
      if key.isIssued {
        for version in key.versions.dropLast() { deadTags.insert(version.digest) }
        if key.revocation != nil { deadTags.insert(key.currentVersion.digest) }
      } else {
        positionsByFingerprint[key.currentVersion.digest, default: []].append(position)
      }
    }
  }

  private func isConsistent(_ key: Key) -> Bool {
    key.hasVersionsInOrder && isKnown(key.creator)
      && key.versions.allSatisfy { isKnown($0.author) }
      && key.revocation.map { isKnown($0.revoker) } ?? true
      && key.suspension.map { knownUser($0.suspender) != nil } ?? true
  }

  /// Forgets the keys that name what is not there, so that the rest can be finished;
  /// only before ``finishRestoring()``.
  package mutating func dropInconsistentKeys() throws(InconsistentChange) {
    while true {
      let dropped = Set(keys.filter { !isConsistent($0) }.map(\.id))
      guard !dropped.isEmpty else { return }
      var rest = Organization()
      try forEachPart { (part) throws(InconsistentChange) in
        switch part {
        case .key(let key) where dropped.contains(key.id): break
        case .versions(_, let id) where dropped.contains(id): break
        case .unitGrant(let grant) where dropped.contains(grant.key): break
        case .process(_, let id) where dropped.contains(id): break
        default: try rest.restore(part)
        }
      }
      self = rest
    }
  }

  private func isKnown(_ author: Author) -> Bool {
    switch author {
    case .user(let id): knownUser(id) != nil
    case .key(let id): position(ofKeyWithID: id) != nil
    }
  }
}

extension Key {
  /// Whether its versions are numbered from 1 on.
  var hasVersionsInOrder: Bool {
    versions.enumerated().allSatisfy { $1.number == UInt32($0 + 1) }
  }
}

extension Organization {
  /// Puts another box in the place of a version's sealed value, with the same value
  /// in it; nothing that the organization knows changes.
  package mutating func replaceSealedValue(of version: VersionID, with box: [UInt8]) {
    guard let position = position(ofKeyWithID: version.key),
      let index = keys[position].versions.firstIndex(where: { $0.number == version.number })
    else { return }
    keys[position].versions[index].sealedValue = box
  }
}
