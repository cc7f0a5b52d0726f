/// Which keys are listed.
package struct KeyFilter: Equatable, Sendable {
  package var workspace: Name?
  package var type: KeyType?
  package var state: KeyState?

  /// Only keys made later than this one.
  package var after: KeyID?
  package var limit: Int

  package init(
    workspace: Name? = nil, state: KeyState? = nil, after: KeyID? = nil, limit: Int
  ) {
    self.workspace = workspace
    self.state = state
    self.after = after
    self.limit = limit
  }
}

/// A page of the keys in sight, in order of creation.
package struct KeyPage: Equatable, Sendable {
  package let keys: [Key]

  /// Whether there are more behind the last one.
  package let hasMore: Bool
}

extension Organization {
  /// The keys that `filter` leaves of those in the caller's sight.
  ///
  /// Throws `not found` for a workspace that is not in sight, and for an `after`
  /// that no key in sight has.
  package func page(
    _ filter: KeyFilter, for caller: Caller, at now: Instant
  ) throws(Refusal) -> KeyPage {
    let standing = try standing(of: caller, at: now)
    try standing.require(.list, on: filter.workspace?.text ?? "list")
    var start = 0
    if let after = filter.after {
      guard let position = position(ofKeyWithID: after), sees(standing, keys[position]) else {
        throw .notFound("id:\(after.text)")
      }
      start = position + 1
    }
    guard let name = filter.workspace else {
      // Who sees little does not pay for what others have.
      let inSight = positionsByNamespace.filter { mayHoldKeys($0.key, inSightOf: standing) }
      if inSight.values.reduce(0, { $0 + $1.count }) == keys.count {
        return page(filter, of: start..<keys.count, for: standing, at: now)
      }
      let positions = inSight.values.flatMap { $0[lowerBound(of: start, in: $0)...] }.sorted()
      return page(filter, of: positions, for: standing, at: now)
    }
    let workspace = try workspace(named: name, inSightOf: standing, as: name.text)
    let positions = positions(in: .workspace(workspace.id))
    return page(
      filter, of: positions[lowerBound(of: start, in: positions)...], for: standing, at: now)
  }

  /// Whether some keys of `namespace` may be in sight.
  private func mayHoldKeys(_ namespace: Namespace, inSightOf standing: Standing) -> Bool {
    may(.see, namespace, standing)
      || (namespace == .organization && rankInOrganization(of: standing) != nil)
  }

  /// The first index of `positions`, which ascend, that does not hold less than `start`.
  private func lowerBound(of start: Int, in positions: [Int]) -> Int {
    var range = positions.startIndex..<positions.endIndex
    while let middle = range.isEmpty ? nil : range.lowerBound + range.count / 2 {
      range =
        positions[middle] < start ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
    }
    return range.lowerBound
  }

  private func page(
    _ filter: KeyFilter, of positions: some Sequence<Int>, for standing: Standing, at now: Instant
  ) -> KeyPage {
    var page: [Key] = []
    for position in positions {
      let key = keys[position]
      guard filter.state == nil || filter.state == key.state(at: now),
        filter.type == nil || filter.type == key.type, sees(standing, key),
        filter.state != nil || !isEndedKeyOfProcess(key, at: now)
      else {
        continue
      }
      if page.count == filter.limit { return KeyPage(keys: page, hasMore: true) }
      page.append(key)
    }
    return KeyPage(keys: page, hasMore: false)
  }

  /// Whether a key was one of a process; of these there may be very many.
  private func isEndedKeyOfProcess(_ key: Key, at now: Instant) -> Bool {
    !processes.isEmpty && !key.state(at: now).isLive && processes[key.id] != nil
  }

  /// The key that `reference` names, live or ended, to be shown.
  ///
  /// Throws `not found`, as ``key(_:inSightOf:at:)`` does, and `forbidden` if the
  /// caller acts as a key that may not list.
  package func shownKey(
    _ reference: KeyReference, to standing: Standing, at now: Instant
  ) throws(Refusal) -> Key {
    try standing.require(.list, on: reference.text)
    return try key(reference, inSightOf: standing, at: now)
  }
}
