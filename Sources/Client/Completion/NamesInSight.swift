internal import Platform
internal import Wire

/// The names that the daemon tells while a command line is typed.
///
/// Nothing is asked for, started or waited for long: what cannot be had at once is
/// left out.
struct NamesInSight {
  private let connection: DaemonConnection

  /// How long a person waits for an answer to the tab key.
  private static let patienceSeconds: Int64 = 1

  /// No more pages of a list are fetched.
  private static let maximumPageCount = 10

  /// Nil if no daemon runs, or if it does not let the key of the environment in.
  init?(isSystem: Bool) {
    do throws(ClientError) {
      let address = try DaemonAddress(wantsSystem: isSystem)
      guard let connection = try DaemonConnection.open(address, starts: false) else { return nil }
      connection.limitQuickAnswers(until: .now.advanced(bySeconds: Self.patienceSeconds))
      try connection.receiveGreeting()
      try PresentedKey.present(on: connection)
      self.connection = connection
    } catch {
      return nil
    }
  }

  func candidates(for place: Place) -> [Completion.Candidate] {
    switch place {
    case .key:
      keys().filter { ["active", "suspended"].contains($0["state"]) }
        .compactMap { candidate($0, explainedBy: ["origin", "state", "env"]) }
    case .workspace:
      rows(of: Command(.workspace, words: ["LIST"]), "WORKSPACE").compactMap { candidate($0) }
    case .user:
      rows(of: Command(.user, words: ["LIST"]), "USER")
        .compactMap { candidate($0, explainedBy: ["role", "state"]) }
    case .file, .subcommand, .choice, .free: []
    }
  }

  private func keys() -> [StatusFields] {
    var keys: [StatusFields] = []
    var after: String?
    for _ in 1...Self.maximumPageCount {
      let page = [("limit", "1000")] + (after.map { [("after", $0)] } ?? [])
      let statuses = statuses(of: Command(.list, options: page))
      keys += statuses.filter { $0.keywords == ["KEY"] }
      after = statuses.first { $0.keywords == ["MORE"] }?["after"]
      guard after != nil else { break }
    }
    return keys
  }

  private func rows(of command: Command, _ keyword: String) -> [StatusFields] {
    statuses(of: command).filter { $0.keywords == [keyword] }
  }

  /// What is answered; nothing if it is refused, as by a locked vault.
  private func statuses(of command: Command) -> [StatusFields] {
    do throws(ClientError) {
      try connection.send([command])
      return try connection.receiveReply().statuses
    } catch {
      return []
    }
  }

  private func candidate(
    _ fields: StatusFields, explainedBy names: [String] = []
  ) -> Completion.Candidate? {
    fields["name"].map { name in
      let explanation = names.compactMap { fields[$0] }.joined(separator: ", ")
      return .init(word: name, explanation: explanation)
    }
  }
}
