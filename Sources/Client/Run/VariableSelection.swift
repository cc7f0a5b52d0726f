internal import Keyring
internal import Platform
internal import Wire

/// What a command line selects, before anything is asked for.
struct VariableSelection {
  /// Workspaces of which all keys are injected, under the names that the vault has
  /// for them.
  private(set) var workspaces: [String] = []

  /// Keys that are injected under the names that the vault has for them.
  private(set) var vaultNamed: [KeyReference] = []

  /// Variables whose names the command line or a file has chosen; each file's after
  /// those of the files before it, and each name once.
  private(set) var variables: [SelectedVariable] = []

  /// Keys that are given in files.
  private(set) var files: [SelectedDelivery] = []

  /// The key that is given on standard input.
  private(set) var standardInput: KeyReference?

  /// The names that are wanted of all this; nil for all.
  private(set) var only: [String]?

  /// The options that select something by themselves.
  static let selecting = ["key", "workspace", "env-file", "file", "stdin"]

  /// Selects nothing.
  init() {}

  /// Sorts the options, and reads the files; nothing is asked for.
  ///
  /// - Throws: ``ClientError`` for what no key can be named or called, and for a
  ///   file that cannot be read.
  init(_ arguments: Arguments) throws(ClientError) {
    only = try Self.wantedNames(arguments["only"])
    for case (let option, let value?) in arguments.options {
      switch option {
      case "key":
        let (key, name) = try Self.divided(value, of: "-k")
        if let name {
          variables.append(SelectedVariable(name: name, key: key))
        } else {
          vaultNamed.append(key)
        }
      case "workspace":
        try Self.check(value, of: "-w")
        workspaces.append(value)
      case "file":
        let (key, name) = try Self.divided(value, of: "--file")
        files.append(SelectedDelivery(key: key, name: name))
      case "stdin":
        try Self.check(value, of: "--stdin")
        standardInput = try Self.attempting { () throws(Refusal) in
          try KeyReference(parsing: value)
        }
      case _: break
      }
    }
    // What can be found wrong without reading anything was found by now.
    for case ("env-file", let path?) in arguments.options {
      guard !path.isEmpty else {
        throw .usage("-e names nothing", hint: "is a variable of the shell not set?")
      }
      add(try DotenvFile(reading: path))
    }
  }

  /// Adds the variables of a file, in place of those of the files before it.
  mutating func add(_ file: DotenvFile) {
    var last: [String: DotenvAssignment] = [:]
    for assignment in file.assignments {
      guard assignment.valueRange != nil else {
        warnOfName(assignment, of: file)
        continue
      }
      last[assignment.name] = assignment
      warnIfMisspelled(assignment, of: file)
    }
    variables.removeAll { $0.place != nil && last[$0.name] != nil }
    variables += last.values.sorted { $0.range.lowerBound < $1.range.lowerBound }
      .map { SelectedVariable($0, of: file) }
  }

  private func warnOfName(_ assignment: DotenvAssignment, of file: DotenvFile) {
    Console.note(
      "warning: \(file.place(of: assignment)): \(assignment.name) stands there without a value, "
        + "and is not set")
  }

  private func warnIfMisspelled(_ assignment: DotenvAssignment, of file: DotenvFile) {
    guard case .text(let range)? = assignment.pieces.first, assignment.pieces.count == 1,
      file.withText(range, DotenvReference.isMisspelled)
    else { return }
    Console.note(
      "warning: \(file.place(of: assignment)): \(assignment.name) is text, and looks like a "
        + "reference")
    Console.hint("a reference is written coffer://WORKSPACE/NAME")
  }

  /// Whether the options select nothing.
  static func isEmpty(_ arguments: Arguments) -> Bool {
    !selecting.contains(where: arguments.has)
  }

  // MARK: Narrowing

  /// Whether there are names that only the vault knows.
  var hasVaultNames: Bool { !workspaces.isEmpty || !vaultNamed.isEmpty }

