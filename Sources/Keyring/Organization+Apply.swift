// Making changes true.

extension Organization {
  /// Makes `change` true.
  ///
  /// Throws ``InconsistentChange`` if it does not fit; then nothing is changed.
  package mutating func apply(_ change: Change) throws(InconsistentChange) {
    switch change {
    case .organizationNamed(let name): self.name = name
    case .policySet(let policy): self.policy = policy
    case .userAdded(let user): try add(user)
    case .userStateSet(let state, let id): try set(state, of: id)
    case .userRebound(let id, let uid): try rebind(id, to: uid)
    case .workspaceAdded(let workspace): try add(workspace)
    case .userRemoved(let id, let revocation): try remove(id, revocation)
    case .workspaceArchived(let id, let revocation):
      let position = try position(of: id)
      try revokeLiveKeys(of: .workspace(id), revocation)
      workspaces[position].isArchived = true
    case .organizationRoleSet(let role, let id): users[try position(of: id)].role = role
    case .workspaceRoleSet(let role, let id, let workspace):
      _ = try position(of: workspace)
      users[try position(of: id)].workspaceRoles[workspace] = role
    case .keyAdded(let key): try add(key)
    case .keySuspended(let id, let suspension):
      let position = try livePosition(of: id)
      _ = try self.position(of: suspension.suspender)
      keys[position].suspension = suspension
    case .keyResumed(let id):
      let position = try livePosition(of: id)
      keys[position].suspension = nil
      keys[position].isRestored = false
    case .keyRevoked(let id, let revocation): try revoke(id, revocation)
    case .expiryBroughtForward(let id, let moment):
      let position = try livePosition(of: id)
      for index in keys[position].versions.indices {
        let expires = keys[position].versions[index].expires
        keys[position].versions[index].expires = expires.map { min($0, moment) } ?? moment
      }
    case .versionAdded(let version, let id, let lifetime, let formerEnd):
      try add(version, to: id, lifetime, formerEnd: formerEnd)
    case .versionEnded(let version, let moment): try end(version, at: moment)
    case .unitGranted(let credential, let id): try add(UnitGrant(credential, of: id))
    case .unitGrantWithdrawn(let credential, let id): try withdraw(credential, from: id)
    case .keyBound(let id, let process): try bind(id, to: process)
    case .keysForgotten(let ids): try forget(ids)
    case .clockSet: break
    case .keysRestored:
      for position in keys.indices where keys[position].isIssued {
        keys[position].isRestored = !keys[position].hasEnded
      }
      setGrantsRestored(true)
    case .restoredKeysResumed(let moment):
      for position in keys.indices where keys[position].state(at: moment).isLive {
        keys[position].isRestored = false
      }
      setGrantsRestored(false)
    }
  }

  // MARK: People

  private func position(of id: UserID) throws(InconsistentChange) -> Int {
    let position = Int(id.number) - 1
    guard users.indices.contains(position) else {
      throw InconsistentChange(reason: "an unknown user")
    }
    return position
  }

  private func position(of id: WorkspaceID) throws(InconsistentChange) -> Int {
    let position = Int(id.number) - 1
    guard workspaces.indices.contains(position) else {
      throw InconsistentChange(reason: "an unknown workspace")
    }
    return position
  }

  private mutating func add(_ user: User) throws(InconsistentChange) {
    guard Int(user.id.number) == users.count + 1, userByUID[user.uid] == nil,
      userByName[user.name] == nil
    else {
      throw InconsistentChange(reason: "a user that is there already")
    }
    users.append(user)
    userByUID[user.uid] = user.id
    userByName[user.name] = user.id
  }

  private mutating func set(_ state: UserState, of id: UserID) throws(InconsistentChange) {
    let position = try position(of: id)
    guard users[position].state != .removed else {
      throw InconsistentChange(reason: "another state of a user who was removed")
    }
    users[position].state = state
    for key in positions(in: .user(id)) { keys[key].ownerIsDisabled = state != .active }
  }

  private mutating func remove(
    _ id: UserID, _ revocation: Revocation
  ) throws(InconsistentChange) {
    let position = try position(of: id)
    try revokeLiveKeys(of: .user(id), revocation)
    try set(.removed, of: id)
    userByUID[users[position].uid] = nil
    userByName[users[position].name] = nil
  }

  /// One change for all of them: a record has no room for so many.
  private mutating func revokeLiveKeys(
    of namespace: Namespace, _ revocation: Revocation
  ) throws(InconsistentChange) {
    try check(revocation.revoker)
    for position in positions(in: namespace) {
      if keys[position].state(at: revocation.moment).isLive {
        try revoke(keys[position].id, revocation)
      } else {
        end(keyAt: position, by: nil)
      }
    }
  }

  private mutating func rebind(_ id: UserID, to uid: UInt32) throws(InconsistentChange) {
    let position = try position(of: id)
    guard users[position].state != .removed, userByUID[uid] == nil else {
      throw InconsistentChange(reason: "a uid that is bound already")
    }
    userByUID[users[position].uid] = nil
    users[position].uid = uid
    userByUID[uid] = id
  }

  private mutating func add(_ workspace: Workspace) throws(InconsistentChange) {
    guard Int(workspace.id.number) == workspaces.count + 1, workspaceByName[workspace.name] == nil
    else {
      throw InconsistentChange(reason: "a workspace that is there already")
    }
    workspaces.append(workspace)
    workspaceByName[workspace.name] = workspace.id
  }

  // MARK: Keys

