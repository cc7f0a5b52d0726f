internal import Platform
internal import Wire

/// The git repository of the working directory, asked by the real git.
///
/// git has its own environment, as in a hook, where it names the index that is committed.
enum GitRepository {
  /// A file as it would be committed.
  struct StagedFile: Equatable {
    /// From the top of the repository.
    let path: String

    /// The name of the object that holds its contents.
    let object: String
  }

  /// Starts git, which does not start the program that a repository names for watching it.
  static func start(_ arguments: [String]) throws(ClientError) -> ChildProgram {
    do throws(Errno) {
      return try ChildProgram(
        "git", arguments: ["git", "-c", "core.fsmonitor=false"] + arguments,
        inheritingAllBut: Set(SetVariables.loginNames))
    } catch .notFound {
      throw ClientError(ExitStatus.failed, "git: no such command", hint: "is it on PATH?")
    } catch {
      throw ClientError(ExitStatus.failed, "git: starting it failed: \(error)")
    }
  }

  /// What git prints, which is no secret.
  ///
  /// - Parameter arguments: Those behind its name.
  /// - Returns: Its standard output.
  /// - Throws: ``ClientError`` if it fails, of which it has told on standard error.
  static func output(of arguments: [String]) throws(ClientError) -> [UInt8] {
    let git = try start(arguments)
    try? git.socket.finishSending()
    var output: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      var span = part.mutableSpan
      let count = try attempting("git: reading") { () throws(Errno) in
        try git.socket.receive(into: &span, at: 0)
      }
      guard let count, count > 0 else { break }
      output += part.prefix(count)
    }
    try end(git, arguments)
    return output
  }

  /// Waits until git has ended.
  ///
  /// - Parameters:
  ///   - git: The program.
  ///   - arguments: What it was started with, for the message.
  /// - Throws: ``ClientError`` if it has failed.
  static func end(_ git: consuming ChildProgram, _ arguments: [String]) throws(ClientError) {
    guard git.end() != 0 else { return }
    throw ClientError(
      ExitStatus.failed, "'git \(arguments.prefix(2).joined(separator: " "))' failed",
      hint: "is this a git repository?")
  }

  // MARK: What is staged

  /// Asks for the files that the next commit adds or changes.
  static func stagedFiles() throws(ClientError) -> [StagedFile] {
    // Outside of one 'git diff' takes its arguments for something else, and tells all it can.
    _ = try output(of: ["rev-parse", "--git-dir"])
    return try files(
      inRawDifferences: output(of: [
        "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative",
        "--diff-filter=d",
      ]))
  }

  /// Reads what `git diff --raw -z --no-renames` has printed.
  ///
  /// - Parameter bytes: `:MODE MODE OBJECT OBJECT STATUS` NUL `PATH` NUL, for each file.
  /// - Returns: The files that have contents: neither submodules nor unmerged ones.
  /// - Throws: ``ClientError`` for anything else.
  ///
  /// Source: git-diff(1), "Raw output format".
  static func files(inRawDifferences bytes: [UInt8]) throws(ClientError) -> [StagedFile] {
    let fields = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard fields.count.isMultiple(of: 2) else { throw .notUnderstood }
    var files: [StagedFile] = []
    for index in stride(from: 0, to: fields.count, by: 2) {
      let words = fields[index].split(separator: " ")
      guard words.count == 5, words[0].hasPrefix(":") else { throw .notUnderstood }
      let (mode, object) = (words[1], words[3])
      guard mode != "160000", object.contains(where: { $0 != "0" }) else { continue }
      files.append(StagedFile(path: fields[index + 1], object: String(object)))
    }
    return files
  }
}

extension ClientError {
  fileprivate static let notUnderstood = ClientError(
    ExitStatus.failed, "git printed what is not understood")
}
