import Glibc
import Platform
import Sodium
@testable import Store
import TestSupport
import Testing

/// The keys of a vault, reckoned again from its slots file.
enum VaultKeys {
  static func all(
    inSlots bytes: [UInt8], passphrase: String
  ) throws -> [(name: String, key: [UInt8])] {
    let file = try SlotFile.read(bytes).file
    let slot = try #require(file.slots.first)
    guard case .passphrase(let cost) = slot.kind else { return [] }
    let text = Array(passphrase.utf8)
    let derived = try KeyDerivation.key(
      fromPassphrase: try Secret(copying: text.span), salt: slot.salt, cost: cost)
    let secret = try UnlockSecret(.passphrase, copying: text.span)
    let vaultKey = try #require(copy(try slot.unwrap(with: secret.bytes, vault: file.vault)))
    let locked = try Secret(copying: vaultKey.span)
    let subkeys = try VaultKey(deriving: locked, vault: file.vault)
    return [
      ("the passphrase's key", copy(derived)), ("the vault key", vaultKey),
      ("the key of the records", copy(subkeys.records)),
      ("the key of the values", copy(subkeys.values)),
      ("the key of the slots", copy(subkeys.slots)), ("the key of the audit", copy(subkeys.audit)),
    ]
  }

  private static func copy(_ secret: borrowing Secret) -> [UInt8] {
    var bytes: [UInt8] = []
    secret.withBytes { span in for index in span.indices { bytes.append(span[index]) } }
    return bytes
  }

  private static func copy(_ secret: consuming Secret?) -> [UInt8]? {
    guard let secret else { return nil }
    return copy(secret)
  }
}

/// Secrets are looked for where they must not be: in memory, on disk, in logs.
@Suite("Leaks")
struct LeakTests {
  static let passphrase = "correct horse battery staple"
  static let value = "sk_live_4242deadbeef4242cafe4242"

  let fixture = VaultFixture()
  let issued: String
  let recoveryCode: String

  /// A vault that a passphrase opens, with an issued and an imported key, both
  /// of which were handed out.
  init() {
    fixture.startDaemon()
    let initialized = fixture.coffer(
      ["init", "--organization", "acme", "--passphrase-fd", "0"],
      input: Array(Self.passphrase.utf8), environment: fixture.environment)
    recoveryCode = initialized.line
    issued = Self.coffer(fixture, ["create", "me/laptop"]).line
    Self.coffer(fixture, ["import", "me/stripe"], Self.value)
    Self.coffer(fixture, ["run", "-k", "me/laptop", "-k", "me/stripe", "--", "true"])
  }

  @discardableResult
  static func coffer(
    _ fixture: VaultFixture, _ arguments: [String], _ input: String = ""
  ) -> Subprocess.Result {
    fixture.coffer(arguments, input: Array(input.utf8), environment: fixture.environment)
  }

  /// The secrets, each with its name.
  var secrets: [(String, SecretSearch)] {
    // Six characters of the secret part of an issued key are six too many.
    let secretPart = Array(issued.utf8.dropFirst(19).prefix(32))
    return [
      ("the passphrase", SecretSearch(Array(Self.passphrase.utf8))),
      ("the issued key", SecretSearch(secretPart)),
      ("a part of the issued key", SecretSearch(Array(secretPart.prefix(16)))),
      ("the imported value", SecretSearch(Array(Self.value.utf8))),
      ("the recovery code", SecretSearch(Array(recoveryCode.utf8.prefix(31)))),
    ]
  }

  @Test(
    "fault 49: the search itself finds what is there", .enabled(if: Programs.isRoot, "needs root"))
  func searchFinds() {
    let marker = "a marker that stands in memory"
    let holder = Subprocess(
      "/bin/sleep", ["100", "\(marker)"], environment: [:], streams: [.null, .null, .null])
    let search = SecretSearch(Array(marker.utf8))
    #expect(eventually { !search.found(inMemoryOf: holder.id).isEmpty })
    let encoded = Array("xYSBtYXJrZXIgdGhhdCBzdGFuZHMgaW4gbWVtb3J5".utf8)
    #expect(SecretSearch(Array(marker.utf8)).found(in: encoded) == ["base64 at 0"])
    #expect(SecretSearch(Array("key".utf8)).found(in: Array("..6b6579..".utf8)) == ["hex"])
  }

  @Test(
    "fault 42: after serving, no value is in the daemon's memory",
    .enabled(if: Programs.isRoot, "needs root")
  )
  func afterServing() throws {
    let id = try #require(fixture.daemonID)
    for (name, search) in secrets {
      #expect(search.found(inMemoryOf: id) == [], "\(name)")
    }
  }

  @Test(
    "fault 41: after a lock, no secret and no key is in the daemon's memory",
    .enabled(if: Programs.isRoot, "needs root"))
  func afterLock() throws {
    let id = try #require(fixture.daemonID)
    #expect(Self.coffer(fixture, ["lock"]).status == 0)
    for (name, search) in secrets {
      #expect(search.found(inMemoryOf: id) == [], "\(name)")
    }
    // The same after a wrong passphrase, and after opening and locking again.
    Self.coffer(fixture, ["unlock", "--passphrase-fd", "0"], "a wrong passphrase of some length")
    let wrong = SecretSearch(Array("a wrong passphrase of some length".utf8))
    #expect(wrong.found(inMemoryOf: id) == [])
    Self.coffer(fixture, ["unlock", "--passphrase-fd", "0"], Self.passphrase)
    #expect(Self.coffer(fixture, ["lock"]).status == 0)
    for (name, search) in secrets {
      #expect(search.found(inMemoryOf: id) == [], "\(name)")
    }
  }

