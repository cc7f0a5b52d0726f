internal import Glibc
internal import Platform

/// A backup that is being written: it gets its name when it is whole and on the disk,
/// and until then there is `NAME.new` at the most, which is locked.
struct BackupFile: ~Copyable {
  private let path: String
  private let name: String
  private let directory: Directory
  private let file: FileDescriptor
  private let replaces: Bool

  /// How many bytes it has.
  private(set) var byteCount = 0

  /// Begins the file.
  ///
  /// - Parameters:
  ///   - path: Where it is to be.
  ///   - replaces: Whether it takes the place of a file that is there.
  /// - Throws: ``ClientError`` if there is one, or an unfinished one.
  init(_ path: String, replaces: Bool) throws(ClientError) {
    try Self.checkPlace(path, replaces: replaces)
    let (parent, name) = (path.parentDirectory, path.lastComponent)
    let directory = try attempting("\(parent): opening the directory") { () throws(Errno) in
      try Directory(opening: parent, followsLink: true)
    }
    file = try Self.make(name + ".new", in: directory, at: path + ".new")
    self.directory = directory
    self.name = name
    self.path = path
    self.replaces = replaces
  }

  private static func make(
    _ name: String, in directory: borrowing Directory, at path: String
  ) throws(ClientError) -> FileDescriptor {
    do throws(Errno) {
      if try removeLeftover(name, from: directory) {
        Console.note("\(path): was left by a backup that was cut off, and is made anew")
      }
      let file = try directory.open(name, for: .creating)
      guard try file.tryLock() else { throw Errno.exists }
      return file
    } catch .exists {
      throw ClientError(
        ExitStatus.failed, "\(path): is there, of another backup that is being made, or of none",
        hint: "wait for the other one; a file that is no backup is yours to remove")
    } catch {
      throw ClientError(ExitStatus.failed, "\(path): making it failed: \(error)")
    }
  }

  /// Removes what an interrupted backup has left: it begins as one, as far as it goes, and
  /// nobody locks it.
  ///
  /// - Returns: Whether there was such a file.
  private static func removeLeftover(
    _ name: String, from directory: borrowing Directory
  ) throws(Errno) -> Bool {
    guard try directory.status(of: name)?.kind == .regular else { return false }
    let file = try directory.open(name, for: .readingAndWriting)
    let beginning = try file.read(at: 0, atMost: Self.firstWords.utf8.count)
    guard Array(Self.firstWords.utf8).starts(with: beginning), try file.tryLock() else {
      return false
    }
    // Another one may have taken it over before it was locked.
    guard try directory.status(of: name)?.identity == file.status().identity else { return false }
    try directory.remove(name)
    return true
  }

  /// What each backup begins with.
  private static let firstWords = "coffer backup "

  /// Throws if what is there already is in the way, before anything is asked.
  static func checkPlace(_ path: String, replaces: Bool) throws(ClientError) {
    guard !path.hasSuffix("/") else { throw .usage("\(path): is no name of a file") }
    let former = try attempting("\(path): looking at it") { () throws(Errno) in
      try FileStatus.ofFile(at: path, followsLinks: false)
    }
    guard let former else { return }
    guard former.kind == .regular else {
      throw ClientError(ExitStatus.failed, "\(path): is there, and is no regular file")
    }
    guard replaces else {
      throw ClientError(
        ExitStatus.failed, "\(path): is there already",
        hint: "say --replace to have the backup in its place")
    }
  }

  /// Adds bytes.
  mutating func append(_ bytes: Span<UInt8>) throws(ClientError) {
    do throws(Errno) { try file.writeAll(bytes) } catch { throw failure("writing", error) }
    byteCount += bytes.count
  }

  /// Sees to it that all is on the disk, then gives the file its name.
  borrowing func finish() throws(ClientError) {
    do throws(Errno) { try file.synchronize() } catch { throw failure("syncing", error) }
    try Self.checkPlace(path, replaces: replaces)
    do throws(Errno) {
      try directory.rename(name + ".new", to: name)
      try directory.synchronize()
    } catch {
      throw failure("giving it its name", error)
    }
  }

  /// Takes away what was written.
  borrowing func remove() { try? directory.remove(name + ".new") }

  private borrowing func failure(_ attempt: String, _ error: Errno) -> ClientError {
    ClientError(ExitStatus.failed, "\(path).new: \(attempt) failed: \(error)")
  }
}
