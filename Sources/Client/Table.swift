/// Rows in aligned columns.
enum Table {
  /// The lines of a table; the last column is not padded.
  static func lines(header: [String], rows: [[String]]) -> [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let isLast = column == row.count - 1
        let space = isLast ? "" : String(repeating: " ", count: widths[column] - cell.count + 2)
        line += cell + space
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
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