  /// Leaves out the variables that `--only` does not want, and those that keep
  /// the value that they have.
  ///
  /// - Parameter isKept: Whether a variable keeps the value that it has; nothing is
  ///   asked for it then.
  /// - Returns: The names that stand in `--only` and are of no variable in sight:
  ///   only the vault may know them.
  mutating func narrow(isKept: (String) -> Bool) -> [String] {
    var unknown: [String] = []
    if let wanted = only {
      unknown = wanted.filter { name in !variables.contains { $0.name == name } }
      variables.removeAll { !wanted.contains($0.name) }
      only = unknown
      if unknown.isEmpty { (workspaces, vaultNamed) = ([], []) }
    }
    variables.removeAll { isKept($0.name) }
    files.removeAll { $0.variable.map(isKept) ?? false }
    return unknown
  }

  /// Whether there is anything whose name only the vault knows.
  var hasUnknownNames: Bool { hasVaultNames || files.contains { $0.name == nil } }

  /// Leaves out what keeps the value that it has, now that all names are known.
  ///
  /// - Parameters:
  ///   - names: Those of the vault.
  ///   - requests: How its keys would be asked for.
  ///   - isKept: Whether a variable keeps the value that it has.
  mutating func narrow(
    to names: VaultNames, _ requests: ValueRequests, isKept: (String) -> Bool
  ) {
    only = names.variables.filter { !isKept($0) }
    if only == [] { (workspaces, vaultNamed) = ([], []) }
    let numbers = requests.numbers(of: self).files
    files = zip(files, numbers).map { file, number in
      SelectedDelivery(key: file.key, name: file.name, vaultName: names.requests[number])
    }
    .filter { !isKept($0.variable ?? "") }
  }

  /// Throws for names that steer programs.
  func checkNames() throws(ClientError) {
    for variable in variables { try variable.checkName() }
  }

  // MARK: Words

  /// The longest reference is '@', two names and what stands between them.
  private static let maximumReferenceByteCount = 2 * Name.maximumCount + 2

  private static func divided(
    _ value: String, of option: String
  ) throws(ClientError) -> (key: KeyReference, name: String?) {
    let (reference, name) = value.divided(at: "=")
    try check(reference, of: option)
    let key = try attempting { () throws(Refusal) in try KeyReference(parsing: reference) }
    if let name {
      try attempting { () throws(Refusal) in
        _ = try EnvironmentName(
          parsing: name, hint: "choose another one, as in '\(option) KEY=NAME'")
      }
    }
    return (key, name)
  }

  /// Throws for what can be no key or workspace, such as a variable of the shell
  /// that is not set.
  private static func check(_ word: String, of option: String) throws(ClientError) {
    guard !word.isEmpty else {
      throw .usage("\(option) names nothing", hint: "is a variable of the shell not set?")
    }
    guard !word.hasPrefix(DotenvReference.scheme) else {
      let key = PrintableText.object(String(word.dropFirst(DotenvReference.scheme.count)))
      throw .usage(
        "\(option): a reference begins with \(DotenvReference.scheme) in a file only",
        hint: "here it is '\(option) \(key)'")
    }
    guard word.utf8.count <= maximumReferenceByteCount else {
      throw .usage("\(option): \(PrintableText.object(word)): this is too long for a name")
    }
  }

  private static func wantedNames(_ text: String?) throws(ClientError) -> [String]? {
    guard let text else { return nil }
    var names: [String] = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard EnvironmentName(stored: String(name)) != nil else {
        throw .usage(
          "--only: \(PrintableText.object(String(name))) is no name of a variable",
          hint: "it takes names with commas between them, as in --only STRIPE_KEY,SENTRY_DSN")
      }
      if !names.contains(String(name)) { names.append(String(name)) }
    }
    return names
  }

  private static func attempting<Result>(
    _ body: () throws(Refusal) -> Result
  ) throws(ClientError) -> Result {
    do throws(Refusal) {
      return try body()
    } catch {
      throw ClientError(error)
    }
  }
}
