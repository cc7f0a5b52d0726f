internal import Platform

// What a session waits for.

extension Session {
  enum State {
    /// The next line is looked at when it has arrived.
    case ready

    /// A command is in work elsewhere.
    case working

    /// A command waits for a place to put the answer to its inquiry.
    case waiting(Inquiry)

    /// Lines answer an inquiry.
    case inquiring(Inquiry)

    /// What is queued goes out, then the connection ends.
    case closing
  }

  /// When which patience ends; nil where nothing is waited for.
  struct Deadlines {
    var line: BootInstant?
    var answer: BootInstant?
    var unread: BootInstant?

    var first: BootInstant? { [line, answer, unread].compactMap(\.self).min() }
  }
}
