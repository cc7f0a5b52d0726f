package import Keyring
internal import Platform
package import Sodium

/// All that a vault knows at a moment, in one file that opens with a secret of its own.
///
///     coffer backup 1 1 <bytes of the slots>
///     <a slots file of one slot>
///     <a log that is a snapshot and nothing else>
package enum Backup {
  static let name = "backup"
  private static let version = 1
  private static let firstWords = "coffer backup"

  /// The longest first line.
  private static let lineByteCount = 64

  /// The longest backup: it is kept in memory while it is made and read.
  package static let maximumByteCount = 1 << 30

  /// Why a file that is longer is none.
  package static let tooLong = StoreError.damaged(
    file: name, reason: "it is longer than any backup")

  /// A backup before it is written.
  package struct Draft: Sendable {
    let snapshot: Snapshot
    let key: VaultKey
    let actor: Actor
  }

  /// Writes a backup.
  ///
  /// - Parameters:
  ///   - draft: What goes into it.
  ///   - secret: What is to open it.
  ///   - cost: What trying a passphrase costs.
  ///   - isCancelled: Asked now and then.
  /// - Returns: The bytes of the file; nil if it was cancelled.
  /// - Throws: ``StoreError``.
  package static func write(
    _ draft: Draft, secret: borrowing UnlockSecret,
    cost: KeyDerivation.Cost = Vault.Founding.defaultCost, isCancelled: () -> Bool
  ) throws(StoreError) -> [UInt8]? {
    let kind: KeySlot.Kind =
      switch secret.kind {
      case .passphrase: .passphrase(cost)
      case .keyFile: .keyFile
      }
    let material = try SingleSlot(kind, secret: secret)
    guard
      let snapshot = try draft.snapshot.resealed(
        from: draft.key, to: material.key, isCancelled: isCancelled)
    else { return nil }
    let slots = material.file.encoded(key: material.key)
    var bytes = Array("\(firstWords) \(version) \(version) \(slots.count)\n".utf8) + slots
    let payloads = snapshot.payloads(
      by: draft.actor, verb: "BACKUP", slotsNumber: 1, auditHead: SealedLog.beginning)
    _ = try snapshot.seal(payloads, as: .backup, number: 1, key: material.key) {
      (part) throws(StoreError) in
      guard bytes.count + part.count <= maximumByteCount else { throw .full(file: name) }
      bytes += part
    }
    return bytes
  }

  /// What a backup says, read through to its end.
  struct Contents {
    let snapshot: Snapshot
    let key: VaultKey

    /// That of the slot.
    let kind: KeySlot.Kind
  }

  /// What a backup holds, for who looks whether it is whole.
  package struct Summary: Equatable, Sendable {
    package let organization: String
    package let made: Instant
    package let users: Int
    package let workspaces: Int
    package let keys: Int
    package let values: Int
  }

  /// Reads a backup through, opening each value.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - secret: What opens it.
  /// - Returns: What is in it.
  /// - Throws: ``StoreError``.
  package static func check(
    _ bytes: [UInt8], secret: borrowing UnlockSecret
  ) throws(StoreError) -> Summary {
    let contents = try read(bytes, secret: secret)
    let organization = contents.snapshot.organization
    var values = 0
    for key in organization.keys {
      for version in key.versions {
        guard let box = version.sealedValue else { continue }
        _ = try contents.key.reseal(
          box, as: .version(key.id, number: version.number), with: contents.key)
        values += 1
      }
    }
    return Summary(
      organization: organization.name?.text ?? "", made: contents.snapshot.mark,
      users: organization.users.count, workspaces: organization.workspaces.count,
      keys: organization.keys.count, values: values)
  }

  /// Throws unless the file is a backup as far as that can be told without its secret.
  package static func checkOuterForm(_ bytes: [UInt8]) throws(StoreError) {
    _ = try parts(of: bytes)
  }

  /// The two files that a backup is made of.
  static func parts(
    of bytes: [UInt8]
  ) throws(StoreError) -> (slots: SlotFile.Read, log: [UInt8]) {
    guard let end = bytes.prefix(lineByteCount).firstIndex(of: 0x0A) else {
      throw .damaged(file: name, reason: "it is no backup of Coffer")
    }
    let words = String(decoding: bytes[..<end], as: UTF8.self)
      .split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 5, words[0...1].joined(separator: " ") == firstWords,
      let minimumReader = Int(words[3]), let slotsByteCount = Int(words[4])
    else {
      throw .damaged(file: name, reason: "it is no backup of Coffer")
    }
    guard minimumReader <= version else {
      throw .unknownVersion(file: name, version: minimumReader)
    }
    let rest = bytes[(end + 1)...]
    guard (1...SlotFile.maximumByteCount).contains(slotsByteCount), slotsByteCount < rest.count
    else {
      throw .damaged(file: name, reason: "it was cut")
    }
    let slots: SlotFile.Read
    do throws(StoreError) {
      slots = try SlotFile.read(Array(rest.prefix(slotsByteCount)))
    } catch {
      throw error.inBackup
    }
    // The slots have a MAC, which the first line has not.
    let line = "\(firstWords) \(slots.file.format) \(version) \(slotsByteCount)"
    guard Array(bytes[..<end]) == Array(line.utf8) else {
      throw .damaged(file: name, reason: "its first line is not that of its slots")
    }
    return (slots, Array(rest.dropFirst(slotsByteCount)))
  }

  static func read(
    _ bytes: [UInt8], secret: borrowing UnlockSecret
  ) throws(StoreError) -> Contents {
    let (slots, log) = try parts(of: bytes)
    do throws(StoreError) {
      let vaultKey = try secret.vaultKey(from: slots.file)
      let key: VaultKey
      do throws(SodiumError) {
        key = try VaultKey(deriving: vaultKey, vault: slots.file.vault)
      } catch {
        throw StoreError(error)
      }
      try slots.verify(key: key)
      let reading = try RecordsReading(log, slots.file, kind: .backup, key: key)
      try reading.requireEnd()
      guard reading.log.isInSnapshot, let hashingKeys = reading.hashingKeys,
        let slot = slots.file.slots.first
      else {
        throw StoreError.damaged(file: name, reason: "it holds no snapshot")
      }
      let snapshot = Snapshot(
        organization: reading.organization, uses: reading.uses, mark: reading.mark,
        recordsHead: reading.log.base, hashingKeys: hashingKeys)
      return Contents(snapshot: snapshot, key: key, kind: slot.kind)
    } catch {
      throw error.inBackup
    }
  }
}

