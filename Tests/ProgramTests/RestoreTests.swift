import Glibc
import Platform
import TestSupport
import Testing

/// A vault made of a backup.
@Suite("coffer restore")
struct RestoreTests {
  let fixture = VaultFixture()
  let copy = VaultFixture()
  let text: String

  init() {
    fixture.initializeWithKeys()
    text = fixture.coffer("create", "me/laptop").line
    fixture.coffer("rotate", "web/deploy")
    let result = fixture.coffer("backup", path, "--key-file", copy.keyFilePath)
    #expect(result.status == 0, "\(result.errorText)")
  }

  var path: String { fixture.directory.path("vault.backup") }

  func restore(_ source: String, input: [UInt8] = []) -> Subprocess.Result {
    copy.coffer(["restore", source, "--key-file", copy.keyFilePath], input: input)
  }

  @Test("imported keys are usable at once, issued ones when somebody has looked")
  func restores() {
    // What is ended after the backup must not come to life unseen.
    fixture.coffer("revoke", "me/laptop")
    let result = restore(path)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("made the vault of acme with 3 keys"))
    #expect(result.errorText.contains("2 issued keys are suspended"))
    #expect(result.errorText.contains("coffer resume --restored"))
    let value = copy.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(value.line == VaultFixture.stripeValue)
    #expect(copy.coffer("run", "-k", "web/deploy", "--", "true").status == 125)
    #expect(copy.coffer(["verify"], input: Array(text.utf8)).status == 1)
    let suspended = copy.coffer("list", "--state", "suspended", "--json").outputText
    #expect(suspended.split(separator: "\n").count == 2, "\(suspended)")
    #expect(copy.coffer("revoke", "me/laptop").status == 0)
    let resumed = copy.coffer("resume", "--restored")
    #expect(resumed.status == 0)
    #expect(resumed.errorText == "coffer: resumed 1 key that came back from a backup or a repair\n")
    let row = copy.coffer("audit", "--json").outputText.split(separator: "\n").first {
      $0.contains(#""RESUME""#)
    }
    #expect(row?.contains("web/deploy") == true, "\(row ?? "no row")")
    #expect(row?.contains("me/laptop") == false, "revoked meanwhile: \(row ?? "no row")")
    #expect(copy.coffer("run", "-k", "web/deploy", "--", "true").status == 0)
    #expect(copy.coffer(["verify"], input: Array(text.utf8)).status == 1)
  }

  @Test("the flag that waits for somebody comes first, and a recovery code is offered")
  func waits() {
    fixture.coffer("create", "web/brief", "--expires", "1d", "--env", "BRIEF_AND_RATHER_LONG")
    let path = fixture.directory.path("second.backup")
    #expect(fixture.coffer("backup", path, "--key-file", copy.keyFilePath).status == 0)
    let result = restore(path)
    #expect(result.errorText.contains("hint: 'coffer slot add recovery' draws"))
    let lines = copy.coffer("list").outputText.split(separator: "\n")
    let brief = lines.first { $0.contains("web/brief") }
    #expect(brief?.hasSuffix("restored+1") == true, "\(lines)")
    #expect(
      copy.coffer("show", "web/brief").outputText.contains("restored,expiring"),
      "\(lines)")
  }

  @Test("a list of none says whether a filter has left none") func noneMatches() {
    let none = fixture.coffer("list", "--state", "suspended")
    #expect(none.errorText == "coffer: no key in sight matches\n")
    let empty = VaultFixture()
    empty.initialize()
    #expect(empty.coffer("list").errorText == "coffer: no key is in sight\n")
  }

  @Test("opens from then on with the secret of the backup, and only with that") func secret() {
    #expect(restore(path).status == 0)
    copy.coffer("lock")
    #expect(copy.coffer("unlock", "--key-file", fixture.keyFilePath).status == 1)
    #expect(copy.coffer("unlock").status == 0)
    #expect(copy.coffer("slot", "list").outputText == "SLOT  KIND\n1     key-file\n")
    #expect(copy.coffer("audit", "--check").status == 0)
  }

  @Test("a mistyped passphrase is asked for again") func mistyped() {
    let path = fixture.directory.path("typed.backup")
    let made = fixture.coffer(
      ["backup", path, "--passphrase-fd", "0"], input: Array("open sesame".utf8))
    #expect(made.status == 0, "\(made.errorText)")
    let terminal = PseudoTerminal(
      Programs.client, ["restore", path], environment: copy.environment)
    for typed in ["open", "open sesame"] {
      #expect(terminal.waitFor("Passphrase of the backup: "), "\(terminal.text)")
      terminal.type(typed + "\n")
    }
    #expect(terminal.readToEnd().contains("made the vault of acme"), "\(terminal.text)")
    #expect(terminal.process.waitForEnd() == 0)
  }

  @Test("comes from standard input as well") func input() {
    let result = restore("-", input: Files.read(path))
    #expect(result.status == 0, "\(result.errorText)")
    #expect(copy.coffer("list").outputText.contains("web/stripe"))
    let both = copy.coffer("restore", "-", "--passphrase-fd", "0")
    #expect(both.status == 2)
  }

  @Test("where a vault is it is refused, and that one stays as it was") func vaultThere() {
    copy.initialize()
    let former = Files.read(copy.statePath + "/slots")
    let result = restore(path)
    #expect(result.status == 1)
    #expect(result.errorText.contains("there is a vault already"))
    #expect(Files.read(copy.statePath + "/slots") == former)
    fixture.coffer("lock")
    #expect(fixture.coffer("restore", path).errorText.contains("there is a vault already"))
  }

  @Test("a cut backup, a changed one, none at all and a wrong secret make no vault") func refused()
  {
    let bytes = Files.read(path)
    var changed = bytes
    changed[bytes.count - 20] ^= 0x40
    for damaged in [Array(bytes.dropLast(1)), Array(bytes.prefix(200)), [], changed] {
      let result = restore("-", input: damaged)
      #expect(result.status == 1, "\(damaged.count)")
    }
    let wrong = copy.coffer("restore", path, "--key-file", fixture.keyFilePath)
    #expect(wrong.status == 1)
    #expect(wrong.errorText.contains("this key file does not open the backup"))
    #expect(restore(fixture.directory.path("nothing")).status == 1)
    #expect(!Files.names(in: copy.statePath).contains("slots"))
    #expect(copy.coffer("status", "--json").line == #"{"state":"none"}"#)
    // And nothing of that is in the way of the right one.
    #expect(restore(path).status == 0)
  }

  @Test("without a terminal it says what it needs instead") func noTerminal() {
    let result = copy.coffer(["restore", path], environment: copy.environment)
    #expect(result.status == 2)
    #expect(result.errorText.contains("use --passphrase-fd N"))
    #expect(copy.coffer("resume", "--restored", "web/deploy").status == 2)
    #expect(copy.coffer("resume").status == 2)
  }
}
