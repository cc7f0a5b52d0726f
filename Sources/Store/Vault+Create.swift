package import Keyring
package import Platform
package import Sodium

extension Vault {
  /// What a new vault is to be.
  package struct Founding: Sendable {
    package let organization: Name
    package let owner: Name
    package let ownerUID: UInt32

    /// Whether a recovery code is made as well.
    package let hasRecoveryCode: Bool

    /// What trying a passphrase costs.
    package let cost: KeyDerivation.Cost

    /// 256 MiB and 3 passes: most of a second.
    package static let defaultCost = KeyDerivation.Cost(memoryByteCount: 256 << 20, passes: 3)

    package init(
      organization: Name, owner: Name, ownerUID: UInt32, hasRecoveryCode: Bool,
      cost: KeyDerivation.Cost = Founding.defaultCost
    ) {
      self.organization = organization
      self.owner = owner
      self.ownerUID = ownerUID
      self.hasRecoveryCode = hasRecoveryCode
      self.cost = cost
    }
  }

  /// A vault that was just made or opened, with what is to be told of it once.
  package struct Opened: ~Copyable {
    package let vault: Vault

    /// The recovery code of a new vault, if it has one.
    package let recoveryCode: Secret?

    /// What was mended on the way, for the log.
    package let notes: [String]

    package consuming func takeRecoveryCode() -> Secret? { recoveryCode }
  }

  /// Makes a vault in `directory`, and opens it.
  ///
  /// The slots file gets its name last, when all else is on the device; without
  /// it there is no vault, and what an interruption has left is removed.
  ///
  /// - Parameters:
  ///   - directory: Where no vault is.
  ///   - founding: What it is to be.
  ///   - secret: What it will be opened with.
  ///   - actor: Who makes it.
  ///   - now: The time.
  /// - Returns: The vault, with its recovery code.
  /// - Throws: ``StoreError``.
  package static func create(
    in directory: VaultDirectory, _ founding: Founding, secret: borrowing UnlockSecret,
    by actor: Actor, at now: Instant
  ) throws(StoreError) -> Opened {
    guard try !directory.holdsVault() else { throw .vaultExists }
    try directory.removeUnfinishedVault()
    let vault = VaultID()
    let material: Material
    do throws(SodiumError) {
      material = try Material(founding, secret: secret, vault: vault)
    } catch {
      throw StoreError(error)
    }
    try write(material, founding, to: directory, by: actor, at: now)
    let opened = try open(directory, material.file, key: material.key)
    return Opened(
      vault: opened.vault, recoveryCode: material.recoveryCode, notes: opened.notes)
  }

  /// The keys and slots of a new vault.
  private struct Material: ~Copyable {
    let key: VaultKey
    let file: SlotFile
    let recoveryCode: Secret?

    init(
      _ founding: Founding, secret: borrowing UnlockSecret, vault: VaultID
    ) throws(SodiumError) {
      let vaultKey = try Random.secret(count: VaultKey.byteCount)
      let kind: KeySlot.Kind =
        switch secret.kind {
        case .passphrase: .passphrase(founding.cost)
        case .keyFile: .keyFile
        }
      var slots = [
        try KeySlot(number: 1, kind: kind, wrapping: vaultKey, by: secret.bytes, vault: vault)
      ]
      var code: Secret?
      if founding.hasRecoveryCode {
        let recovery = try Random.secret(count: RecoveryCode.secretByteCount)
        slots.append(
          try KeySlot(
            number: 2, kind: .recoveryCode, wrapping: vaultKey, by: recovery, vault: vault))
        code = try RecoveryCode.code(of: recovery)
      }
      let key = try VaultKey(deriving: vaultKey, vault: vault)
      self.key = key
      file = SlotFile(vault: vault, number: 1, generation: 1, audit: [1], slots: slots)
      recoveryCode = code
    }
  }

  /// Writes the files of a new vault, the slots first and under another name.
  private static func write(
    _ material: borrowing Material, _ founding: Founding, to directory: VaultDirectory,
    by actor: Actor, at now: Instant
  ) throws(StoreError) {
    let slots = material.file
    var audit = SealedLog(kind: .audit, vault: slots.vault, number: 1, made: now)
    var records = SealedLog(
      kind: .records, vault: slots.vault, number: slots.generation, made: now)
    let record = try foundingRecord(material, founding, audit: audit.head, by: actor, at: now)
    let row = AuditRow(
      time: now, actor: actor, verb: record.verb, object: founding.organization.text, record: 1)
    let recordsBytes = records.header + records.seal(record.encoded, key: material.key.records)
    let auditBytes =
      audit.header + audit.seal(row.encoded(synchronized: 0), key: material.key.audit)
    try directory.writeVault(
      slots: slots.encoded(key: material.key),
      logs: [(records.fileName, recordsBytes), (audit.fileName, auditBytes)])
  }

  private static func foundingRecord(
    _ material: borrowing Material, _ founding: Founding, audit: LogHead, by actor: Actor,
    at now: Instant
  ) throws(StoreError) -> Record {
    let vault = material.file.vault
    func sealedKey(_ role: ValueRole) throws(SodiumError) -> [UInt8] {
      let random = try Random.secret(count: 32)
      return random.withBytes { bytes in
        SealedBox.seal(bytes, key: material.key.values, context: role.context(vault: vault))
      }
    }
    let owner = User(
      id: UserID(number: 1), name: founding.owner, uid: founding.ownerUID, role: .owner)
    do throws(SodiumError) {
      return Record(
        time: now, actor: actor, verb: "INIT", auditHead: audit,
        slotsNumber: material.file.number,
        items: [
          .hashingKeys(
            tagKey: try sealedKey(.tagKey), fingerprintKey: try sealedKey(.fingerprintKey)),
          .change(.organizationNamed(founding.organization)),
          .change(.userAdded(owner)),
        ])
    } catch {
      throw StoreError(error)
    }
  }
}
