internal import Platform

/// A file that gets its name when it is whole and on the disk; until then it has one that
/// no other process draws.
struct NewFile: ~Copyable {
  private let directory: Directory
  private let name: String
  private let unfinishedName: String
  private let file: FileDescriptor

  /// Begins a file.
  ///
  /// - Parameters:
  ///   - path: Where it is to be; its directory is there.
  ///   - permissions: Its mode, whatever the file mode creation mask is.
  /// - Throws: ``Errno``.
  init(_ path: String, permissions: UInt32) throws(Errno) {
    let slash = path.lastIndex(of: "/")
    let directory = try Directory(
      opening: slash.map { String(path[...$0]) } ?? ".", followsLink: true)
    let unfinishedName = try Self.drawName()
    file = try Self.make(unfinishedName, in: directory, permissions: permissions)
    name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    self.directory = directory
    self.unfinishedName = unfinishedName
  }

  private static func make(
    _ name: String, in directory: borrowing Directory, permissions: UInt32
  ) throws(Errno) -> FileDescriptor {
    let file = try directory.open(name, for: .creating)
    do throws(Errno) {
      try file.setPermissions(permissions)
    } catch {
      try? directory.remove(name)
      throw error
    }
    return file
  }

  /// Writes all of the file and gives it its name; what was begun is gone if that fails.
  ///
  /// - Parameters:
  ///   - bytes: What it holds.
  ///   - replaces: Whether it takes the place of what bears the name.
  /// - Returns: Whether it has the name; false if that was taken, and nothing is replaced.
  /// - Throws: ``Errno``.
  borrowing func finish(with bytes: Span<UInt8>, replaces: Bool) throws(Errno) -> Bool {
    var isNamed = true
    do throws(Errno) {
      try file.writeAll(bytes)
      try file.synchronize()
      if replaces {
        try directory.rename(unfinishedName, to: name)
      } else {
        isNamed = try directory.link(unfinishedName, as: name)
        try directory.remove(unfinishedName)
      }
    } catch {
      remove()
      throw error
    }
    try directory.synchronize()
    return isNamed
  }

  private borrowing func remove() { try? directory.remove(unfinishedName) }

  private static func drawName() throws(Errno) -> String {
    var bytes = [UInt8](repeating: 0, count: 8)
    var span = bytes.mutableSpan
    try SystemRandom.fill(&span)
    return ".coffer-" + bytes.map { String($0, radix: 36) }.joined()
  }
}
