internal import Platform

/// A directory in memory that a command has files in, and that is gone when the
/// command is.
///
/// The process that makes it becomes the command, so another one looks after it: a
/// keeper, which is this program anew, in a session of its own, with nothing in its
/// memory and without a child-parent tie to the command. It removes the directory when
/// the command has ended, however it has. Where the keeper itself was killed, the next
/// command with such a directory removes it.
enum RunDirectory {
  /// What names begin with; behind it stand the process, and random digits.
  private static let prefix = "coffer."

  /// The word by which this program is told to be a keeper.
  static let keeperWord = "--keep-directory"

  /// Makes a directory for this process, and starts its keeper.
  ///
  /// - Returns: Its path.
  /// - Throws: ``ClientError`` if there is no file system in memory to make it on.
  static func create() throws(ClientError) -> String {
    let parent = try parent()
    sweep(parent)
    guard let process = ProcessIdentity.current else {
      throw ClientError(ExitStatus.failed, "/proc is not there, so no files can be given")
    }
    let path = "\(parent)/\(prefix)\(process.text).\(try randomDigits())"
    try attempting("\(path): making the directory") { () throws(Errno) in
      try Directory.createNew(path)
    }
    do throws(Errno) {
      _ = try Process.startDetached(
        "/proc/self/exe", arguments: ["coffer", keeperWord, path], environment: [])
    } catch {
      try? Directory.removeTree(path)
      throw ClientError(
        ExitStatus.failed, "starting the process failed that removes \(path) in the end: \(error)")
    }
    return path
  }

  /// The file system in memory that is this user's, or the one of all.
  private static func parent() throws(ClientError) -> String {
    if let own = Environment.value(of: "XDG_RUNTIME_DIR"), own.hasPrefix("/"), isOwn(own) {
      return own
    }
    let shared = "/dev/shm"
    guard (try? FileSystem.isInMemory(shared)) == true else {
      throw ClientError(
        ExitStatus.failed, "there is no file system in memory to give files on",
        hint: "set XDG_RUNTIME_DIR to a directory of yours on a tmpfs, or mount /dev/shm")
    }
    return shared
  }

  private static func isOwn(_ path: String) -> Bool {
    guard let status = try? FileStatus.ofFile(at: path, followsLinks: true) else { return false }
    return status.kind == .directory && status.owner == Process.userID
      && status.permissions & 0o022 == 0 && (try? FileSystem.isInMemory(path)) == true
  }

  private static func randomDigits() throws(ClientError) -> String {
    var bytes = [UInt8](repeating: 0, count: 8)
    try attempting("drawing a name") { () throws(Errno) in
      var span = bytes.mutableSpan
      try SystemRandom.fill(&span)
    }
    return bytes.map { String($0, radix: 16) }.joined()
  }

  // MARK: Removing

  /// Removes what processes have left that have ended, without their keepers.
  private static func sweep(_ parent: String) {
    guard let directory = try? Directory(opening: parent, followsLink: true),
      let names = try? directory.names()
    else { return }
    for name in names {
      guard let process = process(of: name), process.isInSight, process.hasEnded,
        isOwnDirectory(parent + "/" + name)
      else { continue }
      try? Directory.removeTree(parent + "/" + name)
    }
  }

  /// The process that a directory is of; nil for a name that is none of ours.
  private static func process(of name: String) -> ProcessIdentity? {
    guard name.hasPrefix(prefix) else { return nil }
    let text = name.dropFirst(prefix.count)
    guard let dot = text.lastIndex(of: ".") else { return nil }
    return ProcessIdentity(text: String(text[..<dot]))
  }

  private static func isOwnDirectory(_ path: String) -> Bool {
    let status = try? FileStatus.ofFile(at: path, followsLinks: false)
    return status.map { $0.kind == .directory && $0.owner == Process.userID } ?? false
  }

  /// Waits for the process that a directory is of, and removes the directory then.
  ///
  /// - Parameter arguments: Those behind ``keeperWord``: the path. What is no such
  ///   directory is left alone.
  /// - Returns: The exit status, which nobody waits for.
  static func keep(_ arguments: [[UInt8]]) -> Int32 {
    guard arguments.count == 1, let path = String(validating: arguments[0], as: UTF8.self),
      let process = process(of: path.lastComponent),
      isOwnDirectory(path)
    else { return ExitStatus.usage }
    // Where a service is stopped its whole group is told to end, and the command may
    // take its time.
    for signal in [Signal.terminate, .hangUp, .interrupt] { signal.ignore() }
    do throws(Errno) {
      try process.waitForEnd()
      try Directory.removeTree(path)
      return ExitStatus.done
    } catch {
      return ExitStatus.failed
    }
  }
}
