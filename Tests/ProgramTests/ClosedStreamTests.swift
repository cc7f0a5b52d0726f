import Platform
import TestSupport
import Testing

/// Standard streams that are closed, or take nothing.
@Suite("Standard streams that are not there")
struct ClosedStreamTests {
  let fixture = VaultFixture()

  func script(_ text: String) -> Subprocess.Result {
    Subprocess.run(
      "/bin/sh", ["-c", text],
      environment: fixture.environmentWithKeyFile.merging([
        "PATH": "\(Programs.directory):/usr/bin:/bin"
      ]) { $1 })
  }

  @Test(
    "init refuses before anything is done, where the recovery code would be lost",
    arguments: [">&-", "<&- >&-"])
  func initialize(streams: String) {
    let result = script(
      "coffer init --organization acme --key-file \(fixture.keyFilePath) \(streams)")
    #expect(result.status == 1)
    #expect(result.errorText.contains("standard output is closed, so nothing was done"))
    #expect(!Files.names(in: fixture.statePath).contains("slots"))
  }

  @Test("create and rotate refuse, where the text would be lost") func texts() {
    fixture.initializeWithKeys()
    let version = fixture.coffer("show", "web/deploy").outputText
    for command in ["create me/lost", "rotate web/deploy"] {
      let result = script("coffer \(command) >&-")
      #expect(result.status == 1)
      #expect(result.errorText.contains("standard output is closed, so nothing was done"))
    }
    #expect(fixture.coffer("show", "me/lost").status == 1)
    #expect(fixture.coffer("show", "web/deploy").outputText == version)
  }

  @Test("output to a closed standard output is a failure") func list() {
    fixture.initializeWithKeys()
    let result = script("coffer list >&-")
    #expect(result.status == 1)
    #expect(result.errorText.contains("standard output: writing failed: bad file descriptor"))
    #expect(script("coffer list 2>&- <&-").status == 0)
  }

  @Test("a closed standard input holds no value") func input() {
    fixture.initializeWithKeys()
    let result = script("coffer import me/nothing <&-")
    #expect(result.status == 1)
    #expect(result.errorText.contains("bad file descriptor"), "\(result.errorText)")
    #expect(fixture.coffer("show", "me/nothing").status == 1)
  }

  @Test("a command finds closed what was closed", arguments: 0...2)
  func command(number: Int) {
    fixture.initializeWithKeys()
    let test = "test ! -e /proc/$$/fd/\(number)"
    let result = script("coffer run -k web/stripe -- sh -c '\(test)' \(number)>&-")
    #expect(result.status == 0, "\(result.errorText)")
  }

  struct Loss: CustomTestStringConvertible {
    let command: String
    let lost: String
    let hint: String
    var testDescription: String { command }
  }

  static let losses = [
    Loss(
      command: "create me/lost", lost: "the text of the new key is lost",
      hint: "end it with 'coffer revoke me/lost', then create it again"),
    Loss(
      command: "rotate web/deploy --end-grace", lost: "the text of the new key is lost",
      hint: "rotate it again with 'coffer rotate web/deploy --now --end-grace'"),
    Loss(
      command: "init --organization acme --key-file $PWD/new", lost: "the recovery code is lost",
      hint: "the vault is there; its passphrase or key file alone opens it, so keep that well"),
    Loss(
      command: "slot add recovery", lost: "the recovery code is lost",
      hint: "before the vault is locked: 'coffer rekey' draws another one"),
    Loss(
      command: "rekey", lost: "the recovery code is lost",
      hint: "before the vault is locked: 'coffer rekey' draws another one"),
  ]

  @Test("what could not be shown is told to be lost, with a way out", arguments: losses)
  func lost(_ test: Loss) {
    if !test.command.hasPrefix("init") { fixture.initializeWithKeys() }
    if test.command == "rekey" { fixture.coffer("slot", "add", "recovery") }
    for output in ["> /dev/full", "| true"] {
      let home = "cd \(fixture.directory.path); rm -rf new; "
      let state = test.command.hasPrefix("init") ? "COFFER_HOME=$(mktemp -d $PWD/XXXXXX) " : ""
      // The reader of a pipe is gone before anything is written.
      let wait = output == "| true" ? "sleep 0.3; " : ""
      let result = script(
        "\(home){ \(wait)\(state)coffer \(test.command); echo status $? >&2; } \(output)")
      #expect(result.errorText.contains("status 1\n"), "\(result.errorText)")
      #expect(result.errorText.contains(": \(test.lost)\ncoffer: hint: \(test.hint)\n"))
      if test.command.hasPrefix("create") { fixture.coffer("revoke", "me/lost") }
      if test.command.hasPrefix("slot") { fixture.coffer("slot", "remove", "2", "--keep-key") }
      for name in Files.names(in: fixture.directory.path) {
        fixture.endDaemon(at: fixture.directory.path(name) + "/socket")
      }
    }
  }
}
