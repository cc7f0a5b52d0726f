internal import Platform
internal import Sodium

/// What somebody has to open a vault with.
package struct UnlockSecret: ~Copyable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Typed by a person; a recovery code is recognised as such.
    case passphrase

    /// The contents of a key file, without the end of its only line.
    case keyFile
  }

  package let kind: Kind

  /// The secret itself, or its digest where it is long.
  let bytes: Secret

  /// A key file has at least as many random bytes.
  package static let minimumKeyFileByteCount = 32

  /// What is longer than this stands for its BLAKE2b-512 digest, so that secrets
  /// which wait for their turn take little of the locked memory.
  private static let longestByteCount = 128
  private static let digestByteCount = 64

  /// Takes a copy of what somebody has.
  ///
  /// A key file of one line of text is the same with and without the line's end,
  /// as it comes and goes in people's hands.
  ///
  /// Throws ``StoreError/unusableSecret(reason:)`` for what is too short, and
  /// ``StoreError/outOfLockedMemory``.
  package init(_ kind: Kind, copying bytes: Span<UInt8>) throws(StoreError) {
    let count: Int
    switch kind {
    case .passphrase:
      count = bytes.count
      guard count > 0 else { throw .unusableSecret(reason: "the passphrase is empty") }
    case .keyFile:
      count = Self.significantByteCount(ofKeyFile: bytes)
      guard count >= Self.minimumKeyFileByteCount else {
        throw .unusableSecret(
          reason: "a key file has at least \(Self.minimumKeyFileByteCount) random bytes")
      }
    }
    let copy = try Self.copy(of: bytes.extracting(0..<count))
    self.kind = kind
    self.bytes = copy
  }

  private static func copy(of bytes: Span<UInt8>) throws(StoreError) -> Secret {
    do throws(SodiumError) {
      guard bytes.count <= longestByteCount else {
        return try Hash.secretDigest(of: bytes, byteCount: digestByteCount)
      }
      do throws(SecretError) {
        return try Secret(copying: bytes)
      } catch {
        throw SodiumError(error)
      }
    } catch {
      throw StoreError(error)
    }
  }

  private static func significantByteCount(ofKeyFile contents: Span<UInt8>) -> Int {
    let count = contents.count
    guard count > 0, contents[count - 1] == 0x0A else { return count }
    let isText = (0..<(count - 1)).allSatisfy { (0x20...0x7E).contains(contents[$0]) }
    return isText ? count - 1 : count
  }

  /// The vault key that one of the file's slots holds for this secret.
  ///
  /// Throws ``StoreError/noSlot(kind:)``, ``StoreError/wrongSecret``, and
  /// `damaged` if a slot that this secret fits has changed.
  func vaultKey(from file: SlotFile) throws(StoreError) -> Secret {
    let candidates = file.slots.filter { slot in
      switch (kind, slot.kind) {
      case (.passphrase, .passphrase), (.keyFile, .keyFile), (.keyFile, .credential): true
      case (.passphrase, .keyFile), (.passphrase, .credential), (.passphrase, .recoveryCode),
        (.keyFile, .passphrase), (.keyFile, .recoveryCode):
        false
      }
    }
    do throws(SodiumError) {
      if case .passphrase = kind, let code = try RecoveryCode.secret(ofCode: bytes) {
        for slot in file.slots where slot.kind == .recoveryCode {
          if let key = try slot.unwrap(with: code, vault: file.vault) { return key }
        }
      }
      for slot in candidates {
        if let key = try slot.unwrap(with: bytes, vault: file.vault) { return key }
      }
    } catch {
      throw StoreError(error)
    }
    guard !candidates.isEmpty else {
      switch kind {
      case .passphrase: throw .noSlot(kind: "passphrase")
      case .keyFile: throw .noSlot(kind: "key file")
      }
    }
    throw .wrongSecret(kind)
  }
}

extension StoreError {
  /// A failure of the cryptography where a slot is opened or made.
  init(_ error: SodiumError) {
    switch error {
    case .authenticationFailed:
      self = .damaged(file: VaultDirectory.FileName.slots, reason: "a wrapped key is not authentic")
    case .outOfMemory: self = .outOfMemory
    case .overMemoryLimit(let limit, let needed):
      self = .overMemoryLimit(limit: limit, needed: needed)
    case .outOfLockedMemory: self = .outOfLockedMemory
    }
  }
}
