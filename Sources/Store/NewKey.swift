internal import Platform
internal import Sodium

/// Another vault key, and the slots that wrap it.
package final class NewKey: Sendable {
  let key: VaultKey
  let slots: [KeySlot]

  private let recoveryCode: Secret?

  init(key: VaultKey, slots: [KeySlot], recoveryCode: consuming Secret?) {
    self.key = key
    self.slots = slots
    self.recoveryCode = recoveryCode
  }

  /// Lends what opens the slot of the recovery code now; nil if there is none.
  package func withRecoveryCode<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
    switch recoveryCode {
    case .some(let code): code.withBytes(body)
    case .none: nil
    }
  }
}

/// A slot that is to be added, with its recovery code if it is that of one.
package final class NewSlot: Sendable {
  let slot: KeySlot
  private let recoveryCode: Secret?

  init(_ slot: KeySlot, recoveryCode: consuming Secret?) {
    self.slot = slot
    self.recoveryCode = recoveryCode
  }

  package var number: UInt32 { slot.number }

  /// Lends the recovery code, if it is the slot of one.
  package func withRecoveryCode<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    switch recoveryCode {
    case .some(let code): try code.withBytes(body)
    case .none: nil
    }
  }
}

/// What opens one of the slots, or is to open it from now on.
package final class SlotSecret: Sendable {
  /// The number that stands for whichever slot the secret opens; no slot has it.
  package static let anySlot: UInt32 = 0

  package let number: UInt32
  let secret: UnlockSecret

  /// Whether it takes the place of what the slot was opened with.
  let isNew: Bool

  package init(_ secret: consuming UnlockSecret, of number: UInt32, isNew: Bool) {
    self.number = number
    self.secret = secret
    self.isNew = isNew
  }
}

/// A kind of slot, as people name it.
package enum SlotKind: String, CaseIterable, Sendable {
  case passphrase
  case keyFile = "key-file"
  case credential
  case recovery

  /// What a secret for it is.
  package var secretKind: UnlockSecret.Kind {
    switch self {
    case .passphrase, .recovery: .passphrase
    case .keyFile, .credential: .keyFile
    }
  }
}
