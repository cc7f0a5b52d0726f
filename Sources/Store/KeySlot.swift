internal import Platform
internal import Sodium

/// One way to open a vault: the vault key, wrapped by a secret that somebody has.
struct KeySlot: Equatable, Sendable {
  /// What the secret is.
  enum Kind: Equatable, Sendable {
    case passphrase(KeyDerivation.Cost)
    case keyFile

    /// A key file that the service manager hands to the daemon.
    case credential
    case recoveryCode

    /// The word for it in the slots file.
    var word: String {
      switch self {
      case .passphrase: "passphrase"
      case .keyFile: "key-file"
      case .credential: "credential"
      case .recoveryCode: "recovery"
      }
    }
  }

  static let saltByteCount = 16
  static let wrappedKeyByteCount = VaultKey.byteCount + SealedBox.overhead

  /// Unique in its file.
  let number: UInt32
  let kind: Kind

  /// 16 random bytes.
  let salt: [UInt8]

  /// 32 bytes that only the right secret yields.
  ///
  /// The cipher itself commits to no key: without this, a crafted slot could be
  /// opened by two secrets, and tell which of many was tried.
  let commitment: [UInt8]

  /// The vault key in a box.
  let wrappedKey: [UInt8]

  /// Wraps `vaultKey` so that `secret` opens it.
  init(
    number: UInt32, kind: Kind, wrapping vaultKey: borrowing Secret,
    by secret: borrowing Secret, vault: VaultID
  ) throws(SodiumError) {
    self.number = number
    self.kind = kind
    salt = Random.bytes(count: Self.saltByteCount)
    let derived = try Self.derivedKey(kind, salt: salt, secret: secret)
    let context = Self.context(number: number, kind: kind, salt: salt, vault: vault)
    commitment = try Self.commitment(of: derived, context: context)
    let wrapping = try KeyDerivation.subkey(2, of: derived, context: Self.family)
    wrappedKey = vaultKey.withBytes { SealedBox.seal($0, key: wrapping, context: context) }
  }

  /// A slot as it was read from a file.
  init(number: UInt32, kind: Kind, salt: [UInt8], commitment: [UInt8], wrappedKey: [UInt8]) {
    self.number = number
    self.kind = kind
    self.salt = salt
    self.commitment = commitment
    self.wrappedKey = wrappedKey
  }

  /// The vault key, if `secret` is the slot's; nil if it is not.
  ///
  /// Throws ``SodiumError/authenticationFailed`` if the secret is right and the
  /// wrapped key has changed nevertheless.
  func unwrap(
    with secret: borrowing Secret, vault: VaultID
  ) throws(SodiumError) -> Secret? {
    let derived = try Self.derivedKey(kind, salt: salt, secret: secret)
    let context = Self.context(number: number, kind: kind, salt: salt, vault: vault)
    let found = try Self.commitment(of: derived, context: context)
    guard Hash.isEqual(found, commitment) else { return nil }
    let wrapping = try KeyDerivation.subkey(2, of: derived, context: Self.family)
    return try SealedBox.openSecret(wrappedKey.span, key: wrapping, context: context)
  }

  /// The family of the two keys that a secret's key is split into.
  private static let family: StaticString = "cofrslot"

  private static func derivedKey(
    _ kind: Kind, salt: [UInt8], secret: borrowing Secret
  ) throws(SodiumError) -> Secret {
    switch kind {
    case .passphrase(let cost):
      return try KeyDerivation.key(fromPassphrase: secret, salt: salt, cost: cost)
    case .keyFile, .credential, .recoveryCode:
      return try KeyDerivation.key(fromRandom: secret, salt: salt)
    }
  }

  private static func commitment(
    of key: borrowing Secret, context: [UInt8]
  ) throws(SodiumError) -> [UInt8] {
    let committing = try KeyDerivation.subkey(1, of: key, context: family)
    return Hash.digest(of: context.span, key: committing)
  }

  /// Everything about the slot that must not change under the wrapped key.
  private static func context(
    number: UInt32, kind: Kind, salt: [UInt8], vault: VaultID
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.write("coffer slot 1")
    writer.write(fixed: vault.bytes)
    writer.write(number)
    writer.write(kind.word)
    if case .passphrase(let cost) = kind {
      writer.write(UInt64(cost.memoryByteCount))
      writer.write(UInt32(cost.passes))
    }
    writer.write(fixed: salt)
    return writer.bytes
  }
}
