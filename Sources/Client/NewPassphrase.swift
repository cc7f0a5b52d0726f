internal import Platform

/// A passphrase that is to open something from now on.
enum NewPassphrase {
  /// How often a person may try to type the same twice.
  private static let tries = 3

  /// Asks for it on the terminal, twice.
  ///
  /// - Parameters:
  ///   - object: What it will open, as in `the vault`.
  ///   - descriptorOption: What names a descriptor to read it from instead, without
  ///     the hyphens.
  ///   - others: What else can be said in place of typing.
  /// - Returns: The passphrase, which is not empty.
  /// - Throws: A usage error if there is no terminal; another one if none was chosen.
  static func ask(
    for object: String, named descriptorOption: String, or others: String? = nil
  ) throws(ClientError) -> Secret {
    for _ in 1...tries {
      guard let first = try SecretInput.ask("New passphrase for \(object): ") else {
        throw noTerminal(descriptorOption, others)
      }
      guard first.count > 0 else {
        Console.note("a passphrase is not empty")
        continue
      }
      guard let second = try SecretInput.ask("The same again: ") else {
        throw noTerminal(descriptorOption, others)
      }
      if areEqual(first, second) { return first }
      Console.note("the two differ; once more")
    }
    throw ClientError(ExitStatus.failed, "no passphrase was chosen")
  }

  private static func noTerminal(_ descriptorOption: String, _ others: String?) -> ClientError {
    .usage(
      "there is no terminal to ask for a passphrase on",
      hint: "use \(others.map { "\($0) or " } ?? "")--\(descriptorOption) N")
  }

  private static func areEqual(_ one: borrowing Secret, _ other: borrowing Secret) -> Bool {
    one.withBytes { one in
      other.withBytes { other in
        one.count == other.count && one.indices.allSatisfy { one[$0] == other[$0] }
      }
    }
  }
}
