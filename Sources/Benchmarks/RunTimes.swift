internal import Glibc
internal import Platform

/// What `coffer run` adds to the time of a command, beside others that put secrets into
/// its environment.
struct RunTimes {
  private let bench: Workbench

  private static let benchmark = "run"
  private static let keyCounts = [1, 10, 50]
  private static let command = ["/bin/true"]
  private static let usualRounds = 100
  private static let warmUp = 5

  /// As long as the text of a key.
  static let secret = String(repeating: "x", count: 57)

  init(_ bench: Workbench) { self.bench = bench }

  private static func variable(_ number: Int) -> String { "KEY_\(number)" }

  func run() throws(BenchmarkError) {
    let vault = try ThrowawayVault(bench, "run")
    defer { vault.remove() }
    for number in 0..<(Self.keyCounts.max() ?? 0) {
      try vault.ask(
        "IMPORT me/key-\(number) --env=\(Self.variable(number))",
        answering: Array(Self.secret.utf8))
    }
    let peers = SecretPrograms(bench, secret: Self.secret)
    defer { peers.end() }
    var ways = [Way(name: "true", words: [])]
    for count in Self.keyCounts { ways += try plain(count) + [coffer(count)] }
    ways += try peers.ways()
    let environment = bench.environment + vault.environment + peers.environment
    for way in ways { try way.check(Self.secret, environment: environment) }
    let times = try Rounds.run(
      bench.rounds(Self.usualRounds), warmUp: Self.warmUp, of: ways.count
    ) { (index) throws(BenchmarkError) in
      try ways[index].run(Self.command, environment: environment)
    }
    report(Dictionary(uniqueKeysWithValues: zip(ways.map(\.name), times)), ways.map(\.name))
  }

  // MARK: Ways

  private static func cofferName(_ count: Int) -> String {
    "coffer run, \(Decimal.count(count, "key"))"
  }

  private static func chpstName(_ count: Int) -> String {
    "chpst -e, \(Decimal.count(count, "key"))"
  }

  private func coffer(_ count: Int) -> Way {
    let selection = (0..<count).flatMap { ["-k", "me/key-\($0)"] }
    return Way(
      name: Self.cofferName(count),
      words: ["\(bench.programs)/coffer", "run"] + selection + ["--"], variable: Self.variable(0))
  }

  /// The ways of those who keep secrets in plain text.
  private func plain(_ count: Int) throws(BenchmarkError) -> [Way] {
    let entries = (0..<count).map { "\(Self.variable($0))=\(Self.secret)" }
    let env = Way(
      name: "env, \(Decimal.count(count, "key"))", words: ["/usr/bin/env"] + entries,
      variable: Self.variable(0))
    guard let program = bench.find("chpst", package: "runit") else { return [env] }
    let directory = "\(bench.directory)/environment-\(count)"
    try attempting(directory) { () throws(Errno) in
      try Directory.create(directory, permissions: 0o700)
      for number in 0..<count {
        let file = try FileDescriptor.open(
          "\(directory)/\(Self.variable(number))", flags: O_WRONLY | O_CREAT, mode: 0o600)
        try file.writeAll(Array(Self.secret.utf8).span)
      }
    }
    let chpst = Way(
      name: Self.chpstName(count), words: [program, "-e", directory],
      variable: Self.variable(0))
    return [env, chpst]
  }

  // MARK: Reporting

  private func figure(_ name: String, _ samples: Samples?) -> Figure? {
    samples.map { Figure(Self.benchmark, name, "time", "ms", $0) }
  }

  private func report(_ times: [String: Samples], _ names: [String]) {
    let one = figure(Self.cofferName(1), times[Self.cofferName(1)])
    for name in names {
      guard let figure = figure(name, times[name]) else { continue }
      guard let count = Self.keyCounts.first(where: { Self.cofferName($0) == name }) else {
        let isSlow = SecretPrograms.wellKnown.contains(name)
        // Of this one the ratio stands at what it is the peer of.
        let isPeer = Self.keyCounts.contains { Self.chpstName($0) == name }
        bench.report(isPeer ? figure : figure.beside(one, isSlow ? .atLeast(15) : nil))
        continue
      }
      let chpst = self.figure(Self.chpstName(count), times[Self.chpstName(count)])
      bench.report(figure.beside(chpst, .atMost(1.5)))
      if let plain = times["true"]?.median, let samples = times[name] {
        let above = Figure(Self.benchmark, name, "over true", "ms", samples.lowered(by: plain))
        bench.report(above.aiming(.atMost(2)))
      }
    }
  }
}

extension Samples {
  /// The same, each less by so much.
  fileprivate func lowered(by amount: Double) -> Samples { map { $0 - amount } }
}
