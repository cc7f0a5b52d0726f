internal import Keyring
internal import Store
internal import Wire

// What a committer has in work.

extension Committer {
  /// Something that waits for its turn.
  enum Item {
    case change(Undecided)

    /// One of the daemon's own.
    case unasked(Unasked)

    /// Runs when all changes before it have been answered, for a command if one is named.
    case barrier(Exchange?, () -> Void)

    /// Has the thread for itself when all changes before it have been answered.
    case task(Task)
  }

  /// Work that no change may come between.
  struct Task {
    let start: () -> (@Sendable () -> TaskOutcome)
    let completion: (TaskOutcome) -> Void
  }

  /// What came of such work.
  enum TaskOutcome: Sendable {
    case generation(Result<FinishedGeneration, StoreError>)

    /// Other slots: why they are not there, or not surely.
    case slots(Result<StoreError?, StoreError>)

    /// Rows that are on the device now; nil if none had to be brought there.
    case audit(Result<Vault.AuditSynchronization?, StoreError>)
  }

  /// A change that somebody waits for.
  struct Pending {
    let exchange: Exchange
    let object: String
    let answer: (Vault, [Change]) -> Void
  }

  /// One that is not decided yet.
  struct Undecided {
    let pending: Pending
    let request: Request
    let foresee: (Organization, [Change]) -> Void
  }

  /// A change that nobody waits for but the daemon.
  struct Unasked {
    let verb: String
    let object: String
    let decide: (Organization, Instant) -> [Change]
    let completion: (Bool) -> Void
  }

  /// Whose change it is.
  enum Origin {
    case client(Pending, Caller)
    case daemon(Unasked)
  }

  /// A change of the batch that is being written.
  struct Decided {
    let origin: Origin
    let changes: [Change]

    /// The keys that the changes are about.
    let subjects: [VersionID]

    /// nil if nothing had to change.
    let record: UInt64?
  }
}
