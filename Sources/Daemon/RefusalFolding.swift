internal import Keyring

/// Which refusals get rows of their own, so that nobody fills the disk with them.
///
/// In a minute that begins with a refusal, a uid's first refusals get a row each;
/// the others get one together, when the minute is over.
struct RefusalFolding {
  private let limit: Int
  private var windows: [UInt32: Window] = [:]

  private struct Window {
    let start: Instant
    var count = 0
  }

  private static let length = Seconds(60)

  init(limit: Int) { self.limit = limit }

  /// Counts a refusal of a uid; a minute goes on until it is taken out.
  ///
  /// - Returns: Whether it gets a row of its own.
  mutating func note(ofUser uid: UInt32, at now: Instant) -> Bool {
    windows[uid, default: Window(start: now)].count += 1
    return (windows[uid]?.count ?? 0) <= limit
  }

  /// How many refusals of a uid had no row of their own.
  struct Folded: Equatable {
    let uid: UInt32
    let count: Int
  }

  /// Takes those out whose minute is over; all of them if `now` is nil.
  mutating func takeFolded(at now: Instant?) -> [Folded] {
    let over = windows.filter { _, window in
      now.map { $0 >= window.start.advanced(by: Self.length) } ?? true
    }
    for uid in over.keys { windows[uid] = nil }
    return over.filter { $0.value.count > limit }
      .map { Folded(uid: $0.key, count: $0.value.count - limit) }
      .sorted { $0.uid < $1.uid }
  }
}
