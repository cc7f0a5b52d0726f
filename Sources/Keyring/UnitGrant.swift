/// One credential of one unit.
package struct UnitCredential: Hashable, Sendable {
  package let unit: UnitName
  package let name: CredentialName

  package init(_ name: CredentialName, ofUnit unit: UnitName) {
    self.unit = unit
    self.name = name
  }

  /// As messages and audit rows tell it; no reference to a key looks like this.
  package var text: String { "credential \(name.text) of \(unit.text)" }
}

/// That a unit is given the value of a key as a credential.
///
/// It stands until it is withdrawn, or its key has ended for good.
package struct UnitGrant: Equatable, Sendable {
  package let credential: UnitCredential
  package let key: KeyID

  /// Whether it came back from a backup or a repair, and nobody has looked at it
  /// since: it may have been withdrawn in between, so nothing is given by it.
  package var isRestored: Bool

  package init(_ credential: UnitCredential, of key: KeyID, isRestored: Bool = false) {
    self.credential = credential
    self.key = key
    self.isRestored = isRestored
  }

  /// Grants to one unit; systemd gives a unit 1 MiB of credentials, 16 of the longest.
  package static let maximumOfUnit = 64

  /// Grants in all, each of which is looked through when they are listed.
  package static let maximumCount = 1000
}

/// The value that a unit is given.
package struct GrantedValue: Equatable, Sendable {
  package let key: Key

  /// The version that is handed out: the newest accepted one.
  package let version: KeyVersion

  /// Its value, sealed.
  package let sealedValue: [UInt8]
}
