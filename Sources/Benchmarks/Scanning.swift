internal import Platform

/// How much `coffer scan` searches in a second, beside `grep`, which looks for the shape
/// of a key alone.
struct Scanning {
  private let bench: Workbench

  private static let benchmark = "scan"
  private static let usualRounds = 10
  private static let directoryCount = 20
  private static let fileCount = 50
  private static let fileByteCount = 1 << 16
  private static let trialFileByteCount = 1 << 10

  init(_ bench: Workbench) { self.bench = bench }

  func run() throws(BenchmarkError) {
    let tree = bench.directory + "/tree"
    let byteCount = try plant(tree)
    let coffer = Way(
      name: "coffer scan", words: ["\(bench.programs)/coffer", "scan", "--offline", tree])
    // It finds nothing, and says so by its status.
    let script = "! LC_ALL=C grep -rqE 'cof_[uwo]k_[0-9A-Za-z]{50}' '\(tree)'"
    let grep = Way(name: "grep -rE", words: ["/bin/sh", "-c", script])
    try check(coffer, grep, tree)
    let ways = [coffer, grep]
    let rates = try Rounds.run(bench.rounds(Self.usualRounds), warmUp: 1, of: ways.count) {
      (index) throws(BenchmarkError) in
      let time = try ways[index].run([], environment: bench.environment)
      return Double(byteCount) / 1000 / time
    }
    let figures = zip(ways, rates).map {
      Figure(Self.benchmark, $0.name, "throughput", "MB/s", $1)
    }
    bench.report(figures[0].beside(figures[1]))
    bench.report(figures[1])
  }

  /// Makes the files; returns how long they are together.
  private func plant(_ tree: String) throws(BenchmarkError) -> Int {
    var generator = SampleText()
    let byteCount = bench.isTrial ? Self.trialFileByteCount : Self.fileByteCount
    for number in 0..<Self.directoryCount {
      let directory = "\(tree)/\(number)"
      try attempting(directory) { () throws(Errno) in
        try Directory.create(directory, permissions: 0o700)
      }
      for file in 0..<Self.fileCount {
        try SampleText.write([generator.next(byteCount)], to: "\(directory)/\(file)")
      }
    }
    return Self.directoryCount * Self.fileCount * byteCount
  }

  /// Looks whether both find the text of a key, which is taken away again.
  private func check(_ coffer: Way, _ grep: Way, _ tree: String) throws(BenchmarkError) {
    let vault = try ThrowawayVault(bench, "scan")
    defer { vault.remove() }
    let text = try vault.ask("CREATE me/leaked").data
    let path = tree + "/leaked"
    try SampleText.write([text], to: path)
    defer { try? Directory.removeFile(path) }
    for way in [coffer, grep] {
      let script = #"! "$@" >/dev/null 2>&1"#
      let finding = Way(name: way.name, words: ["/bin/sh", "-c", script, "sh"] + way.words)
      try finding.run([], environment: bench.environment)
    }
  }
}
