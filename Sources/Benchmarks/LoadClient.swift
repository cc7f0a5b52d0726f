internal import Platform

/// One of those who use the daemon as it is meant, and look at each answer.
final class LoadClient {
  /// What all of them know of the vault.
  struct Knowledge: Sendable {
    let socketPath: String

    /// What ENV of `me/value` gives.
    let entry: [UInt8]

    /// The text of a key that is valid, and of one that this vault never had.
    let validText: [UInt8]
    let unknownText: [UInt8]

    /// How many keys a list shows, at the least.
    let keyCount: Int
  }

  /// What came of a time of asking.
  struct Figures: Sendable {
    /// How long each answer took, in nanoseconds.
    var latencies: [Int64] = []

    /// What was answered wrong; of many the first.
    var failures: [String] = []
    var failureCount = 0
  }

  private let number: Int
  private let knowledge: Knowledge
  private var connection: LineClient?
  private var requestCount = 0

  init(_ number: Int, _ knowledge: Knowledge) {
    self.number = number
    self.knowledge = knowledge
  }

  /// Returns whether the daemon has greeted.
  func connect() -> Bool {
    connection = LineClient(knowledge.socketPath)
    return connection?.receiveReply().end == .ok
  }

  /// Asks, one thing behind the other, until `end`.
  func run(until end: BootInstant) -> Figures {
    var figures = Figures()
    var start = BootInstant.now
    while start < end {
      let failure = askNext()
      let now = BootInstant.now
      figures.latencies.append(now.nanoseconds - start.nanoseconds)
      if let failure {
        figures.failureCount += 1
        if figures.failures.count < 3 { figures.failures.append("client \(number): \(failure)") }
        if !connect() { return figures }
      }
      start = now
    }
    return figures
  }

  // MARK: Requests

  /// Each of so many requests makes a key, and ends it.
  private static let requestsBetweenChanges = 97

  /// - Returns: What was wrong with the answer; nil if nothing was.
  private func askNext() -> String? {
    guard let connection else { return "there is no connection" }
    requestCount += 1
    // Not all at the same time.
    let turn = requestCount + number * 7
    if turn % Self.requestsBetweenChanges == 0 { return change(connection) }
    switch turn % 10 {
    case 1: return list(connection)
    case 3: return show(connection)
    case 5: return verify(connection)
    case 7: return Self.denial(connection, knowledge.unknownText)
    case 9: return status(connection)
    // Half of it are values.
    case _: return value(connection)
    }
  }

  private func value(_ connection: LineClient) -> String? {
    let reply = connection.ask("ENV me/value")
    guard reply.end == .ok else { return "ENV: \(reply.end)" }
    return reply.data == knowledge.entry ? nil : "ENV: other bytes"
  }

  private func list(_ connection: LineClient) -> String? {
    let reply = connection.ask("LIST --limit=\(knowledge.keyCount)")
    guard reply.end == .ok else { return "LIST: \(reply.end)" }
    let count = reply.statuses.count { $0.starts(with: "KEY id=".utf8) }
    return count == knowledge.keyCount ? nil : "LIST: \(count) keys"
  }

  private func show(_ connection: LineClient) -> String? {
    let name = "me/load-\(requestCount % (knowledge.keyCount - 1))"
    let reply = connection.ask("SHOW \(name)")
    guard reply.end == .ok else { return "SHOW: \(reply.end)" }
    return reply.statuses.contains(Array("name=\(name)".utf8)) ? nil : "SHOW: another key"
  }

  private func verify(_ connection: LineClient) -> String? {
    let reply = connection.ask("VERIFY", answering: knowledge.validText)
    guard reply.end == .ok else { return "VERIFY: \(reply.end)" }
    return reply.statuses.contains { $0.starts(with: "VALID".utf8) } ? nil : "VERIFY: not valid"
  }

  /// What is wrong unless a text is denied.
  private static func denial(_ connection: LineClient, _ text: [UInt8]) -> String? {
    let end = connection.ask("VERIFY", answering: text).end
    return end == .error(315) ? nil : "VERIFY of no key: \(end)"
  }

  private func status(_ connection: LineClient) -> String? {
    let reply = connection.ask("STATUS")
    guard reply.end == .ok else { return "STATUS: \(reply.end)" }
    return reply.statuses.contains(Array("state=unlocked".utf8)) ? nil : "STATUS: not unlocked"
  }

  private func change(_ connection: LineClient) -> String? {
    let name = "me/made-\(number)-\(requestCount)"
    let made = connection.ask("CREATE \(name)")
    guard made.end == .ok, !made.data.isEmpty else { return "CREATE: \(made.end)" }
    let revoked = connection.ask("REVOKE \(name)")
    guard revoked.end == .ok else { return "REVOKE: \(revoked.end)" }
    return Self.denial(connection, made.data)
  }
}
