internal import Platform
internal import Store
internal import Synchronization
internal import Wire

/// Long work on a vault, done on a thread of its own; one at a time, since each
/// asks for much memory.
struct Job {
  /// The uid that waits for it.
  let userID: UInt32

  /// Whether it has the vault's keys, so that a lock must wait for its end.
  var usesVault = false

  /// How often the vault had been locked when it was asked for, of one that opens it;
  /// nil of others.
  ///
  /// A lock in between counts for more.
  var lockCount: UInt64?

  /// Whether it tries a secret, of which a uid may try so many.
  var triesSecret = false

  /// What is to be done now that the job's turn has come; nil if nothing is.
  let start: (VaultKeeper) -> (@Sendable (Cancellation) -> Outcome)?

  /// Called on the loop's thread with what came of it.
  let completion: (Outcome) -> Void

  enum Outcome: Sendable {
    /// Nothing is to be told but that it was done, or that there was nothing to do.
    case done

    /// A vault was made, opened or mended, and is not the keeper's yet.
    case opened(Handoff<Vault.Opened>)

    /// It is the keeper's now; with the recovery code of a new one.
    case adopted(recoveryCode: Handoff<Secret>?)
    case slot(NewSlot)
    case key(NewKey)

    /// nil if it was cancelled.
    case generation(WrittenGeneration?)

    /// nil if it was cancelled.
    case backup([UInt8]?)
    case repair(RepairPlan)
    case findings([Finding])
    case failed(StoreError)
  }
}

/// Whether a job is to end before it is done.
final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  var isRequested: Bool { flag.load(ordering: .relaxed) }

  func request() { flag.store(true, ordering: .relaxed) }
}
