import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// The golden vaults, read by a program that knows nothing but `Format.md`.
@Suite("The second reader", .enabled(if: SecondReader.isPossible, "\(SecondReader.reason)"))
struct SecondReaderTests {
  static func secret(of golden: GoldenVault) -> SecondReader.Secret {
    golden.hasPassphrase
      ? .passphrase(GoldenVault.passphrase) : .keyFile([UInt8](repeating: 7, count: 40))
  }

  /// What it says of a vault or backup.
  static func run(
    _ command: String, _ golden: GoldenVault, in fixture: StoreFixture,
    _ secret: SecondReader.Secret? = nil
  ) -> Subprocess.Result {
    SecondReader.run(
      command, golden.isBackup ? fixture.path + "/backup" : fixture.path,
      secret ?? Self.secret(of: golden), at: GoldenVault.moment.secondsSinceEpoch)
  }

  @Test("tells the same of each golden vault", arguments: GoldenVault.allCases)
  func golden(_ golden: GoldenVault) {
    let fixture = golden.copy()
    let keys = Self.run("keys", golden, in: fixture)
    #expect(
      keys.status == 0 && keys.outputText == golden.expected("keys.jsonl"), "\(keys.errorText)")
    let rows = Self.run("audit", golden, in: fixture)
    #expect((rows.status == 0) == !golden.isBackup, "\(rows.errorText)")
    #expect(rows.outputText == golden.expected("audit.jsonl"))
  }

  @Test("opens them with their other secrets, and with no other") func secrets() {
    let code = SecondReader.Secret.passphrase(GoldenVault.new.expected("recovery-code"))
    #expect(Self.run("audit", .new, in: GoldenVault.new.copy(), code).status == 0)
    let other = SecondReader.Secret.keyFile([UInt8](repeating: 9, count: 40))
    #expect(Self.run("keys", .rekeyed, in: GoldenVault.rekeyed.copy(), other).status == 0)
    let refused = Self.run("keys", .lives, in: GoldenVault.lives.copy(), other)
    #expect(refused.status == 1 && refused.errorText.hasPrefix("reader: wrong secret: slots: "))
  }

  @Test("refuses what this version refuses, and for the same kind of reason") func flips() throws {
    let files = GoldenVault.compacted.files
    for (name, step) in [("slots", 61), ("records.3", 331), ("audit.1", 487), ("audit.2", 71)] {
      let bytes = try #require(files[name])
      for position in stride(from: 0, to: bytes.count, by: step) {
        let fixture = GoldenVault.compacted.copy()
        var changed = bytes
        changed[position] ^= 0x10
        fixture.write(changed, to: name)
        let result = Self.run("keys", .compacted, in: fixture)
        let own = MalformedFile.kind(of: .compacted, in: fixture)
        let other = result.status == 0 ? "opened" : MalformedFile.kind(ofError: result.errorText)
        #expect(own == other, "\(name), byte \(position)")
      }
    }
  }
}
