import Glibc
import TestSupport
import Testing

/// What a refusal tells to do next, which is to help whoever follows it.
@Suite("Hints")
struct HintTests {
  let fixture = VaultFixture()

  @Test("over a key that is there, what gives it a new value is named, and nothing that ends it")
  func conflict() {
    fixture.initializeWithKeys()
    fixture.coffer("create", "web/issued")
    let imported = fixture.coffer("import", "web/stripe", input: "another")
    #expect(imported.status == 1)
    #expect(imported.errorText.contains("'coffer replace web/stripe'"), "\(imported.errorText)")
    let issued = fixture.coffer("create", "web/issued")
    #expect(issued.status == 1)
    #expect(issued.errorText.contains("'coffer rotate web/issued'"), "\(issued.errorText)")
    #expect(!(imported.errorText + issued.errorText).contains("revoke"))
  }

  @Test("a reference of a file is no word of the command line, and how it is written is told")
  func reference() {
    let result = fixture.coffer("run", "-k", "coffer://web/stripe", "--", "true")
    #expect(result.status == 125)
    #expect(result.errorText.contains("hint: here it is '-k web/stripe'"), "\(result.errorText)")
  }

  @Test("where a vault has no passphrase, its key file is asked for by name") func noPassphrase() {
    fixture.initialize()
    fixture.coffer("lock")
    let result = fixture.coffer(
      ["unlock", "--passphrase-fd", "0"], input: Array("typed".utf8),
      environment: fixture.environment)
    #expect(result.status == 1)
    #expect(result.errorText.contains("COFFER_KEY_FILE"), "\(result.errorText)")
    #expect(result.errorText.contains("'coffer unlock --key-file PATH'"), "\(result.errorText)")
  }

  @Test("a client that stands alone says what belongs beside it") func alone() {
    let client = fixture.directory.path("coffer")
    Files.write(Files.read(Programs.client), to: client, mode: 0o755)
    let result = Subprocess.run(
      client, ["list"], environment: ["HOME": fixture.directory.path("home")])
    #expect(result.status == 4)
    #expect(result.errorText.contains("the daemon could not be started"), "\(result.errorText)")
    #expect(result.errorText.contains("cofferd belongs beside coffer"), "\(result.errorText)")
  }
}
