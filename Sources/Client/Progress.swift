internal import Platform
internal import Wire

/// What a person is shown on the terminal while something takes long: one line, which
/// is written over and taken away.
final class Progress {
  private let activity: String
  private var beginning = BootInstant.now

  /// When the line changes next.
  private var next: BootInstant
  private var isShown = false

  /// What is over by then needs no words, and more often than that nobody reads.
  private static let silence: Int64 = 1_000
  private static let pause: Int64 = 500

  /// Nil if nobody would see it, since standard error is no terminal.
  ///
  /// - Parameter activity: What takes long, as `sealing everything anew`.
  init?(of activity: String) {
    guard StandardStream.error.isTerminal else { return nil }
    self.activity = activity
    next = BootInstant.now.advanced(byMilliseconds: Self.silence)
  }

  deinit { clear() }

  /// Begins anew, before a person is asked something, who may take their time.
  func restart() {
    clear()
    beginning = .now
    next = beginning.advanced(byMilliseconds: Self.silence)
  }

  /// Shows that it goes on, if it is time to.
  ///
  /// - Parameter detail: How far it is, as `12 MB`.
  func note(_ detail: String? = nil) {
    let now = BootInstant.now
    guard now >= next else { return }
    next = now.advanced(byMilliseconds: Self.pause)
    let seconds = now.seconds(since: beginning)
    let text = "coffer: \(activity): " + (detail.map { "\($0), " } ?? "") + "\(seconds) s"
    StandardStream.error.write("\r\u{1B}[K" + PrintableText.withoutControls(text))
    isShown = true
  }

  private func clear() {
    guard isShown else { return }
    StandardStream.error.write("\r\u{1B}[K")
    isShown = false
  }

  /// A number of bytes as it is shown.
  static func megabytes(_ count: Int) -> String { "\(count / 1_000_000) MB" }
}
