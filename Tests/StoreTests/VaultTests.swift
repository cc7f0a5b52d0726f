import Keyring
import Platform
import Sodium
import Store
import TestSupport
import Testing

@Suite("Vault")
struct VaultTests {
  @Test("what was stored is there after opening again") func reopens() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    let before = vault.organization
    let again = try fixture.open()
    #expect(again.organization == before)
    #expect(try StoreFixture.values(of: again) == [StoreFixture.value, StoreFixture.value])
  }

  @Test("opening changes no byte") func openingChangesNothing() throws {
    let fixture = StoreFixture()
    try fixture.addKeys(["one"], to: try fixture.create())
    let before = fixture.files()
    _ = try fixture.open()
    #expect(fixture.files() == before)
  }

  @Test("a key file that differs in one bit is wrong") func wrongKeyFile() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    #expect(throws: StoreError.wrongSecret) {
      _ = try Vault.open(try fixture.directory(), with: try StoreFixture.keyFile(6))
    }
  }

  @Test("a passphrase opens its vault, another one does not") func passphrase() throws {
    let fixture = StoreFixture()
    let directory = try fixture.directory()
    let founding = try StoreFixture.founding()
    _ = try Vault.create(
      in: directory, founding, secret: try StoreFixture.passphrase("correct horse"),
      by: StoreFixture.owner, at: StoreFixture.start)
    _ = try Vault.open(directory, with: try StoreFixture.passphrase("correct horse"))
    #expect(throws: StoreError.wrongSecret) {
      _ = try Vault.open(directory, with: try StoreFixture.passphrase("correct horsf"))
    }
    #expect(throws: StoreError.noSlot(kind: "key file")) {
      _ = try Vault.open(directory, with: try StoreFixture.keyFile())
    }
  }

  @Test("the recovery code opens the vault in the place of a passphrase") func recovery() throws {
    let fixture = StoreFixture()
    let directory = try fixture.directory()
    let founding = try StoreFixture.founding(hasRecoveryCode: true)
    let opened = try Vault.create(
      in: directory, founding, secret: try StoreFixture.keyFile(), by: StoreFixture.owner,
      at: StoreFixture.start)
    guard let code = opened.takeRecoveryCode() else {
      Issue.record("there is no recovery code")
      return
    }
    var text: [UInt8] = []
    code.withBytes { bytes in for index in bytes.indices { text.append(bytes[index]) } }
    #expect(text.count == RecoveryCode.byteCount)
    let spoken = String(decoding: text, as: UTF8.self).lowercased().filter { $0 != "-" }
    _ = try Vault.open(directory, with: try StoreFixture.passphrase(spoken))
    // A code with a typing error is a passphrase, and there is no such slot.
    let wrong = (spoken.hasPrefix("0") ? "1" : "0") + spoken.dropFirst()
    #expect(throws: StoreError.noSlot(kind: "passphrase")) {
      _ = try Vault.open(directory, with: try StoreFixture.passphrase(wrong))
    }
  }

  @Test("a vault is never made over another one") func neverOver() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    let before = fixture.files()
    #expect(throws: StoreError.vaultExists) { _ = try fixture.create() }
    #expect(fixture.files() == before)
  }

  @Test("without a vault there is nothing to open") func noVault() throws {
    #expect(throws: StoreError.noVault) { _ = try StoreFixture().open() }
  }

  @Test("records without slots are a damaged vault, not a missing one") func lostSlots() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    var files = fixture.files()
    files["slots"] = nil
    fixture.restore(files)
    #expect(throws: StoreError.self) { _ = try fixture.create() }
    #expect(try fixture.outcome() != .refused(.noVault))
    #expect(fixture.files() == files)
  }

  @Test("what an interrupted making has left is removed by the next") func unfinished() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    var files = fixture.files()
    files["slots.new"] = files.removeValue(forKey: "slots")
    fixture.restore(files)
    #expect(throws: StoreError.noVault) { _ = try fixture.open() }
    let vault = try fixture.create()
    #expect(vault.organization.keys.isEmpty)
    #expect(Files.names(in: fixture.path) == ["audit.1", "lock", "records.1", "slots"])
  }

  @Test("values that are sealed as one version do not open as another") func boundValues() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let (one, other) = (vault.drawKeyID(), vault.drawKeyID())
    let plain = StoreFixture.value
    let sealed = vault.seal(plain.span, as: .version(one, number: 1))
    for role in [ValueRole.version(other, number: 1), .version(one, number: 2), .reply, .tagKey] {
      #expect(throws: StoreError.self) {
        var value = [UInt8](repeating: 0, count: StoreFixture.value.count)
        var span = value.mutableSpan
        _ = try vault.open(sealed, as: role, into: &span)
      }
    }
  }

  @Test("every file of a new vault is its owner's alone") func modes() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    for name in Files.names(in: fixture.path) {
      let status = try #require(
        try FileStatus.ofFile(at: fixture.path + "/" + name, followsLinks: false))
      #expect(status.permissions == 0o600, "\(name)")
    }
    let status = try #require(try FileStatus.ofFile(at: fixture.path, followsLinks: false))
    #expect(status.permissions == 0o700)
  }

  @Test("tags and fingerprints are the same after opening again, and differ from each other")
  func digests() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let value = StoreFixture.value
    let (tag, fingerprint) = (vault.tag(of: value.span), vault.fingerprint(of: value.span))
    let again = try fixture.open()
    let tagAgain = again.tag(of: value.span)
    let fingerprintAgain = again.fingerprint(of: value.span)
    let tagElsewhere = try StoreFixture().create().tag(of: value.span)
    #expect(tagAgain == tag)
    #expect(fingerprintAgain == fingerprint)
    #expect(tag != fingerprint)
    #expect(tagElsewhere != tag)
  }
}
