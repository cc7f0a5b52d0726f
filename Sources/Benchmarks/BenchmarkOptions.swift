/// What the program was told on its command line.
struct BenchmarkOptions {
  /// Which benchmarks are run; the usual ones if none is named.
  private(set) var names: [BenchmarkName] = []

  /// The directory of coffer and cofferd; nil if they are to be built.
  private(set) var programs: String?

  /// Where vaults are made, an absolute path.
  private(set) var directory = "/var/tmp"

  /// How many rounds there are; nil for as many as suit the benchmark.
  private(set) var rounds: Int?

  /// How long requests are made in a round.
  private(set) var milliseconds: Int64 = 500

  /// How many keys the largest vault of `scale` has.
  private(set) var keys = 100_000

  /// Whether figures are printed as JSON.
  private(set) var isJSON = false

  /// Where a picture of the figures is written.
  private(set) var picture: String?

  private static let largestVault = 1_000_000

  /// - Parameter arguments: The words of the command line.
  /// - Throws: ``BenchmarkError``, which says what is wrong with them.
  init(_ arguments: [String]) throws(BenchmarkError) {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--json": isJSON = true
      case "--programs": programs = try Self.path(word, &rest)
      case "--directory": directory = try Self.path(word, &rest)
      case "--svg": picture = try Self.word(word, &rest)
      case "--rounds": rounds = try Self.number(word, &rest, 1...10_000)
      case "--milliseconds": milliseconds = Int64(try Self.number(word, &rest, 10...600_000))
      case "--keys": keys = try Self.number(word, &rest, 100...Self.largestVault)
      case _:
        guard let name = BenchmarkName(rawValue: word) else { throw Self.unknown(word) }
        names.append(name)
      }
    }
    if names.isEmpty { names = BenchmarkName.allCases }
  }

  private static func unknown(_ word: String) -> BenchmarkError {
    let names = BenchmarkName.allCases.map(\.rawValue).joined(separator: ", ")
    return BenchmarkError(
      "\(word): unknown", hint: "there are \(names) and load; --help tells the options")
  }

  /// The value of an option: the next word.
  static func word(
    _ option: String, _ rest: inout ArraySlice<String>
  ) throws(BenchmarkError) -> String {
    guard let word = rest.popFirst(), !word.isEmpty, !word.hasPrefix("--") else {
      throw BenchmarkError("\(option): its value is missing")
    }
    return word
  }

  private static func path(
    _ option: String, _ rest: inout ArraySlice<String>
  ) throws(BenchmarkError) -> String {
    let path = try word(option, &rest)
    guard path.hasPrefix("/") else {
      throw BenchmarkError("\(option) \(path): not an absolute path")
    }
    return path
  }

  /// The value of an option that is a number.
  static func number(
    _ option: String, _ rest: inout ArraySlice<String>, _ range: ClosedRange<Int>
  ) throws(BenchmarkError) -> Int {
    let text = try word(option, &rest)
    guard let number = Int(text), range.contains(number) else {
      throw BenchmarkError(
        "\(option) \(text): not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }
}

/// The benchmarks, in the order in which they are run.
enum BenchmarkName: String, CaseIterable {
  case run
  case requests
  case writes
  case latency
  case scale
  case daemon
  case mask
  case scan

  /// Runs it.
  ///
  /// - Parameter bench: What it is run on, and where its figures go.
  /// - Throws: ``BenchmarkError`` if it was given up.
  func run(on bench: Workbench) throws(BenchmarkError) {
    switch self {
    case .run: try RunTimes(bench).run()
    case .requests: try Requests(bench).run()
    case .writes: try Writes(bench).run()
    case .latency: try Latency(bench).run()
    case .scale: try Scale(bench).run()
    case .daemon: try DaemonRest(bench).run()
    case .mask: try Masking(bench).run()
    case .scan: try Scanning(bench).run()
    }
  }
}
