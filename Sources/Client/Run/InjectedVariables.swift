internal import Keyring
internal import Platform
internal import Wire

/// Variables on their way into an environment.
struct InjectedVariables: ~Copyable {
  /// Entries `NAME=value`, each with a NUL behind it.
  private var entries = SecretBuffer()

  private var variables: [Variable] = []

  fileprivate struct Variable {
    let name: String

    /// The key or the line that it is from, for messages.
    let source: String

    /// Where its value is.
    let range: Range<Int>
  }

  /// The most bytes of one entry with its NUL, which the kernel takes.
  ///
  /// Source: execve(2), `MAX_ARG_STRLEN`.
  private static let maximumEntryByteCount = 131_072

  var names: [String] { variables.map(\.name) }

  private func has(_ name: String) -> Bool { variables.position(of: name) != nil }

  /// Puts the variables of a selection together.
  ///
  /// - Parameters:
  ///   - selection: What was asked for.
  ///   - requests: How it was asked for.
  ///   - obtained: The answers.
  ///   - set: What becomes of variables that are set already.
  /// - Throws: ``ClientError`` for a name that steers programs, for two of one name,
  ///   and for one that would replace a variable and may not.
  init(
    _ selection: VariableSelection, _ requests: ValueRequests,
    _ obtained: borrowing ObtainedValues, _ set: SetVariables
  ) throws(ClientError) {
    for key in obtained.keys where key.request == nil {
      try append(vaultNamed: key, obtained, set)
    }
    for variable in selection.variables { try append(variable, requests, obtained) }
    if let name = (selection.only ?? []).first(where: { !has($0) }) {
      throw .notSelected(name)
    }
  }

  /// Adds a key under the name that the vault has for it, but only once.
  private mutating func append(
    vaultNamed key: ObtainedKey, _ obtained: borrowing ObtainedValues, _ set: SetVariables
  ) throws(ClientError) {
    guard let name = EnvironmentName(stored: key.name), !name.isReserved else {
      throw ClientError(
        ExitStatus.failed, "\(key.key): its environment name \(key.name) is reserved",
        hint: "give it another name, as with '-k \(key.key)=NAME'")
    }
    guard try begin(key.name, from: key.key) else { return }
    try obtained.withValue(of: key) { (value) throws(ClientError) -> Void in
      try entries.append(value)
    }
    try finish(key.name, from: key.key)
    try requireUnset(key.name, key.key, set)
  }

  /// Adds a variable whose name was chosen, unless a key of it is missing and may be.
  private mutating func append(
    _ variable: SelectedVariable, _ requests: ValueRequests, _ obtained: borrowing ObtainedValues
  ) throws(ClientError) {
    var keys: [ObtainedKey] = []
    for reference in variable.references {
      let key = requests.number(of: reference).flatMap { obtained.key(ofRequest: $0) }
      guard let key else { return }
      keys.append(key)
    }
    let source = variable.isWholeKey ? keys[0].key : variable.origin
    guard try begin(variable.name, from: source) else { return }
    var next = keys[...]
    for piece in variable.pieces {
      switch piece {
      case .text(let range):
        try variable.place?.file.withText(range) { (text) throws(ClientError) -> Void in
          try entries.append(text)
        }
      case .reference:
        guard let key = next.popFirst() else { continue }
        try obtained.withValue(of: key) { (value) throws(ClientError) -> Void in
          try entries.append(value)
        }
      }
    }
    try finish(variable.name, from: source)
  }

  // MARK: Entries

  /// Adds a variable that Coffer itself sets.
  ///
  /// - Parameters:
  ///   - name: What it is called.
  ///   - value: Without NUL.
  ///   - source: Where it is from, for messages.
  /// - Throws: ``ClientError`` if there is one of this name from elsewhere.
  mutating func append(
    _ name: String, _ value: Span<UInt8>, from source: String
  ) throws(ClientError) {
    guard try begin(name, from: source) else { return }
    try entries.append(value)
    try finish(name, from: source)
  }

  /// Begins an entry.
  ///
  /// - Returns: False if there is one of this name that comes from the same key.
  /// - Throws: ``ClientError`` if there is one from elsewhere.
  private mutating func begin(_ name: String, from source: String) throws(ClientError) -> Bool {
    if let other = variables.position(of: name).map({ variables[$0].source }) {
      guard other != source else { return false }
      throw ClientError(
        ExitStatus.failed, "\(name): \(other) and \(source) would both have this name",
        hint: "give one of them another name, as with '-k KEY=NAME', or leave it out")
    }
    try entries.append("\(name)=")
    return true
  }

  private mutating func finish(_ name: String, from source: String) throws(ClientError) {
    let start = variables.last.map { $0.range.upperBound + 1 } ?? 0
    variables.append(
      Variable(
        name: name, source: source, range: (start + name.utf8.count + 1)..<entries.count))
    try entries.append([0].span)
    guard entries.count - start <= Self.maximumEntryByteCount else {
      throw ClientError(
        ExitStatus.failed,
        "\(source): name and value have more than 128 KiB, which no command takes",
        hint: "give it in a file, as with '--file KEY'")
    }
  }

  /// Throws if the last entry would replace a variable that is set to something else.
  private func requireUnset(
    _ name: String, _ source: String, _ set: SetVariables
  ) throws(ClientError) {
    guard set.policy == .refuse, set.isSet(name), let range = variables.last?.range else { return }
    let isSame = entries.withBytes { Environment.hasValue($0.extracting(range), of: name) }
    guard !isSame else { return }
    throw .isSet(
      name, "to something else than \(source)",
      hint: "choose the name yourself, as with '-k \(source)=\(name)'")
  }

  // MARK: Use

  /// Calls `body` with each variable in turn.
  func forEach(
    _ body: (_ name: String, _ value: Span<UInt8>) throws(ClientError) -> Void
  ) throws(ClientError) {
    for variable in variables {
      try entries.withBytes { (bytes) throws(ClientError) -> Void in
        try body(variable.name, bytes.extracting(variable.range))
      }
    }
  }

  /// The environment of a command.
  consuming func environment(_ set: SetVariables) throws(ClientError) -> EnvironmentBlock {
    let variables = variables
    let count = entries.count
    return EnvironmentBlock(added: try entries.takeMemory(), addedByteCount: count) { name in
      set.isInherited(name) && variables.position(of: name) == nil
    }
  }
}

extension [InjectedVariables.Variable] {
  /// Where the variable of this name is.
  ///
  /// Looked through from the beginning, mostly for the lengths: to make hashes would pay
  /// among many thousands only, which no command takes.
  fileprivate func position(of name: String) -> Int? {
    let byteCount = name.utf8.count
    return firstIndex { $0.name.utf8.count == byteCount && $0.name == name }
  }
}

extension ClientError {
  /// A name of `--only` that is none of what is selected.
  static func notSelected(_ name: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "--only: \(name) is not among what is selected",
      hint: "'--explain' shows what is")
  }

  /// A variable that is not to be replaced unasked.
  static func isSet(_ name: String, _ what: String, hint: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "\(name) is set already, \(what)",
      hint: "\(hint), let it be replaced with --override or stay with --keep, or unset it")
  }
}
