import Keyring

// Short forms for what units are given.

/// The unit of that name, which keeps the rule.
func unit(_ text: String) -> UnitName {
  guard let name = UnitName(text) else { preconditionFailure("\(text) is no unit") }
  return name
}

/// The credential of that name, which keeps the rule.
func credential(_ text: String) -> CredentialName {
  guard let name = CredentialName(text) else { preconditionFailure("\(text) is no credential") }
  return name
}

extension Request {
  /// `grant --unit UNIT REFERENCE [--credential NAME]`.
  static func grant(
    _ reference: String, to unitText: String, as name: String? = nil
  ) throws(Refusal) -> Request {
    .grantToUnit(
      try KeyReference(parsing: reference), unit(unitText), as: name.map { credential($0) })
  }

  /// The same with `none`.
  static func withdraw(
    _ reference: String, from unitText: String, as name: String? = nil
  ) throws(Refusal) -> Request {
    .withdrawFromUnit(
      try KeyReference(parsing: reference), unit(unitText), as: name.map { credential($0) })
  }
}

extension Acme {
  /// What a unit is given.
  func given(
    _ name: String, to unitText: String, at now: Instant = start
  ) throws(Refusal) -> GrantedValue {
    try organization.credential(credential(name), ofUnit: unit(unitText), at: now)
  }

  /// Why it is given nothing.
  func refusal(of name: String, to unitText: String, at now: Instant = start) -> Refusal? {
    KeyringTests.refusal { () throws(Refusal) in try given(name, to: unitText, at: now) }
  }

  /// `UNIT CREDENTIAL` for each grant of a key.
  func grants(of key: Key) -> [String] {
    organization.unitGrants(of: key.id).map {
      "\($0.credential.unit.text) \($0.credential.name.text)"
    }
  }
}
