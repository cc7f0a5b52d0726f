internal import Platform

/// What many keys make of a vault, beside one that has a hundred.
struct Scale {
  private let bench: Workbench

  private static let benchmark = "scale"
  private static let usualRounds = 5

  /// How often things are measured that take seconds in the largest vault.
  private static let mostLongRounds = 3
  private static let sizes = [100, 10_000, 100_000, 1_000_000]
  private static let connectionCount = 8
  private static let creatingConnectionCount = 16
  private static let value = String(repeating: "v", count: 64)

  /// Of a million keys unlocking may take five seconds, of fewer half of one.
  private static let largeSize = 100_000

  init(_ bench: Workbench) { self.bench = bench }

  func run() throws(BenchmarkError) {
    var vaults: [LargeVault] = []
    defer { for vault in vaults { vault.remove() } }
    let largest = bench.options.keys
    for size in Self.sizes.filter({ $0 < largest }) + [largest] {
      let vault = try LargeVault(bench, size)
      vaults.append(vault)
      report(vault.subject, "made", "1/s", [vault.madePerSecond])
    }
    for vault in vaults { try vault.restart() }
    reportMemory(vaults)
    try compareLongWork(vaults)
    try compareRequests(vaults)
    for vault in vaults { try vault.checkCount() }
  }

  // MARK: Measuring

  private func compareLongWork(_ vaults: [LargeVault]) throws(BenchmarkError) {
    let rounds = min(bench.rounds(Self.mostLongRounds), Self.mostLongRounds)
    let unlocking = try Rounds.run(rounds, warmUp: 0, of: vaults.count) {
      (index) throws(BenchmarkError) in
      try vaults[index].millisecondsToUnlock()
    }
    for (vault, samples) in zip(vaults, unlocking) {
      let limit = vault.size > Self.largeSize ? 5000.0 : 500
      let figure = Figure(Self.benchmark, vault.subject, "unlock", "ms", samples)
      bench.report(vault.size < Self.largeSize ? figure : figure.aiming(.atMost(limit)))
    }
    let compacting = try Rounds.run(rounds, warmUp: 0, of: vaults.count) {
      (index) throws(BenchmarkError) in
      try vaults[index].millisecondsToCompact()
    }
    for (vault, samples) in zip(vaults, compacting) {
      bench.report(Figure(Self.benchmark, vault.subject, "compaction", "ms", samples))
    }
  }

  private func compareRequests(_ vaults: [LargeVault]) throws(BenchmarkError) {
    let time = bench.options.milliseconds
    try compare("ENV", vaults, .atLeast(0.9)) { (vault) throws(BenchmarkError) in
      try Self.storm(try vault.env(Self.value), time)
    }
    try compare("LIST page", vaults, nil) { (vault) throws(BenchmarkError) in
      try Self.storm(try vault.page(), time)
    }
    try compare("VERIFY", vaults, nil) { (vault) throws(BenchmarkError) in
      try Self.storm(try vault.verification(), time)
    }
    try compare("CREATE", vaults, .atLeast(0.9)) { (vault) throws(BenchmarkError) in
      try vault.create(milliseconds: time, connectionCount: Self.creatingConnectionCount)
    }
  }

  private static func storm(
    _ exchange: Exchange, _ milliseconds: Int64
  ) throws(BenchmarkError) -> Double {
    let storm = RequestStorm(exchange: exchange, connectionCount: connectionCount, depth: 1)
    return try storm.run(milliseconds: milliseconds).requestsPerSecond
  }

  // MARK: Reporting

  private func compare(
    _ quantity: String, _ vaults: [LargeVault], _ goal: Goal?,
    _ measure: (LargeVault) throws(BenchmarkError) -> Double
  ) throws(BenchmarkError) {
    let rates = try Rounds.run(bench.rounds(Self.usualRounds), warmUp: 1, of: vaults.count) {
      (index) throws(BenchmarkError) in
      try measure(vaults[index])
    }
    var smallest: Figure?
    for (vault, samples) in zip(vaults, rates) {
      let figure = Figure(Self.benchmark, vault.subject, quantity, "1/s", samples)
      bench.report(figure.beside(smallest, goal))
      smallest = smallest ?? figure
    }
  }

  private func reportMemory(_ vaults: [LargeVault]) {
    guard let smallest = vaults.first else { return }
    for vault in vaults {
      let resident = vault.residentByteCount
      report(vault.subject, "memory", "MiB", [Double(resident) / 1_048_576])
      guard vault.size > smallest.size else { continue }
      var samples = Samples()
      samples.add(
        Double(resident - smallest.residentByteCount) / Double(vault.size - smallest.size))
      bench.report(
        Figure(Self.benchmark, vault.subject, "a key", "bytes", samples).aiming(.atMost(600)))
    }
  }

  private func report(
    _ subject: String, _ quantity: String, _ unit: String, _ values: [Double]
  ) {
    var samples = Samples()
    for value in values { samples.add(value) }
    bench.report(Figure(Self.benchmark, subject, quantity, unit, samples))
  }
}
