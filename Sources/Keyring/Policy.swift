/// What the organization demands of its keys.
package struct Policy: Equatable, Sendable {
  /// The longest lifetime of an issued key.
  package var maximumLifetime: Seconds

  /// The lifetime of an issued key that was told none.
  package var defaultLifetime: Seconds

  /// Whether an issued key may have no expiry.
  package var allowsNever: Bool

  /// The policy of a new organization: 90 days, at most 365, never `never`.
  package static let initial = Policy(
    maximumLifetime: .days(365), defaultLifetime: .days(90), allowsNever: false)
}

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

extension Policy {
  /// The lifetime of an issued key that is made at `now`.
  ///
  /// Throws `invalid` for one that the policy forbids, and for one that is over
  /// already; `object` is the key as the caller wrote it.
  package func lifetime(
    of asked: Lifetime?, at now: Instant, for object: String
  ) throws(Refusal) -> Lifetime {
    let lifetime = asked ?? .lasting(defaultLifetime)
    guard let expiry = lifetime.expiry(from: now) else {
      guard allowsNever else {
        throw .invalid(
          object, "the policy wants an expiry of at most \(maximumLifetime.text)",
          hint: "say '--expires \(maximumLifetime.text)' or less")
      }
      return lifetime
    }
    guard expiry > now else {
      throw .invalid(object, "the expiry \(expiry.rfc3339) is not in the future")
    }
    guard expiry <= now.advanced(by: maximumLifetime) else {
      throw .invalid(
        object, "the lifetime is over the policy's maximum of \(maximumLifetime.text)",
        hint: "say '--expires \(maximumLifetime.text)' or less")
    }
    return lifetime
  }
}
