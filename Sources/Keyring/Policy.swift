/// What the organization demands of its keys.
package struct Policy: Equatable, Sendable {
  /// The longest lifetime of an issued key.
  package var maximumLifetime: Seconds

  /// The lifetime of an issued key that was told none.
  package var defaultLifetime: Seconds

  /// Whether an issued key may have no expiry.
  package var allowsNever: Bool

  /// The longest time for which a former version stays accepted after a rotation.
  package var maximumGrace: Seconds

  /// That time where none was told.
  package var defaultGrace: Seconds

  /// For how many days without use a key counts as idle.
  package var idleDays: UInt32

  /// For how many days rows of the audit are kept at the least.
  package var auditDays: UInt32

  package init(
    maximumLifetime: Seconds, defaultLifetime: Seconds, allowsNever: Bool, maximumGrace: Seconds,
    defaultGrace: Seconds, idleDays: UInt32, auditDays: UInt32
  ) {
    self.maximumLifetime = maximumLifetime
    self.defaultLifetime = defaultLifetime
    self.allowsNever = allowsNever
    self.maximumGrace = maximumGrace
    self.defaultGrace = defaultGrace
    self.idleDays = idleDays
    self.auditDays = auditDays
  }

  /// The policy of a new organization: 90 days, at most 365, never `never`.
  package static let initial = Policy(
    maximumLifetime: .days(365), defaultLifetime: .days(90), allowsNever: false,
    maximumGrace: .days(30), defaultGrace: .days(1), idleDays: 90, auditDays: 400)
}

/// The name of one demand of the policy.
package enum PolicyName: String, CaseIterable, Sendable {
  case maximumLifetime = "max-lifetime"
  case defaultLifetime = "default-lifetime"
  case allowsNever = "allow-never"
  case maximumGrace = "max-grace"
  case defaultGrace = "default-grace"
  case idleDays = "idle-days"
  case auditDays = "audit-days"

  /// Reads a name, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let name = PolicyName(rawValue: text) else {
      let names = PolicyName.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("policy", "it has no such name, only \(names)")
    }
    self = name
  }
}

extension Policy {
  /// The value of one demand, as it is written.
  package func text(of name: PolicyName) -> String {
    switch name {
    case .maximumLifetime: maximumLifetime.text
    case .defaultLifetime: defaultLifetime.text
    case .allowsNever: allowsNever ? "true" : "false"
    case .maximumGrace: maximumGrace.text
    case .defaultGrace: defaultGrace.text
    case .idleDays: String(idleDays)
    case .auditDays: String(auditDays)
    }
  }

  /// The policy with one demand set anew; lowering a maximum lowers its default along.
  ///
  /// Throws `invalid` for a value that is none, and for a default above its maximum.
  package func setting(_ name: PolicyName, to text: String) throws(Refusal) -> Policy {
    var policy = self
    switch name {
    case .maximumLifetime:
      policy.maximumLifetime = try Self.time(text, of: name, least: 1)
      policy.defaultLifetime = min(defaultLifetime, policy.maximumLifetime)
    case .defaultLifetime:
      policy.defaultLifetime = try Self.time(text, of: name, least: 1, most: maximumLifetime)
    case .allowsNever:
      guard ["true", "false"].contains(text) else {
        throw .invalid(name.rawValue, "it is true or false")
      }
      policy.allowsNever = text == "true"
    case .maximumGrace:
      policy.maximumGrace = try Self.time(text, of: name, least: 0, most: Self.initial.maximumGrace)
      policy.defaultGrace = min(defaultGrace, policy.maximumGrace)
    case .defaultGrace:
      policy.defaultGrace = try Self.time(text, of: name, least: 0, most: maximumGrace)
    case .idleDays: policy.idleDays = try Self.days(text, of: name)
    case .auditDays: policy.auditDays = try Self.days(text, of: name)
    }
    return policy
  }

  private static func days(_ text: String, of name: PolicyName) throws(Refusal) -> UInt32 {
    guard let days = UInt32(digits: text), (1...36_500).contains(days) else {
      throw .invalid(name.rawValue, "it is a number of days from 1 to 36500")
    }
    return days
  }

  private static func time(
    _ text: String, of name: PolicyName, least: Int64, most: Seconds? = nil
  ) throws(Refusal) -> Seconds {
    guard let time = Seconds(parsing: text) else {
      throw .invalid(name.rawValue, "a time is written as 90d, 12h, 30m or 2s")
    }
    guard time.count >= least else { throw .invalid(name.rawValue, "it is at least \(least)s") }
    if let most, time > most {
      throw .invalid(name.rawValue, "it is at most \(most.text)")
    }
    return time
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
          object, "an issued key must expire, within \(maximumLifetime.text) by the policy",
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

  /// How long the former version stays accepted after a rotation.
  ///
  /// Throws `invalid` for more than the policy allows; `object` is the key as
  /// the caller wrote it.
  package func grace(_ asked: Seconds?, for object: String) throws(Refusal) -> Seconds {
    let grace = asked ?? defaultGrace
    guard grace <= maximumGrace else {
      throw .invalid(
        object, "the grace is over the policy's maximum of \(maximumGrace.text)",
        hint: "say '--grace \(maximumGrace.text)' or less")
    }
    return grace
  }

  /// When a version expires that a rotation makes at `now`.
  ///
  /// The lifetime is counted anew, as far as today's policy allows it; a fixed
  /// deadline stays where it was.
  package func expiry(ofRotation lifetime: Lifetime, at now: Instant) -> Instant? {
    switch lifetime {
    case .until(let deadline): deadline
    case .lasting(let duration): min(now.advanced(by: min(duration, maximumLifetime)), .latest)
    case .never: allowsNever ? nil : min(now.advanced(by: maximumLifetime), .latest)
    }
  }
}