  private func check(_ author: Author) throws(InconsistentChange) {
    switch author {
    case .user(let id): _ = try position(of: id)
    case .key(let id):
      guard position(ofKeyWithID: id) != nil else {
        throw InconsistentChange(reason: "an unknown key as an author")
      }
    }
  }

  private func livePosition(of id: KeyID) throws(InconsistentChange) -> Int {
    guard let position = position(ofKeyWithID: id), keys[position].revocation == nil else {
      throw InconsistentChange(reason: "a change of a key that is unknown, or has ended")
    }
    return position
  }

  private mutating func add(_ key: Key) throws(InconsistentChange) {
    guard position(ofKeyWithID: key.id) == nil else {
      throw InconsistentChange(reason: "a key that is there already")
    }
    guard knowsScope(of: key), key.hasVersionsInOrder else {
      throw InconsistentChange(reason: "a key with an unknown workspace, or versions out of order")
    }
    try check(key.creator)
    for version in key.versions { try check(version.author) }
    switch key.namespace {
    case .user(let id): _ = try position(of: id)
    case .workspace(let id):
      guard workspaces.indices.contains(Int(id.number) - 1) else {
        throw InconsistentChange(reason: "a key in an unknown workspace")
      }
    case .organization: break
    }
    noteAuthor(key.creator, of: key.id)
    for version in key.versions { noteAuthor(version.author, of: key.id) }
    let position = keys.count
    keys.append(key)
    noteID(ofKeyAt: position)
    // Whoever had the names has ended, and no clock gives them back.
    for former in [noteName(ofKeyAt: position), noteEnvironmentName(ofKeyAt: position)] {
      if let former { end(keyAt: former, by: nil) }
    }
    positionsByNamespace[key.namespace, default: []].append(position)
    noteDigest(of: key.currentVersion, at: position)
  }

  private mutating func add(
    _ version: KeyVersion, to id: KeyID, _ lifetime: Lifetime, formerEnd: Instant
  ) throws(InconsistentChange) {
    let position = try livePosition(of: id)
    let former = keys[position].currentVersion
    guard version.number == former.number + 1 else {
      throw InconsistentChange(reason: "a version out of its order")
    }
    try check(version.author)
    noteAuthor(version.author, of: id)
    let last = keys[position].versions.count - 1
    endVersions(ofKeyAt: position, before: last)
    keys[position].versions[last].sealedValue = nil
    keys[position].versions[last].graceEnd = formerEnd
    keys[position].versions[last].isEnded = formerEnd <= version.created
    forgetDigest(of: former, at: position)
    keys[position].versions.append(version)
    keys[position].lifetime = lifetime
    noteDigest(of: version, at: position)
  }

  /// Ends the versions before the last but one for good, as their graces are over.
  private mutating func endVersions(ofKeyAt position: Int, before last: Int) {
    for index in (0..<last).reversed() {
      // Those before it ended when it came.
      guard !keys[position].versions[index].isEnded else { return }
      keys[position].versions[index].isEnded = true
    }
  }

  private mutating func end(
    _ version: VersionID, at moment: Instant
  ) throws(InconsistentChange) {
    let position = try livePosition(of: version.key)
    let formers = keys[position].versions.dropLast()
    guard let index = formers.firstIndex(where: { $0.number == version.number }) else {
      throw InconsistentChange(reason: "the end of a version that is not a former one")
    }
    let graceEnd = keys[position].versions[index].graceEnd
    keys[position].versions[index].graceEnd = graceEnd.map { min($0, moment) } ?? moment
    keys[position].versions[index].isEnded = true
  }

  private mutating func revoke(
    _ id: KeyID, _ revocation: Revocation
  ) throws(InconsistentChange) {
    try check(revocation.revoker)
    guard let position = position(ofKeyWithID: id), keys[position].revocation == nil else {
      throw InconsistentChange(reason: "the end of a key that is unknown, or has ended")
    }
    let isLive = keys[position].state(at: revocation.moment).isLive
    end(keyAt: position, by: isLive ? revocation : nil)
    for index in keys[position].versions.indices {
      keys[position].versions[index].sealedValue = nil
    }
    if isLive, keys[position].isIssued {
      deadTags.insert(keys[position].currentVersion.digest)
    }
  }

  /// Ends a key for good, and what units are given of it.
  ///
  /// Without a revocation it has expired, and no clock makes it live again.
  private mutating func end(keyAt position: Int, by revocation: Revocation?) {
    if let revocation {
      keys[position].revocation = revocation
      noteAuthor(revocation.revoker, of: keys[position].id)
    } else {
      keys[position].isOver = true
    }
    withdrawGrants(of: keys[position].id)
  }

  /// Makes an imported value known by its fingerprint.
  private mutating func noteDigest(of version: KeyVersion, at position: Int) {
    guard !keys[position].isIssued else { return }
    var positions = positionsByFingerprint[version.digest] ?? []
    // In order of the keys' making, whatever the order of the values.
    positions.insert(position, at: positions.firstIndex { $0 > position } ?? positions.count)
    positionsByFingerprint[version.digest] = positions
  }

  /// Forgets the fingerprint of a value that was replaced; the tag of a text is kept.
  private mutating func forgetDigest(of version: KeyVersion, at position: Int) {
    guard !keys[position].isIssued else {
      deadTags.insert(version.digest)
      return
    }
    positionsByFingerprint[version.digest]?.removeAll { $0 == position }
    if positionsByFingerprint[version.digest]?.isEmpty ?? false {
      positionsByFingerprint[version.digest] = nil
    }
  }
}
