// Requests decided into changes: the rules on a key's life.

extension Organization {
  // MARK: New versions

  /// The version that a rotation or replacement of a key would make.
  ///
  /// For asking before the new value is there; throws the ``Refusal`` that the
  /// request would meet now. The decision counts, not this answer.
  package func nextVersion(
    of reference: KeyReference, _ action: Action, by caller: Caller, at now: Instant
  ) throws(Refusal) -> (VersionID, KeyType) {
    let standing = try standing(of: caller, at: now)
    let key = try key(reference, for: action, by: standing, at: now)
    return (VersionID(key.id, number: key.currentVersion.number + 1), key.type)
  }

  func rotation(
    of reference: KeyReference, _ terms: RotationTerms, _ material: VersionMaterial,
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, for: .rotate, by: standing, at: now)
    let object = reference.text
    let grace = try policy.grace(terms.grace, for: object)
    var changes: [Change] = []
    if let former = key.graceVersion(at: now) {
      guard terms.endsGrace else {
        let end = former.end?.rfc3339 ?? ""
        throw Refusal(
          .wrongState, object, "its former version is still accepted, until \(end)",
          hint: "say '--end-grace' to end that one now")
      }
      changes.append(.versionEnded(VersionID(key.id, number: former.number), at: now))
    }
    let expires = policy.expiry(ofRotation: key.lifetime, at: now)
    if let expires, expires <= now {
      throw Refusal(.wrongState, object, "its deadline \(expires.rfc3339) has passed")
    }
    let isInjectable = key.custody?.isInjectable ?? true
    return changes + [
      try addition(
        of: material, to: key, expires: expires, lifetime: key.lifetime,
        sealedValue: isInjectable ? material.sealedValue : nil,
        formerEnd: now.advanced(by: grace), by: standing, at: now)
    ]
  }

  func replacement(
    of reference: KeyReference, _ lifetime: Lifetime?, _ material: VersionMaterial,
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, for: .replace, by: standing, at: now)
    let lifetime = lifetime ?? .never
    let expires = lifetime.expiry(from: now)
    if let expires, expires <= now {
      throw .invalid(reference.text, "the expiry \(expires.rfc3339) is not in the future")
    }
    return [
      try addition(
        of: material, to: key, expires: expires, lifetime: lifetime,
        sealedValue: material.sealedValue, formerEnd: now, by: standing, at: now)
    ]
  }

  private func addition(
    of material: VersionMaterial, to key: Key, expires: Instant?, lifetime: Lifetime,
    sealedValue: [UInt8]?, formerEnd: Instant, by standing: Standing, at now: Instant
  ) throws(Refusal) -> Change {
    let next = key.currentVersion.number + 1
    // Another request was quicker, and the value is sealed for the place it took.
    guard material.version == VersionID(key.id, number: next), let author = standing.author else {
      throw Refusal(
        .conflict, name(of: key, seenBy: standing), "it has got a new version meanwhile",
        hint: "look with 'coffer show', then try again")
    }
    let version = KeyVersion(
      number: next, author: author, created: now, expires: expires, digest: material.digest,
      sealedValue: sealedValue)
    return .versionAdded(version, to: key.id, lifetime: lifetime, formerEnd: formerEnd)
  }

  /// The key that `reference` names, if `action` may be done to it by the caller,
  /// and in the state that it is in.
  private func key(
    _ reference: KeyReference, for action: Action, by standing: Standing, at now: Instant
  ) throws(Refusal) -> Key {
    let key = try key(reference, inSightOf: standing, at: now)
    try permit(action, in: key.namespace, by: standing, on: reference.text)
    switch (action, key.isIssued) {
    case (.rotate, false):
      throw .invalid(
        reference.text, "an imported key is not rotated here, its vendor issues its values",
        hint: "store the vendor's new value with 'coffer replace \(reference.text)'")
    case (.rotate, true) where process(of: key.id) != nil:
      throw .invalid(
        reference.text, "a key of a process is not rotated, it ends with the process",
        hint: "end it with 'coffer revoke \(reference.text)'")
    case (.replace, true):
      throw .invalid(
        reference.text, "an issued key has no vendor's value to replace",
        hint: "make a new version with 'coffer rotate \(reference.text)'")
    case _: break
    }
    switch key.state(at: now) {
    case .active: break
    // What has leaked is suspended, replaced and resumed, in this order.
    case .suspended where action == .replace: break
    case .suspended, .expired, .revoked: throw wrongState(of: key, reference.text, at: now)
    }
    return key
  }

  // MARK: Expiry

  func expiry(
    of reference: KeyReference, _ expiry: Expiry, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: standing, at: now)
    try permit(.expire, in: key.namespace, by: standing, on: reference.text)
    guard key.state(at: now).isLive else { throw wrongState(of: key, reference.text, at: now) }
    let moment = expiry.moment(from: now)
    guard moment >= now else {
      throw .invalid(
        reference.text, "the expiry \(moment.rfc3339) is in the past",
        hint: "end it now with 'coffer revoke \(reference.text)'")
    }
    if let present = key.currentVersion.expires {
      guard moment <= present else {
        throw .invalid(
          reference.text, "an expiry is brought forward only, and it is \(present.rfc3339) already",
          hint: key.isIssued
            ? "a rotation gives it a new lifetime: 'coffer rotate \(reference.text)'"
            : "declare it with the next value: 'coffer replace \(reference.text) --expires'")
      }
      guard moment < present else { return [] }
    }
    return [.expiryBroughtForward(key.id, to: moment)]
  }

  // MARK: Suspending

  func suspension(
    of reference: KeyReference, reason: Note, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: standing, at: now)
    try permit(.suspend, in: key.namespace, by: standing, on: reference.text)
    guard key.state(at: now).isLive else { throw wrongState(of: key, reference.text, at: now) }
    guard key.suspension == nil, let person = standing.person else { return [] }
    return [
      .keySuspended(key.id, Suspension(suspender: person.id, moment: now, reason: reason))
    ]
  }

  func resumption(
    of reference: KeyReference, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: standing, at: now)
    try permit(.resume, in: key.namespace, by: standing, on: reference.text)
    guard key.state(at: now).isLive else { throw wrongState(of: key, reference.text, at: now) }
    return key.suspension == nil && !key.isRestored ? [] : [.keyResumed(key.id)]
  }

  func resumptionOfRestored(
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    guard standing.person?.role == .owner else {
      throw .forbidden(
        "resume", "only an Owner resumes all that came back from a backup or a repair",
        hint: "resume your own one by one")
    }
    let hasRestored =
      keys.contains { $0.isRestored && $0.state(at: now).isLive } || restoredGrantCount > 0
    return hasRestored ? [.restoredKeysResumed(at: now)] : []
  }

  // MARK: Ending

  func revocation(
    of reference: KeyReference, reason: Note, by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: standing, at: now)
    try permit(.revoke, in: key.namespace, by: standing, on: reference.text)
    // Also one that has expired: the clock may be wrong, and be repaired.
    guard !key.hasEnded, let author = standing.author else { return [] }
    return [.keyRevoked(key.id, Revocation(revoker: author, moment: now, reason: reason))]
  }

  /// What the holder of the text with that tag may end: the key by its current
  /// version, or a former version.
  ///
  /// What the clock has ended may be ended for good, as by ``revocation(of:reason:by:at:)``.
  /// Of anything else nothing changes, and the answer tells nothing.
  func burn(_ id: KeyID, tag: Digest, at now: Instant) -> [Change] {
    guard let key = key(withID: id), key.isIssued, !key.hasEnded else { return [] }
    if key.currentVersion.digest == tag {
      let reason = Note(stored: "burned by a holder of its text") ?? .none
      return [
        .keyRevoked(id, Revocation(revoker: .key(id), moment: now, reason: reason))
      ]
    }
    guard let former = key.versions.last(where: { $0.digest == tag }), !former.isEnded else {
      return []
    }
    return [.versionEnded(VersionID(id, number: former.number), at: now)]
  }
}
