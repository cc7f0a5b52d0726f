/// What a change of people, workspaces or policy does to one key.
package struct Effect: Equatable, Sendable {
  package let key: Key

  /// As in `suspended`, or `web: editor, then viewer`.
  package let text: String
}

extension Organization {
  /// How all would be after `changes`, as decided against this state.
  package func after(_ changes: [Change]) -> Organization {
    var after = self
    for change in changes {
      do throws(InconsistentChange) {
        try after.apply(change)
      } catch {
        preconditionFailure("a change that was just decided does not fit: \(error.reason)")
      }
    }
    return after
  }

  /// What becoming as `after` by `changes` does to the keys in sight.
  ///
  /// - Parameters:
  ///   - after: The organization after the changes.
  ///   - changes: Of people, workspaces or policy, as decided against this state.
  ///   - standing: Who may see the keys; nil for everybody.
  ///   - now: The vault's time.
  /// - Returns: An effect for each thing that becomes different, in order of the
  ///   keys' creation.
  package func effects(
    ofBecoming after: Organization, by changes: [Change], seenBy standing: Standing?,
    at now: Instant
  ) -> [Effect] {
    changes.flatMap { change in
      affectedPositions(by: change).flatMap { index -> [Effect] in
        let key = keys[index]
        guard standing.map({ sees($0, key) }) ?? true else { return [] }
        return texts(of: key, becoming: after.keys[index], by: change, in: after, at: now).map {
          Effect(key: key, text: $0)
        }
      }
    }
  }

  /// The positions of the keys that a change can do anything to.
  private func affectedPositions(by change: Change) -> [Int] {
    switch change {
    case .userStateSet(_, let id), .userRemoved(let id, _), .organizationRoleSet(_, let id),
      .workspaceRoleSet(_, let id, _):
      keys.indices.filter { keys[$0].namespace == .user(id) || isAuthor(id, of: keys[$0]) }
    case .workspaceArchived(let id, _):
      keys.indices.filter { keys[$0].namespace == .workspace(id) || reaches(keys[$0], id) }
    case .organizationNamed, .policySet, .userAdded, .userRebound, .workspaceAdded, .keyAdded,
      .keySuspended, .keyResumed, .keyRevoked, .expiryBroughtForward, .versionAdded,
      .versionEnded, .unitGranted, .unitGrantWithdrawn, .keyBound,
      .keysForgotten, .clockSet, .keysRestored,
      .restoredKeysResumed:
      []
    }
  }

  /// Whether a user, or a user key of theirs, has made the newest version of a key.
  private func isAuthor(_ id: UserID, of key: Key) -> Bool {
    switch key.currentVersion.author {
    case .user(let author): author == id
    case .key(let author): self.key(withID: author)?.namespace == .user(id)
    }
  }

  private func reaches(_ key: Key, _ workspace: WorkspaceID) -> Bool {
    key.isIssued && rank(of: standing(of: key), in: workspace) >= .viewer
  }

  private func texts(
    of key: Key, becoming later: Key, by change: Change, in after: Organization, at now: Instant
  ) -> [String] {
    guard key.state(at: now).isLive else { return [] }
    let state = later.state(at: now)
    if state != key.state(at: now) {
      return [state == .active ? "active again" : state.rawValue]
    }
    var texts: [String] = []
    switch (isOrphaned(key, at: now), after.isOrphaned(later, at: now)) {
    case (false, true): texts.append("orphaned: who made it could not make it now")
    case (true, false): texts.append("no longer orphaned")
    case (true, true), (false, false): break
    }
    return texts + [rightsText(of: key, becoming: later, by: change, in: after)].compactMap(\.self)
  }

  /// How the rank changes with which a key acts where the change is.
  private func rightsText(
    of key: Key, becoming later: Key, by change: Change, in after: Organization
  ) -> String? {
    guard key.isIssued, key.type != .workspace else { return nil }
    let (former, now) = (standing(of: key), after.standing(of: later))
    switch change {
    case .workspaceRoleSet(_, _, let id), .workspaceArchived(let id, _):
      let (was, becomes) = (rank(of: former, in: id), after.rank(of: now, in: id))
      guard was != becomes else { return nil }
      return "\(self[id].name.text): \(Self.text(of: was)), then \(Self.text(of: becomes))"
    case .organizationRoleSet(let role, _):
      guard key.type == .user, former.user?.role != now.user?.role else { return nil }
      return role == .owner
        ? "acts with an Owner's rights, as far as its scope goes" : "an Owner's rights no more"
    case .organizationNamed, .policySet, .userAdded, .userStateSet, .userRemoved, .userRebound,
      .workspaceAdded, .keyAdded, .keySuspended, .keyResumed, .keyRevoked, .expiryBroughtForward,
      .versionAdded, .versionEnded, .unitGranted, .unitGrantWithdrawn, .keyBound,
      .keysForgotten, .clockSet, .keysRestored,
      .restoredKeysResumed:
      return nil
    }
  }

  private static func text(of rank: Rank) -> String { rank == .member ? "nothing" : rank.text }

  /// The keys that a change is about, with those that end or are suspended with
  /// their owner or their workspace.
  package func subjects(of change: Change, at now: Instant) -> [VersionID] {
    switch change {
    case .userStateSet(_, let id), .userRemoved(let id, _): liveKeys(of: .user(id), at: now)
    case .workspaceArchived(let id, _): liveKeys(of: .workspace(id), at: now)
    case .keysRestored:
      keys.filter { $0.isIssued && $0.state(at: now).isLive }.map { VersionID($0.id, number: 0) }
    case .restoredKeysResumed:
      keys.filter { comesBack($0, at: now) || hasRestoredGrant($0) }
        .map { VersionID($0.id, number: 0) }
    case .organizationNamed, .policySet, .userAdded, .userRebound, .workspaceAdded,
      .organizationRoleSet, .workspaceRoleSet, .keyAdded, .keySuspended, .keyResumed,
      .keyRevoked, .expiryBroughtForward, .versionAdded, .versionEnded, .unitGranted,
      .unitGrantWithdrawn, .keyBound, .keysForgotten, .clockSet:
      change.subject.map { [$0] } ?? []
    }
  }

  /// How many keys are active again when those that came back are resumed.
  package func restoredKeyCount(at now: Instant) -> Int {
    keys.count { comesBack($0, at: now) }
  }

  /// One that has ended since does not come back, nor one that is suspended by hand.
  private func comesBack(_ key: Key, at now: Instant) -> Bool {
    key.isRestored && key.suspension == nil && key.state(at: now).isLive
  }

  private func liveKeys(of namespace: Namespace, at now: Instant) -> [VersionID] {
    positions(in: namespace).filter { keys[$0].state(at: now).isLive }
      .map { VersionID(keys[$0].id, number: 0) }
  }
}
