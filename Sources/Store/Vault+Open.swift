internal import Keyring
internal import Platform
internal import Sodium

extension Vault {
  /// Opens the vault in `directory` with `secret`.
  ///
  /// - Parameters:
  ///   - directory: Where the vault is.
  ///   - secret: What opens one of its slots.
  /// - Returns: The vault.
  /// - Throws: ``StoreError``.
  package static func open(
    _ directory: VaultDirectory, with secret: borrowing UnlockSecret
  ) throws(StoreError) -> Opened {
    let read = try readSlots(in: directory)
    let vaultKey = try secret.vaultKey(from: read.file)
    let key: VaultKey
    do throws(SodiumError) {
      key = try VaultKey(deriving: vaultKey, vault: read.file.vault)
    } catch {
      throw StoreError(error)
    }
    try read.verify(key: key)
    return try open(directory, read.file, key: key)
  }

  /// Tells whether `secret` would open the vault, and opens nothing.
  ///
  /// Throws ``StoreError`` if it would not.
  package static func check(
    _ secret: borrowing UnlockSecret, for directory: VaultDirectory
  ) throws(StoreError) {
    _ = try secret.vaultKey(from: try readSlots(in: directory).file)
  }

  /// Reads the slots file as far as that is possible without a key.
  ///
  /// Throws ``StoreError/noVault``, `damaged` and `unknown version`.
  package static func checkSlots(in directory: VaultDirectory) throws(StoreError) {
    _ = try readSlots(in: directory)
  }

  private static func readSlots(in directory: VaultDirectory) throws(StoreError) -> SlotFile.Read {
    guard try directory.holdsVault() else { throw .noVault }
    let file = try directory.open(VaultDirectory.FileName.slots, for: .readingAndWriting)
    let bytes = try attempting("reading", VaultDirectory.FileName.slots) { () throws(Errno) in
      try file.readAll(limit: SlotFile.maximumByteCount)
    }
    guard let bytes else {
      throw .damaged(file: VaultDirectory.FileName.slots, reason: "it is too long")
    }
    return try SlotFile.read(bytes)
  }

  /// Opens the vault with its key.
  static func open(
    _ directory: VaultDirectory, _ slots: SlotFile, key: consuming VaultKey
  ) throws(StoreError) -> Opened {
    let recordsFile = try LogFile(VaultDirectory.FileName.records(slots.generation), in: directory)
    let auditFile = try LogFile(VaultDirectory.FileName.audit(1), in: directory)
    let recordsBytes = try recordsFile.readAll()
    let auditBytes = try auditFile.readAll()

    let records = try RecordsReading(recordsBytes, slots, key: key)
    let audit = try AuditReading(
      auditBytes, vault: slots.vault, recordsNameHead: records.auditHead,
      clockSetting: records.clockSetting, key: key)
    try records.judgeEnd(lastAcknowledged: audit.lastNamedRecord)
    let missingRows = try records.auditRows(behind: audit.lastKeptRecord, key: key)
    let tagKey = try records.openHashingKey(.tagKey, key: key)
    let fingerprintKey = try records.openHashingKey(.fingerprintKey, key: key)

    // Both files are judged whole before either is touched.
    var notes: [String] = []
    try cut(recordsFile, to: records.byteCount, of: recordsBytes.count, noting: &notes)
    try cut(auditFile, to: audit.byteCount, of: auditBytes.count, noting: &notes)
    if !audit.endsCleanly {
      try recordsFile.writeEndAgain(of: Array(recordsBytes.prefix(records.byteCount)))
      try auditFile.writeEndAgain(of: Array(auditBytes.prefix(audit.byteCount)))
    }

    let vault = Vault(
      Parts(
        key: key, tagKey: tagKey, fingerprintKey: fingerprintKey,
        organization: records.organization, mark: max(records.mark, audit.mark),
        slotsNumber: slots.number, records: records.log, recordsFile: recordsFile,
        recordsByteCount: records.byteCount, audit: audit.log, auditFile: auditFile,
        auditByteCount: audit.byteCount, auditIndex: audit.index, uses: audit.uses))
    if !missingRows.isEmpty {
      try vault.append(missingRows)
      let rows = missingRows.count == 1 ? "1 row" : "\(missingRows.count) rows"
      notes.append("\(audit.log.fileName): made \(rows) again from the records")
    }
    return Opened(vault: vault, recoveryCode: nil, notes: notes)
  }

  /// Cuts off the torn end of a log.
  private static func cut(
    _ file: LogFile, to byteCount: Int, of fileByteCount: Int, noting notes: inout [String]
  ) throws(StoreError) {
    guard byteCount < fileByteCount else { return }
    try file.truncate(to: byteCount)
    notes.append(
      "\(file.name): cut off \(fileByteCount - byteCount) bytes of a torn end, "
        + "which nobody was told of")
  }
}
