/// One value of a key.
package struct KeyVersion: Equatable, Sendable {
  /// 1 for the first.
  package let number: UInt32
  package let author: Author

  /// Whether it was ended by hand: no clock that is set back brings it back.
  package var isEnded = false
  package let created: Instant
  private var finiteExpiry: Instant
  private var finiteGraceEnd = KeyVersion.never

  /// What stands for no moment, as no clock tells it: an optional would take twice the room.
  private static let never = Instant(secondsSinceEpoch: .max)

  /// The first second at which it is not accepted any more; nil if never.
  package var expires: Instant? {
    get { finiteExpiry == Self.never ? nil : finiteExpiry }
    set { finiteExpiry = newValue ?? Self.never }
  }

  /// Of an issued key the tag of its text; of an imported one the value's fingerprint.
  package let digest: Digest

  /// The sealed value; nil once it can be injected no more, and if it never could.
  package var sealedValue: [UInt8]?

  /// Of a former version the first second behind its grace; nil for the current one.
  package var graceEnd: Instant? {
    get { finiteGraceEnd == Self.never ? nil : finiteGraceEnd }
    set { finiteGraceEnd = newValue ?? Self.never }
  }

  package init(
    number: UInt32, author: Author, created: Instant, expires: Instant?, digest: Digest,
    sealedValue: [UInt8]?
  ) {
    self.number = number
    self.author = author
    self.created = created
    finiteExpiry = expires ?? Self.never
    self.digest = digest
    self.sealedValue = sealedValue
  }

  package func isExpired(at now: Instant) -> Bool {
    expires.map { now >= $0 } ?? false
  }

  /// Whether it is accepted while its key is active.
  package func isAccepted(at now: Instant) -> Bool {
    !isEnded && !isExpired(at: now) && graceEnd.map { now < $0 } ?? true
  }

  /// When it ends for good, be it by its grace or by its expiry; nil if never.
  package var end: Instant? {
    [graceEnd, expires].compactMap(\.self).min()
  }
}

/// Which version of which key.
package struct VersionID: Hashable, Sendable {
  package let key: KeyID
  package let number: UInt32

  package init(_ key: KeyID, number: UInt32) {
    self.key = key
    self.number = number
  }
}

/// What a version is at a moment.
package enum VersionState: String, CaseIterable, Sendable {
  /// The one that is injected.
  case active

  /// A former one that is still accepted.
  case grace

  /// A former one that is not.
  case retired
  case expired
  case revoked
}

/// How a key came to its end by someone's hand.
package struct Revocation: Equatable, Sendable {
  package let revoker: Author
  package let moment: Instant
  package let reason: Note

  package init(revoker: Author, moment: Instant, reason: Note) {
    self.revoker = revoker
    self.moment = moment
    self.reason = reason
  }
}

/// How a key came to be suspended by someone's hand.
package struct Suspension: Equatable, Sendable {
  package let suspender: UserID
  package let moment: Instant
  package let reason: Note

  package init(suspender: UserID, moment: Instant, reason: Note) {
    self.suspender = suspender
    self.moment = moment
    self.reason = reason
  }
}

/// What a key is at a moment; the last two are final.
package enum KeyState: String, CaseIterable, Sendable {
  case active
  case suspended
  case expired
  case revoked

  /// Whether the key's name is taken by it.
  package var isLive: Bool {
    switch self {
    case .active, .suspended: true
    case .expired, .revoked: false
    }
  }

  /// Reads the option's value, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let state = KeyState(rawValue: text) else {
      let states = KeyState.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("--state", "a key's state is one of \(states)")
    }
    self = state
  }
}

extension Key {
  /// Whether it has ended whatever the clock says: one that has merely expired lives
  /// again if the clock turns out to have been wrong.
  package var hasEnded: Bool { revocation != nil || isOver }

  /// The state at `now`: expiry is reckoned at each look, never stored.
  package func state(at now: Instant) -> KeyState {
    if revocation != nil { return .revoked }
    if isOver || currentVersion.isExpired(at: now) { return .expired }
    return suspension != nil || ownerIsDisabled || isRestored ? .suspended : .active
  }

  /// The former version that is still accepted, if there is one.
  ///
  /// There is at most one, since a rotation ends the one before, or is refused.
  package func graceVersion(at now: Instant) -> KeyVersion? {
    versions.dropLast().last { $0.isAccepted(at: now) }
  }

  /// What one of its versions is at `now`.
  package func state(of version: KeyVersion, at now: Instant) -> VersionState {
    if version.number != currentVersion.number, !version.isAccepted(at: now) {
      let isRetired = version.isEnded || version.graceEnd.map { now >= $0 } ?? false
      return isRetired ? .retired : .expired
    }
    if revocation != nil { return .revoked }
    if isOver || version.isExpired(at: now) || currentVersion.isExpired(at: now) {
      return .expired
    }
    return version.number == currentVersion.number ? .active : .grace
  }

  /// The version with that number, if there is one.
  package func version(numbered number: UInt32) -> KeyVersion? {
    versions.last { $0.number == number }
  }
}
