internal import Platform
internal import Wire

/// What a scan tells: finds on standard output, all else on standard error.
final class ScanReport {
  private let isJSON: Bool
  private(set) var pending: [ScanFind] = []

  /// How many finds there were.
  private(set) var findCount = 0

  /// How many files could not be read.
  private(set) var unreadableCount = 0

  private var fileCount = 0
  private var byteCount = 0
  private let progress = Progress(of: "searching")

  init(isJSON: Bool) { self.isJSON = isJSON }

  // MARK: Finds

  /// Keeps a find until ``printFinds()``.
  func add(_ find: ScanFind) { pending.append(find) }

  /// Names the issued keys that the daemon knows, and keeps the other finds.
  func add(stored finds: [ScanFind]) {
    let names = Dictionary(
      finds.map { ($0.place, $0.key) }, uniquingKeysWith: { first, _ in first })
    for index in pending.indices {
      pending[index].key = names[pending[index].place] ?? pending[index].key
    }
    var known = Set(pending.map(\.place))
    for find in finds where known.insert(find.place).inserted { pending.append(find) }
  }

  /// Prints what was found since the last time, file by file.
  func printFinds() throws(ClientError) {
    guard !pending.isEmpty else { return }
    progress?.restart()
    let finds = pending.sorted { ($0.file.number, $0.line) < ($1.file.number, $1.line) }
    if isJSON {
      try Console.print(finds.map(\.json))
    } else {
      try Console.print(finds.map(\.text))
    }
    findCount += finds.count
    pending = []
  }

  // MARK: Files

  /// Takes note that a file is searched now.
  func begin(_ path: String) -> ScannedFile {
    fileCount += 1
    return ScannedFile(path: path, number: fileCount)
  }

  /// Takes note of bytes that were searched.
  func note(byteCount: Int) {
    self.byteCount += byteCount
    progress?.note("\(fileCount) files, \(Progress.megabytes(self.byteCount))")
  }

  /// Tells of what cannot be read, and goes on.
  func note(unreadable error: ClientError) {
    progress?.restart()
    unreadableCount += 1
    Console.note(error.message)
  }

  /// Takes progress off the terminal, before something else is told there.
  func finishProgress() { progress?.restart() }
}
