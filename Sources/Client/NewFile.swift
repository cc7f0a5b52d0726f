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
    try self.init(path) { (file) throws(Errno) in try file.setPermissions(permissions) }
  }

  /// Begins a file that is to take the place of `former`, for the same readers.
  init(_ path: String, inPlaceOf former: borrowing FileDescriptor) throws(Errno) {
    try self.init(path) { (file) throws(Errno) in try file.takeAccess(of: former) }
  }

  private init(
    _ path: String, _ prepare: (borrowing FileDescriptor) throws(Errno) -> Void
  ) throws(Errno) {
    let directory = try Directory(opening: path.parentDirectory, followsLink: true)
    let unfinishedName = try Self.drawName()
    let file = try directory.open(unfinishedName, for: .creating)
    do throws(Errno) {
      try prepare(file)
    } catch {
      try? directory.remove(unfinishedName)
      throw error
    }
    name = path.lastComponent
    self.file = file
    self.directory = directory
    self.unfinishedName = unfinishedName
  }

  /// Writes all of the file and gives it its name, if that is free; what was begun is gone
  /// if it is not, or if anything fails.
  ///
  /// - Parameter bytes: What it holds.
  /// - Returns: Whether it has the name.
  /// - Throws: ``Errno``.
  borrowing func finish(with bytes: Span<UInt8>) throws(Errno) -> Bool {
    try finish(with: bytes) { () throws(Errno) in
      try directory.link(unfinishedName, as: name)
    }
  }

  /// Writes all of the file, and gives it the name of a former one, if that is there still
  /// as it was; what was begun is gone if it is not, or if anything fails.
  ///
  /// - Parameters:
  ///   - bytes: What it holds.
  ///   - former: What was found of the former file when its contents were read.
  /// - Returns: Whether it has the name; false if the former file has changed.
  /// - Throws: ``Errno``.
  borrowing func finish(
    with bytes: Span<UInt8>, inPlaceOf former: FileStatus
  ) throws(Errno) -> Bool {
    try finish(with: bytes) { () throws(Errno) in
      do throws(Errno) {
        // Whoever has the file open, or saves it at this moment, is found out by a look
        // at what was there.
        try directory.exchange(unfinishedName, with: name)
        guard try directory.status(of: unfinishedName) != former else { return true }
        try directory.exchange(unfinishedName, with: name)
        // Saved once more between the two: the latest is what stays.
        if try !isOwn(unfinishedName) { try directory.exchange(unfinishedName, with: name) }
        return false
      } catch .invalidArgument {
        guard try directory.status(of: name) == former else { return false }
        try directory.rename(unfinishedName, to: name)
        return true
      }
    }
  }

  private borrowing func finish(
    with bytes: Span<UInt8>, naming: () throws(Errno) -> Bool
  ) throws(Errno) -> Bool {
    let isNamed: Bool
    do throws(Errno) {
      try file.writeAll(bytes)
      try file.synchronize()
      isNamed = try naming()
    } catch {
      // After a failed exchange it may be what somebody has just saved, which stays.
      if (try? isOwn(unfinishedName)) == true { try? directory.remove(unfinishedName) }
      throw error
    }
    try directory.remove(unfinishedName)
    try directory.synchronize()
    return isNamed
  }

  /// Whether the file has its name, as it may have though the end of it has failed.
  var isNamed: Bool { (try? isOwn(name)) == true }

  /// The name of what is left after ``finish(with:inPlaceOf:)`` has failed.
  ///
  /// It is what somebody has saved meanwhile, or the former file; nil if nothing is left.
  var leftover: String? {
    let status = try? directory.status(of: unfinishedName)
    return status == nil ? nil : unfinishedName
  }

  /// The names of what processes have left in a directory that were killed on the way.
  ///
  /// None as well where it cannot be read.
  static func leftovers(in directory: String) -> [String] {
    do throws(Errno) {
      return try Directory(opening: directory, followsLink: true).names().filter {
        $0.hasPrefix(prefix)
      }
    } catch {
      return []
    }
  }

  /// What the names of files begin with that are not whole.
  private static let prefix = ".coffer-"

  private borrowing func isOwn(_ name: String) throws(Errno) -> Bool {
    try directory.status(of: name)?.identity == file.status().identity
  }

  private static func drawName() throws(Errno) -> String {
    var bytes = [UInt8](repeating: 0, count: 8)
    var span = bytes.mutableSpan
    try SystemRandom.fill(&span)
    return prefix + bytes.map { String($0, radix: 36) }.joined()
  }
}
