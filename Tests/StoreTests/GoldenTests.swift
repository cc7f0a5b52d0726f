import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// Vaults as earlier versions have written them.
@Suite("Golden vaults")
struct GoldenTests {
  static let isWriting = Environment.value(of: "COFFER_WRITE_GOLDEN") == "1"

  @Test(
    "writes those that are not there yet",
    .enabled(if: isWriting, "they are written once, with COFFER_WRITE_GOLDEN=1"),
    arguments: GoldenVault.allCases)
  func write(_ golden: GoldenVault) throws {
    guard Files.names(in: golden.path).isEmpty else { return }
    try golden.write()
  }

  /// The text of a vault, or of the one that a backup becomes.
  static func contents(
    of golden: GoldenVault, in fixture: StoreFixture, with secret: borrowing UnlockSecret
  ) throws -> Vault {
    try Vault.open(try fixture.directory(), with: secret).vault
  }

  @Test(
    "tells the same of a golden vault as when it was written",
    arguments: GoldenVault.allCases.filter { !$0.isBackup })
  func vault(_ golden: GoldenVault) throws {
    let fixture = golden.copy()
    let vault = try Self.contents(of: golden, in: fixture, with: try golden.secret())
    let text = VaultText(vault, at: GoldenVault.moment)
    #expect(try text.keys() == golden.expected("keys.jsonl"))
    #expect(try text.rows() == golden.expected("audit.jsonl"))
    #expect(golden == .new || !golden.expected("keys.jsonl").isEmpty)
    // Opening it has changed nothing, and what is added to it is read again.
    #expect(fixture.files() == golden.files)
    try fixture.addKeys(["later"], to: vault)
    let again = try Self.contents(of: golden, in: fixture, with: try golden.secret())
    #expect(again.organization == vault.organization)
  }

  @Test("opens a golden vault with its recovery code, and one with its other slot")
  func otherSecrets() throws {
    let code = GoldenVault.new.expected("recovery-code")
    let vault = try Self.contents(
      of: .new, in: GoldenVault.new.copy(), with: try StoreFixture.passphrase(code))
    #expect(vault.organization.name?.text == "acme")
    let other = try Self.contents(
      of: .rekeyed, in: GoldenVault.rekeyed.copy(), with: try StoreFixture.keyFile(9))
    let text = VaultText(other, at: GoldenVault.moment)
    #expect(try text.keys() == GoldenVault.rekeyed.expected("keys.jsonl"))
  }

  @Test("reads and restores a golden backup") func backup() throws {
    let golden = GoldenVault.backup
    let bytes = try #require(golden.files["backup"])
    let summary = try Backup.check(bytes, secret: try golden.secret())
    let lines = golden.expected("keys.jsonl").split(separator: "\n")
    #expect(summary.organization == "acme" && summary.keys == lines.count)
    #expect(summary.users == 4 && summary.workspaces == 2)
    let fixture = StoreFixture()
    let restored = try Vault.restore(
      bytes, to: try fixture.directory(), secret: try golden.secret(), by: StoreFixture.owner,
      at: GoldenVault.moment)
    #expect(restored.vault.organization.keys.count == lines.count)
  }

  @Test("the golden vaults hold what they are there for") func coverage() {
    let lives = GoldenVault.lives.expected("keys.jsonl")
    for word in [
      #""type":"user""#, #""type":"workspace""#, #""type":"organization""#,
      #""origin":"imported""#, #""state":"active""#, #""state":"suspended""#,
      #""state":"expired""#, #""state":"revoked""#, #""state":"grace""#, #""state":"retired""#,
      #""custody":"hidden""#, #""custody":"verify-only""#, #""scope":"web,me:list,use""#,
    ] {
      #expect(lives.contains(word), "\(word)")
    }
    let units = GoldenVault.units.expected("keys.jsonl")
    for list in [#"["web.service deploy"]"#, #"["db@.service dns key"]"#] {
      #expect(units.contains(#","units":"# + list), "\(list)")
    }
    #expect(!units.contains("stripe\"]") && !units.contains("backup.mount"))
    let processes = GoldenVault.processes.expected("keys.jsonl")
    for text in ["4211 123456", "- 0 -"] { #expect(processes.contains(text), "\(text)") }
    #expect(processes.split(separator: "\n").count { $0.contains("process-") } == 3)
    let rows = GoldenVault.processes.expected("audit.jsonl").split(separator: "\n")
    #expect(rows.count { $0.contains(#""verb":"FORGET""#) } == 2)
    let names = Set(GoldenVault.compacted.files.keys)
    #expect(names == ["slots", "records.3", "audit.1", "audit.2"])
    #expect(Set(GoldenVault.rekeyed.files.keys) == ["slots", "records.2", "audit.2"])
    let restored = GoldenVault.restored.expected("keys.jsonl")
    #expect(restored.contains(#""state":"suspended""#) && restored.contains("@ada/new"))
  }
}
