package import Platform

/// Who gets a connection when there are many.
///
/// What a uid can take is bounded, and who is no user of the vault can take but
/// a part of all; so no few uids lock the others out.
package struct ConnectionRoom {
  /// One connection that is there.
  package struct Holder: Sendable {
    package let id: UInt64
    package let userID: UInt32

    /// Whether the peer is an active user of the open vault, root, or the daemon's
    /// own uid.
    package let isKnown: Bool

    /// When the last bytes came.
    package let lastHeard: BootInstant

    package init(id: UInt64, userID: UInt32, isKnown: Bool, lastHeard: BootInstant) {
      self.id = id
      self.userID = userID
      self.isKnown = isKnown
      self.lastHeard = lastHeard
    }
  }

  package enum Verdict: Equatable, Sendable {
    case granted

    /// There is room once the connection of this number has ended.
    case grantedEnding(UInt64)

    /// The uid has so many already.
    case refused(own: Int)

    /// There are so many already, and none that could end for this one.
    case refusedFull(Int)
  }

  private let holders: [Holder]

  package init(_ holders: [Holder]) { self.holders = holders }

  /// What becomes of one more connection.
  package func verdict(for userID: UInt32, isKnown: Bool) -> Verdict {
    let own = holders.count { $0.userID == userID }
    let strangers = holders.count { !$0.isKnown }
    if let verdict = Self.verdict(
      own: own, isKnown: isKnown, count: holders.count, strangers: strangers)
    {
      return verdict
    }
    let peers = isKnown ? holders : holders.filter { !$0.isKnown }
    guard let longestIdle = Self.longestIdle(of: peers) else { return .refusedFull(holders.count) }
    return .grantedEnding(longestIdle.id)
  }

  /// What becomes of one more connection as far as numbers tell, which they mostly do.
  ///
  /// - Parameters:
  ///   - own: How many the uid has.
  ///   - isKnown: Whether a place is reserved for it.
  ///   - count: How many there are.
  ///   - strangers: How many of them no place is reserved for.
  /// - Returns: That; nil if another one must end for it.
  package static func verdict(
    own: Int, isKnown: Bool, count: Int, strangers: Int
  ) -> Verdict? {
    guard own < (isKnown ? Limits.connectionsOfOneUser : Limits.connectionsOfOneStranger) else {
      return .refused(own: own)
    }
    let isFull =
      isKnown
      ? count >= Limits.connections
      : strangers >= Limits.connectionsOfStrangers
        || count >= Limits.connections - Limits.connectionsReserved
    return isFull ? nil : .granted
  }

  /// Of the uid with the most connections the one that was silent for longest.
  private static func longestIdle(of holders: [Holder]) -> Holder? {
    let counts = holders.reduce(into: [UInt32: Int]()) { $0[$1.userID, default: 0] += 1 }
    let most = counts.values.max()
    return holders.filter { counts[$0.userID] == most }.min { $0.lastHeard < $1.lastHeard }
  }
}
