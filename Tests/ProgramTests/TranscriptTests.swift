import Glibc
import Platform
import TestSupport
import Testing

/// What the programs say, word for word.
///
/// Each file in Tests/Vectors/transcripts has lines `$ COMMAND`, and behind each what a
/// shell shows of it: standard output and standard error, then `[N]` for an exit status
/// that is not 0. With COFFER_WRITE_GOLDEN=1 the files are written anew, to be read
/// before they are committed.
@Suite("Transcripts")
struct TranscriptTests {
  let fixture = VaultFixture()

  private static let directory = HouseTests.root + "Tests/Vectors/transcripts"

  private var environment: [String: String] {
    fixture.environmentWithKeyFile.merging([
      "PATH": Programs.directory + ":/usr/bin:/bin"
    ]) { $1 }
  }

  @Test("the words of the programs are these", arguments: Files.names(in: directory))
  func saysThat(file: String) throws {
    fixture.initialize()
    fixture.coffer("workspace", "add", "web")
    let path = "\(Self.directory)/\(file)"
    let recorded = String(decoding: Files.read(path), as: UTF8.self)
    let commands = recorded.split(separator: "\n").filter { $0.hasPrefix("$ ") }
      .map { String($0.dropFirst(2)) }
    #expect(!commands.isEmpty)
    let seen = commands.map(transcript).joined()
    if Environment.value(of: "COFFER_WRITE_GOLDEN") == "1" {
      Files.write(Array(seen.utf8), to: path, mode: 0o644)
    } else {
      // The first line that differs tells more than both texts.
      let pairs = zip(seen.split(separator: "\n"), recorded.split(separator: "\n"))
      let difference = pairs.first { $0 != $1 }
      #expect(seen == recorded, "\(String(describing: difference))")
    }
  }

  private func transcript(of command: String) -> String {
    let result = Subprocess.run(
      "/bin/sh", ["-c", "exec 2>&1; \(command)"], environment: environment)
    let status = result.status == 0 ? "" : "[\(result.status)]\n"
    return "$ \(command)\n\(result.outputText)\(status)"
  }
}

/// The manual pages, as groff reads them.
@Suite("Manual pages")
struct ManualPageTests {
  @Test(
    "groff formats both pages without a warning, and shows what is in them",
    .enabled(if: access("/usr/bin/groff", X_OK) == 0, "groff is not installed"),
    arguments: [
      (Programs.client, ["help", "--man"], "coffer run -k web/stripe -- ./deploy.sh"),
      (Programs.daemon, ["--man"], "--idle-lock TIME"),
    ])
  func formats(program: String, arguments: [String], line: String) {
    let environment = ["PATH": "/usr/bin:/bin"]
    let page = Subprocess.run(program, arguments, environment: environment)
    #expect(page.status == 0)
    let shown = Subprocess.run(
      "/usr/bin/groff", ["-man", "-Tascii", "-P-cbou", "-ww"], environment: environment,
      input: page.output)
    #expect((shown.status, shown.errorText) == (0, ""))
    #expect(shown.outputText.contains(line), "\(shown.outputText)")
  }
}
