internal import Keyring
internal import Platform
internal import Wire

/// How long a command waits for a locked vault to be opened by somebody else.
struct WaitingTime {
  private let length: Seconds

  /// Reads `--wait`; nil without it.
  ///
  /// Throws a usage error for what is no length of time.
  static func told(by arguments: Arguments) throws(ClientError) -> WaitingTime? {
    guard let text = arguments["wait"] else { return nil }
    guard let length = Seconds(parsing: text) else {
      throw .usage(
        "--wait: \(PrintableText.object(text)) is no length of time",
        hint: "it is written as 90s, 5m or 1h")
    }
    return WaitingTime(length: length)
  }

  /// As in `5m`.
  var text: String { length.text }

  /// When it is over, if it begins now.
  var end: BootInstant { .now.advanced(bySeconds: length.count) }
}

/// The pauses of somebody who waits: short ones first, then longer ones, and a line
/// for the person once it takes a while.
struct Pauses {
  private var milliseconds: Int
  private let longest: Int
  private let beginning = BootInstant.now
  private var isTold = false

  /// What is over by then needs no words.
  private static let silence: Int64 = 500

  /// - Parameters:
  ///   - first: The first pause, in milliseconds; each one is twice as long as the
  ///     one before.
  ///   - longest: The longest one.
  init(first: Int, longest: Int) { (milliseconds, self.longest) = (first, longest) }

  /// Sleeps once.
  ///
  /// - Parameters:
  ///   - end: When the waiting is over, if it has an end.
  ///   - reason: What is waited for; it is told once.
  mutating func pause(until end: BootInstant? = nil, reason: String) {
    if !isTold, beginning.advanced(byMilliseconds: Self.silence) < .now {
      Console.note(reason)
      isTold = true
    }
    let left = end.map { ($0.nanoseconds - BootInstant.now.nanoseconds) / 1_000_000 + 1 }
    sleep(milliseconds: max(0, min(milliseconds, Int(clamping: left ?? .max))))
    milliseconds = min(2 * milliseconds, longest)
  }
}
