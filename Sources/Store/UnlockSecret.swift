package import Platform
internal import Sodium

/// What somebody has to open a vault with.
package struct UnlockSecret: ~Copyable, Sendable {
  package enum Kind: Sendable {
    /// Typed by a person; a recovery code is recognised as such.
    case passphrase

    /// The contents of a key file, without the end of its only line.
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

  /// How many bytes of a key file count: a file of one line of text is the same
  /// with and without the line's end, as it comes and goes in people's hands.
  package static func significantByteCount(ofKeyFile contents: Span<UInt8>) -> Int {
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
