package import Keyring
internal import Platform
internal import Sodium

/// The random name of a vault, which everything sealed in it is bound to.
package struct VaultID: Equatable, Sendable {
  static let byteCount = 16
  let bytes: [UInt8]

  init() { bytes = Random.bytes(count: Self.byteCount) }

  init(bytes: [UInt8]) {
    precondition(bytes.count == Self.byteCount, "a vault's id has 16 bytes")
    self.bytes = bytes
  }
}

/// The keys of an unlocked vault; they are gone when this value is.
final class VaultKey: Sendable {
  static let byteCount = 32

  /// The family of the subkeys.
  private static let family: StaticString = "cofrvalt"

  let vault: VaultID
  let records: Secret
  let values: Secret
  let slots: Secret
  let audit: Secret

  /// Derives the subkeys of `key`; the key itself is not kept.
  init(deriving key: borrowing Secret, vault: VaultID) throws(SodiumError) {
    let records = try KeyDerivation.subkey(1, of: key, context: Self.family)
    let values = try KeyDerivation.subkey(2, of: key, context: Self.family)
    let slots = try KeyDerivation.subkey(3, of: key, context: Self.family)
    let audit = try KeyDerivation.subkey(4, of: key, context: Self.family)
    self.vault = vault
    self.records = records
    self.values = values
    self.slots = slots
    self.audit = audit
  }
}

/// What a sealed value is, so that it cannot be taken for another.
package enum ValueRole: Equatable, Sendable {
  /// One version of a key.
  case version(KeyID, number: UInt32)

  /// The key that tags of issued keys' texts are made with.
  case tagKey

  /// The key that fingerprints of imported values are made with.
  case fingerprintKey

  /// Something on its way to a client, which is nowhere stored.
  case reply

  func context(vault: VaultID) -> [UInt8] {
    var writer = ByteWriter(reserving: 64)
    writer.write("coffer value 1")
    writer.write(fixed: vault.bytes)
    switch self {
    case .version(let id, let number):
      writer.write(UInt8(1))
      writer.write(fixed: id.characters)
      writer.write(number)
    case .tagKey: writer.write(UInt8(2))
    case .fingerprintKey: writer.write(UInt8(3))
    case .reply: writer.write(UInt8(4))
    }
    return writer.bytes
  }
}
