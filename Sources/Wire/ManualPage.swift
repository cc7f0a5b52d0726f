/// A manual page, as man(1) shows it.
///
/// Source: man(7), groff_char(7).
package struct ManualPage: Sendable {
  /// The page in its language, with a line end behind each line.
  package private(set) var text: String

  /// - Parameters:
  ///   - name: What is explained, as `coffer`.
  ///   - section: The section of the manual, 1 to 8.
  ///   - summary: One line without a full stop.
  package init(_ name: String, section: Int, summary: String) {
    text = ".TH \(name.uppercased()) \(section) \"\" \"Coffer \(Product.version)\"\n"
    // Commands are to be copied, so no line is stretched, and no word divided.
    text += ".ad l\n.nh\n"
    addSection("Name")
    text += "\(Self.escaped(name)) \\- \(Self.escaped(summary))\n"
  }

  package mutating func addSection(_ title: String) {
    text += ".SH \(Self.escaped(title.uppercased()))\n"
  }

  package mutating func addSubsection(_ title: String) { text += ".SS \(Self.escaped(title))\n" }

  package mutating func addParagraph(_ words: String) {
    text += ".PP\n\(Self.line(words))\n"
  }

  /// Adds a term, and what is to be said of it indented below or beside.
  package mutating func addItem(_ term: String, _ words: String) {
    text += ".TP\n\\fB\(Self.escaped(term))\\fR\n\(Self.line(words))\n"
  }

  /// Adds lines that stay as they are, as a command line or a file.
  package mutating func addLines(_ lines: [String]) {
    text += ".PP\n.in +4n\n.EX\n" + lines.map { Self.line($0) + "\n" }.joined() + ".EE\n.in\n"
  }

  /// A line of text, of which nothing is a request.
  private static func line(_ text: String) -> String {
    let isRequest = text.hasPrefix(".") || text.hasPrefix("'")
    return (isRequest ? "\\&" : "") + escaped(text)
  }

  /// Text in which every character stands for itself.
  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "\\": "\\e"
      case "-": "\\-"
      case "'": "\\(aq"
      case "`": "\\(ga"
      case "^": "\\(ha"
      case "~": "\\(ti"
      case _: String(character)
      }
    }.joined()
  }
}

/// Text that is broken into lines.
package enum Paragraph {
  /// The lines of `words`, broken at spaces.
  ///
  /// - Parameters:
  ///   - words: One paragraph; a word that is longer than a line stands alone.
  ///   - columnCount: How long a line may be.
  /// - Returns: The lines, without a space at their ends.
  package static func lines(of words: String, columnCount: Int) -> [String] {
    var lines: [String] = []
    for word in words.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= columnCount {
        lines[lines.count - 1] = "\(last) \(word)"
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
