import TestSupport
import Testing

/// What the programs have written, read by one that knows nothing but `Format.md`.
@Suite(
  "The second reader of what the programs write",
  .enabled(if: SecondReader.isPossible, "\(SecondReader.reason)"))
struct SecondReaderProgramTests {
  let fixture = VaultFixture()
  let passphrase = "correct horse battery staple"

  init() {
    fixture.coffer(
      ["init", "--organization", "acme", "--owner", "root", "--passphrase-fd", "0"],
      input: Array(passphrase.utf8), environment: fixture.environment)
    fixture.coffer("workspace", "add", "web")
    fixture.coffer("import", "web/stripe", "--env", "STRIPE_KEY", input: VaultFixture.stripeValue)
    fixture.coffer("create", "web/deploy", "--expires", "30d")
    fixture.coffer("create", "me/laptop", "--scope", "web:list,use", "--note", "für \"unterwegs\"")
    fixture.coffer("create", "org/billing", "--access", "viewer")
    fixture.coffer("rotate", "web/deploy", "--now")
    fixture.coffer("suspend", "org/billing")
    fixture.coffer("create", "me/gone")
    fixture.coffer("run", "-k", "web/stripe", "--", "true")
    fixture.coffer("revoke", "me/gone")
  }

  /// What stands behind the name of a field in a line of JSON, as it is written.
  private static func field(_ name: String, of line: Substring) -> Substring {
    line.split(separator: "\"\(name)\":", maxSplits: 1).last?.split(separator: ",\"").first ?? ""
  }

  /// The fields that both tell, of every key.
  private static func fields(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { line in
      [
        "id", "name", "type", "origin", "state", "env", "access", "custody", "expires", "created",
        "uses", "last_used",
      ].map { name in
        let field = String(field(name, of: line))
        // The client names the keys of its user in short.
        return field.hasPrefix("\"me/") ? "\"@root/" + field.dropFirst(4) : field
      }
    }
  }

  private func expectTheSame(_ path: String, _ secret: SecondReader.Secret) {
    let own = fixture.coffer("list", "--json").outputText
    let other = SecondReader.run("keys", path, secret)
    #expect(other.status == 0, "\(other.errorText)")
    let keys = Self.fields(own)
    #expect(keys.count == 5 && keys.joined().allSatisfy { !$0.isEmpty })
    #expect(Self.fields(other.outputText) == keys)
  }

  @Test("it lists a vault that was just made, with the passphrase") func fresh() {
    expectTheSame(fixture.statePath, .passphrase(passphrase))
    let rows = SecondReader.run("audit", fixture.statePath, .passphrase(passphrase))
    #expect(rows.outputText.contains(#""verb":"ROTATE","outcome":0,"object":"web/deploy""#))
  }

  @Test("it lists a backup of it, and the vault under another key") func later() {
    let backup = fixture.directory.path("vault.backup")
    let key = [UInt8](repeating: 0x6b, count: 64)
    Files.write(key, to: fixture.keyFilePath)
    let made = fixture.coffer("backup", backup, "--key-file", fixture.keyFilePath)
    #expect(made.status == 0, "\(made.errorText)")
    expectTheSame(backup, .keyFile(key))
    let rekeyed = fixture.coffer(
      ["rekey", "--passphrase-fd", "0"], input: Array(passphrase.utf8),
      environment: fixture.environment)
    #expect(rekeyed.status == 0, "\(rekeyed.errorText)")
    expectTheSame(fixture.statePath, .passphrase(passphrase))
    // The recovery code that the new key came with opens it, too.
    expectTheSame(fixture.statePath, .passphrase(rekeyed.line))
  }
}
