internal import Keyring

/// The live files of the audit, in their order.
///
/// Each goes on where the one before it has ended. Only the last one grows; the
/// one that is to follow it is there before it is begun, and empty.
struct AuditFiles: Sendable {
  /// One of the files.
  struct Part: Sendable {
    let file: LogFile

    /// Before its first row.
    let log: SealedLog
  }

  /// Those that have begun, at least one.
  private(set) var parts: [Part]

  /// The one that is to follow, if there is one.
  private(set) var next: Next?

  struct Next: Sendable {
    let file: LogFile
    let number: UInt64
  }

  init(_ parts: [Part]) { self.parts = parts }

  /// Opens the files that the slots name, and reads their headers.
  ///
  /// Throws `damaged` if one of them is missing or does not follow its former.
  init(opening slots: SlotFile, in directory: VaultDirectory) throws(StoreError) {
    parts = []
    for number in slots.audit {
      let file = try LogFile(VaultDirectory.FileName.audit(number), in: directory)
      let header = try file.read(at: 0, atMost: SealedLog.headerByteCount)
      do throws(StoreError) {
        let log = try SealedLog(
          kind: .audit, vault: slots.vault, number: number, readingHeaderOf: header)
        guard log.snapshotFrameCount == 0,
          parts.last.map({ $0.log.base.sequence <= log.base.sequence }) ?? true
        else {
          throw .damaged(file: file.name, reason: "it does not follow the file before it")
        }
        parts.append(Part(file: file, log: log))
      } catch {
        // The beginning of a file is written with its first rows, and may be torn.
        guard case .damaged = error, number == slots.audit.last, !parts.isEmpty else {
          throw error
        }
        next = Next(file: file, number: number)
      }
    }
  }

  var last: Part { parts[parts.count - 1] }

  /// The numbers of all of them.
  var numbers: [UInt64] { parts.map(\.log.number) + (next.map { [$0.number] } ?? []) }

  /// Takes note of a file that is to follow the last one.
  mutating func prepare(_ next: Next) { self.next = next }

  /// Takes note that the next file has begun.
  mutating func begin(_ log: SealedLog) {
    guard let next else { preconditionFailure("a file is made before it is begun") }
    parts.append(Part(file: next.file, log: log))
    self.next = nil
  }

  /// Gives up what follows the first `count` files: it is made anew from there.
  mutating func discard(behind count: Int) throws(StoreError) {
    guard count < parts.count else { return }
    precondition(count == parts.count - 1 && next == nil, "only the last file is in doubt")
    let part = parts.removeLast()
    try part.file.truncate(to: 0)
    next = Next(file: part.file, number: part.log.number)
  }

  /// Forgets the first `count` files, which are removed.
  mutating func dropFirst(_ count: Int) { parts.removeFirst(count) }

  /// The position of the first file that must be read to know all rows behind
  /// `sequence`, and whether the file after it is its own.
  func firstPosition(toRead sequence: UInt64) -> Int {
    parts.lastIndex { $0.log.base.sequence < sequence } ?? 0
  }

  /// The position of the first of those that are short together, and end with the one
  /// at `last`.
  ///
  /// Throws ``StoreError/failed(file:operation:_:)``.
  func firstOfShort(upTo last: Int) throws(StoreError) -> Int {
    var (first, byteCount) = (last, 0)
    while first > 0 {
      byteCount += try parts[first - 1].file.byteCount()
      guard byteCount < Self.longByteCount else { break }
      first -= 1
    }
    return first
  }

  /// A file that is longer goes on in another one.
  static let longByteCount = 64 << 20

  /// The position of the file in which the row behind `sequence` is.
  func position(behind sequence: UInt64) -> Int {
    parts.lastIndex { $0.log.base.sequence <= sequence } ?? 0
  }

  /// The position of the last file that was begun before `time`.
  func position(before time: Instant) -> Int {
    parts.lastIndex { $0.log.made < time } ?? 0
  }
}