extension Vault {
  /// All that the vault knows now, for a backup.
  package func backupDraft(by actor: Actor, at now: Instant) -> Backup.Draft {
    let snapshot = Snapshot(
      organization: organization, uses: uses, mark: now, recordsHead: records.head,
      hashingKeys: hashingKeys)
    return Backup.Draft(snapshot: snapshot, key: key, actor: actor)
  }
}

extension StoreError {
  /// The same of a part of a backup.
  fileprivate var inBackup: StoreError {
    switch self {
    case .damaged(_, let reason): .damaged(file: Backup.name, reason: reason)
    case .unknownVersion(_, let version): .unknownVersion(file: Backup.name, version: version)
    case .beyondRepair(_, let reason): .damaged(file: Backup.name, reason: reason)
    case .rolledBack: .damaged(file: Backup.name, reason: "its parts are of different times")
    case .wrongSecret(let kind, _): .wrongSecret(kind, of: .backup)
    case .noSlot(let kind, _): .noSlot(kind: kind, of: .backup)
    case .noVault, .vaultExists, .insecure, .inUse, .unusableSecret, .changedByOthers, .busy,
      .failed, .full, .outOfMemory, .overMemoryLimit, .outOfLockedMemory:
      self
    }
  }
}

/// A vault key that one secret opens.
struct SingleSlot {
  let file: SlotFile
  let key: VaultKey

  init(_ kind: KeySlot.Kind, secret: borrowing UnlockSecret) throws(StoreError) {
    do throws(SodiumError) {
      let vault = VaultID()
      let vaultKey = try Random.secret(count: VaultKey.byteCount)
      let slot = try KeySlot(
        number: 1, kind: kind, wrapping: vaultKey, by: secret.bytes, vault: vault)
      key = try VaultKey(deriving: vaultKey, vault: vault)
      file = SlotFile(vault: vault, number: 1, generation: 1, audit: [1], slots: [slot])
    } catch {
      throw StoreError(error)
    }
  }
}
