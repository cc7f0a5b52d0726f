internal import Platform
internal import Sodium

/// The slots of an open vault: what they are, and how they become others.
package struct KeySlots: Sendable {
  let file: SlotFile

  /// A slot as it is told.
  package struct Description: Equatable, Sendable {
    package let number: UInt32
    package let kind: SlotKind

    /// What a passphrase costs to try; nil for other kinds.
    package let memoryByteCount: Int?
    package let passes: Int?
  }

  /// In the order of the file.
  package var list: [Description] {
    file.slots.map { slot in
      var cost: KeyDerivation.Cost?
      if case .passphrase(let own) = slot.kind { cost = own }
      return Description(
        number: slot.number, kind: slot.kind.named, memoryByteCount: cost?.memoryByteCount,
        passes: cost?.passes)
    }
  }

  /// Whether the slots are those of the other.
  package func isSame(as other: KeySlots) -> Bool { file.slots == other.file.slots }

  /// Whether no more slots fit.
  package var isFull: Bool { file.slots.count >= SlotFile.maximumSlotCount }

  /// Makes a slot beside those that are there.
  ///
  /// - Parameters:
  ///   - kind: What the secret is.
  ///   - secret: What is to open it; nil for a recovery code, which is drawn.
  ///   - present: What opens one of the slots that are there.
  ///   - former: The slot whose place and number it takes; nil for one beside them.
  /// - Returns: The slot.
  /// - Throws: ``StoreError/wrongSecret(_:)`` and others.
  package func slot(
    _ kind: SlotKind, opening secret: SlotSecret?, with present: borrowing UnlockSecret,
    replacing former: UInt32? = nil
  ) throws(StoreError) -> NewSlot {
    let vaultKey = try present.vaultKey(from: file)
    let number = former ?? (file.slots.map(\.number).max() ?? 0) + 1
    do throws(SodiumError) {
      return try Self.newSlot(
        number, kind.slotKind, wrapping: vaultKey, opening: secret, vault: file.vault)
    } catch {
      throw StoreError(error)
    }
  }

  /// Draws another vault key, and wraps it in the slots that stay.
  ///
  /// A slot can be made anew only by who has its secret. That of a recovery code
  /// gets another code, since nobody is asked to type it.
  ///
  /// - Parameters:
  ///   - secrets: Those of all slots that stay, but of recovery codes; one for
  ///     ``SlotSecret/anySlot`` must open the vault as well.
  ///   - removed: The slot that does not stay, if there is one.
  /// - Returns: The key.
  /// - Throws: ``StoreError/wrongSecret(_:)`` if one of them is not its slot's.
  package func newKey(
    opening secrets: [SlotSecret], removing removed: UInt32?
  ) throws(StoreError) -> NewKey {
    for secret in secrets where secret.number == SlotSecret.anySlot {
      _ = try secret.secret.vaultKey(from: file)
    }
    for slot in file.slots where slot.number != removed {
      guard let secret = secrets.first(where: { $0.number == slot.number }), !secret.isNew else {
        continue
      }
      try Self.check(secret.secret, opens: slot, of: file.vault)
    }
    do throws(SodiumError) {
      let vaultKey = try Random.secret(count: VaultKey.byteCount)
      var slots: [KeySlot] = []
      var code: Secret?
      for slot in file.slots where slot.number != removed {
        let secret = secrets.first { $0.number == slot.number }
        precondition(secret != nil || slot.kind == .recoveryCode, "each slot has its secret")
        let new = try Self.newSlot(
          slot.number, slot.kind, wrapping: vaultKey, opening: secret, vault: file.vault)
        slots.append(new.slot)
        if let copy = try new.copyOfRecoveryCode() { code = consume copy }
      }
      let key = try VaultKey(deriving: vaultKey, vault: file.vault)
      return NewKey(key: key, slots: slots, recoveryCode: code)
    } catch {
      throw StoreError(error)
    }
  }

  private static func check(
    _ secret: borrowing UnlockSecret, opens slot: KeySlot, of vault: VaultID
  ) throws(StoreError) {
    let isOpened: Bool
    do throws(SodiumError) {
      isOpened = try slot.unwrap(with: secret.bytes, vault: vault) != nil
    } catch {
      throw StoreError(error)
    }
    guard isOpened else { throw .wrongSecret(secret.kind, of: .slot(slot.number)) }
  }

  private static func newSlot(
    _ number: UInt32, _ kind: KeySlot.Kind, wrapping vaultKey: borrowing Secret,
    opening secret: SlotSecret?, vault: VaultID
  ) throws(SodiumError) -> NewSlot {
    guard let secret else {
      let recovery = try Random.secret(count: RecoveryCode.secretByteCount)
      let slot = try KeySlot(
        number: number, kind: kind, wrapping: vaultKey, by: recovery, vault: vault)
      return NewSlot(slot, recoveryCode: try RecoveryCode.code(of: recovery))
    }
    return NewSlot(
      try KeySlot(
        number: number, kind: kind, wrapping: vaultKey, by: secret.secret.bytes, vault: vault),
      recoveryCode: nil)
  }
}

/// Other slots for an open vault, whose key stays.
package struct SlotsDraft: Sendable {
  let directory: VaultDirectory
  let file: SlotFile
  let former: SlotFile
  let key: VaultKey

  /// Puts them in the place of those that are there.
  ///
  /// - Returns: Why it is not known whether they are on the device; nil if it is.
  /// - Throws: ``StoreError``; then nothing has changed.
  package func write() throws(StoreError) -> StoreError? {
    try directory.replaceSlots(file.encoded(key: key), inPlaceOf: former.encoded(key: key))
  }
}

extension Vault {
  /// What opens the vault.
  package var keySlots: KeySlots { KeySlots(file: slots) }

  /// The slots with another one beside them, or in the place of that with its number.
  package func slots(adding new: NewSlot) -> SlotsDraft {
    let others = slots.slots.filter { $0.number != new.number }
    return draft(of: (others + [new.slot]).sorted { $0.number < $1.number })
  }

  /// The slots without one of them, which must not be the last.
  package func slots(removing number: UInt32) -> SlotsDraft {
    let rest = slots.slots.filter { $0.number != number }
    precondition(!rest.isEmpty, "a vault has a slot")
    return draft(of: rest)
  }

  private func draft(of slots: [KeySlot]) -> SlotsDraft {
    let file = SlotFile(
      vault: self.slots.vault, number: self.slots.number + 1, generation: self.slots.generation,
      audit: self.slots.audit, slots: slots)
    return SlotsDraft(directory: directory, file: file, former: self.slots, key: key)
  }

  /// Takes note that the slots of the draft are those of the vault.
  ///
  /// A record under their number must follow: it tells that older ones are.
  package func adopt(_ draft: SlotsDraft) { slots = draft.file }
}

extension KeySlot.Kind {
  fileprivate var named: SlotKind {
    switch self {
    case .passphrase: .passphrase
    case .keyFile: .keyFile
    case .credential: .credential
    case .recoveryCode: .recovery
    }
  }
}

extension SlotKind {
  /// The kind of a slot that is made now.
  var slotKind: KeySlot.Kind {
    switch self {
    case .passphrase: .passphrase(Vault.Founding.defaultCost)
    case .keyFile: .keyFile
    case .credential: .credential
    case .recovery: .recoveryCode
    }
  }
}

extension NewSlot {
  fileprivate func copyOfRecoveryCode() throws(SodiumError) -> Secret? {
    do throws(SecretError) {
      return try withRecoveryCode { (code) throws(SecretError) in try Secret(copying: code) }
    } catch {
      throw SodiumError(error)
    }
  }
}
