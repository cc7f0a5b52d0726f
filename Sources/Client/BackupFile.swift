internal import Glibc
internal import Platform

/// A backup that is being written: it gets its name when it is whole and on the disk,
/// and until then there is `NAME.new` at the most.
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
      return try directory.open(name, for: .creating)
    } catch .exists {
      throw ClientError(
        ExitStatus.failed, "\(path): is there, of a backup that is being made or was cut off",
        hint: "if no other one is being made, remove it")
    } catch {
      throw ClientError(ExitStatus.failed, "\(path): making it failed: \(error)")
    }
  }

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
