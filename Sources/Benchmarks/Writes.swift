internal import Platform

/// Durable changes a second, beside a bare append with fdatasync on the same file
/// system, and beside SQLite.
struct Writes {
  private let bench: Workbench

  private static let benchmark = "writes"
  private static let connectionCounts = [1, 4, 16]
  private static let usualRounds = 5

  init(_ bench: Workbench) { self.bench = bench }

  private static func name(_ name: String, _ connectionCount: Int) -> String {
    "\(name), \(Decimal.count(connectionCount, "connection"))"
  }

  /// One thing that is written, from so many connections.
  private struct Subject {
    let name: String
    let connectionCount: Int

    /// Writes for a time; returns how often in a second.
    let run: (Int64) throws(BenchmarkError) -> Double

    var fullName: String { Writes.name(name, connectionCount) }
  }

  func run() throws(BenchmarkError) {
    let vault = try ThrowawayVault(bench, "writes")
    defer { vault.remove() }
    let keys = KeyMaker(vault)
    let byteCount = try recordByteCount(vault, keys)
    var subjects = [appending(byteCount)]
    let sqlite = SQLiteWriter(bench)
    for count in Self.connectionCounts {
      subjects.append(
        Subject(name: "CREATE", connectionCount: count) { (time) throws(BenchmarkError) in
          try keys.create(.after(milliseconds: time), connectionCount: count).perSecond
        })
      subjects.append(
        Subject(name: "IMPORT", connectionCount: count) { (time) throws(BenchmarkError) in
          try keys.importValues(.after(milliseconds: time), connectionCount: count).perSecond
        })
      guard let sqlite else { continue }
      subjects.append(
        Subject(name: "SQLite", connectionCount: count) { (time) throws(BenchmarkError) in
          try sqlite.run(count, byteCount: byteCount, milliseconds: time)
        })
    }
    let rates = try Rounds.run(
      bench.rounds(Self.usualRounds), warmUp: 1, of: subjects.count
    ) { (index) throws(BenchmarkError) in
      try subjects[index].run(bench.options.milliseconds)
    }
    try keys.checkCount()
    report(zip(subjects, rates).map { ($0, $1) })
  }

  private func appending(_ byteCount: Int) -> Subject {
    let append = BareAppend(path: bench.directory + "/appended", byteCount: byteCount)
    return Subject(name: "append and fdatasync", connectionCount: 1) {
      (time) throws(BenchmarkError) in
      try append.run(milliseconds: time)
    }
  }

  /// How many bytes a change takes in the records: as many are appended bare.
  private func recordByteCount(
    _ vault: ThrowawayVault, _ keys: KeyMaker
  ) throws(BenchmarkError) -> Int {
    let count = 20
    let before = try vault.recordsByteCount()
    _ = try keys.create(.afterRequests(count), connectionCount: 1)
    return (try vault.recordsByteCount() - before) / count
  }

  // MARK: Reporting

  private func report(_ results: [(Subject, Samples)]) {
    var figures: [String: Figure] = [:]
    for (subject, rates) in results {
      figures[subject.fullName] = Figure(
        Self.benchmark, subject.fullName, "rate", "1/s", rates)
    }
    let append = results.first.flatMap { figures[$0.0.fullName] }
    for (subject, _) in results {
      guard let figure = figures[subject.fullName] else { continue }
      let isOurs = subject.name == "CREATE" || subject.name == "IMPORT"
      bench.report(
        isOurs ? figure.beside(figures[Self.name("SQLite", subject.connectionCount)]) : figure)
      guard subject.name == "CREATE" else { continue }
      if subject.connectionCount == 1 {
        // One and three tenths of its time is so much of its rate.
        bench.report(figure.beside(append, .atLeast(1 / 1.3)))
      } else if subject.connectionCount == Self.connectionCounts.last {
        bench.report(figure.beside(figures[Self.name("CREATE", 1)], .atLeast(8)))
      }
    }
  }
}
