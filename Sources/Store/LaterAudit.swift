internal import Keyring

/// What files of the audit tell that are later than those which the slots name.
///
/// A change of generation that was interrupted leaves such a file; all that it tells of
/// is in the vault as well. If it names a record that the vault does not have, then the
/// slots and the records are those of an earlier time, put back beside it.
struct LaterAudit {
  /// The authentic rows of the files that name a record behind the last one that the
  /// vault has.
  let rows: [AuditRow]

  /// These files, and what else the slots do not name, if there is one of them.
  let names: [String]

  /// Reads what stands beside the files that `slots` names.
  ///
  /// - Parameters:
  ///   - slots: The slots of the vault.
  ///   - lastRecord: The number of the last record that the vault has.
  ///   - directory: Where the vault is.
  ///   - key: The keys of the vault; what is sealed with others is passed over.
  /// - Throws: ``StoreError/failed(file:operation:_:)``.
  init(
    besides slots: SlotFile, behind lastRecord: UInt64, in directory: VaultDirectory, key: VaultKey
  ) throws(StoreError) {
    typealias FileName = VaultDirectory.FileName
    let unnamed = try directory.names().filter(FileName.isLog).sorted()
      .filter { !slots.fileNames.contains($0) }
    var rows: [AuditRow] = []
    for name in unnamed {
      guard let number = FileName.number(of: name, FileName.auditPrefix),
        number > slots.audit.max() ?? 0
      else { continue }
      let found = try Self.rows(of: name, number, slots.vault, in: directory, key: key)
      if found.contains(where: { $0.record ?? 0 > lastRecord }) { rows += found }
    }
    self.rows = rows
    names = rows.isEmpty ? [] : unnamed
  }

  /// Throws `rolled back` if there is such a file.
  func judge() throws(StoreError) {
    guard rows.isEmpty else { throw .rolledBack(file: VaultDirectory.FileName.slots) }
  }

  private static func rows(
    of name: String, _ number: UInt64, _ vault: VaultID, in directory: VaultDirectory,
    key: VaultKey
  ) throws(StoreError) -> [AuditRow] {
    do throws(StoreError) {
      let bytes = try LogFile(name, in: directory).readAll()
      var log = try SealedLog(kind: .audit, vault: vault, number: number, readingHeaderOf: bytes)
      var offset = SealedLog.headerByteCount
      var rows: [AuditRow] = []
      while let (payload, next) = log.openFrame(of: bytes, at: offset, key: key.audit) {
        offset = next
        // That of a repair that was broken off tells of the record that it did not write.
        guard let row = try? AuditRow.decoding(payload).row,
          row.verb != GenerationCause.recovery.verb
        else { continue }
        rows.append(row)
      }
      return rows
    } catch {
      if case .failed = error { throw error }
      // What has not the form of such a file tells nothing.
      return []
    }
  }
}
