// Which units are given which keys: the rules on that, and what is looked up.

extension Organization {
  // MARK: Deciding

  /// Gives a unit a key that the caller, an Owner, may have injected now.
  ///
  /// What a unit is given is a matter of the whole machine: whoever could grant
  /// would choose the secrets of services that are none of theirs.
  ///
  /// - Parameters:
  ///   - reference: The key.
  ///   - unit: The unit, or a template for all its instances.
  ///   - name: The name of the credential; the key's own if nil.
  ///   - standing: Who wants it.
  ///   - now: The vault's time.
  /// - Returns: What changes by it.
  /// - Throws: A ``Refusal``, that of an injection where that would be refused.
  func granting(
    _ reference: KeyReference, to unit: UnitName, as name: CredentialName?,
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let object = reference.text
    let key = try liveKey(reference, inSightOf: standing, at: now)
    try requireOwner(standing, object)
    try permit(.grantToUnits, in: key.namespace, by: standing, on: object)
    guard mayUse(key, by: standing) else { throw refusalToUse(key, standing, object) }
    _ = try sealedValue(of: key, object, at: now)
    let credential = UnitCredential(name ?? CredentialName(of: key.name), ofUnit: unit)
    let granted = Change.unitGranted(credential, key.id)
    guard let present = unitGrants[credential] else {
      try requireRoom(forGrantTo: unit)
      return [granted]
    }
    guard present.key != key.id else { return present.isRestored ? [granted] : [] }
    // What has expired gives its place up, as it does its name.
    if let other = self.key(withID: present.key), other.state(at: now).isLive {
      throw Refusal(
        .conflict, object,
        "\(unit.text) is given \(self.name(of: other, seenBy: standing)) as \(credential.name.text)",
        hint: "choose another name with '--credential NAME', or withdraw that one first")
    }
    return [.unitGrantWithdrawn(credential, from: present.key), granted]
  }

  /// Also of one's own keys: a person may use them, but not choose what a unit gets.
  private func requireOwner(_ standing: Standing, _ object: String) throws(Refusal) {
    guard standing.person.map({ $0.role == .owner }) ?? true else {
      throw .forbidden(object, "only an Owner grants keys to units", hint: "ask an Owner")
    }
  }

  private func requireRoom(forGrantTo unit: UnitName) throws(Refusal) {
    guard unitGrants.keys.count(where: { $0.unit == unit }) < UnitGrant.maximumOfUnit else {
      throw Refusal(
        .limit, unit.text, "a unit is given at most \(UnitGrant.maximumOfUnit) credentials",
        hint: "withdraw some first: 'coffer grant --unit \(unit.text)' lists them")
    }
    guard unitGrants.count < UnitGrant.maximumCount else {
      throw Refusal(
        .limit, unit.text,
        "at most \(UnitGrant.maximumCount) credentials are given to all units together",
        hint: "withdraw some first: 'coffer show KEY' tells which units a key is given to")
    }
  }

