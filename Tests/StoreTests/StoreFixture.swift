import Glibc
import Keyring
import Platform
import Sodium
import Store
import TestSupport

/// A vault in a temporary directory, as the daemon makes it.
final class StoreFixture {
  let temporary = TemporaryDirectory()
  var path: String { temporary.path("state") }

  static let owner = Actor(user: UserID(number: 1), uid: 1000, processID: 42, command: "test")
  static let start = Instant(secondsSinceEpoch: 1_800_000_000)
  static let value = Array("sk_live_4242deadbeef4242cafe".utf8)

  private var held: VaultDirectory?

  /// The directory, locked as long as the fixture lives, as it is by a daemon.
  func directory() throws -> VaultDirectory {
    if let held { return held }
    let directory = try VaultDirectory(opening: path, acceptsLinkOfRoot: false)
    held = directory
    return directory
  }

  static func keyFile(_ byte: UInt8 = 7) throws -> UnlockSecret {
    let bytes = [UInt8](repeating: byte, count: 40)
    return try UnlockSecret(.keyFile, copying: bytes.span)
  }

  static func passphrase(_ text: String) throws -> UnlockSecret {
    let bytes = Array(text.utf8)
    return try UnlockSecret(.passphrase, copying: bytes.span)
  }

  static func founding(hasRecoveryCode: Bool = false) throws -> Vault.Founding {
    Vault.Founding(
      organization: try Name(parsing: "acme"), owner: try Name(parsing: "ada"), ownerUID: 1000,
      hasRecoveryCode: hasRecoveryCode,
      cost: KeyDerivation.Cost(memoryByteCount: 8 << 20, passes: 1))
  }

  /// Makes the vault, which a key file opens.
  func create() throws -> Vault {
    let opened = try Vault.create(
      in: try directory(), try Self.founding(), secret: try Self.keyFile(), by: Self.owner,
      at: Self.start)
    return opened.vault
  }

  func open() throws -> Vault {
    try Vault.open(try directory(), with: try Self.keyFile()).vault
  }

  /// Stores keys as the daemon does: record, sync, audit row.
  func addKeys(_ names: [String], to vault: Vault) throws {
    let value = Self.value
    for name in names {
      let plan = KeyPlan(
        reference: try KeyReference(parsing: "me/\(name)"), terms: .imported(leastRank: nil))
      let id = vault.drawKeyID()
      let material = KeyMaterial(
        id: id, digest: vault.fingerprint(of: value.span),
        sealedValue: vault.seal(value.span, as: .version(id, number: 1)))
      let changes = try vault.organization.decide(
        .addKey(plan, material), by: .user(UserID(number: 1)), at: Self.start)
      let record = vault.append(changes, by: Self.owner, verb: "IMPORT", at: Self.start)
      try vault.nextBatch()?.write()
      try vault.append([
        AuditRow(
          time: Self.start, actor: Self.owner, verb: "IMPORT", subjects: [VersionID(id, number: 1)],
          object: "me/\(name)",
          record: record)
      ])
    }
  }

  /// Brings the audit to the device, as the daemon does every few seconds.
  static func synchronizeAudit(of vault: Vault) throws {
    let synchronization = vault.auditSynchronization
    try synchronization.run()
    vault.complete(synchronization)
  }

  /// The values of all keys of a vault; throws if one is not authentic.
  static func values(of vault: Vault) throws -> [[UInt8]] {
    try vault.organization.keys.map { key in
      let sealed = key.currentVersion.sealedValue ?? []
      var value = [UInt8](repeating: 0, count: Vault.openByteCount(ofSealed: sealed))
      var span = value.mutableSpan
      _ = try vault.open(sealed, as: .version(key.id, number: 1), into: &span)
      return value
    }
  }

  // MARK: Files

  func read(_ name: String) -> [UInt8] { Files.read(path + "/" + name) }

  func write(_ bytes: [UInt8], to name: String) { Files.write(bytes, to: path + "/" + name) }

  /// All files, to compare them and to put them back.
  func files() -> [String: [UInt8]] {
    Dictionary(
      uniqueKeysWithValues: Files.names(in: path).filter { $0 != "lock" }.map { ($0, read($0)) })
  }

  func restore(_ files: [String: [UInt8]]) {
    for name in Files.names(in: path) where files[name] == nil && name != "lock" {
      Files.removeTree(path + "/" + name)
    }
    for (name, bytes) in files { write(bytes, to: name) }
  }

  /// What opening the vault comes to.
  enum Outcome: Equatable {
    case opened(Organization, values: [[UInt8]])
    case refused(StoreError)
  }

  func outcome() throws -> Outcome {
    do {
      let vault = try open()
      return .opened(vault.organization, values: try Self.values(of: vault))
    } catch let error as StoreError {
      return .refused(error)
    }
  }
}

extension StoreError {
  var isDamaged: Bool {
    switch self {
    case .damaged: true
    default: false
    }
  }

  var isRolledBack: Bool {
    switch self {
    case .rolledBack: true
    default: false
    }
  }
}
