internal import Platform

/// How long ENV takes while the daemon does other work, beside none.
struct Latency {
  private let bench: Workbench

  private static let benchmark = "latency"
  private static let usualRounds = 5
  private static let value = String(repeating: "v", count: 64)

  /// So many keys make compaction and backup take a while.
  private static let keyCount = 20_000
  private static let permilles = [(name: "p50", permille: 500), (name: "p99", permille: 990)]

  init(_ bench: Workbench) { self.bench = bench }

  /// A vault, and what its daemon does besides.
  private struct Subject {
    let name: String
    let exchange: Exchange
    let disturbance: Disturbance?
    let alone: String
  }

  func run() throws(BenchmarkError) {
    let withFile = try ThrowawayVault(bench, "latency")
    defer { withFile.remove() }
    let withPassphrase = try ThrowawayVault(bench, "passphrase", .withPassphrase)
    defer { withPassphrase.remove() }
    try KeyMaker(withFile).fill(to: bench.isTrial ? 1000 : Self.keyCount)
    let subjects =
      try Self.subjects(withFile, .withKeyFile, "alone")
      + Self.subjects(withPassphrase, .withPassphrase, "alone, few keys")
    let latencies = try Rounds.runSeveral(
      bench.rounds(Self.usualRounds), warmUp: 1, of: subjects.count
    ) { (index) throws(BenchmarkError) in
      let figures = try measure(subjects[index])
      return Self.permilles.map { figures.microseconds(atPermille: $0.permille) }
    }
    report(subjects, latencies)
  }

  private static func subjects(
    _ vault: ThrowawayVault, _ opening: ThrowawayVault.Opening, _ alone: String
  ) throws(BenchmarkError) -> [Subject] {
    try vault.ask("IMPORT me/value --env=VALUE", answering: Array(value.utf8))
    let exchange = try Exchange(
      sampling: "ENV", at: vault.socketPath, greeting: Exchange.cofferGreeting,
      request: "ENV me/value\n", ending: "D VALUE=\(value)\0\nOK\n")
    let disturbances = Disturbance.allCases.filter { $0.opening == opening }
    return [Subject(name: alone, exchange: exchange, disturbance: nil, alone: alone)]
      + disturbances.map {
        Subject(name: $0.rawValue, exchange: exchange, disturbance: $0, alone: alone)
      }
  }

  private func measure(_ subject: Subject) throws(BenchmarkError) -> RequestStorm.Figures {
    let storm = RequestStorm(exchange: subject.exchange, connectionCount: 1, depth: 1)
    guard let disturbance = subject.disturbance else {
      return try storm.run(milliseconds: bench.options.milliseconds)
    }
    let disturber = try Disturber(disturbance, at: subject.exchange.socketPath)
    let figures = try storm.run(milliseconds: bench.options.milliseconds)
    guard disturber.end() else { throw BenchmarkError("\(subject.name): was not done") }
    return figures
  }

  private func report(_ subjects: [Subject], _ latencies: [[Samples]]) {
    for (place, (quantity, _)) in Self.permilles.enumerated() {
      var figures: [String: Figure] = [:]
      for (subject, samples) in zip(subjects, latencies) {
        let figure = Figure(
          Self.benchmark, "ENV, \(subject.name)", quantity, "us", samples[place])
        figures[subject.name] = figure
        guard subject.disturbance != nil else {
          bench.report(figure)
          continue
        }
        let hasGoal =
          quantity == "p99"
          && (subject.disturbance == .importing || subject.disturbance == .passphrase)
        bench.report(figure.beside(figures[subject.alone], hasGoal ? .atMost(2) : nil))
      }
    }
  }
}
