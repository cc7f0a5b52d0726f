/// Which user has met which value last, and how; each pair of them once.
struct Meetings: Equatable, Sendable {
  private(set) var all: [UseRecords.Seen] = []
  private var positions = PositionTable()

  private struct Pair: Hashable {
    let user: UserID
    let version: VersionID
  }

  /// How a user has met a value, if they have.
  subscript(user: UserID, version: VersionID) -> UseRecords.Seen? {
    position(of: Pair(user: user, version: version)).map { all[$0] }
  }

  mutating func reserveCapacity(_ count: Int) {
    all.reserveCapacity(count)
    positions.reserveCapacity(count)
  }

  /// Takes note of a meeting, in the place of an earlier one of the two.
  mutating func note(_ seen: UseRecords.Seen) {
    let pair = Pair(user: seen.user, version: seen.version)
    guard let position = position(of: pair) else {
      positions.insert(all.count, hash: PositionTable.hash(of: pair))
      return all.append(seen)
    }
    all[position] = seen
  }

  /// Forgets the meetings with values of which `isForgotten` is true.
  mutating func forget(where isForgotten: (VersionID) -> Bool) {
    // Mostly there is none, and looking is quicker than copying.
    guard all.contains(where: { isForgotten($0.version) }) else { return }
    let rest = all.filter { !isForgotten($0.version) }
    self = Meetings()
    reserveCapacity(rest.count)
    for seen in rest { note(seen) }
  }

  /// Whether both tell the same, in whatever order.
  static func == (left: Meetings, right: Meetings) -> Bool {
    left.all.count == right.all.count
      && left.all.allSatisfy { right[$0.user, $0.version] == $0 }
  }

  private func position(of pair: Pair) -> Int? {
    positions.position(hash: PositionTable.hash(of: pair)) {
      all[$0].user == pair.user && all[$0].version == pair.version
    }
  }
}
