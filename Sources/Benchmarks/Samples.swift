internal import Platform

/// What one thing came to in several rounds.
struct Samples {
  private var values: [Double] = []

  var count: Int { values.count }

  mutating func add(_ value: Double) { values.append(value) }

  /// The same with every value changed.
  func map(_ change: (Double) -> Double) -> Samples {
    var changed = Samples()
    for value in values { changed.add(change(value)) }
    return changed
  }

  /// What each value is over that of a peer in the same round.
  func over(_ peer: Samples) -> Samples {
    var ratios = Samples()
    for (own, others) in zip(values, peer.values) where others > 0 { ratios.add(own / others) }
    return ratios
  }

  /// The value below which a share of all lies.
  ///
  /// - Parameter permille: The share, 0 to 1000.
  /// - Returns: One of the values; 0 if there are none.
  func value(atPermille permille: Int) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * permille / 1000)]
  }

  var median: Double { value(atPermille: 500) }

  /// The spread: nine of ten lie above the one, and nine of ten below the other.
  var low: Double { value(atPermille: 100) }
  var high: Double { value(atPermille: 900) }
}

/// Rounds of several things that are measured beside each other.
enum Rounds {
  /// Does everything once a round, in turn forwards and backwards, so that what changes
  /// about the machine meanwhile hits all alike.
  ///
  /// - Parameters:
  ///   - count: How many rounds.
  ///   - warmUp: How many more are done before, whose values are dropped.
  ///   - thingCount: How many things.
  ///   - measure: Measures one of them, once.
  /// - Returns: The values of each.
  /// - Throws: ``BenchmarkError`` if measuring one failed.
  static func run(
    _ count: Int, warmUp: Int, of thingCount: Int,
    _ measure: (Int) throws(BenchmarkError) -> Double
  ) throws(BenchmarkError) -> [Samples] {
    let samples = try runSeveral(count, warmUp: warmUp, of: thingCount) {
      (thing) throws(BenchmarkError) in
      [try measure(thing)]
    }
    return samples.compactMap(\.first)
  }

  /// The same where several values come of measuring one thing, always as many.
  static func runSeveral(
    _ count: Int, warmUp: Int, of thingCount: Int,
    _ measure: (Int) throws(BenchmarkError) -> [Double]
  ) throws(BenchmarkError) -> [[Samples]] {
    var samples = [[Samples]](repeating: [], count: thingCount)
    for round in 0..<(count + warmUp) {
      for place in 0..<thingCount {
        let thing = round.isMultiple(of: 2) ? place : thingCount - 1 - place
        let values = try measure(thing)
        guard round >= warmUp else { continue }
        if samples[thing].isEmpty { samples[thing] = values.map { _ in Samples() } }
        for (index, value) in values.enumerated() { samples[thing][index].add(value) }
      }
    }
    return samples
  }
}

/// The time since a moment.
struct Stopwatch {
  private let start = BootInstant.now

  var nanoseconds: Int64 { BootInstant.now.nanoseconds - start.nanoseconds }
  var milliseconds: Double { Double(nanoseconds) / 1e6 }
}
