import Glibc
import Platform

/// The program in `Tests/reader`, which reads vaults by what `Format.md` says.
package enum SecondReader {
  private static let python = "/usr/bin/python3"

  /// Whether it can run here: it needs Python and PyNaCl.
  package static let isPossible =
    Programs.find("python3") != nil
    && Subprocess.run(python, ["-c", "import nacl.bindings"]).status == 0

  package static let reason = "python3-nacl is not installed"

  private static let program: String = {
    let path = #filePath
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let tests = parts.lastIndex(of: "Tests") ?? 0
    return parts[...tests].joined(separator: "/") + "/reader"
  }()

  /// What opens a vault.
  package enum Secret {
    case passphrase(String)
    case keyFile([UInt8])

    fileprivate var option: String {
      switch self {
      case .passphrase: "--passphrase-file"
      case .keyFile: "--key-file"
      }
    }

    fileprivate var bytes: [UInt8] {
      switch self {
      case .passphrase(let text): Array(text.utf8)
      case .keyFile(let bytes): bytes
      }
    }
  }

  /// Runs it.
  ///
  /// - Parameters:
  ///   - command: `keys` or `audit`.
  ///   - path: A state directory, or a backup.
  ///   - secret: What opens it.
  ///   - seconds: When states are told, in seconds since 1970; the vault's mark if nil.
  /// - Returns: How it ended.
  package static func run(
    _ command: String, _ path: String, _ secret: Secret, at seconds: Int64? = nil
  ) -> Subprocess.Result {
    let directory = TemporaryDirectory()
    let secretPath = directory.path("secret")
    Files.write(secret.bytes, to: secretPath)
    var arguments = ["-B", program, command, path, secret.option, secretPath]
    if let seconds { arguments += ["--at", String(seconds)] }
    return Subprocess.run(python, arguments, environment: ["LANG": "C.UTF-8"])
  }
}
