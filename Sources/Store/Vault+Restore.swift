package import Keyring
internal import Platform

extension Vault {
  /// Makes a vault of a backup, and opens it.
  ///
  /// It opens with the secret of the backup. Issued keys that live are suspended:
  /// what was revoked or rotated after the backup was made must not come to life
  /// again unseen.
  ///
  /// - Parameters:
  ///   - backup: The whole file.
  ///   - directory: Where no vault is.
  ///   - secret: What opens the backup.
  ///   - actor: Who wants it.
  ///   - now: The time.
  /// - Returns: The vault.
  /// - Throws: ``StoreError``; then there is no vault.
  package static func restore(
    _ backup: [UInt8], to directory: VaultDirectory, secret: borrowing UnlockSecret,
    by actor: Actor, at now: Instant
  ) throws(StoreError) -> Opened {
    guard try !directory.holdsVault() else { throw .vaultExists }
    let contents = try Backup.read(backup, secret: secret)
    let material = try SingleSlot(contents.kind, secret: secret)
    guard
      var snapshot = try contents.snapshot.resealed(
        from: contents.key, to: material.key, isCancelled: { false })
    else { throw .noVault }
    snapshot.mark = max(now, snapshot.mark)
    try directory.removeUnfinishedVault()
    try write(snapshot, material, to: directory, by: actor)
    return try open(directory, material.file, key: material.key)
  }

  private static func write(
    _ snapshot: Snapshot, _ material: SingleSlot, to directory: VaultDirectory, by actor: Actor
  ) throws(StoreError) {
    let (key, now) = (material.key, snapshot.mark)
    var audit = SealedLog(kind: .audit, vault: key.vault, number: 1, made: now)
    let payloads = snapshot.payloads(
      by: actor, verb: "RESTORE", slotsNumber: 1, auditHead: audit.head)
    var bytes: [UInt8] = []
    var records = try snapshot.seal(payloads, as: .records, number: 1, key: key) {
      (part) throws(StoreError) in bytes += part
    }
    let change = Change.keysRestored(at: now)
    let record = Record(
      time: now, actor: actor, verb: "RESTORE", auditHead: audit.head, slotsNumber: 1,
      items: [.change(change)])
    bytes += records.seal(record.encoded, key: key.records)
    let row = AuditRow(
      time: now, actor: actor, verb: "RESTORE", object: snapshot.organization.name?.text ?? "",
      record: records.head.sequence)
    let auditBytes = audit.header + audit.seal(row.encoded(synchronized: 0), key: key.audit)
    try directory.writeVault(
      slots: material.file.encoded(key: key),
      logs: [(records.fileName, bytes), (audit.fileName, auditBytes)])
  }
}
