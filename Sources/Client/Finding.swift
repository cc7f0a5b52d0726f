internal import Wire

/// One thing that was looked at, and what was found.
struct Finding: Equatable {
  /// What was looked at, in a word.
  let subject: String
  let verdict: Verdict
  let text: String

  /// What to do next, if there is something.
  var hint: String?

  enum Verdict: String {
    case ok
    case wrong

    /// It cannot be told from here.
    case unknown
  }

  init(_ subject: String, _ verdict: Verdict, _ text: String, hint: String? = nil) {
    self.subject = subject
    self.verdict = verdict
    self.text = text
    self.hint = hint
  }

  /// What has failed when something was looked at.
  init(_ subject: String, _ verdict: Verdict, _ error: ClientError) {
    self.init(subject, verdict, error.message, hint: error.hint)
  }

  /// What the daemon tells; a verdict that is not known cannot be told.
  init(_ finding: StatusFields) {
    self.init(
      finding["subject"] ?? "", Verdict(rawValue: finding["verdict"] ?? "") ?? .unknown,
      finding["text"] ?? "", hint: finding["hint"])
  }

  /// Reads what `cofferd --check` has printed: `wrong    files: ...`, and below it
  /// `         hint: ...`.
  static func findings(in lines: [String]) -> [Finding] {
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

  /// Findings in columns, each with its hint below.
  static func lines(_ findings: [Finding]) -> [String] {
    let widths = [7, findings.map(\.subject.count).max() ?? 0, 0]
    return findings.flatMap { finding in
      [Table.line([finding.verdict.rawValue, finding.subject, finding.text], widths: widths)]
        + (finding.hint.map { [Table.line(["", "", "hint: \($0)"], widths: widths)] } ?? [])
    }
  }

  var json: JSON {
    .object([
      ("subject", .string(subject)), ("verdict", .string(verdict.rawValue)),
      ("text", .string(text)), ("hint", .optional(hint)),
    ])
  }
}
