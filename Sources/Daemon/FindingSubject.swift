internal import Store
internal import Wire

/// What the daemon looks at.
enum FindingSubject: String, Sendable {
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

extension Finding {
  init(_ subject: FindingSubject, _ verdict: Verdict, _ text: String, hint: String? = nil) {
    self.init(subject.rawValue, verdict, text, hint: hint)
  }

  /// What has failed when something was looked at.
  init(_ subject: FindingSubject, _ error: StoreError) {
    self.init(subject, .wrong, error.message, hint: error.hint)
  }
}
