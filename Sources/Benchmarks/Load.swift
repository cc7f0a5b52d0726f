internal import Glibc
internal import Platform

/// Measures what good clients get, alone and beside those who do what no client
/// should.
struct Load {
  private let bench: Workbench
  private let options: Options

  struct Options {
    var seconds: Int64 = 60
    var clients = 64
    var hasAbuse = true

    /// Whether the daemon serves all uids, and each abuser has another one.
    var isSystem = false

    /// What is no matter of this benchmark alone.
    let bench: BenchmarkOptions

    /// - Throws: ``BenchmarkError`` if it is not how they are written.
    init(_ arguments: ArraySlice<String>) throws(BenchmarkError) {
      var rest = arguments
      var others: [String] = []
      while let option = rest.popFirst() {
        switch option {
        case "--no-abuse": hasAbuse = false
        case "--system": isSystem = true
        case "--seconds":
          seconds = Int64(try BenchmarkOptions.number(option, &rest, 1...86_400))
        case "--clients": clients = try BenchmarkOptions.number(option, &rest, 1...128)
        case "--programs": others += [option, try BenchmarkOptions.word(option, &rest)]
        case _:
          throw BenchmarkError("load: \(option): unknown option", hint: "--help tells them")
        }
      }
      bench = try BenchmarkOptions(others)
    }
  }

  init(_ bench: Workbench, _ options: Options) {
    self.bench = bench
    self.options = options
  }

  /// What the figures of a time came to.
  private struct Summary {
    let requestsPerSecond: Double
    let sorted: [Int64]
    let failureCount: Int
    let failures: [String]

    /// Requests of the client that got fewest.
    let fewest: Int

    func milliseconds(atPerMille place: Int) -> Double {
      guard !sorted.isEmpty else { return 0 }
      return Double(sorted[min(sorted.count * place / 1000, sorted.count - 1)]) / 1e6
    }
  }

  private static let keyCount = 20
  private static let firstUID = 4701

  /// How long the daemon has to give back what answers took, and to end what it does
  /// for clients that have gone, such as trying their secrets.
  private static let restMilliseconds = 60_000

  // MARK: Running

  /// - Returns: The exit status: 1 if any answer was wrong.
  func run() throws(BenchmarkError) -> Int32 {
    guard !options.isSystem || Process.userID == 0 else {
      throw BenchmarkError("--system needs root, who has all uids")
    }
    let vault = try ThrowawayVault(bench, "load", options.isSystem ? .ofSystem : .withPassphrase)
    defer { vault.remove() }
    let daemon = vault.daemon
    guard let crew = LoadCrew(count: options.clients, try prepare(vault)) else {
      throw BenchmarkError("not all clients could connect")
    }
    let first = DaemonFootprint(of: daemon)
    var phases = [("alone", summary(crew.run(seconds: options.seconds)))]
    let before = DaemonFootprint.settled(daemon, like: first, within: Self.restMilliseconds)
    var abusers: LoadAbuse?
    if options.hasAbuse {
      let abuse = LoadAbuse(bench, vault, isSystem: options.isSystem, firstUID: Self.firstUID)
      abuse.begin(seconds: options.seconds + 2)
      sleep(milliseconds: 1000)
      phases.append(("with abuse", summary(crew.run(seconds: options.seconds))))
      abuse.end()
      abusers = abuse
    }
    let after = DaemonFootprint.settled(daemon, like: before, within: Self.restMilliseconds)
    report(phases)
    if let abusers { StandardStream.output.write("abuse: \(abusers.counts)\n") }
    StandardStream.output.write("cofferd at first: \(first)\n")
    if options.hasAbuse { StandardStream.output.write("cofferd before:   \(before)\n") }
    StandardStream.output.write("cofferd after:    \(after)\n")
    return conclude(phases)
  }

  /// - Returns: Whether all clients were served, and rightly.
  private func conclude(_ phases: [(name: String, summary: Summary)]) -> Int32 {
    var isWrong = false
    for (name, summary) in phases {
      for failure in summary.failures.prefix(10) {
        StandardStream.error.write("benchmarks: \(name): \(failure)\n")
      }
      if summary.fewest == 0 {
        StandardStream.error.write("benchmarks: \(name): a client got no answer at all\n")
      }
      isWrong = isWrong || summary.failureCount > 0 || summary.fewest == 0
    }
    return isWrong ? 1 : 0
  }

  private func prepare(_ vault: ThrowawayVault) throws(BenchmarkError) -> LoadClient.Knowledge {
    // All bytes that have a meaning in the protocol, and some that are no text.
    let value = (0..<64).map { [0x25, 0x0A, 0x0D, 0xFF, 0x80, 0x20, 0x5C, 0x41][$0 % 8] as UInt8 }
    try vault.ask("IMPORT me/value --env=LOAD", answering: value)
    var text: [UInt8] = []
    for number in 0..<(Self.keyCount - 1) { text = try vault.ask("CREATE me/load-\(number)").data }
    let other = try ThrowawayVault(bench, "other")
    defer { other.remove() }
    return LoadClient.Knowledge(
      socketPath: vault.socketPath, entry: Array("LOAD=".utf8) + value + [0], validText: text,
      unknownText: try other.ask("CREATE me/unknown").data, keyCount: Self.keyCount)
  }

  // MARK: Reporting

  private func summary(_ figures: [LoadClient.Figures]) -> Summary {
    let all = figures.flatMap(\.latencies).sorted()
    return Summary(
      requestsPerSecond: Double(all.count) / Double(options.seconds), sorted: all,
      failureCount: figures.reduce(0) { $0 + $1.failureCount },
      failures: figures.flatMap(\.failures), fewest: figures.map(\.latencies.count).min() ?? 0)
  }

  private func report(_ phases: [(name: String, summary: Summary)]) {
    let rows: [(String, (Summary) -> Double)] = [
      ("requests a second", \.requestsPerSecond), ("p50 ms", { $0.milliseconds(atPerMille: 500) }),
      ("p99 ms", { $0.milliseconds(atPerMille: 990) }),
      ("max ms", { $0.milliseconds(atPerMille: 1000) }),
      ("fewest of a client", { Double($0.fewest) }), ("errors", { Double($0.failureCount) }),
    ]
    let header = phases.map { Self.right($0.name, 12) }.joined()
    let ratio = phases.count > 1 ? Self.right("ratio", 9) : ""
    StandardStream.output.write(
      "\(options.clients) clients, \(options.seconds) s\(String(repeating: " ", count: 6))"
        + "\(header)\(ratio)\n")
    for (name, figure) in rows {
      let numbers = phases.map { figure($0.summary) }
      var line = name + String(repeating: " ", count: max(0, 20 - name.count))
      line += numbers.map { Self.right(Decimal.text($0), 12) }.joined()
      if numbers.count > 1, numbers[0] > 0 {
        line += Self.right(Decimal.text(numbers[1] / numbers[0]), 9)
      }
      StandardStream.output.write(line + "\n")
    }
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
