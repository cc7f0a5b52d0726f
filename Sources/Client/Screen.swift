internal import Platform

/// What standard output shows: how wide it is, and whether in colour.
struct Screen: Sendable {
  /// The columns of a line; nil if it is no terminal, and lines are as long as they are.
  var columnCount: Int?

  /// Whether colours are shown.
  var hasColor: Bool

  /// Standard output as it is.
  ///
  /// Source: no-color.org; a terminal called `dumb` shows no colour, as terminfo(5) has
  /// it.
  static var output: Screen {
    guard StandardStream.output.isTerminal else { return Screen(columnCount: nil, hasColor: false) }
    let isPlain =
      !(Environment.value(of: "NO_COLOR") ?? "").isEmpty
      || ["dumb", ""].contains(Environment.value(of: "TERM") ?? "")
    return Screen(columnCount: Terminal.columns(of: 1), hasColor: !isPlain)
  }

  /// How some text is shown.
  enum Style: String {
    case bold = "1"
    case red = "31"
    case yellow = "33"
    case dim = "2"
  }

  /// Text in a style, if there are any.
  ///
  /// Source: ECMA-48, SGR.
  func text(_ text: String, _ style: Style?) -> String {
    guard hasColor, let style, !text.isEmpty else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }

  /// The lines of a table in colour: its header, and the words that tell how something
  /// is.
  ///
  /// - Parameters:
  ///   - lines: Without controls.
  ///   - header: The line whose words stand above the columns.
  /// - Returns: The lines as they are printed.
  func painted(_ lines: [String], under header: String) -> [String] {
    guard hasColor else { return lines }
    let columns = Self.tellingColumns.compactMap { Self.column(of: $0, in: header) }
    return lines.map { line in
      if line == header { return text(line, .bold) }
      let column = columns.first { Self.word(at: $0, of: line) != nil }
      guard let column, let word = Self.word(at: column, of: line) else { return line }
      let characters = Array(line)
      return String(characters[..<column]) + text(word, Self.styles[word])
        + String(characters[(column + word.count)...])
    }
  }

  private static let tellingColumns = ["STATE", "OUTCOME", "VERDICT"]

  private static let styles: [String: Style] = [
    "suspended": .yellow, "expired": .dim, "revoked": .dim, "retired": .dim,
    "disabled": .yellow, "archived": .dim, "removed": .dim, "restored": .yellow,
    "forbidden": .red, "denied": .red, "damaged": .red, "dead-key": .red, "wrong": .red,
    "unknown": .yellow,
  ]

  /// Where a word of the header begins, counted in characters.
  private static func column(of title: String, in header: String) -> Int? {
    let (characters, title) = (Array(header), Array(title))
    guard characters.count >= title.count else { return nil }
    return (0...(characters.count - title.count)).first { start in
      characters[start..<(start + title.count)].elementsEqual(title)
        && (start == 0 || characters[start - 1] == " ")
    }
  }

  /// The word at a column; nil if none begins there, or it has no style.
  private static func word(at column: Int, of line: String) -> String? {
    let characters = Array(line)
    guard column < characters.count, column == 0 || characters[column - 1] == " " else {
      return nil
    }
    let word = String(characters[column...].prefix { $0.isLetter || $0 == "-" })
    return styles[word] == nil ? nil : word
  }
}
