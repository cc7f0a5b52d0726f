import Keyring
import Platform
import Sodium
@testable import Store
import TestSupport

/// A vault or backup of format 1 that is kept in the repository, as it was written.
///
/// The files were made once, by ``write(to:)``, and are never made again: what was
/// written then must be readable for ever. `Tests/Vectors/golden/README.md` tells
/// what is in them, and what opens them.
enum GoldenVault: String, CaseIterable {
  case new = "v1-new"
  case lives = "v1-lives"
  case compacted = "v1-compacted"
  case rekeyed = "v1-rekeyed"
  case backup = "v1-backup"
  case restored = "v1-restored"
  case units = "v1-units"
  case processes = "v1-processes"

  /// The time at which the states of keys are told.
  static let moment = StoreFixture.start.advanced(by: .days(2))

  static let passphrase = "correct horse battery staple"
  static let cost = KeyDerivation.Cost(memoryByteCount: 8 << 20, passes: 1)

  static let directory: String = {
    let path = #filePath
    let components = path.split(separator: "/", omittingEmptySubsequences: false)
    let tests = components.lastIndex(of: "Tests") ?? 0
    return components[...tests].joined(separator: "/") + "/Vectors/golden"
  }()

  var path: String { Self.directory + "/" + rawValue }

  var isBackup: Bool { self == .backup }

  /// What opens it, as it is in a file beside it.
  var hasPassphrase: Bool { self == .new || self == .backup || self == .restored }

  func secret() throws -> UnlockSecret {
    hasPassphrase ? try StoreFixture.passphrase(Self.passphrase) : try StoreFixture.keyFile()
  }

  /// The files of the vault; of a backup the one file.
  var files: [String: [UInt8]] {
    let names = Files.names(in: path + "/state")
    return Dictionary(uniqueKeysWithValues: names.map { ($0, Files.read(path + "/state/" + $0)) })
  }

  /// A copy that may be opened, as nobody else can read it.
  func copy() -> StoreFixture {
    let fixture = StoreFixture()
    try? Directory.create(fixture.path, permissions: 0o700)
    fixture.restore(files)
    return fixture
  }

  /// What was in it when it was written.
  func expected(_ name: String) -> String {
    String(decoding: Files.read(path + "/" + name), as: UTF8.self)
  }
}

// MARK: Writing

extension GoldenVault {
  /// Makes the vault, or the backup, and what is expected of it.
  func write() throws {
    for part in [Self.directory, path, path + "/state"] {
      try Directory.create(part, permissions: 0o755)
    }
    let fixture = StoreFixture()
    let story = GoldenStory(try make(in: fixture), fixture)
    switch self {
    case .new: break
    case .lives: try story.tellAll()
    case .compacted:
      try story.tellAll()
      try story.compact()
    case .rekeyed:
      try story.tellAll()
      try story.rekey()
    case .units:
      try story.tellAll()
      try story.tellOfUnits()
    case .processes:
      try story.tellAll()
      try story.tellOfProcesses()
    case .backup, .restored: try story.tellAll()
    }
    var vault = story.vault
    var files = fixture.files()
    if hasPassphrase, self != .new {
      let draft = vault.backupDraft(by: StoreFixture.owner, at: story.now)
      let backup = try Backup.write(draft, secret: try secret(), cost: Self.cost) { false } ?? []
      files = ["backup": backup]
      if self == .restored {
        let other = StoreFixture()
        vault = try Vault.restore(
          backup, to: try other.directory(), secret: try secret(), by: StoreFixture.owner,
          at: story.now
        ).vault
        let restored = GoldenStory(vault, other)
        try restored.tellOfRestored()
        files = other.files()
      }
    }
    for (name, bytes) in files { Files.write(bytes, to: path + "/state/" + name, mode: 0o644) }
    let text = VaultText(vault, at: Self.moment)
    Files.write(Array(try text.keys().utf8), to: path + "/keys.jsonl", mode: 0o644)
    if !isBackup {
      Files.write(Array(try text.rows().utf8), to: path + "/audit.jsonl", mode: 0o644)
    }
  }

  private func make(in fixture: StoreFixture) throws -> Vault {
    guard self == .new else { return try fixture.create() }
    let opened = try Vault.create(
      in: try fixture.directory(), try StoreFixture.founding(hasRecoveryCode: true),
      secret: try secret(), by: StoreFixture.owner, at: StoreFixture.start)
    let vault = opened.vault
    if let code = opened.takeRecoveryCode() {
      let text = code.withBytes { bytes in bytes.indices.map { bytes[$0] } }
      Files.write(text, to: path + "/recovery-code", mode: 0o644)
    }
    return vault
  }
}
