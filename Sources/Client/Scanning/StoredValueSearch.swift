internal import Platform
internal import Wire

/// The search for values that the vault holds: the daemon alone can tell them.
final class StoredValueSearch {
  /// What was found in files and is still to be looked up.
  let candidates = CandidateCollection()
  private let arguments: Arguments
  private let opensVault: Bool
  private var dialogue: Dialogue?

  /// Why values are not looked for; what else is found counts nevertheless.
  private(set) var obstacle: ClientError?

  /// - Parameters:
  ///   - arguments: Those of the command line, which name the daemon.
  ///   - opensVault: Whether a locked vault is opened, as by asking on a terminal.
  init(_ arguments: Arguments, opensVault: Bool) {
    self.arguments = arguments
    self.opensVault = opensVault
  }

  /// Asks the daemon which of the candidates are stored values, and forgets them.
  ///
  /// - Returns: What was found; nothing if there is an ``obstacle``.
  /// - Throws: ``ClientError``.
  func lookUp() throws(ClientError) -> [ScanFind] {
    defer { candidates.removeAll() }
    guard candidates.count > 0, obstacle == nil else { return [] }
    do throws(ClientError) {
      if dialogue == nil { dialogue = try Dialogue(arguments, opensVault: opensVault) }
      return try dialogue.map(ask) ?? []
    } catch {
      guard error.isObstacle else { throw error }
      obstacle = error
      return []
    }
  }

  private func ask(_ dialogue: Dialogue) throws(ClientError) -> [ScanFind] {
    var names: [Int: [StatusFields]] = [:]
    var next = 0
    while next < candidates.count {
      let first = next
      let reply = try dialogue.ask(Command(.scan)) { step, _ throws(ClientError) in
        guard case .inquiry = step else { return }
        let answer = try candidates.answer(from: next)
        try dialogue.connection.answer(with: answer.text)
        next = answer.next
      }
      guard next > first else { throw .protocolBroken("it did not ask for candidates") }
      for status in reply.statuses where status.keywords == ["STORED"] {
        guard let number = status["n"].flatMap({ Int($0) }), (1...(next - first)).contains(number)
        else { throw .protocolBroken("it told of a candidate that it was not asked about") }
        names[first + number - 1, default: []].append(status)
      }
    }
    let finds = candidates.places.flatMap { place in
      (names[place.candidate] ?? []).map { status in
        ScanFind(
          file: place.file, line: place.line, kind: .storedValue(id: status["id"] ?? ""),
          key: status["name"])
      }
    }
    candidates.settle { names[$0] != nil }
    return finds
  }
}

extension ClientError {
  /// Whether nobody is there to be asked for stored values, and nothing has failed.
  fileprivate var isObstacle: Bool {
    // A key that is refused opens nothing either, and is no reason to keep back a commit.
    let codes: [Failure.Code?] = [.wrongState, .forbidden, .denied, .malformed]
    return status == ExitStatus.locked || status == ExitStatus.noDaemon || codes.contains(code)
  }
}