  /// Withdraws what ``granting(_:to:as:by:at:)`` gives, whatever the key's state is.
  func withdrawal(
    of reference: KeyReference, from unit: UnitName, as name: CredentialName?,
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: standing, at: now)
    try requireOwner(standing, reference.text)
    try permit(.grantToUnits, in: key.namespace, by: standing, on: reference.text)
    let credential = UnitCredential(name ?? CredentialName(of: key.name), ofUnit: unit)
    guard unitGrants[credential]?.key == key.id else { return [] }
    return [.unitGrantWithdrawn(credential, from: key.id)]
  }

  // MARK: Looking up

  /// The grant by which a unit is given a credential: the unit's own, else that of
  /// the template that it is an instance of.
  package func unitGrant(_ name: CredentialName, ofUnit unit: UnitName) -> UnitGrant? {
    unitGrants[UnitCredential(name, ofUnit: unit)]
      ?? unit.template.flatMap { unitGrants[UnitCredential(name, ofUnit: $0)] }
  }

  /// The value that a unit is given as a credential: the newest accepted version.
  ///
  /// - Parameters:
  ///   - name: What the unit asks for.
  ///   - unit: The unit, as the system's manager tells it.
  ///   - now: The vault's time.
  /// - Returns: The key, the version and its sealed value.
  /// - Throws: A ``Refusal``: `forbidden` without a grant, and `wrong state`, with
  ///   the key's whole name as the object, while the key gives nothing.
  package func credential(
    _ name: CredentialName, ofUnit unit: UnitName, at now: Instant
  ) throws(Refusal) -> GrantedValue {
    guard let grant = unitGrant(name, ofUnit: unit), let key = key(withID: grant.key) else {
      throw .forbidden(
        UnitCredential(name, ofUnit: unit).text, "no key is granted to the unit under this name",
        hint: "'coffer grant --unit \(unit.text) KEY --credential \(name.text)' grants one")
    }
    let object = self.name(of: key, seenBy: nil)
    guard !grant.isRestored else {
      throw Refusal(
        .wrongState, object,
        "its grant to \(grant.credential.unit.text) came back from a backup or a repair",
        hint: "look at it, then grant it again, or all with 'coffer resume --restored'")
    }
    let value = try sealedValue(of: key, object, at: now)
    return GrantedValue(key: key, version: key.currentVersion, sealedValue: value)
  }

  /// The grants to a unit of keys in sight, and to the template that it is an
  /// instance of, in order of their names.
  package func unitGrants(to unit: UnitName, inSightOf standing: Standing) -> [UnitGrant] {
    Self.inOrder(
      unitGrants.values.filter { grant in
        (grant.credential.unit == unit || grant.credential.unit == unit.template)
          && (key(withID: grant.key).map { sees(standing, $0) } ?? false)
      })
  }

  /// Whether a key is granted to any unit.
  package func isGranted(_ id: KeyID) -> Bool { credentialsByKey[id]?.isEmpty == false }

  /// The grants of a key, in order of their names.
  package func unitGrants(of id: KeyID) -> [UnitGrant] {
    Self.inOrder((credentialsByKey[id] ?? []).compactMap { unitGrants[$0] })
  }

  /// Whether a grant of the key waits until somebody has looked at it.
  package func hasRestoredGrant(_ key: Key) -> Bool {
    (credentialsByKey[key.id] ?? []).contains { unitGrants[$0]?.isRestored ?? false }
  }

  /// How many grants wait until somebody has looked at them.
  package var restoredGrantCount: Int { unitGrants.values.count(where: \.isRestored) }

  static func inOrder(_ grants: [UnitGrant]) -> [UnitGrant] {
    grants.sorted { left, right in
      (left.credential.unit.text, left.credential.name.text)
        < (right.credential.unit.text, right.credential.name.text)
    }
  }

  // MARK: Making true

  /// Throws ``InconsistentChange`` if the key has ended, or another is given there.
  mutating func add(_ grant: UnitGrant) throws(InconsistentChange) {
    guard let position = position(ofKeyWithID: grant.key), !keys[position].hasEnded else {
      throw InconsistentChange(reason: "a grant of a key that is unknown, or has ended")
    }
    guard unitGrants[grant.credential].map({ $0.key == grant.key }) ?? true else {
      throw InconsistentChange(reason: "a second grant of one credential")
    }
    unitGrants[grant.credential] = grant
    credentialsByKey[grant.key, default: []].insert(grant.credential)
  }

  mutating func withdraw(
    _ credential: UnitCredential, from id: KeyID
  ) throws(InconsistentChange) {
    guard unitGrants[credential]?.key == id else {
      throw InconsistentChange(reason: "the withdrawal of a grant that is not there")
    }
    unitGrants[credential] = nil
    credentialsByKey[id]?.remove(credential)
    if credentialsByKey[id]?.isEmpty ?? false { credentialsByKey[id] = nil }
  }

  /// Ends all grants of a key that has ended for good.
  mutating func withdrawGrants(of id: KeyID) {
    for credential in credentialsByKey.removeValue(forKey: id) ?? [] {
      unitGrants[credential] = nil
    }
  }

  /// Says of all grants whether somebody has to look at them first.
  mutating func setGrantsRestored(_ isRestored: Bool) {
    for credential in unitGrants.keys { unitGrants[credential]?.isRestored = isRestored }
  }
}
