internal import Platform

/// Requests a second and how long they take, beside those of Redis.
struct Requests {
  private let bench: Workbench

  private static let benchmark = "requests"
  private static let connectionCounts = [1, 8, 50]
  private static let depths = [1, 16]
  private static let usualRounds = 5
  private static let goalName = "ENV of 1"
  private static let value = String(repeating: "v", count: 64)

  init(_ bench: Workbench) { self.bench = bench }

  func run() throws(BenchmarkError) {
    let vault = try ThrowawayVault(bench, "requests")
    defer { vault.remove() }
    let server = try RedisServer(bench)
    defer { server?.end(bench) }
    let redis: Exchange? =
      if let server { try server.exchange(storing: Self.value) } else { nil }
    let exchanges = try exchanges(vault)
    for count in Self.connectionCounts {
      for depth in Self.depths { try compare(exchanges, redis, count, depth) }
    }
  }

  // MARK: What is asked

  /// Makes keys, and the requests for them.
  private func exchanges(_ vault: ThrowawayVault) throws(BenchmarkError) -> [Exchange] {
    let entries = (0..<50).map { (key: "me/value-\($0)", name: "VALUE_\($0)") }
    for (key, name) in entries {
      try vault.ask("IMPORT \(key) --env=\(name)", answering: Array(Self.value.utf8))
    }
    let text = try vault.ask("CREATE me/valid").data
    let valid = String(decoding: text, as: UTF8.self)
    let unknown = try textOfOtherVault()
    let path = vault.socketPath
    func exchange(
      _ name: String, _ request: String, _ ending: String
    ) throws(BenchmarkError) -> Exchange {
      try Exchange(
        sampling: name, at: path, greeting: Exchange.cofferGreeting, request: request,
        ending: ending)
    }
    let all = entries.map(\.key).joined(separator: " ")
    let lines = entries.map { "D \($0.name)=\(Self.value)\0\n" }
    return [
      try exchange("NOP", "NOP\n", "OK\n"),
      try exchange("ENV of 1", "ENV \(entries[0].key)\n", lines[0] + "OK\n"),
      try exchange("ENV of 50", "ENV \(all)\n", lines.joined() + "OK\n"),
      try exchange("VERIFY valid", "VERIFY\nD \(valid)\nEND\n", "\nOK\n"),
      try exchange(
        "VERIFY unknown", "VERIFY\nD \(unknown)\nEND\n", " denied: the key is unknown\n"),
    ]
  }

  /// The text of a key that the vault never had.
  private func textOfOtherVault() throws(BenchmarkError) -> String {
    let vault = try ThrowawayVault(bench, "other")
    defer { vault.remove() }
    return String(decoding: try vault.ask("CREATE me/unknown").data, as: UTF8.self)
  }

  // MARK: Measuring

  /// Lets each be asked for, beside the others.
  private func compare(
    _ exchanges: [Exchange], _ redis: Exchange?, _ connectionCount: Int, _ depth: Int
  ) throws(BenchmarkError) {
    let all = exchanges + (redis.map { [$0] } ?? [])
    let samples = try Rounds.runSeveral(
      bench.rounds(Self.usualRounds), warmUp: 1, of: all.count
    ) { (index) throws(BenchmarkError) in
      let storm = RequestStorm(
        exchange: all[index], connectionCount: connectionCount, depth: depth)
      let figures = try storm.run(milliseconds: bench.options.milliseconds)
      return [
        figures.requestsPerSecond, figures.microseconds(atPermille: 500),
        figures.microseconds(atPermille: 990),
      ]
    }
    let manner =
      Decimal.count(connectionCount, "connection")
      + (depth == 1 ? "" : " x \(depth)")
    let goal = connectionCount == 1 ? nil : Goal.atLeast(1)
    report(all.map(\.name), samples, manner, redis != nil, goal)
  }

  private func report(
    _ names: [String], _ samples: [[Samples]], _ manner: String, _ hasPeer: Bool,
    _ goal: Goal?
  ) {
    let figures = names.indices.map { index in
      let subject = "\(names[index]), \(manner)"
      return zip([("rate", "1/s"), ("p50", "us"), ("p99", "us")], samples[index]).map {
        Figure(Self.benchmark, subject, $0.0, $0.1, $1)
      }
    }
    let peers = hasPeer ? figures.last : nil
    for (index, figures) in figures.enumerated() {
      for (place, figure) in figures.enumerated() {
        let isPeer = hasPeer && index == names.count - 1
        let hasGoal = names[index] == Self.goalName && place == 0
        bench.report(isPeer ? figure : figure.beside(peers?[place], hasGoal ? goal : nil))
      }
    }
  }
}
