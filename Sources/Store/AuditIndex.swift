internal import Keyring

/// Where rows of the audit stand in their file, so that any of them can be read
/// without all that are before it.
struct AuditIndex: Equatable {
  /// A place to begin at.
  struct Entry: Equatable {
    /// The head before the row there.
    let head: LogHead

    /// Where that row begins.
    let offset: Int

    /// When that row was written.
    let time: Instant
  }

  /// One row in so many has an entry.
  private static let stride: UInt64 = 256

  private(set) var entries: [Entry] = []

  /// Takes note of the row that follows `head` and begins at `offset`.
  mutating func note(rowBehind head: LogHead, at offset: Int, time: Instant) {
    guard head.sequence % Self.stride == 0 else { return }
    entries.append(Entry(head: head, offset: offset, time: time))
  }

  /// The last place at or before the row behind number `sequence`; nil if there
  /// are no rows.
  func entry(before sequence: UInt64) -> Entry? {
    entries.last { $0.head.sequence <= sequence } ?? entries.first
  }

  /// The last place before which all rows are earlier than `time`.
  ///
  /// The vault's time never goes back but when an Owner sets the clock, so this
  /// is looked for from the end.
  func entry(since time: Instant) -> Entry? {
    entries.last { $0.time < time } ?? entries.first
  }
}
