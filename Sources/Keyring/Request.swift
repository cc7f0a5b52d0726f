/// What a caller wants to have changed.
package enum Request: Sendable {
  case addWorkspace(Name)
  case archiveWorkspace(Name)
  case addUser(Name, uid: UInt32)
  case setUserState(UserState, ofUser: Name)

  /// By an Owner, or by uid 0 who has shown a secret of the vault.
  case rebindUser(Name, uid: UInt32, hasShownSecret: Bool)
  case setPolicy(PolicyName, String)
  case setOrganizationRole(OrganizationRole, ofUser: Name)

  /// nil takes the role away.
  case setWorkspaceRole(WorkspaceRole?, ofUser: Name, inWorkspace: Name)

  /// Issues a key, or keeps a vendor's, as the plan says.
  case addKey(KeyPlan, KeyMaterial)

  /// Makes a new version, at once the one that is injected.
  case rotate(KeyReference, RotationTerms, VersionMaterial)

  /// Gives an imported key a new value.
  case replace(KeyReference, Lifetime?, VersionMaterial)

  /// Brings a key's expiry forward.
  case expire(KeyReference, Expiry)
  case suspend(KeyReference, reason: Note)
  case resume(KeyReference)

  /// Resumes all keys and grants that came back from a backup or a repair.
  case resumeRestored
  case revoke(KeyReference, reason: Note)

  /// Gives a unit the value of a key as a credential, under the key's name if nil.
  case grantToUnit(KeyReference, UnitName, as: CredentialName?)

  /// Takes that back.
  case withdrawFromUnit(KeyReference, UnitName, as: CredentialName?)

  /// Ends, by whoever holds the text, the version with that tag.
  case burn(KeyID, tag: Digest)

  /// Revokes all that the report of one class lists, if it is still that list.
  case revokeUnused(UnusedClass, list: UnusedList.Token, UseRecords)

  /// Believes the clock on the wall again, which says that it is now.
  case believeClock(Instant)
}

/// How long the former version stays accepted after a rotation.
package struct RotationTerms: Equatable, Sendable {
  /// As the policy has it if nil.
  package let grace: Seconds?

  /// Whether a former version that is still accepted ends now; if not, it is in the way.
  package let endsGrace: Bool

  package init(grace: Seconds?, endsGrace: Bool) {
    self.grace = grace
    self.endsGrace = endsGrace
  }
}

/// A moment that is told either as such, or from now on.
package enum Expiry: Equatable, Sendable {
  case at(Instant)
  case after(Seconds)

  /// Reads `90d` or RFC 3339, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    if let duration = Seconds(parsing: text) {
      self = .after(duration)
    } else if let moment = Instant(rfc3339: text) {
      self = .at(moment)
    } else {
      throw .invalid("when", "a time is written as 90d, 12h, 30m, 2s or 2026-12-31T00:00:00Z")
    }
  }

  func moment(from now: Instant) -> Instant {
    switch self {
    case .at(let moment): moment
    case .after(let duration): min(now.advanced(by: duration), .latest)
    }
  }
}

/// What a new version of a key is made of; the value in it is sealed.
package struct VersionMaterial: Sendable {
  /// The version that the value is sealed for.
  package let version: VersionID

  /// The tag of an issued key's text, or the fingerprint of an imported value.
  package let digest: Digest
  package let sealedValue: [UInt8]

  package init(version: VersionID, digest: Digest, sealedValue: [UInt8]) {
    self.version = version
    self.digest = digest
    self.sealedValue = sealedValue
  }
}

/// What a new key is to be, as its maker asked.
package struct KeyPlan: Sendable {
  package enum Terms: Sendable {
    /// The access of a workspace or organization key, viewer if nil; and the
    /// scope of a user key, all that its owner may if nil.
    case issued(access: Access?, custody: Custody = .sealed, scope: ScopeText? = nil)

    /// The least rank for use; the lowest there if nil.
    case imported(leastRank: Rank?)
  }

  package let reference: KeyReference
  package let terms: Terms

  /// Derived from the key's name if nil.
  package let environmentName: EnvironmentName?

  /// As the policy has it if nil; an imported key then has no expiry.
  package let lifetime: Lifetime?
  package let note: Note

  /// The process that it lives no longer than; nil for none.
  package var process: ProcessBinding?

  package init(
    reference: KeyReference, terms: Terms, environmentName: EnvironmentName? = nil,
    lifetime: Lifetime? = nil, note: Note = .none, process: ProcessBinding? = nil
  ) {
    self.reference = reference
    self.terms = terms
    self.environmentName = environmentName
    self.lifetime = lifetime
    self.note = note
    self.process = process
  }
}

/// What a new key is made of; the value in it is sealed.
package struct KeyMaterial: Sendable {
  /// An id that no key of the organization has.
  package let id: KeyID

  /// The tag of an issued key's text, or the fingerprint of an imported value.
  package let digest: Digest

  /// The value, sealed for version 1 of the key with this id; of a verify-only
  /// key it is not kept.
  package let sealedValue: [UInt8]

  package init(id: KeyID, digest: Digest, sealedValue: [UInt8]) {
    self.id = id
    self.digest = digest
    self.sealedValue = sealedValue
  }
}
