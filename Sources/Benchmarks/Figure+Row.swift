// Figures as people read them.

extension Figure {
  private static let subjectWidth = 38
  private static let quantityWidth = 12
  private static let numberWidth = 11
  private static let unitWidth = 7

  /// The figure as a line of a table; the ratio stands last.
  var row: String {
    var row = "  " + Self.left(subject, Self.subjectWidth)
    row += Self.left(quantity, Self.quantityWidth)
    row += Self.right(Decimal.short(median), Self.numberWidth)
    row += " " + Self.left(unit, Self.unitWidth)
    let spread = "\(Decimal.short(low)) to \(Decimal.short(high))"
    row += Self.left(rounds > 1 ? spread : "", 2 * Self.numberWidth)
    if let ratio, let peer { row += "\(Decimal.ratio(ratio)) times \(peer)" }
    if let goal, let reachesGoal {
      row += "  [goal: \(goal), \(reachesGoal ? "reached" : "missed")]"
    }
    // What is not there leaves blanks at the end.
    while row.last == " " { row.removeLast() }
    return row
  }

  /// The figure as a row of a table of goals.
  var goalRow: String {
    let name = ["time", "rate"].contains(quantity) ? subject : "\(subject), \(quantity)"
    var measured = "\(Decimal.short(median)) \(unit)"
    if let ratio, let peer { measured += "; \(Decimal.ratio(ratio)) times \(peer)" }
    let aim = goal.map { "\($0) \(ratio == nil ? unit : "times")" } ?? ""
    return "| \(name) | \(measured) | \(aim) | \(reachesGoal == true ? "yes" : "no") |"
  }

  private static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  private static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
