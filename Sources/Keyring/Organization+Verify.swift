// What the holder of a key's text is told.

/// What a key must be able to do to be valid for someone.
package struct Requirement: Equatable, Sendable {
  package let action: KeyAction

  /// Anywhere if nil.
  package let workspace: Name?

  package init(_ action: KeyAction, in workspace: Name? = nil) {
    self.action = action
    self.workspace = workspace
  }
}

/// What becomes of a text that was presented.
package enum Verdict: Equatable, Sendable {
  /// It is accepted, as that version of the key.
  case valid(Key, KeyVersion)
  case denied(Denial)
}

/// Why a text is not accepted.
package struct Denial: Error, Equatable, Sendable {
  package enum Reason: String, CaseIterable, Sendable {
    case unknown
    case revoked
    case expired
    case suspended
    case retired
    case noPermission = "no permission"
  }

  package let reason: Reason

  /// The key that the text is, or was, one of; nil if it is none of this vault.
  package let key: KeyID?

  /// Whether the text was accepted once and has been ended: a trace of a leak.
  package let isDeadKey: Bool

  /// Whether the caller may know the reason.
  package let isTold: Bool
}

extension Organization {
  /// Judges a text whose shape and checksum are right.
  ///
  /// The steps are the same whether the id is known or not: two comparisons,
  /// and on a mismatch one look at the tags of ended texts. State and rights
  /// count only after a match.
  ///
  /// - Parameters:
  ///   - handle: What the text says of itself.
  ///   - tag: The tag of the text.
  ///   - caller: Who asks.
  ///   - requirement: What the key must be able to do.
  ///   - now: The vault's time.
  ///   - isEqual: Compares two tags in constant time.
  /// - Returns: The verdict.
  package func verify(
    _ handle: KeyText.Handle, tag: Digest, by caller: Caller, requiring requirement: Requirement?,
    at now: Instant, isEqual: (Digest, Digest) -> Bool = { $0 == $1 }
  ) -> Verdict {
    let found = key(withID: handle.id).flatMap { $0.isIssued ? $0 : nil }
    let former = found?.graceVersion(at: now)
    let isCurrent = isEqual(found?.currentVersion.digest ?? Self.noTag, tag)
    let isFormer = isEqual(former?.digest ?? Self.noTag, tag)
    guard let found, isCurrent || isFormer && former != nil else {
      let isDead = deadTags.contains(tag)
      return .denied(
        denial(isDead ? .retired : .unknown, found, isDeadKey: isDead, by: caller, at: now))
    }
    switch found.state(at: now) {
    case .revoked: return .denied(denial(.revoked, found, isDeadKey: true, by: caller, at: now))
    case .expired: return .denied(denial(.expired, found, by: caller, at: now))
    case .suspended: return .denied(denial(.suspended, found, by: caller, at: now))
    case .active where isArchived(found.namespace):
      return .denied(denial(.revoked, found, isDeadKey: true, by: caller, at: now))
    case .active: break
    }
    guard meets(requirement, found) else {
      // Who holds a live text may learn all that it may do, so also this.
      return .denied(
        Denial(reason: .noPermission, key: found.id, isDeadKey: false, isTold: true))
    }
    return .valid(found, isCurrent ? found.currentVersion : former ?? found.currentVersion)
  }

  /// Whether the text with that tag was accepted once and has been ended; one in
  /// its grace has not.
  package func isDead(_ tag: Digest, of id: KeyID, at now: Instant) -> Bool {
    guard deadTags.contains(tag) else { return false }
    guard let key = key(withID: id), key.state(at: now).isLive else { return true }
    return key.graceVersion(at: now)?.digest != tag
  }

  /// A tag that no text has: its key would have to be known.
  private static let noTag = Digest([UInt8](repeating: 0, count: Digest.byteCount))

  private func meets(_ requirement: Requirement?, _ key: Key) -> Bool {
    guard let requirement else { return true }
    guard let name = requirement.workspace else {
      return permits(key, requirement.action, in: nil)
    }
    guard let workspace = workspace(named: name) else { return false }
    return permits(key, requirement.action, in: workspace.id)
  }

  private func denial(
    _ reason: Denial.Reason, _ key: Key?, isDeadKey: Bool = false, by caller: Caller,
    at now: Instant
  ) -> Denial {
    Denial(
      reason: reason, key: key?.id, isDeadKey: isDeadKey,
      isTold: mayKnow(of: key, caller, at: now))
  }

  /// Whether the caller may verify `key` with detail; Owners also what is no key.
  private func mayKnow(of key: Key?, _ caller: Caller, at now: Instant) -> Bool {
    guard let standing = try? standing(of: caller, at: now) else { return false }
    guard let key else {
      return rankInOrganization(of: standing) == .owner && standing.leaves(.verify)
    }
    return oversees(standing, key)
  }
}
