internal import Glibc
internal import Platform
internal import Wire

/// The hook that keeps keys out of commits.
enum GitHook {
  /// What the hook runs, and what stands in another one that does the same.
  private static let command = "coffer scan --staged"

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

  /// Whether a hook calls Coffer, and fails for certain when something was found.
  ///
  /// That is told of a line that begins with the call, by `exec`, `if !`, `|| exit`, `set -e`
  /// or its place at the end, and of the hook that is made here; all else is another hook.
  static func calls(_ hook: [UInt8]) -> Bool {
    let lines = String(decoding: hook, as: UTF8.self).split(separator: "\n").map(words)
      .filter { $0.first?.hasPrefix("#") == false }
    let stopsAtFailure = lines.contains { line in
      line.first == "set" && line.dropFirst().first { $0.hasPrefix("-") }?.contains("e") == true
    }
    return lines.indices.contains { index in
      let line = lines[index]
      let start = line.prefix { ["exec", "if", "!"].contains($0) }
      guard var rest = arguments(ofCall: line.dropFirst(start.count)) else { return false }
      rest = rest.drop { !["||", "&&", "|", "&", ";"].contains($0) }
      if start.starts(with: ["if", "!"]) { return rest.first == nil || rest.first == ";" }
      guard start.allSatisfy({ $0 == "exec" }) else { return false }
      let isStop = rest.dropFirst().first == "exit" && rest.dropFirst(2).first != "0"
      switch rest.first {
      case nil: return !start.isEmpty || stopsAtFailure || index == lines.count - 1
      case "||": return isStop
      case "&&": return isStop && lines.last == ["exit", "1"]
      case ";": return !start.isEmpty || stopsAtFailure
      case _: return false
      }
    }
  }

  /// The words of a line, with each `;` as one.
  private static func words(of line: Substring) -> [String] {
    var spaced = ""
    for character in line { spaced += character == ";" ? " ; " : String(character) }
    return spaced.split { $0 == " " || $0 == "\t" }.map(String.init)
  }

  /// What stands behind the call that words begin with; nil if they begin with none.
  private static func arguments(ofCall words: ArraySlice<String>) -> ArraySlice<String>? {
    let call = command.split(separator: " ").map(String.init)
    guard words.first?.lastComponent == call[0], words.dropFirst().starts(with: call.dropFirst())
    else { return nil }
    return words.dropFirst(call.count)
  }

  private static func foreign(_ path: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "\(path): another hook is there, which is left as it is",
      hint: "add this line to it: \(command) || exit 1")
  }
}
