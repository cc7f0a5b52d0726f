internal import Platform

/// How long the daemon starts, and what it takes while nobody asks, beside Redis.
struct DaemonRest {
  private let bench: Workbench

  private static let benchmark = "daemon"
  private static let startRounds = 20
  private static let restRounds = 3
  private static let keyCount = 100

  /// How much longer than requests last the rest is watched.
  private static let restFactor = 20

  init(_ bench: Workbench) { self.bench = bench }

  func run() throws(BenchmarkError) {
    var vault = try ThrowawayVault(bench, "rest")
    defer { vault.remove() }
    try KeyMaker(vault).fill(to: Self.keyCount)
    try compareStart(&vault)
    try vault.ask("UNLOCK --key-file", answering: Array(ThrowawayVault.keyFile.utf8))
    try vault.ask("ENV \(KeyMaker.key(0))")
    let redis = try RedisServer(bench)
    defer { redis?.end(bench) }
    try compareRest(vault.daemon, redis?.process)
  }

  /// From the start of the process to its first answer.
  private func compareStart(_ vault: inout ThrowawayVault) throws(BenchmarkError) {
    vault.endDaemon()
    let hasRedis = bench.find("redis-server", package: "redis-server") != nil
    var current = vault
    let times = try Rounds.run(
      bench.rounds(Self.startRounds), warmUp: 1, of: hasRedis ? 2 : 1
    ) { (index) throws(BenchmarkError) in
      let watch = Stopwatch()
      if index == 0 {
        try current.startDaemon()
        let time = watch.milliseconds
        current.endDaemon()
        return time
      }
      let redis = try RedisServer(bench)
      let time = watch.milliseconds
      redis?.end(bench)
      return time
    }
    try vault.startDaemon()
    let names = ["cofferd", "redis-server"]
    let figures = zip(names, times).map {
      Figure(Self.benchmark, $0, "first answer", "ms", $1)
    }
    report(figures)
  }

  /// What both take while nobody asks, once what follows on requests is over.
  private func compareRest(_ daemon: Int32, _ redis: Int32?) throws(BenchmarkError) {
    let milliseconds = Int(bench.options.milliseconds) * Self.restFactor
    sleep(milliseconds: milliseconds)
    let processes = [daemon] + (redis.map { [$0] } ?? [])
    var resident = [Samples](repeating: Samples(), count: processes.count)
    var waits = resident
    for _ in 0..<bench.rounds(Self.restRounds) {
      let before = processes.map(DaemonFootprint.waits)
      sleep(milliseconds: milliseconds)
      for (index, process) in processes.enumerated() {
        let woken = DaemonFootprint.waits(of: process) - before[index]
        waits[index].add(Double(woken) * 60_000 / Double(milliseconds))
        resident[index].add(Double(DaemonFootprint(of: process).resident) / 1024)
      }
    }
    let names = ["cofferd, 100 keys", "redis-server"]
    report(
      zip(names, resident).map { Figure(Self.benchmark, $0, "memory", "MiB", $1) },
      goal: .atMost(12))
    report(
      zip(names, waits).map { Figure(Self.benchmark, $0, "wake-ups", "1/min", $1) },
      goal: .atMost(0))
  }

  /// Reports the daemon's figure and its peer's; the goal is of the figure itself, and
  /// then there is no ratio.
  private func report(_ figures: [Figure], goal: Goal? = nil) {
    guard let own = figures.first else { return }
    if let goal {
      bench.report(own.aiming(goal))
    } else {
      bench.report(figures.count > 1 ? own.beside(figures[1]) : own)
    }
    for figure in figures.dropFirst() { bench.report(figure) }
  }
}
