internal import Platform
internal import Wire

/// The names that the vault has for what is selected, asked for before any value is,
/// so that no value is asked for whose name is not wanted.
struct VaultNames {
  /// Those of the keys that are injected.
  private(set) var variables: [String] = []

  /// Those of the keys that are given in files, by the numbers of the requests.
  private(set) var requests: [Int: String] = [:]

  /// Asks the daemon, which hands out nothing for it.
  ///
  /// - Parameters:
  ///   - all: What will be asked for.
  ///   - command: What the keys are for, as the audit shows it.
  ///   - arguments: Those of the command line.
  /// - Throws: ``ClientError`` if any of the keys could not be had.
  init(
    of all: ValueRequests, for command: String, _ arguments: Arguments
  ) throws(ClientError) {
    let lines = all.lines.filter { $0.contents == .vaultNamed || all.wantsName($0) }
    guard !lines.isEmpty else { return }
    let dialogue = try Dialogue(arguments)
    _ = try dialogue.ask(ObtainedValues.claim(of: command))
    for line in lines {
      let reply = try dialogue.ask(line.command.asDryRun)
      let names = reply.statuses.filter { $0.keywords == ["ENV"] }.compactMap { $0["name"] }
      switch line.contents {
      case .vaultNamed: variables += names
      case .values(let numbers): requests[numbers[0]] = names.first
      }
    }
  }
}
