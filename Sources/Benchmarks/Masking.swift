internal import Platform

/// How much `coffer mask` lets through in a second, beside `cat`.
struct Masking {
  private let bench: Workbench

  private static let benchmark = "mask"
  private static let keyCounts = [1, 50]
  private static let usualRounds = 10

  /// The text is made of so many parts, with a value behind each.
  private static let partCount = 64
  private static let partByteCount = 1 << 20
  private static let trialPartByteCount = 1 << 14

  init(_ bench: Workbench) { self.bench = bench }

  func run() throws(BenchmarkError) {
    let vault = try ThrowawayVault(bench, "mask")
    defer { vault.remove() }
    for number in 0..<(Self.keyCounts.max() ?? 0) {
      try vault.ask("IMPORT me/key-\(number)", answering: Self.value(number))
    }
    let plain = bench.directory + "/plain"
    let masked = bench.directory + "/masked"
    let byteCount = try writeTexts(plain, masked)
    let filters = Self.keyCounts.map { count in
      let keys = (0..<count).map { "-k me/key-\($0)" }.joined(separator: " ")
      let name = "coffer mask, \(Decimal.count(count, "key"))"
      return (name: name, command: "'\(bench.programs)/coffer' mask \(keys)")
    }
    let ways = filters.map { Self.way($0.name, "cat '\(plain)' | \($0.command) >/dev/null") }
    let cat = Self.way("cat", "cat '\(plain)' | cat >/dev/null")
    let environment = bench.environment + vault.environment
    for filter in filters {
      try Self.way(filter.name, "cat '\(plain)' | \(filter.command) | cmp - '\(masked)'")
        .run([], environment: environment)
    }
    let all = ways + [cat]
    let rates = try Rounds.run(bench.rounds(Self.usualRounds), warmUp: 1, of: all.count) {
      (index) throws(BenchmarkError) in
      Double(byteCount) / 1000 / (try all[index].run([], environment: environment))
    }
    let figures = zip(all, rates).map {
      Figure(Self.benchmark, $0.name, "throughput", "MB/s", $1)
    }
    for figure in figures.dropLast() { bench.report(figure.beside(figures.last)) }
    if let last = figures.last { bench.report(last) }
  }

  private static func way(_ name: String, _ script: String) -> Way {
    Way(name: name, words: ["/bin/sh", "-c", script])
  }

  private static func value(_ number: Int) -> [UInt8] {
    Array("sk_live_\(1_000_000 + number)_abcdefghijklmnopqrstuvwxyz".utf8)
  }

  /// Writes the text, and the same as it must be masked; returns how long the first is.
  private func writeTexts(_ plain: String, _ masked: String) throws(BenchmarkError) -> Int {
    var generator = SampleText()
    let partByteCount = bench.isTrial ? Self.trialPartByteCount : Self.partByteCount
    let parts = (0..<Self.partCount).map { _ in generator.next(partByteCount) }
    // All ways know the first key.
    try SampleText.write(parts.flatMap { [$0, Self.value(0)] }, to: plain)
    try SampleText.write(parts.flatMap { [$0, Array("<me/key-0>".utf8)] }, to: masked)
    return Self.partCount * (partByteCount + Self.value(0).count)
  }
}
