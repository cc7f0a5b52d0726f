internal import Glibc
internal import Platform
internal import Wire

/// The hook that keeps keys out of commits.
enum GitHook {
  /// What the hook runs, and what stands in another one that does the same.
  private static let command: StaticString = "coffer scan --staged"

  /// The hook; git may run it with a PATH in which Coffer is not.
  ///
  /// - Parameter directory: Where `coffer` is, if that can be told.
  /// - Returns: A script.
  static func text(programsIn directory: String?) -> String {
    let quoted = directory?.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''")
    let path = quoted.map { "PATH=$PATH:'\($0)'\n" } ?? ""
    return """
      #!/bin/sh
      # Keeps keys out of commits; made by 'coffer scan --install-hook'.
      \(path)\(command) && exit
      echo "pre-commit: nothing was committed; 'git commit --no-verify' goes past this" >&2
      exit 1

      """
  }

  /// The longest hook of somebody else that is looked at.
  private static let maximumByteCount = 1 << 20

  /// Writes the hook where the repository has its hooks, unless one is there.
  ///
  /// - Throws: ``ClientError`` if another hook is there, or if writing fails.
  static func install() throws(ClientError) {
    let directory = try directory()
    let path = directory + "/pre-commit"
    if try isThere(path) { return Console.note("\(path): calls '\(command)' already") }
    let isMade = try attempting("\(path): making the hook") { () throws(Errno) in
      try Directory.create(directory, permissions: 0o755)
      let text = text(programsIn: Process.programDirectory)
      return try NewFile(path, permissions: 0o755).finish(with: text.utf8.span)
    }
    guard isMade else { throw foreign(path) }
    Console.note("\(path): each commit is searched for keys from now on")
    Console.hint("'git commit --no-verify' goes past it")
  }

  private static func directory() throws(ClientError) -> String {
    let output = try GitRepository.output(of: ["rev-parse", "--git-path", "hooks"])
    let line = output.last == 0x0A ? output.dropLast() : output[...]
    guard let path = String(validating: line, as: UTF8.self), !path.isEmpty else {
      throw ClientError(ExitStatus.failed, "git: the path of its hooks is not UTF-8")
    }
    return path
  }

  /// Whether a hook is there that calls Coffer.
  ///
  /// - Parameter path: The hook.
  /// - Returns: Whether; false if there is none at all.
  /// - Throws: ``ClientError`` for a hook of another kind.
  private static func isThere(_ path: String) throws(ClientError) -> Bool {
    let status = try attempting("\(path): looking at it") { () throws(Errno) in
      try FileStatus.ofFile(at: path, followsLinks: false)
    }
    guard status != nil else { return false }
    let former = try attempting("\(path): reading it") { () throws(Errno) in
      try FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK).readAll(limit: maximumByteCount)
    }
    guard let former, calls(former) else { throw foreign(path) }
    let target = try attempting("\(path): looking at it") { () throws(Errno) in
      try FileStatus.ofFile(at: path, followsLinks: true)
    }
    guard let target, target.permissions & 0o111 != 0 else {
      throw ClientError(
        ExitStatus.failed,
        "\(path): calls '\(command)', but git does not run it: it is not executable",
        hint: "chmod +x '\(path)'")
    }
    return true
  }

  /// Whether a hook calls Coffer in a line that does nothing else before, and that does not
  /// go on whatever was found.
  static func calls(_ hook: [UInt8]) -> Bool {
    String(decoding: hook, as: UTF8.self).split(separator: "\n").contains { line in
      var words = line.split { $0 == " " || $0 == "\t" || $0 == ";" }[...]
      while let word = words.first, word == "exec" || word == "if" || word == "!" {
        words.removeFirst()
      }
      guard let program = words.first?.split(separator: "/").last,
        ([program] + words.dropFirst()).starts(with: "\(command)".split(separator: " "))
      else { return false }
      let end = words.firstIndex(of: "||").map { words[($0 + 1)...] } ?? []
      return !["true", ":", "echo"].contains(end.first ?? "") && words.last != "&"
    }
  }

  private static func foreign(_ path: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "\(path): another hook is there, which is left as it is",
      hint: "add this line to it: \(command) || exit 1")
  }
}
