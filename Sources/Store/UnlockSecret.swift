package import Platform
internal import Sodium

/// What somebody has to open a vault with.
package struct UnlockSecret: ~Copyable, Sendable {
  package enum Kind: Sendable {
    /// Typed by a person; a recovery code is recognised as such.
    case passphrase

    /// The whole contents of a key file.
    case keyFile
  }

  package let kind: Kind
  package let bytes: Secret

  /// A key file has at least as many random bytes.
  package static let minimumKeyFileByteCount = 32

  /// A key file has at most so many bytes, and so has a passphrase.
  package static let maximumByteCount = 65_536

  package init(_ kind: Kind, _ bytes: consuming Secret) {
    self.kind = kind
    self.bytes = bytes
  }

  /// The vault key that one of the file's slots holds for this secret.
  ///
  /// Throws ``StoreError/noSlot(kind:)``, ``StoreError/wrongSecret``, and
  /// `damaged` if a slot that this secret fits has changed.
  func vaultKey(from file: SlotFile) throws(StoreError) -> Secret {
    let candidates = file.slots.filter { slot in
      switch (kind, slot.kind) {
      case (.passphrase, .passphrase), (.keyFile, .keyFile): true
      case (.passphrase, .keyFile), (.passphrase, .recoveryCode), (.keyFile, .passphrase),
        (.keyFile, .recoveryCode):
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
    throw .wrongSecret
  }
}

extension StoreError {
  /// A failure of the cryptography where a slot is opened or made.
  init(_ error: SodiumError) {
    switch error {
    case .authenticationFailed:
      self = .damaged(file: VaultDirectory.FileName.slots, reason: "a wrapped key is not authentic")
    case .outOfMemory: self = .outOfMemory
    case .outOfLockedMemory: self = .outOfLockedMemory
    }
  }
}
