internal import Wire

extension Finding {
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
