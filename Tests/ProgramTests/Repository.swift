import Glibc
import TestSupport

/// A git repository with nothing in it, and nothing of the test's own configuration.
final class Repository {
  static let git = Programs.find("git")

  private let directory: TemporaryDirectory
  let environment: [String: String]
  var path: String { directory.path("repository") }

  /// - Parameter further: What commands run with besides, as the name of a vault.
  init(_ further: [String: String]) {
    directory = TemporaryDirectory()
    environment = further.merging([
      "PATH": Programs.directory + ":/usr/bin:/bin", "HOME": directory.path,
      "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
      "GIT_COMMITTER_NAME": "ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
      "GIT_TERMINAL_PROMPT": "0",
    ]) { $1 }
    git("init", "--quiet", path)
  }

  /// Runs git there.
  @discardableResult
  func git(_ arguments: String..., input: String = "") -> Subprocess.Result {
    let place = Files.names(in: path).isEmpty ? [] : ["-C", path]
    return Subprocess.run(
      Self.git ?? "", place + arguments, environment: environment, input: Array(input.utf8))
  }

  /// Runs a line of the shell there.
  @discardableResult
  func shell(_ line: String, _ further: [String: String] = [:]) -> Subprocess.Result {
    Subprocess.run(
      "/bin/sh", ["-c", "cd '\(path)' && \(line)"], environment: environment.merging(further) { $1 }
    )
  }

  func write(_ text: String, to name: String) {
    Files.write(Array(text.utf8), to: path + "/" + name, mode: 0o644)
  }
}
