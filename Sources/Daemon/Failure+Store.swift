internal import Store
internal import Wire

extension Failure {
  /// A failure of the vault's files, as the protocol tells it.
  init(_ error: StoreError) {
    let code: Failure.Code =
      switch error {
      case .noVault, .vaultExists: .wrongState
      case .insecure, .inUse, .failed: .failed
      case .wrongSecret, .noSlot: .wrongPassphrase
      case .unusableSecret: .invalid
      case .damaged, .unknownVersion, .rolledBack: .damaged
      case .full, .outOfMemory, .outOfLockedMemory: .limit
      }
    self.init(code, error.message, hint: error.hint)
  }

  /// The answer to changes that were handed to a device which then failed.
  static func outcomeUnknown(_ error: StoreError) -> Failure {
    Failure(
      .failed, "outcome unknown: \(error.message)",
      hint: "the vault is read-only until it is locked and unlocked; then look what is there")
  }
}
