internal import Platform

/// What a vault's files look like from outside, without its keys.
package struct VaultSurvey: Sendable {
  /// What is in the slots, in a line.
  package let slotsText: String

  /// Whether one of them is for a credential of systemd.
  package let hasCredentialSlot: Bool

  /// What is wrong with the files that they name.
  package let problems: [StoreError]

  /// How many files there are, in a line.
  package let filesText: String

  /// What was set aside by repairs; nil if nothing was.
  package let asideText: String?

  /// The format that this version writes.
  package static let formatVersion = Int(SealedLog.version)

  /// Looks at the vault in `directory`.
  ///
  /// Throws ``StoreError`` if there is none, or if its slots cannot be read.
  package init(of directory: VaultDirectory) throws(StoreError) {
    let slots = try Vault.readSlots(in: directory).file
    let kinds = slots.slots.map { "\($0.number) \($0.kind.word)" }.joined(separator: ", ")
    slotsText =
      "\(slots.slots.count == 1 ? "slot" : "slots") \(kinds); generation \(slots.generation)"
    hasCredentialSlot = slots.slots.contains { $0.kind == .credential }
    var problems: [StoreError] = []
    let logs: [(SealedLog.Kind, UInt64)] =
      [(.records, slots.generation)] + slots.audit.map { (.audit, $0) }
    for (kind, number) in logs {
      do throws(StoreError) {
        let file = try LogFile(kind.fileName(number), in: directory)
        let header = try file.read(at: 0, atMost: SealedLog.headerByteCount)
        // The last file of the audit is empty until it has rows.
        if kind == .audit, header.isEmpty, number == slots.audit.last, slots.audit.count > 1 {
          continue
        }
        _ = try SealedLog(
          kind: kind, vault: slots.vault, number: number, readingHeaderOf: header)
      } catch {
        problems.append(error)
      }
    }
    self.problems = problems
    filesText = "\(logs.count) files are there, and closed to others"
    let aside = try directory.names().filter(VaultDirectory.isCopyAside)
    asideText =
      aside.isEmpty
      ? nil : "set aside by a repair, and not needed by the vault: \(aside.joined(separator: ", "))"
  }
}

extension VaultDirectory {
  /// How long all files are together.
  package var byteCount: Int {
    let names = (try? disk.names()) ?? []
    return names.reduce(0) { sum, name in
      let status = try? disk.status(of: name)
      return sum + (status?.byteCount ?? 0)
    }
  }
}
