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
    #expect(throws: StoreError.wrongSecret(.keyFile)) {
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
    #expect(throws: StoreError.wrongSecret(.passphrase)) {
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
    files["slots.init"] = files.removeValue(forKey: "slots")
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

  @Test(
    "secrets of any length open their vault, and no other of that length does",
    arguments: [
      1, 32, 128, 129, 1000, 65_536,
    ])
  func secretLengths(count: Int) throws {
    let fixture = StoreFixture()
    let directory = try fixture.directory()
    let text = String(repeating: "a", count: count - 1)
    _ = try Vault.create(
      in: directory, try StoreFixture.founding(), secret: try StoreFixture.passphrase(text + "b"),
      by: StoreFixture.owner, at: StoreFixture.start)
    _ = try Vault.open(directory, with: try StoreFixture.passphrase(text + "b"))
    #expect(throws: StoreError.wrongSecret(.passphrase)) {
      _ = try Vault.open(directory, with: try StoreFixture.passphrase(text + "c"))
    }
  }

  @Test("what is too little to be a secret is refused") func unusableSecrets() throws {
    #expect(throws: StoreError.unusableSecret(reason: "the passphrase is empty")) {
      _ = try StoreFixture.passphrase("")
    }
    for count in [0, 31] {
      #expect(throws: StoreError.self) {
        let bytes = [UInt8](repeating: 1, count: count)
        _ = try UnlockSecret(.keyFile, copying: bytes.span)
      }
    }
    // A line of text has as many bytes as it has characters.
    let line = Array(String(repeating: "x", count: 31).utf8) + [0x0A]
    #expect(throws: StoreError.self) { _ = try UnlockSecret(.keyFile, copying: line.span) }
  }

  @Test("a text counts as issued if the tag is that of a key, not by its id") func issuedTexts()
    throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let id = vault.drawKeyID()
    let text = try vault.drawText(type: .user, id: id)
    let plan = KeyPlan(
      reference: try KeyReference(parsing: "me/issued"), terms: .issued(access: nil))
    let material = text.withBytes { text in
      KeyMaterial(
        id: id, digest: vault.tag(of: text),
        sealedValue: vault.seal(text, as: .version(id, number: 1)))
    }
    let changes = try vault.organization.decide(
      .addKey(plan, material), by: .user(UserID(number: 1)), at: StoreFixture.start)
    _ = vault.append(changes, by: StoreFixture.owner, verb: "CREATE", at: StoreFixture.start)
    let other = try vault.drawText(type: .user, id: id)
    let (isIssued, isOtherIssued) = (
      text.withBytes { vault.hasIssued($0) }, other.withBytes { vault.hasIssued($0) }
    )
    #expect(isIssued)
    #expect(!isOtherIssued)
  }
}
