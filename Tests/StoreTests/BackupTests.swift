import Keyring
import Platform
import Sodium
@testable import Store
import TestSupport
import Testing

/// One file with all that a vault knows, and what comes of it.
@Suite("Backup")
struct BackupTests {
  static let cost = KeyDerivation.Cost(memoryByteCount: 8 << 20, passes: 1)

  static func backup(of vault: Vault) throws -> [UInt8] {
    let draft = vault.backupDraft(by: StoreFixture.owner, at: StoreFixture.start)
    return try #require(
      try Backup.write(draft, secret: try StoreFixture.keyFile(9), cost: cost) { false })
  }

  static func vault() throws -> (StoreFixture, Vault) {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    return (fixture, vault)
  }

  @Test("a backup tells what is in it, and opens with its own secret only") func check() throws {
    let (fixture, vault) = try Self.vault()
    let bytes = try Self.backup(of: vault)
    let summary = try Backup.check(bytes, secret: try StoreFixture.keyFile(9))
    #expect(summary.organization == "acme")
    #expect(summary.keys == 2 && summary.values == 2 && summary.users == 1)
    #expect(throws: StoreError.wrongSecret(.keyFile, of: .backup)) {
      _ = try Backup.check(bytes, secret: try StoreFixture.keyFile())
    }
    #expect(SecretSearch(StoreFixture.value).found(in: bytes) == [])
    _ = fixture
  }

  @Test("a restored vault has the values, and the tags of texts") func restore() throws {
    let (_, vault) = try Self.vault()
    let bytes = try Self.backup(of: vault)
    let other = StoreFixture()
    let opened = try Vault.restore(
      bytes, to: try other.directory(), secret: try StoreFixture.keyFile(9),
      by: StoreFixture.owner, at: StoreFixture.start)
    #expect(try StoreFixture.values(of: opened.vault) == [StoreFixture.value, StoreFixture.value])
    let text = Array("a text".utf8)
    #expect(opened.vault.tag(of: text.span) == vault.tag(of: text.span))
    #expect(opened.vault.fingerprint(of: text.span) == vault.fingerprint(of: text.span))
    // Imported keys are usable at once.
    #expect(
      opened.vault.organization.keys.allSatisfy { $0.state(at: StoreFixture.start) == .active })
    try other.addKeys(["three"], to: opened.vault)
    let again = try Vault.open(try other.directory(), with: try StoreFixture.keyFile(9)).vault
    #expect(again.organization == opened.vault.organization)
    #expect(throws: StoreError.vaultExists) {
      _ = try Vault.restore(
        bytes, to: try other.directory(), secret: try StoreFixture.keyFile(9),
        by: StoreFixture.owner, at: StoreFixture.start)
    }
  }

  @Test("what looks expired at a restore waits for somebody too, also in the files")
  func restoreUnderWrongClock() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let (start, wrong) = (StoreFixture.start, StoreFixture.start.advanced(by: .days(20)))
    let owner = Caller.user(UserID(number: 1))
    func write(_ request: Request, to vault: Vault, at now: Instant) throws {
      let changes = try vault.organization.decide(request, by: owner, at: now)
      _ = vault.append(changes, by: StoreFixture.owner, verb: "TEST", at: now)
      try vault.nextBatch()?.write()
    }
    for (name, days) in [("short", 1), ("long", 60)] as [(String, Int64)] {
      let plan = KeyPlan(
        reference: try KeyReference(parsing: "me/\(name)"),
        terms: .issued(access: nil, custody: .verifyOnly), lifetime: .lasting(.days(days)))
      let text = Array("text of \(name)".utf8)
      let material = KeyMaterial(
        id: vault.drawKeyID(), digest: vault.tag(of: text.span), sealedValue: [])
      try write(.addKey(plan, material), to: vault, at: start)
    }
    let other = StoreFixture()
    let restored = try Vault.restore(
      try Self.backup(of: vault), to: try other.directory(),
      secret: try StoreFixture.keyFile(9), by: StoreFixture.owner, at: wrong
    ).vault
    #expect(restored.organization.keys.map(\.isRestored) == [true, true])
    try write(.resumeRestored, to: restored, at: wrong)
    try write(.believeClock(start), to: restored, at: wrong)
    let again = try Vault.open(try other.directory(), with: try StoreFixture.keyFile(9)).vault
    #expect(again.organization == restored.organization)
    #expect(again.organization.keys.map { $0.state(at: start) } == [.suspended, .active])
  }

  @Test(
    "faults 8, 9, 10: a flipped bit anywhere in a backup is found, and so is any cut and any tail")
  func damage() throws {
    let (_, vault) = try Self.vault()
    let bytes = try Self.backup(of: vault)
    let other = StoreFixture()
    func isRefused(_ bytes: [UInt8]) throws -> Bool {
      do {
        _ = try Backup.check(bytes, secret: try StoreFixture.keyFile(9))
        return false
      } catch is StoreError {
        return true
      }
    }
    TestCounts.add("flips", bytes.count)
    TestCounts.add("cuts", bytes.count)
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      #expect(try isRefused(changed), "byte \(position)")
    }
    for count in bytes.indices {
      #expect(try isRefused(Array(bytes.prefix(count))), "\(count) bytes")
    }
    #expect(try isRefused(bytes + [0]))
    #expect(throws: StoreError.self) {
      _ = try Vault.restore(
        Array(bytes.dropLast()), to: try other.directory(), secret: try StoreFixture.keyFile(9),
        by: StoreFixture.owner, at: StoreFixture.start)
    }
    #expect(Files.names(in: other.path) == ["lock"])
  }
}
