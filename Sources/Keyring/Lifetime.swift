/// How long a key is to live, as it was asked for.
package enum Lifetime: Hashable, Sendable {
  /// From each version's making on.
  case lasting(Seconds)

  /// Up to a fixed moment, whatever happens.
  case until(Instant)

  case never

  /// Reads `90d`, `never` or RFC 3339, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    if text == "never" {
      self = .never
    } else if let duration = Seconds(parsing: text) {
      guard duration.count > 0 else {
        throw .invalid("--expires", "a lifetime is longer than nothing")
      }
      self = .lasting(duration)
    } else if let moment = Instant(rfc3339: text) {
      self = .until(moment)
    } else {
      throw .invalid(
        "--expires", "a time is written as 90d, 12h, 30m, 2s, never or 2026-12-31T00:00:00Z")
    }
  }

  /// When a version made at `now` expires; nil if never.
  package func expiry(from now: Instant) -> Instant? {
    switch self {
    case .lasting(let duration): min(now.advanced(by: duration), .latest)
    case .until(let moment): moment
    case .never: nil
    }
  }
}
