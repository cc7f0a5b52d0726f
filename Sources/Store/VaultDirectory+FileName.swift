extension VaultDirectory {
  /// What the files of a vault are called.
  enum FileName {
    static let lock = "lock"
    static let slots = "slots"

    /// The slots of a vault that is being made; as long as it is there, nothing
    /// was ever stored.
    static let slotsOfUnfinished = "slots.init"

    /// The slots that are about to replace those that are there.
    static let nextSlots = "slots.new"

    static func records(_ generation: UInt64) -> String { recordsPrefix + String(generation) }
    static func audit(_ number: UInt64) -> String { auditPrefix + String(number) }

    static let recordsPrefix = "records."
    static let auditPrefix = "audit."

    /// The number in the name of a log; nil for what is none.
    static func number(of name: String, _ prefix: String) -> UInt64? {
      guard name.hasPrefix(prefix), let number = UInt64(name.dropFirst(prefix.count)),
        name == prefix + String(number)
      else { return nil }
      return number
    }

    static func isLog(_ name: String) -> Bool {
      number(of: name, recordsPrefix) != nil || number(of: name, auditPrefix) != nil
    }
  }
}
