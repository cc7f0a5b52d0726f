package import Platform

/// How the time of the event loop is divided among uids: by deficit round robin.
///
/// In each turn of the loop the commands of a uid get one share. A command is
/// not interrupted; what it takes beyond the share is taken off the next turns
/// of its uid. So it does not pay to have more connections than others, or
/// commands that take longer.
///
/// Source: M. Shreedhar, G. Varghese, Efficient Fair Queueing Using Deficit Round
/// Robin, 1995.
package struct TurnShares {
  private let share: Int64

  /// What each uid has had and not paid for yet, in nanoseconds.
  private var used: [UInt32: Int64] = [:]

  /// Whether somebody was put off in the last turn.
  package private(set) var wasContended = false
  private var isContended = false

  /// - Parameter share: In nanoseconds, at least 1.
  package init(share: Int64) { self.share = share }

  /// Gives each uid another share.
  package mutating func beginTurn() {
    (wasContended, isContended) = (isContended, false)
    guard !used.isEmpty else { return }
    used = used.compactMapValues { $0 > share ? $0 - share : nil }
  }

  /// What is left of a uid's share, in nanoseconds; 0 if nothing is.
  package func rest(of userID: UInt32) -> Int64 { max(share - (used[userID] ?? 0), 0) }

  /// Whether a connection of the uid has its turn; if not, it is put off.
  package mutating func admits(_ userID: UInt32) -> Bool {
    let admits = rest(of: userID) > 0
    isContended = isContended || !admits
    return admits
  }

  /// Takes a time off the share of a uid.
  package mutating func charge(_ userID: UInt32, from start: BootInstant, to end: BootInstant) {
    used[userID, default: 0] += max(end.nanoseconds - start.nanoseconds, 0)
  }
}
