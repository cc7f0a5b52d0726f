/// One thing that was measured, beside its peer.
struct Figure {
  /// Which benchmark has measured it.
  let benchmark: String

  /// What was measured, as `coffer run, 1 key`.
  let subject: String

  /// Which of its properties, as `time`.
  let quantity: String
  let unit: String
  private let samples: Samples

  var median: Double { samples.median }
  var low: Double { samples.low }
  var high: Double { samples.high }
  var rounds: Int { samples.count }

  /// The subject that it is compared with, and the median of the ratios to it, one a round.
  private(set) var peer: String?
  private(set) var ratio: Double?
  private(set) var goal: Goal?

  init(
    _ benchmark: String, _ subject: String, _ quantity: String, _ unit: String, _ samples: Samples
  ) {
    self.benchmark = benchmark
    self.subject = subject
    self.quantity = quantity
    self.unit = unit
    self.samples = samples
  }

  /// The same beside a peer.
  ///
  /// - Parameters:
  ///   - peer: What it is compared with; nothing changes if that was not measured.
  ///   - goal: What the ratio should be.
  /// - Returns: The figure with its ratio.
  func beside(_ peer: Figure?, _ goal: Goal? = nil) -> Figure {
    guard let peer else { return self }
    let ratios = samples.over(peer.samples)
    guard ratios.count > 0 else { return self }
    var figure = self
    figure.peer = peer.subject
    figure.ratio = ratios.median
    figure.goal = goal
    return figure
  }

  /// The same with a goal for the median itself.
  func aiming(_ goal: Goal) -> Figure {
    var figure = self
    figure.goal = goal
    return figure
  }

  /// Whether the goal is reached; nil where there is none.
  var reachesGoal: Bool? { goal.map { $0.isReached(by: ratio ?? median) } }
}

/// What a ratio should be, or where nothing is compared a median.
enum Goal: CustomStringConvertible {
  case atMost(Double)
  case atLeast(Double)

  var limit: Double {
    switch self {
    case .atMost(let limit), .atLeast(let limit): limit
    }
  }

  func isReached(by value: Double) -> Bool {
    switch self {
    case .atMost(let limit): value <= limit
    case .atLeast(let limit): value >= limit
    }
  }

  var description: String {
    switch self {
    case .atMost(let limit): "at most \(Decimal.short(limit))"
    case .atLeast(let limit): "at least \(Decimal.short(limit))"
    }
  }
}

extension Figure {
  /// The figure as a JSON object on one line.
  ///
  /// Source: RFC 8259.
  var json: String {
    var members = [
      ("benchmark", Self.quoted(benchmark)), ("case", Self.quoted(subject)),
      ("figure", Self.quoted(quantity)), ("unit", Self.quoted(unit)),
      ("median", Decimal.exact(median)), ("low", Decimal.exact(low)),
      ("high", Decimal.exact(high)), ("rounds", String(rounds)),
      ("peer", peer.map(Self.quoted) ?? "null"), ("ratio", ratio.map(Decimal.exact) ?? "null"),
    ]
    if let goal, let reachesGoal {
      members += [("goal", Self.quoted("\(goal)")), ("reached", String(reachesGoal))]
    }
    return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  /// A string of ours, which has neither quotes nor control characters.
  private static func quoted(_ text: String) -> String { "\"\(text)\"" }
}
