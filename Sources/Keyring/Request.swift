/// What a caller wants to have changed.
package enum Request: Sendable {
  case addWorkspace(Name)
  case addUser(Name, uid: UInt32)
  case setOrganizationRole(OrganizationRole, ofUser: Name)

  /// nil takes the role away.
  case setWorkspaceRole(WorkspaceRole?, ofUser: Name, inWorkspace: Name)

  /// Issues a key, or keeps a vendor's, as the plan says.
  case addKey(KeyPlan, KeyMaterial)

  case revoke(KeyReference, reason: Note)
}

/// What a new key is to be, as its maker asked.
package struct KeyPlan: Sendable {
  package enum Terms: Sendable {
    /// The access of a workspace or organization key; viewer if nil.
    case issued(access: Access?)

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

  package init(
    reference: KeyReference, terms: Terms, environmentName: EnvironmentName? = nil,
    lifetime: Lifetime? = nil, note: Note = .none
  ) {
    self.reference = reference
    self.terms = terms
    self.environmentName = environmentName
    self.lifetime = lifetime
    self.note = note
  }
}

/// What a new key is made of; the value in it is sealed.
package struct KeyMaterial: Sendable {
  /// An id that no key of the organization has.
  package let id: KeyID

  /// The tag of an issued key's text, or the fingerprint of an imported value.
  package let digest: Digest

  /// The value, sealed for version 1 of the key with this id.
  package let sealedValue: [UInt8]

  package init(id: KeyID, digest: Digest, sealedValue: [UInt8]) {
    self.id = id
    self.digest = digest
    self.sealedValue = sealedValue
  }
}
