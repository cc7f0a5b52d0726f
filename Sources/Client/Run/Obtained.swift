internal import Platform
internal import Wire

/// All that a command is given: what was selected, and the values that the daemon has
/// handed out for it.
///
/// The values stay here while variables and files are made of them, so that they can be
/// looked at, each with its key, for as long as this lives.
struct Obtained: ~Copyable {
  let selection: VariableSelection
  let requests: ValueRequests
  var values: ObtainedValues

  /// As many as one line to the daemon; all lines have room in the socket, so that
  /// sending them never waits for an answer to be read.
  private static let maximumRequestCount = 1000

  /// Asks for what the options select, and for nothing that would not be used.
  ///
  /// - Parameters:
  ///   - selection: What was selected.
  ///   - set: What becomes of variables that are set already.
  ///   - command: What the keys are for, as the audit shows it.
  ///   - arguments: Those of the command line.
  /// - Throws: ``ClientError``.
  init(
    _ selection: VariableSelection, _ set: SetVariables, for command: String,
    _ arguments: Arguments
  ) throws(ClientError) {
    var selection = selection
    let unknown = selection.narrow(isKept: set.isKept)
    if let name = unknown.first, !selection.hasVaultNames { throw .notSelected(name) }
    try selection.checkNames()
    if set.policy == .keep, selection.hasUnknownNames {
      let requests = ValueRequests(selection)
      let names = try VaultNames(of: requests, for: command, arguments)
      if let name = unknown.first(where: { !names.variables.contains($0) }) {
        throw .notSelected(name)
      }
      guard !selection.hasVaultNames || !names.variables.isEmpty || !selection.isOtherwiseEmpty
      else { throw .nothingToUse }
      selection.narrow(to: names, requests, isKept: set.isKept)
    }
    let requests = ValueRequests(selection)
    guard requests.requests.count <= Self.maximumRequestCount else {
      throw ClientError(
        ExitStatus.failed, "more than \(Self.maximumRequestCount) keys are asked for one by one",
        hint: "narrow them down with '--only NAME,...'")
    }
    let values = try ObtainedValues.obtain(requests, for: command, arguments)
    guard !selection.hasVaultNames || !values.keys.isEmpty || !selection.isOtherwiseEmpty else {
      throw selection.only?.first.map { .notSelected($0) } ?? .nothingToUse
    }
    (self.selection, self.requests) = (selection, requests)
    self.values = values
  }

  /// The requests of the keys that are given in files, in their order.
  var fileRequests: Range<Int> { requests.numbers(of: selection).files }

  /// The request of the key that is given on standard input.
  var standardInputRequest: Int? { requests.numbers(of: selection).standardInput }

  /// The variables, put together.
  borrowing func variables(_ set: SetVariables) throws(ClientError) -> InjectedVariables {
    try InjectedVariables(selection, requests, values, set)
  }
}

extension VariableSelection {
  /// Whether there is nothing but what only the vault has names for.
  fileprivate var isOtherwiseEmpty: Bool {
    variables.isEmpty && files.isEmpty && standardInput == nil
  }
}

extension ClientError {
  fileprivate static let nothingToUse = ClientError(
    ExitStatus.failed, "what was selected holds no key that you may use",
    hint: "'coffer list' shows the keys in sight")
}
