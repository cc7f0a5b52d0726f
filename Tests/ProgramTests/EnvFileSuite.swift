import Glibc
import TestSupport

/// A suite of tests with a vault, and a dotenv file that is imported into it.
protocol EnvFileSuite {
  var fixture: VaultFixture { get }
}

extension EnvFileSuite {
  /// The directory of the file, which nothing else is in.
  var directory: String { fixture.directory.path("project") }
  var path: String { directory + "/.env" }
  var text: String { String(decoding: Files.read(path), as: UTF8.self) }

  /// Makes the vault and the directory.
  func begin() {
    fixture.initializeWithKeys()
    mkdir(directory, 0o755)
  }

  func write(_ text: String, mode: UInt32 = 0o640) {
    Files.write(Array(text.utf8), to: path, mode: mode)
    chmod(path, mode)
  }

  @discardableResult
  func importAll(_ further: String..., to place: String = "web/") -> Subprocess.Result {
    fixture.coffer(["import", place, "--env-file", path, "--all"] + further)
  }
}
