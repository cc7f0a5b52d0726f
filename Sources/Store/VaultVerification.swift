internal import Keyring
internal import Platform
internal import Sodium

/// The files of an open vault, to be read again and compared with what it knows.
package struct VaultVerification: Sendable {
  let slots: SlotFile
  let key: VaultKey
  let records: LogHead
  let recordsFile: LogFile
  let recordsByteCount: Int
  let audit: LogHead
  let auditFiles: AuditFiles
  let auditByteCount: Int

  /// What was found whole.
  package struct Outcome: Equatable, Sendable {
    package let records: UInt64
    package let rows: UInt64
    package let values: Int
  }

  /// Reads all records and rows, and opens all values.
  ///
  /// - Parameter isCancelled: Asked now and then.
  /// - Returns: How much there is; nil if it was cancelled.
  /// - Throws: ``StoreError`` for the first thing that is not as it was written.
  package func run(isCancelled: () -> Bool) throws(StoreError) -> Outcome? {
    let bytes = try recordsFile.read(at: 0, atMost: recordsByteCount)
    let reading = try RecordsReading(bytes, slots, key: key)
    guard reading.log.head == records else {
      throw .damaged(
        file: recordsFile.name,
        reason: "record \(reading.log.head.sequence + 1) has changed (offset \(reading.byteCount))")
    }
    var contents: [AuditReading.Contents] = []
    for part in auditFiles.parts {
      if isCancelled() { return nil }
      var bytes = try part.file.readAll()
      if part.log.number == auditFiles.last.log.number {
        bytes = Array(bytes.prefix(auditByteCount))
      }
      contents.append(AuditReading.Contents(log: part.log, bytes: bytes))
    }
    let rows = try AuditReading(contents, records: reading, key: key)
    guard rows.log.head == audit else {
      throw .damaged(
        file: rows.log.fileName,
        reason: "row \(rows.log.head.sequence + 1) has changed (offset \(rows.byteCount))")
    }
    guard let values = try openValues(of: reading, isCancelled) else { return nil }
    return Outcome(
      records: reading.log.head.sequence,
      rows: rows.log.head.sequence - auditFiles.parts[0].log.base.sequence, values: values)
  }

  private func openValues(
    of reading: RecordsReading, _ isCancelled: () -> Bool
  ) throws(StoreError) -> Int? {
    var count = 0
    for key in reading.organization.keys {
      if isCancelled() { return nil }
      for version in key.versions {
        guard let box = version.sealedValue else { continue }
        do throws(SodiumError) {
          let role = ValueRole.version(key.id, number: version.number)
          _ = try SealedBox.openSecret(
            box.span, key: self.key.values, context: role.context(vault: self.key.vault))
        } catch .authenticationFailed {
          throw .damaged(
            file: recordsFile.name, reason: "the value of key \(key.id.text) is not authentic")
        } catch {
          throw StoreError(error)
        }
        count += 1
      }
    }
    return count
  }
}

extension Vault {
  /// What is to be read again; all batches before must have been written.
  package var verification: VaultVerification {
    VaultVerification(
      slots: slots, key: key, records: records.head, recordsFile: recordsFile,
      recordsByteCount: recordsByteCount, audit: audit.head, auditFiles: auditFiles,
      auditByteCount: auditByteCount)
  }
}
