internal import Platform
internal import Store

/// One thing that was looked at, and what was found.
struct Finding: Equatable, Sendable {
  /// What was looked at, in a word.
  let subject: Subject
  let verdict: Verdict

  /// What was found, without a full stop.
  let text: String

  /// What to do next, if there is something.
  var hint: String?

  enum Verdict: String, Sendable {
    case ok
    case wrong

    /// It cannot be told from here.
    case unknown
  }

  enum Subject: String, CaseIterable, Sendable {
    case directory
    case slots
    case files
    case chain
    case values
    case writing
    case space
    case clock
    case memory
    case limits
    case socket
    case version
  }

  init(_ subject: Subject, _ verdict: Verdict, _ text: String, hint: String? = nil) {
    self.subject = subject
    self.verdict = verdict
    self.text = text
    self.hint = hint
  }

  /// What has failed when something was looked at.
  init(_ subject: Subject, _ error: StoreError) {
    self.init(subject, .wrong, error.message, hint: error.hint)
  }

  /// The lines that a person reads.
  var lines: [String] {
    let word = verdict.rawValue.padded(to: 9)
    return ["\(word)\(subject.rawValue): \(text)"] + (hint.map { ["         hint: \($0)"] } ?? [])
  }
}

extension String {
  fileprivate func padded(to count: Int) -> String {
    self + String(repeating: " ", count: max(0, count - self.count))
  }
}
