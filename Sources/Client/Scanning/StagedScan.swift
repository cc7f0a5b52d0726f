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
    let git = try GitRepository.start(arguments)
    for file in files { try scan(file, git) }
    try GitRepository.end(git, arguments)
    try search.settle()
  }

  private mutating func scan(
    _ file: GitRepository.StagedFile, _ git: borrowing ChildProgram
  ) throws(ClientError) {
    try attempting("git: asking for \(file.object)") { () throws(Errno) in
      try git.socket.sendAll("\(file.object)\n".utf8.span)
    }
    // git puts a line feed behind the contents, and nothing more until the next is asked for.
    var rest = try Self.readByteCount(of: file, from: git)
    var hasEnd = false
    try search.search(search.report.begin(file.path), forValues: true) {
      (bytes, offset) throws(ClientError) in
      guard rest > 0 else { return 0 }
      let count = try Self.read(file, from: git, into: &bytes, at: offset)
      hasEnd = count > rest
      let own = min(count, rest)
      rest -= own
      return own
    }
    if !hasEnd { try Self.readByte(of: file, from: git) }
  }

  /// Reads the line before an object's contents.
  ///
  /// Byte by byte: what is behind it may be secret, and goes to locked memory only.
  ///
  /// Source: git-cat-file(1), "Batch output".
  private static func readByteCount(
    of file: GitRepository.StagedFile, from git: borrowing ChildProgram
  ) throws(ClientError) -> Int {
    var head: [UInt8] = []
    while head.count < headByteCount {
      let byte = try readByte(of: file, from: git)
      if byte == 0x0A { break }
      head.append(byte)
    }
    let words = String(decoding: head, as: UTF8.self).split(separator: " ")
    guard words.count == 3, words[0] == file.object, let count = Int(words[2]) else {
      throw ClientError(
        ExitStatus.failed, "\(file.path): git does not have what is staged of it")
    }
    return count
  }

  @discardableResult
  private static func readByte(
    of file: GitRepository.StagedFile, from git: borrowing ChildProgram
  ) throws(ClientError) -> UInt8 {
    var byte: [UInt8] = [0]
    var span = byte.mutableSpan
    _ = try read(file, from: git, into: &span, at: 0)
    return byte[0]
  }

  private static func read(
    _ file: GitRepository.StagedFile, from git: borrowing ChildProgram,
    into bytes: inout MutableSpan<UInt8>, at offset: Int
  ) throws(ClientError) -> Int {
    let count: Int?
    do throws(Errno) {
      count = try git.socket.receive(into: &bytes, at: offset)
    } catch {
      throw ClientError(ExitStatus.failed, "\(file.path): reading it from git failed: \(error)")
    }
    guard let count, count > 0 else {
      throw ClientError(ExitStatus.failed, "\(file.path): git ended before all of it had come")
    }
    return count
  }
}
