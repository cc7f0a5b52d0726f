internal import Platform

/// The search through what the next commit adds or changes, as it is in git's index.
struct StagedScan: ~Copyable {
  private var search: FileSearch

  /// The longest line that tells of an object: its name, its type and its length.
  private static let headByteCount = 256

  init(_ search: consuming FileSearch) { self.search = search }

  /// Searches all staged files.
  ///
  /// - Throws: ``ClientError`` if git fails, or if the finds cannot be told.
  mutating func scan() throws(ClientError) {
    let files = try GitRepository.stagedFiles()
    guard !files.isEmpty else { return }
    let arguments = ["cat-file", "--batch"]
    // A git that is gone is a failure to be told, and not the end.
    Signal.brokenPipe.ignore()
    var git = try GitRepository.start(arguments)
    for file in files { try scan(file, git: &git) }
    try GitRepository.waitForEnd(of: &git, arguments)
    try search.settle()
  }

  private mutating func scan(
    _ file: GitRepository.StagedFile, git: inout PipedProcess
  ) throws(ClientError) {
    try attempting("git: asking for \(file.object)") { () throws(Errno) in
      try git.write("\(file.object)\n".utf8.span)
    }
    // With the line feed that git puts behind it.
    var rest = try Self.readByteCount(of: file, from: git) + 1
    try search.search(search.report.begin(file.path), forValues: true) {
      (bytes, offset) throws(ClientError) in
      guard rest > 1 else { return 0 }
      let count = try Self.read(file, from: git, into: &bytes, at: offset, limit: rest - 1)
      rest -= count
      return count
    }
    var end = [UInt8](repeating: 0, count: 1)
    var span = end.mutableSpan
    _ = try Self.read(file, from: git, into: &span, at: 0, limit: 1)
  }

  /// Reads the line before an object's contents.
  ///
  /// Byte by byte: what is behind it may be secret, and goes to locked memory only.
  ///
  /// Source: git-cat-file(1), "Batch output".
  private static func readByteCount(
    of file: GitRepository.StagedFile, from git: borrowing PipedProcess
  ) throws(ClientError) -> Int {
    var head: [UInt8] = []
    var byte = [UInt8](repeating: 0, count: 1)
    while head.count < headByteCount {
      var span = byte.mutableSpan
      _ = try read(file, from: git, into: &span, at: 0, limit: 1)
      if byte[0] == 0x0A { break }
      head.append(byte[0])
    }
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    guard words.count == 3, words[0] == file.object, let count = Int(words[2]) else {
      throw ClientError(
        ExitStatus.failed, "\(file.path): git does not have what is staged of it")
    }
    return count
  }

  private static func read(
    _ file: GitRepository.StagedFile, from git: borrowing PipedProcess,
    into bytes: inout MutableSpan<UInt8>, at offset: Int, limit: Int
  ) throws(ClientError) -> Int {
    let count: Int
    do throws(Errno) {
      count = try git.read(into: &bytes, at: offset, limit: limit)
    } catch {
      throw ClientError(ExitStatus.failed, "\(file.path): reading it from git failed: \(error)")
    }
    guard count > 0 else {
      throw ClientError(ExitStatus.failed, "\(file.path): git ended before all of it had come")
    }
    return count
  }
}
