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

  /// What becoming as `after` does to the keys in sight.
  ///
  /// - Parameters:
  ///   - after: The organization after some changes of people or workspaces.
  ///   - standing: Who may see the keys; nil for everybody.
  ///   - now: The vault's time.
  /// - Returns: An effect for each thing that becomes different, in order of the
  ///   keys' creation.
  package func effects(
    ofBecoming after: Organization, seenBy standing: Standing?, at now: Instant
  ) -> [Effect] {
    keys.indices.flatMap { index -> [Effect] in
      let key = keys[index]
      guard standing.map({ sees($0, key) }) ?? true else { return [] }
      return texts(of: key, becoming: after.keys[index], in: after, at: now).map {
        Effect(key: key, text: $0)
      }
    }
  }

  private func texts(
    of key: Key, becoming later: Key, in after: Organization, at now: Instant
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
    return texts + rightsTexts(of: key, becoming: later, in: after)
  }

  private func rightsTexts(
    of key: Key, becoming later: Key, in after: Organization
  ) -> [String] {
    guard key.isIssued, key.type != .workspace else { return [] }
    let (before, now) = (rights(of: key), after.rights(of: later))
    var places = before.map(\.place)
    places += now.map(\.place).filter { !places.contains($0) }
    return places.compactMap { place in
      let was = before.first { $0.place == place }
      let becomes = now.first { $0.place == place }
      guard was != becomes else { return nil }
      return "\(after.text(of: place)): \(was?.rank.text ?? "nothing"), "
        + "then \(becomes?.rank.text ?? "nothing")"
    }
  }

  private func text(of place: Right.Place) -> String {
    switch place {
    case .workspace(let id): self[id].name.text
    case .own: "own keys"
    case .organization: "organization"
    }
  }

  /// The keys that a change is about, with those that end or are suspended with
  /// their owner or their workspace.
  package func subjects(of change: Change, at now: Instant) -> [VersionID] {
    switch change {
    case .userStateSet(_, let id), .userRemoved(let id, _): liveKeys(of: .user(id), at: now)
    case .workspaceArchived(let id, _): liveKeys(of: .workspace(id), at: now)
    case .organizationNamed, .policySet, .userAdded, .userRebound, .workspaceAdded,
      .organizationRoleSet, .workspaceRoleSet, .keyAdded, .keySuspended, .keyResumed,
      .keyRevoked, .expiryBroughtForward, .versionAdded, .versionEnded, .clockSet:
      change.subject.map { [$0] } ?? []
    }
  }

  private func liveKeys(of namespace: Namespace, at now: Instant) -> [VersionID] {
    positions(in: namespace).filter { keys[$0].state(at: now).isLive }
      .map { VersionID(keys[$0].id, number: 0) }
  }
}
