internal import Glibc
internal import Platform
internal import Wire

/// The search through files and directories that the command line names.
///
/// What cannot be read is told, and the others are searched nevertheless.
struct TreeScan: ~Copyable {
  private var search: FileSearch

  /// What git keeps for itself, packed.
  private static let skippedDirectory = Array(".git".utf8)

  /// How deeply directories may be nested; each one is open, and has its part of the stack.
  private static let maximumDepth = 1000

  init(_ search: consuming FileSearch) { self.search = search }

  /// Searches a file, for stored values too, or a directory with all that is in it.
  ///
  /// - Parameter path: A link is followed, but none that is found in a directory.
  /// - Throws: ``ClientError`` if the finds cannot be told.
  mutating func scan(_ path: String) throws(ClientError) {
    let status = opened(path) { () throws(Errno) in
      guard let status = try FileStatus.ofFile(at: path, followsLinks: true) else {
        throw .notFound
      }
      return status
    }
    guard let status else { return }
    switch status.kind {
    case .directory:
      let directory = opened(path) { () throws(Errno) in
        try Directory(opening: path, followsLink: true)
      }
      let prefix = path == "." ? "" : path.hasSuffix("/") ? path : path + "/"
      if let directory { try scan(directory, prefix, depth: 0) }
    case .regular:
      let file = opened(path) { () throws(Errno) in
        try FileDescriptor.open(path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
      }
      if let file { try scan(file, path, forValues: true) }
    case .socket, .symbolicLink, .other:
      search.report.note(
        unreadable: ClientError(ExitStatus.failed, "\(path): is neither a file nor a directory"))
    }
  }

  /// Looks up what was gathered, and tells of all that was found.
  func finish() throws(ClientError) { try search.settle() }

  private mutating func scan(
    _ directory: borrowing Directory, _ prefix: String, depth: Int
  ) throws(ClientError) {
    guard depth <= Self.maximumDepth else {
      return search.report.note(
        unreadable: ClientError(
          ExitStatus.failed,
          "\(PrintableText.object(prefix)): more than \(Self.maximumDepth) directories are nested, "
            + "and what is in this one was not searched"))
    }
    let entries = opened(prefix.isEmpty ? "." : prefix) { () throws(Errno) in
      try directory.entries()
    }
    for entry in entries ?? [] {
      try scan(entry, of: directory, prefix + entry.text, depth: depth)
    }
  }

  private mutating func scan(
    _ entry: DirectoryEntry, of directory: borrowing Directory, _ path: String, depth: Int
  ) throws(ClientError) {
    switch entry.kind {
    case .directory:
      guard entry.name != Self.skippedDirectory else { return }
      let child = opened(path) { () throws(Errno) in try directory.directory(entry) }
      if let child { try scan(child, path + "/", depth: depth + 1) }
    case .regular:
      let file = opened(path) { () throws(Errno) in try directory.file(entry) }
      if let file { try scan(file, path, forValues: false) }
    case .socket, .symbolicLink, .other: break
    }
  }

  private mutating func scan(
    _ file: borrowing FileDescriptor, _ path: String, forValues wantsValues: Bool
  ) throws(ClientError) {
    var failure: Errno?
    try search.search(search.report.begin(path), forValues: wantsValues) { bytes, offset in
      do throws(Errno) {
        return try file.read(into: &bytes, at: offset)
      } catch {
        failure = error
        return 0
      }
    }
    try search.tell()
    if let failure { note(path, failure) }
  }

  /// What `body` opens; nil if it cannot, which is told.
  private func opened<Result: ~Copyable>(
    _ path: String, _ body: () throws(Errno) -> Result
  ) -> Result? {
    do throws(Errno) {
      return try body()
    } catch {
      note(path, error)
      return nil
    }
  }

  private func note(_ path: String, _ error: Errno) {
    search.report.note(
      unreadable: ClientError(ExitStatus.failed, "\(path): reading failed: \(error)"))
  }
}
