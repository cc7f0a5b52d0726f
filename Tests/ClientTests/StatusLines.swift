import Wire

/// Status lines as a daemon sends them, but without the `S`.
func statuses(_ lines: String...) -> [StatusFields] {
  lines.map { line in
    let words = line.split(separator: " ").map { String($0).replacing("%20", with: " ") }
    return StatusFields(words)
  }
}
