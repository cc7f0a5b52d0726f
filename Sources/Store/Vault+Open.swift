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
    let (slots, key) = try readSlots(in: directory, with: secret)
    return try open(directory, slots, key: key)
  }

  /// Reads the slots file, and derives the keys of the vault that it is of.
  static func readSlots(
    in directory: VaultDirectory, with secret: borrowing UnlockSecret
  ) throws(StoreError) -> (SlotFile, VaultKey) {
    let read = try readSlots(in: directory)
    let vaultKey = try secret.vaultKey(from: read.file)
    let key: VaultKey
    do throws(SodiumError) {
      key = try VaultKey(deriving: vaultKey, vault: read.file.vault)
    } catch {
      throw StoreError(error)
    }
    try read.verify(key: key)
    return (read.file, key)
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

  static func readSlots(in directory: VaultDirectory) throws(StoreError) -> SlotFile.Read {
    guard try directory.holdsVault() else { throw .noVault }
    let bytes = try directory.read(
      VaultDirectory.FileName.slots, limit: SlotFile.maximumByteCount)
    return try SlotFile.read(bytes)
  }

  /// Opens the vault with its key.
  static func open(
    _ directory: VaultDirectory, _ slots: SlotFile, key: VaultKey
  ) throws(StoreError) -> Opened {
    let recordsFile = try LogFile(VaultDirectory.FileName.records(slots.generation), in: directory)
    var auditFiles = try AuditFiles(opening: slots, in: directory)
    let lastRows = try auditFiles.readLast()
    let opened = OpenedFrames(of: lastRows, key: key)
    let recordsBytes = try recordsFile.readAll()
    let records = try RecordsReading(recordsBytes, slots, key: key)
    let first = auditFiles.firstPosition(
      toRead: records.checkpoint?.auditHead.sequence ?? 0)
    let contents = try auditFiles.read(from: first, to: lastRows)
    let audit = try AuditReading(contents, records: records, key: key, opened: opened)
    try records.judgeEnd(lastAcknowledged: audit.lastNamedRecord)
    try LaterAudit(
      besides: slots, behind: records.log.head.sequence, in: directory, key: key
    ).judge()
    let missingRows = try records.auditRows(behind: audit.lastKeptRecord, key: key)
    let tagKey = try records.openHashingKey(.tagKey, key: key)
    let fingerprintKey = try records.openHashingKey(.fingerprintKey, key: key)
    guard let hashingKeys = records.hashingKeys else { throw .noVault }

    // All files are judged whole before one of them is touched.
    var notes: [String] = []
    try auditFiles.discard(behind: first + audit.position + 1)
    try auditFiles.next?.file.truncate(to: 0)
    let auditFile = auditFiles.last.file
    let auditBytes = contents[audit.position].bytes
    try cut(recordsFile, to: records.byteCount, of: recordsBytes.count, noting: &notes)
    try cut(auditFile, to: audit.byteCount, of: auditBytes.count, noting: &notes)
    if !audit.endsCleanly {
      // Names may be as little on the device as data.
      try directory.synchronize()
      try recordsFile.writeEndAgain(of: Array(recordsBytes.prefix(records.byteCount)))
      // The file before the last one may have been synced no more than that.
      for (file, content) in zip(auditFiles.parts.dropFirst(first), contents).suffix(2) {
        let isLast = file.log.number == auditFiles.last.log.number
        let end = isLast ? audit.byteCount : content.bytes.count
        try file.file.writeEndAgain(of: Array(content.bytes.prefix(end)))
      }
    }
    for name in try directory.removeLeftovers(besides: slots.fileNames) {
      notes.append("\(name): removed what an interrupted change had left")
    }

    let vault = Vault(
      Parts(
        directory: directory, slots: slots, key: key, tagKey: tagKey,
        fingerprintKey: fingerprintKey, hashingKeys: hashingKeys,
        organization: records.organization, mark: max(records.mark, audit.mark),
        records: records.log, recordsFile: recordsFile, recordsByteCount: records.byteCount,
        audit: audit.log, auditFiles: auditFiles, auditByteCount: audit.byteCount,
        auditIndex: audit.index, uses: audit.uses))
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

extension SlotFile {
  /// The names of the logs that it names.
  var fileNames: Set<String> {
    Set(audit.map(VaultDirectory.FileName.audit))
      .union([VaultDirectory.FileName.records(generation)])
  }
}

extension AuditFiles {
  /// All that is in the last file.
  func readLast() throws(StoreError) -> AuditReading.Contents {
    AuditReading.Contents(log: last.log, bytes: try last.file.readAll())
  }

  /// All that is in the files from one on.
  ///
  /// - Parameters:
  ///   - first: The position of that one.
  ///   - end: What is in the last file, which was read before.
  /// - Returns: The files in their order.
  /// - Throws: ``StoreError`` if one cannot be read.
  func read(
    from first: Int, to end: AuditReading.Contents
  ) throws(StoreError) -> [AuditReading.Contents] {
    var contents: [AuditReading.Contents] = []
    for part in parts[first...].dropLast() {
      contents.append(AuditReading.Contents(log: part.log, bytes: try part.file.readAll()))
    }
    return contents + [end]
  }
}
