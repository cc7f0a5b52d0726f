internal import Glibc
internal import Platform

/// A picture of ratios: what was measured over its peer, a bar each.
///
/// Source: SVG 2; Media Queries Level 5, `prefers-color-scheme`.
struct Picture {
  private let figures: [Figure]

  private static let width = 860
  private static let labelWidth = 390
  private static let rightMargin = 70
  private static let rowHeight = 18
  private static let headHeight = 26
  private static let topHeight = 58

  /// Black on nothing, or white where pages are dark.
  private static let style = """
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600 } .small { fill: #59636e } .right { text-anchor: end }
    .middle { text-anchor: middle }
    .axis { stroke: #8c959f } .goal { stroke: #1f2328; stroke-width: 2 }
    .reached { fill: #1a7f37 } .missed { fill: #cf222e } .plain { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .small { fill: #9198a1 } .goal { stroke: #f0f6fc }
      .reached { fill: #3fb950 } .missed { fill: #f85149 }
    }
    """

  /// - Parameter figures: All that was measured; drawn is what has a peer, of latencies
  ///   only those with a goal.
  init(_ figures: [Figure]) {
    self.figures = figures.filter {
      $0.ratio != nil && ($0.goal != nil || !["p50", "p99"].contains($0.quantity))
    }
  }

  /// Writes the picture, over a file that may be there.
  ///
  /// - Parameter path: The file.
  /// - Throws: ``BenchmarkError`` if it cannot be written.
  func write(to path: String) throws(BenchmarkError) {
    let bytes = Array(svg.utf8)
    try attempting(path) { () throws(Errno) in
      let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      try file.writeAll(bytes.span)
    }
  }

  // MARK: Drawing

  private var svg: String {
    var y = Self.topHeight
    var body = ""
    var benchmark = ""
    for figure in figures {
      if figure.benchmark != benchmark {
        benchmark = figure.benchmark
        y += Self.headHeight
        body += Self.text(8, y - 8, benchmark, "title")
      }
      body += row(figure, y)
      y += Self.rowHeight
    }
    let height = y + 12
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.width) \(height)" \
      width="\(Self.width)" height="\(height)" role="img">
      <title>Ratios of what was measured to its peers</title>
      <style>
      \(Self.style)
      </style>
      \(head(height))\(body)</svg>

      """
  }

  private func head(_ height: Int) -> String {
    let title = "What was measured over its peer: medians of the rounds, on a logarithmic scale"
    var head = Self.text(8, 18, title, "title")
    head += Self.text(8, 36, "green: goal reached; red: missed; the mark is the goal", "small")
    for power in powers {
      let x = x(exponential(power))
      let label = power < 0 ? "1/\(Self.ten(-power))" : "\(Self.ten(power))"
      head += Self.text(x, 54, label, "small middle") + Self.line(x, 60, height - 8, "axis")
    }
    return head
  }

  private func row(_ figure: Figure, _ y: Int) -> String {
    guard let ratio = figure.ratio, let peer = figure.peer else { return "" }
    let kind = figure.reachesGoal.map { $0 ? "reached" : "missed" } ?? "plain"
    let (one, end) = (x(1), x(ratio))
    var row = Self.text(Self.labelWidth - 8, y + 12, Self.label(figure, peer), "right")
    row += """
      <rect class="\(kind)" x="\(min(one, end))" y="\(y + 3)" \
      width="\(max(abs(end - one), 2))" height="\(Self.rowHeight - 6)"/>

      """
    let mark = figure.goal.map { x($0.limit) }
    if let mark { row += Self.line(mark, y, y + Self.rowHeight, "goal") }
    return row + Self.text(max(one, end, mark ?? 0) + 6, y + 12, Decimal.ratio(ratio), "small")
  }

  /// What was measured and its peer; the manner stands once if it is that of both.
  private static func label(_ figure: Figure, _ peer: String) -> String {
    let isUsual = ["time", "rate", "throughput"].contains(figure.quantity)
    let quantity = isUsual ? "" : " (\(figure.quantity))"
    let manner = figure.subject.drop { $0 != "," }
    let isShared = !manner.isEmpty && peer.hasSuffix(manner)
    return "\(figure.subject)\(quantity) / \(isShared ? peer.dropLast(manner.count) : peer[...])"
  }

  // MARK: The scale

  /// The powers of ten between which all ratios lie.
  private var powers: ClosedRange<Int> {
    let ratios = figures.compactMap(\.ratio) + figures.compactMap { $0.goal?.limit }
    let exponents = ratios.filter { $0 > 0 }.map { log10($0) }
    let low = Int((exponents.min() ?? 0).rounded(.down))
    let high = Int((exponents.max() ?? 0).rounded(.up))
    return min(low, 0)...max(high, 1)
  }

  private func exponential(_ power: Int) -> Double { pow(10, Double(power)) }

  private static func ten(_ power: Int) -> Int { (0..<power).reduce(1) { ten, _ in ten * 10 } }

  /// Where a ratio lies.
  private func x(_ ratio: Double) -> Int {
    let powers = powers
    let room = Double(Self.width - Self.labelWidth - Self.rightMargin)
    let place = log10(max(ratio, exponential(powers.lowerBound))) - Double(powers.lowerBound)
    return Self.labelWidth + Int(room * place / Double(powers.count - 1))
  }

  // MARK: Elements

  private static func text(_ x: Int, _ y: Int, _ text: String, _ kind: String) -> String {
    "<text class=\"\(kind)\" x=\"\(x)\" y=\"\(y)\">\(text)</text>\n"
  }

  private static func line(_ x: Int, _ top: Int, _ bottom: Int, _ kind: String) -> String {
    "<line class=\"\(kind)\" x1=\"\(x)\" y1=\"\(top)\" x2=\"\(x)\" y2=\"\(bottom)\"/>\n"
  }
}
