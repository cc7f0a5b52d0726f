import TestSupport
import Testing

/// Example 11: after it was made nothing that is said holds six consecutive
/// characters of a text's secret.
@Suite("Secrets of issued keys")
struct IssuedSecretTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  @Test("no list, row, message or log holds six characters of a secret, wherever it was put")
  func said() throws {
    let first = fixture.coffer("create", "web/ci", "--access", "editor").line
    let second = fixture.coffer("rotate", "web/ci").line
    let third = fixture.coffer("rotate", "web/ci", "--end-grace").line
    let texts = [first, second, third, fixture.coffer("create", "me/laptop").line]
    var said = ""
    func note(_ result: Subprocess.Result) { said += result.outputText + result.errorText }
    for text in texts {
      // Where a text belongs.
      for arguments in [["verify"], ["verify", "--json"], ["verify", "--require", "import"]] {
        note(fixture.coffer(arguments, input: Array(text.utf8)))
      }
      note(fixture.coffer(presenting: text, "whoami"))
      note(fixture.coffer(presenting: text, "list", "--json"))
      note(fixture.coffer(presenting: text, "rotate", "web/ci"))
      note(fixture.coffer("verify", input: "\(text) "))
      // Where none belongs.
      for arguments in [
        ["show", text], ["rotate", text], ["suspend", text], ["expire", text, "1h"],
        ["expire", "web/ci", text], ["suspend", "web/ci", "--reason", text], ["why", text],
        ["why", "web/ci", text], ["why", "web/ci", "--user", text], ["audit", "--key", text],
        ["audit", "--user", text], ["audit", "--since", text], ["policy", "set", text, "1"],
        ["policy", "set", "idle-days", text], ["user", "disable", text], ["grant", "root", text],
        ["user", "rebind", text, "--uid", "7"], ["workspace", "add", text],
        ["workspace", "archive", text], ["unused", "--class", text], ["list", "--flag", text],
        ["create", "web/x", "--scope", text], ["create", "me/x", "--scope", text],
        ["create", "web/x", "--custody", text], ["import", "web/x", "--env", text],
        ["verify", "--require", text], ["run", "-w", text, "--", "true"], ["burn", text],
      ] {
        let result = fixture.coffer(arguments)
        #expect(result.status != 0, "\(arguments[0])")
        note(result)
      }
      note(fixture.coffer(["import", "web/copy"], input: Array(text.utf8)))
      let client = try fixture.connect()
      for line in [
        "OPTION command=\(text)", text, "\(text)=\(text)", "VERIFY \(text)", "AUTH \(text)",
        "BURN --\(text)", "UNUSED --revoke=idle --token=\(text)", "ENV web/ci=\(text)",
        "ENV web/stripe", "SHOW web/ci",
      ] { said += client.ask(line).joined(separator: "\n") }
    }
    for arguments in [
      ["list"], ["list", "--json"], ["show", "web/ci"], ["show", "web/ci", "--json"],
      ["unused", "--json"], ["audit"], ["audit", "--json"], ["status"], ["user", "list"],
    ] {
      let result = fixture.coffer(arguments)
      #expect(result.status == 0)
      note(result)
    }
    #expect(said.contains("web/ci") && said.contains("...") && said.utf8.count > 20_000)
    for text in texts {
      #expect(!IssuedText.isLeaked(text, in: said))
      #expect(!IssuedText.isLeaked(text, in: fixture.log))
      // Nor do the files, in any form.
      let secret = Array(text.utf8.dropFirst(19).prefix(32))
      #expect(SecretSearch(secret).found(inFilesOf: fixture.statePath) == [])
    }
    // The search would have found it.
    #expect(IssuedText.isLeaked(first, in: "x" + first.dropFirst(40).prefix(6)))
  }
}
