/// Rows in aligned columns.
enum Table {
  /// The lines of a table; the last column is not padded.
  static func lines(header: [String], rows: [[String]]) -> [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { line($0, widths: widths) }
  }

  /// The lines of a table without the columns in which nothing stands.
  static func linesOfFilled(header: [String], rows: [[String]]) -> [String] {
    let filled = header.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    return lines(
      header: filled.map { header[$0] }, rows: rows.map { row in filled.map { row[$0] } })
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
