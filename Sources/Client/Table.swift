/// Rows in aligned columns.
enum Table {
  /// The lines of a table; the last column is not padded.
  ///
  /// - Parameters:
  ///   - header: The titles of the columns.
  ///   - rows: As many cells each.
  ///   - screen: Where the table is to fit: cells of the widest columns but the first
  ///     are cut there, with a `…` at their ends.
  /// - Returns: The header, then a line for each row.
  static func lines(
    header: [String], rows: [[String]], on screen: Screen = .output
  ) -> [String] {
    let all = [header] + rows
    var widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    if let limit = screen.columnCount { narrow(&widths, to: limit, above: header.map(\.count)) }
    return all.map { row in
      line(zip(row, widths).map { cut($0, to: $1) }, widths: widths)
    }
  }

  /// The lines of a table without the columns in which nothing stands.
  static func linesOfFilled(
    header: [String], rows: [[String]], on screen: Screen = .output
  ) -> [String] {
    let filled = header.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    return lines(
      header: filled.map { header[$0] }, rows: rows.map { row in filled.map { row[$0] } },
      on: screen)
  }

  /// Narrower than this no column gets.
  private static let leastWidth = 6

  private static func narrow(_ widths: inout [Int], to limit: Int, above least: [Int]) {
    var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - limit
    while excess > 0 {
      // The first one has names, which somebody may want to copy.
      let candidates = widths.indices.dropFirst().filter {
        widths[$0] > max(least[$0], leastWidth)
      }
      guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { return }
      widths[widest] -= 1
      excess -= 1
    }
  }

  private static func cut(_ cell: String, to width: Int) -> String {
    cell.count <= width ? cell : cell.prefix(width - 1) + "…"
  }

  /// One line; a cell that is wider than its column moves the rest to the right.
  ///
  /// - Parameters:
  ///   - cells: What stands in the columns.
  ///   - widths: Those of the columns; the last one is not padded.
  /// - Returns: The line without spaces at its end.
  static func line(_ cells: [String], widths: [Int]) -> String {
    var line = ""
    for (column, cell) in cells.enumerated() {
      let isLast = column == cells.count - 1
      line += cell
      if !isLast { line += String(repeating: " ", count: max(widths[column] - cell.count, 0) + 2) }
    }
    while line.hasSuffix(" ") { line.removeLast() }
    return line
  }

  /// The name of a field as people read it.
  static func label(_ name: String) -> String {
    String(name.map { $0 == "_" ? " " : $0 })
  }

  /// The lines of names and values, one below the other.
  static func lines(_ fields: [(String, String)]) -> [String] {
    let width = (fields.map(\.0.count).max() ?? 0) + 2
    return fields.map { name, value in
      name + String(repeating: " ", count: width - name.count) + value
    }
  }
}
