/// One thing that was looked at, and what was found, as daemon and client tell it.
package struct Finding: Equatable, Sendable {
  /// What was looked at, in a word.
  package let subject: String
  package let verdict: Verdict

  /// What was found, without a full stop.
  package let text: String

  /// What to do next, if there is something.
  package var hint: String?

  package enum Verdict: String, Sendable {
    case ok
    case wrong

    /// It cannot be told from here.
    case unknown
  }

  package init(_ subject: String, _ verdict: Verdict, _ text: String, hint: String? = nil) {
    self.subject = subject
    self.verdict = verdict
    self.text = text
    self.hint = hint
  }

  // MARK: As lines of text

  private static let verdictWidth = 9

  /// What `cofferd --check` prints: `wrong    files: ...`, and below it
  /// `         hint: ...`.
  package var lines: [String] {
    let space = String(repeating: " ", count: Self.verdictWidth - verdict.rawValue.count)
    let indent = String(repeating: " ", count: Self.verdictWidth)
    return ["\(verdict.rawValue)\(space)\(subject): \(text)"]
      + (hint.map { ["\(indent)hint: \($0)"] } ?? [])
  }

  /// Reads such lines; those of anything else are passed over.
  package static func findings(in lines: [String]) -> [Finding] {
    var findings: [Finding] = []
    for line in lines {
      let (head, tail) = line.divided(at: ":")
      let words = head.split(separator: " ")
      let text = String((tail ?? "").drop { $0 == " " })
      if words == ["hint"], let last = findings.popLast() {
        findings.append(Finding(last.subject, last.verdict, last.text, hint: text))
      } else if words.count == 2, let verdict = Verdict(rawValue: String(words[0])) {
        findings.append(Finding(String(words[1]), verdict, text))
      }
    }
    return findings
  }
}