  @Test(
    "fault 41: after a lock, no key that opens the vault is in the daemon's memory",
    .enabled(if: Programs.isRoot, "needs root"))
  func keysAfterLock() throws {
    let id = try #require(fixture.daemonID)
    // An open vault is tried as well, which leaves other traces than opening it.
    Self.coffer(fixture, ["unlock", "--passphrase-fd", "0"], Self.passphrase)
    Self.coffer(fixture, ["unlock", "--passphrase-fd", "0"], recoveryCode)
    #expect(Self.coffer(fixture, ["lock"]).status == 0)
    let slots = Files.read(fixture.statePath + "/slots")
    for (name, key) in try VaultKeys.all(inSlots: slots, passphrase: Self.passphrase) {
      // Half of a key is too much as well.
      for part in [key.prefix(16), key.suffix(16)] {
        #expect(SecretSearch(Array(part)).found(inMemoryOf: id) == [], "\(name)")
      }
    }
  }

  @Test(
    "fault 42: an answer that nobody reads leaves nothing in memory when its client is gone",
    .enabled(if: Programs.isRoot, "needs root"))
  func unreadAnswer() throws {
    let id = try #require(fixture.daemonID)
    let big = String(repeating: Self.value + "\n", count: 1900)
    Self.coffer(fixture, ["import", "me/big"], big)
    do {
      let client = try fixture.connect()
      client.send(String(repeating: "ENV me/big\n", count: 20))
      sleep(milliseconds: 100)
    }
    #expect(eventually { secrets[3].1.found(inMemoryOf: id).isEmpty })
  }

  @Test("fault 49: no file of the vault, no log and no message holds a secret") func files() {
    // Errors of every kind, with secrets where they do not belong.
    var said: [UInt8] = []
    for arguments in [
      ["show", issued], ["create", issued], ["import", "me/x", Self.value], ["revoke", issued],
      ["run", "-k", issued, "--", "true"], ["run", "-k", "me/stripe=\(issued)", "--", "true"],
      ["create", "me/y", "--note", issued], ["create", "me/y", "--env", issued],
      ["list", "-w", issued],
      ["grant", issued, "owner"], ["user", "add", issued, "--uid", "7"], [issued], ["--\(issued)"],
      ["unlock", "--key-file", issued], ["run", "-k", "me/stripe", "--", issued],
    ] {
      let result = Self.coffer(fixture, arguments)
      #expect(result.status != 0, "\(arguments[0])")
      said += result.output + result.error
    }
    for arguments in [
      ["list"], ["show", "me/laptop"], ["show", "me/laptop", "--json"], ["status"],
    ] {
      let result = Self.coffer(fixture, arguments)
      said += result.output + result.error
    }
    said += Files.read(fixture.logPath)
    for (name, search) in secrets {
      #expect(search.found(in: said) == [], "\(name)")
      #expect(search.found(inFilesOf: fixture.statePath) == [], "\(name)")
    }
    let short = SecretSearch(Array(issued.utf8.dropFirst(19).prefix(6)))
    #expect(short.found(in: said) == [])
  }

  @Test("other processes of the same user are kept out of the daemon") func inspection() throws {
    let id = try #require(fixture.daemonID)
    let status = String(decoding: Files.read("/proc/\(id)/limits"), as: UTF8.self)
    let core = status.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
    #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
    // What is not dumpable belongs to root.
    let owner = try FileStatus.ofFile(at: "/proc/\(id)/mem", followsLinks: false)?.owner
    #expect(owner == 0)
    guard Programs.isRoot, let setpriv = Programs.find("setpriv") else { return }
    let directory = fixture.directory.path("other")
    chmod(fixture.directory.path, 0o755)
    mkdir(directory, 0o700)
    chown(directory, 4242, 4242)
    let asUser = ["--reuid", "4242", "--regid", "4242", "--clear-groups"]
    let daemon = Subprocess(
      setpriv, asUser + [Programs.daemon, "--state", directory + "/state"],
      environment: [:], streams: [.null, .null, .null])
    #expect(eventually { Files.names(in: directory + "/state").contains("socket") })
    for file in ["mem", "environ", "maps"] {
      let result = Subprocess.run(
        setpriv, asUser + ["/bin/cat", "/proc/\(daemon.id)/\(file)"], environment: [:])
      #expect(result.status != 0, "\(file) can be read")
    }
    daemon.signal(SIGTERM)
    daemon.waitForEnd()
  }

  @Test("fault 43: the memory for secrets is locked, as far as the limit allows, and not swapped")
  func lockedMemory() throws {
    let id = try #require(fixture.daemonID)
    let footprint = Footprint(of: id)
    let isLocked = Self.coffer(fixture, ["status"]).outputText.contains("in memory only")
    #expect(isLocked == (footprint.locked >= 5_000), "\(footprint)")
    #expect(!isLocked || footprint.swapped == 0, "\(footprint.swapped)")
    guard Programs.isRoot else { return }
    // It is one mapping: locked, left out of dumps, and not copied into a child.
    let mappings = String(decoding: Files.read("/proc/\(id)/smaps"), as: UTF8.self)
    let flags = mappings.split(separator: "\n").filter { $0.hasPrefix("VmFlags:") }
      .map { Set($0.split(separator: " ")) }
    #expect(flags.contains { $0.isSuperset(of: ["lo", "dd", "wf", "wr"]) })
    #expect(Set(flags.filter { $0.contains("lo") }.map { $0.contains("dd") }) == [true])
  }
}
