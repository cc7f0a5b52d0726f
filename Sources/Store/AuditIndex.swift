internal import Keyring

/// Where rows of the audit stand in their files, so that any of them can be read
/// without all that are before it.
struct AuditIndex: Equatable, Sendable {
  /// A place to begin at.
  struct Entry: Equatable, Sendable {
    /// The number of the file.
    let file: UInt64

    /// The head before the row there.
    let head: LogHead

    /// Where that row begins.
    let offset: Int

    /// When that row was written.
    let time: Instant

    func isSamePlace(as other: Entry) -> Bool {
      file == other.file && head.sequence == other.head.sequence
    }
  }

  /// One row in so many has an entry.
  private static let stride: UInt64 = 256

  /// In the order of the rows.
  private(set) var entries: [Entry] = []

  /// Takes note of the row that follows what was read or written of `log`.
  mutating func note(rowBehind log: SealedLog, at offset: Int, time: Instant) {
    guard log.frameCount % Self.stride == 0 else { return }
    let entry = Entry(file: log.number, head: log.head, offset: offset, time: time)
    // Rows of older files are read when they are asked for.
    let position = entries.lastIndex { $0.head.sequence <= entry.head.sequence }.map { $0 + 1 } ?? 0
    if position > 0, entries[position - 1].isSamePlace(as: entry) { return }
    entries.insert(entry, at: position)
  }

  /// The last place in a file at or before the row behind number `sequence`.
  func entry(before sequence: UInt64, in file: UInt64) -> Entry? {
    entries.last { $0.head.sequence <= sequence && $0.file == file }
  }

  /// The last place in a file before which all rows are earlier than `time`.
  ///
  /// The vault's time never goes back but when an Owner sets the clock, so this
  /// is looked for from the end.
  func entry(since time: Instant, in file: UInt64) -> Entry? {
    entries.last { $0.time < time && $0.file == file }
  }

  /// The places of rows up to `sequence`, and those of `other` behind it.
  func merged(with other: AuditIndex, behind sequence: UInt64) -> AuditIndex {
    var index = AuditIndex()
    index.entries = entries.filter { $0.head.sequence < sequence } + other.entries
    return index
  }

  /// Forgets the rows of files before the one with that number.
  mutating func drop(before file: UInt64) { entries.removeAll { $0.file < file } }
}
