import Platform
import TestSupport
import Testing

/// Bytes that are no text, on their way through the client.
@Suite("Arguments that are not UTF-8")
struct RawArgumentTests {
  let fixture = VaultFixture()

  /// Runs a script in which `$X` has a byte that stands nowhere in UTF-8.
  func script(_ text: String) -> Subprocess.Result {
    Subprocess.run(
      "/bin/sh", ["-c", "X=$(printf 'a\\377b'); cd '\(fixture.directory.path)'; " + text],
      environment: fixture.environmentWithKeyFile.merging([
        "PATH": "\(Programs.directory):/usr/bin:/bin"
      ]) { $1 })
  }

  private static let run = "coffer run -k web/stripe --"
  private static let bytes: [UInt8] = [0x61, 0xFF, 0x62]

  @Test("a command gets its arguments byte for byte") func arguments() {
    fixture.initializeWithKeys()
    let result = script("\(Self.run) printf %s \"$X\"")
    #expect(result.output == Self.bytes, "\(result.errorText)")
  }

  @Test("a command is found by its bytes, by its path and in PATH") func command() {
    fixture.initializeWithKeys()
    let result = script(
      """
      mkdir "$X" && printf '#!/bin/sh\\necho found' > "$X/$X" && chmod 700 "$X/$X" &&
      \(Self.run) "./$X/$X" && PATH="$PWD/$X:$PATH" && \(Self.run) "$X"
      """)
    #expect(result.outputText == "found\nfound\n", "\(result.errorText)")
  }

  @Test("a script without #! is found and run as well") func shellScript() {
    fixture.initializeWithKeys()
    let result = script(
      "echo 'printf %s \"$1\"' > \"$X\" && chmod 700 \"$X\" && \(Self.run) \"./$X\" \"$X\"")
    #expect(result.output == Self.bytes, "\(result.errorText)")
  }

  @Test("what is inherited stays as it is") func environment() {
    fixture.initializeWithKeys()
    let result = script("export X; \(Self.run) printenv X")
    #expect(result.output == Self.bytes + [0x0A], "\(result.errorText)")
  }

  @Test(
    "Coffer's own arguments must be text",
    arguments: [
      "coffer create \"me/$X\"", "coffer create me/x --note \"$X\"",
      "coffer run -k \"$X\" -- true", "coffer init --organization acme --key-file \"$X\"",
      "cofferd --state \"/tmp/$X\"",
    ])
  func ownArguments(command: String) {
    let result = script(command)
    #expect([2, 125].contains(result.status))
    #expect(result.errorText.contains("an argument is not UTF-8"), "\(result.errorText)")
    #expect(Files.names(in: fixture.directory.path).isEmpty)
  }

  @Test(
    "a path in the environment must be text",
    arguments: ["COFFER_HOME", "COFFER_SOCKET", "HOME"])
  func variables(name: String) {
    let unset = name == "HOME" ? "unset COFFER_HOME; " : ""
    let programs = ["coffer status", "cofferd --check"].prefix(name == "COFFER_SOCKET" ? 1 : 2)
    for program in programs {
      let result = script("\(unset)export \(name)=\"$PWD/$X\"; \(program)")
      #expect(result.status == 2)
      #expect(result.errorText.contains("\(name) is not UTF-8"), "\(result.errorText)")
    }
    #expect(Files.names(in: fixture.directory.path).isEmpty)
  }
}
