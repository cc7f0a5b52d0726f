internal import Store
internal import Wire

extension Failure {
  /// A failure of the vault's files, as the protocol tells it.
  init(_ error: StoreError) {
    let code: Failure.Code =
      switch error {
      case .noVault, .vaultExists, .busy: .wrongState
      case .insecure, .inUse, .changedByOthers, .failed: .failed
      case .wrongSecret, .noSlot: .wrongPassphrase
      case .unusableSecret: .invalid
      case .damaged, .beyondRepair, .unknownVersion, .rolledBack: .damaged
      case .full, .outOfMemory, .overMemoryLimit, .outOfLockedMemory: .limit
      }
    self.init(code, error.message, hint: error.hint)
  }

  /// The answer to changes that were handed to a device which then failed.
  static func outcomeUnknown(_ error: StoreError) -> Failure {
    Failure(
      .failed, "outcome unknown: \(error.message)",
      hint: "the vault is read-only until it could be written anew; then look what is there")
  }
}
