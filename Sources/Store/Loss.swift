package import Keyring

extension RepairPlan {
  /// A change that was made and cannot be read any more, or one that made a key which
  /// cannot be read any more.
  package struct Loss: Equatable, Sendable {
    /// Its number; nil if what tells of the key is no change.
    package let record: UInt64?

    /// As far as the audit or the record itself tells; nil if neither does.
    package let time: Instant?
    package let verb: String?
    package let object: String?

    /// The keys that it was about.
    package let keys: [KeyID]
  }
}

extension RepairPlan.Loss {
  /// The verbs of changes without which no key lives longer than it should.
  private static let makingVerbs = ["CREATE", "IMPORT"]

  /// Whether a key may live again without it that it had ended, or a grant to a unit
  /// that it had withdrawn.
  var mayHaveEndedKeys: Bool { verb.map { !Self.makingVerbs.contains($0) } ?? true }

  /// The changes behind the last one that can be read.
  ///
  /// - Parameters:
  ///   - head: The last record that can be read.
  ///   - last: The last record that anything tells of.
  ///   - records: Those in between that are authentic themselves.
  ///   - rows: The rows of the audit.
  /// - Returns: One for each number, in their order.
  static func changes(
    behind head: UInt64, upTo last: UInt64, _ records: [UInt64: Record], _ rows: [AuditRow]
  ) -> [RepairPlan.Loss] {
    guard head < last else { return [] }
    var rowOfRecord: [UInt64: AuditRow] = [:]
    for row in rows { if let record = row.record { rowOfRecord[record] = row } }
    return ((head + 1)...last).map { number in
      let (record, row) = (records[number], rowOfRecord[number])
      let subjects = row?.subjects ?? record?.subjects ?? []
      return RepairPlan.Loss(
        record: number, time: row?.time ?? record?.time, verb: row?.verb ?? record?.verb,
        object: row?.object ?? record?.objectText, keys: subjects.map(\.key))
    }
  }

  /// The keys that rows tell of and that what is left of a snapshot does not have.
  ///
  /// - Parameters:
  ///   - organization: What is left.
  ///   - changes: What is lost of later records; their keys are told by them.
  ///   - rows: The rows of the audit, in their order.
  /// - Returns: One for each row that is the first to tell of such a key.
  static func keys(
    of organization: Organization, besides changes: [RepairPlan.Loss], _ rows: [AuditRow]
  ) -> [RepairPlan.Loss] {
    var told = Set(changes.flatMap(\.keys))
    return rows.compactMap { row in
      guard row.outcome == 0 else { return nil }
      let keys = row.subjects.map(\.key).filter { id in
        organization.key(withID: id) == nil && told.insert(id).inserted
      }
      guard !keys.isEmpty else { return nil }
      return RepairPlan.Loss(
        record: row.record, time: row.time, verb: row.verb, object: row.object, keys: keys)
    }
  }
}

extension Record {
  /// The names of the keys that it makes, for one whose row is lost too.
  fileprivate var objectText: String? {
    let names = items.compactMap { item -> String? in
      guard case .change(.keyAdded(let key)) = item else { return nil }
      return key.name.text
    }
    return names.isEmpty ? nil : names.joined(separator: ", ")
  }
}
