internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Whether there is a vault, whether it is open, and the way from one to the other.
final class VaultKeeper {
  enum State {
    /// There is no vault yet.
    case absent
    case locked

    /// There is something, but not what could be opened.
    case damaged(StoreError)
    case unlocked(Vault)

    /// The word for it in STATUS.
    var text: String {
      switch self {
      case .absent: "none"
      case .locked: "locked"
      case .damaged: "damaged"
      case .unlocked: "unlocked"
      }
    }
  }

  var state: State
  private(set) var clock = VaultClock()

  /// Why the open vault takes no more changes, if it does not.
  private(set) var writeFailure: StoreError?

  /// Why the vault did not open at the last attempt, if its files are the reason.
  var openingFailure: StoreError?

  /// Why the credential of systemd did not open the vault, until something has.
  var credentialProblem: String?

  let directory: VaultDirectory
  let worker: Worker
  let mailbox: Mailbox

  /// Jobs that are to run, the first of them running.
  var jobs: [Job] = []

  /// How often the vault was to be locked.
  var lockCount: UInt64 = 0

  /// Who has tried wrong secrets.
  var throttle = SecretThrottle()

  /// That of the running job; nil if none runs.
  var cancellation: Cancellation?

  /// Called when no job has the vault's keys any more.
  var afterVaultJobs: [() -> Void] = []

  /// Whether the vault is about to be locked, so that nothing gets its keys any more,
  /// and what would open it waits until it is.
  var isLocking = false

  /// Called with the recovery code of a new vault, or why there is no open vault.
  typealias Completion = (consuming Result<Secret?, StoreError>) -> Void

  init(_ directory: VaultDirectory, worker: Worker, mailbox: Mailbox) {
    self.directory = directory
    self.worker = worker
    self.mailbox = mailbox
    state = Self.stateOnDisk(directory)
  }

  static func stateOnDisk(_ directory: VaultDirectory) -> State {
    do throws(StoreError) {
      guard try directory.holdsVault() else { return .absent }
      try Vault.checkSlots(in: directory)
      return .locked
    } catch {
      return .damaged(error)
    }
  }

  /// Looks at the files again while no vault is open: others may be there by now.
  func lookAgain() {
    guard vault == nil, cancellation == nil else { return }
    state = Self.stateOnDisk(directory)
  }

  /// The open vault, or nil.
  var vault: Vault? {
    if case .unlocked(let vault) = state { return vault }
    return nil
  }

  /// The vault's time, which never goes back.
  func now() -> Instant { clock.now() }

  /// Believes the clock on the wall again, whatever the mark was.
  func believeClock() { clock = VaultClock() }

  /// The open vault.
  ///
  /// Throws the refusal that everybody gets while there is none.
  func openVault() throws(Failure) -> Vault {
    switch state {
    case .unlocked(let vault): return vault
    case .locked: throw .locked
    case .absent: throw Failure(StoreError.noVault)
    case .damaged(let error): throw Failure(error)
    }
  }

  // MARK: Opening

  /// Opens the vault; an open one is left as it is, and the secret checked.
  ///
  /// - Parameters:
  ///   - secret: What is to open it.
  ///   - userID: The uid that asks.
  ///   - mayCheck: Whether it may learn if the secret would open an open vault.
  ///   - completion: Called when that is known.
  /// - Throws: ``Failure`` if too many secrets wait to be tried.
  func unlock(
    with secret: Handoff<UnlockSecret>, for userID: UInt32,
    mayCheck: @escaping (Vault) -> Bool, _ completion: @escaping Completion
  ) throws(Failure) {
    let lockCount = lockCount
    let start = { (keeper: VaultKeeper) -> (@Sendable (Cancellation) -> Job.Outcome)? in
      let directory = keeper.directory
      guard let vault = keeper.vault else {
        // Whoever has locked it meanwhile wants it locked.
        guard keeper.lockCount == lockCount else { return nil }
        return { @Sendable _ in Self.open(directory, with: secret) }
      }
      guard mayCheck(vault) else { return nil }
      return { @Sendable _ in Self.check(secret, for: directory) }
    }
    try enqueue(
      Job(
        userID: userID, lockCount: lockCount, triesSecret: true, start: start,
        completion: Self.opening(completion)))
  }

  /// Lets no secret open the vault that is being tried, or waits to be.
  func forgetUnlocks() { lockCount += 1 }

  /// The same for the daemon itself, with what it has found.
  ///
  /// - Parameters:
  ///   - secret: What is to open the vault.
  ///   - completion: Called with why it is not open; with nil if it is.
  func unlockUnasked(
    with secret: Handoff<UnlockSecret>, _ completion: @escaping (StoreError?) -> Void
  ) {
    let directory = directory
    enqueueUnlimited(
      Job(
        userID: Process.userID, lockCount: lockCount,
        start: { keeper in
          keeper.vault == nil ? { @Sendable _ in Self.open(directory, with: secret) } : nil
        },
        completion: Self.opening { result in
          switch consume result {
          case .success: completion(nil)
          case .failure(let error): completion(error)
          }
        }))
  }

  /// What tells `completion` whether there is an open vault.
  private static func opening(_ completion: @escaping Completion) -> (Job.Outcome) -> Void {
    { outcome in
      switch outcome {
      case .adopted(let recoveryCode): completion(.success(recoveryCode?.take()))
      case .failed(let error): completion(.failure(error))
      case .done, .opened, .slot, .key, .generation, .backup, .repair, .findings:
        completion(.success(nil))
      }
    }
  }

  /// Tells whether a secret would open the vault, and opens nothing, also if the
  /// vault is locked meanwhile.
  ///
  /// - Parameters:
  ///   - secret: What is checked.
  ///   - userID: The uid that asks.
  ///   - completion: Called when that is known; with a success too if there is no
  ///     open vault any more.
  /// - Throws: ``Failure`` if too many secrets wait to be tried.
  func check(
    _ secret: Handoff<UnlockSecret>, for userID: UInt32, _ completion: @escaping Completion
  ) throws(Failure) {
    let start = { (keeper: VaultKeeper) -> (@Sendable (Cancellation) -> Job.Outcome)? in
      guard keeper.vault != nil else { return nil }
      let directory = keeper.directory
      return { @Sendable _ in Self.check(secret, for: directory) }
    }
    try enqueue(
      Job(
        userID: userID, triesSecret: true, start: start, completion: Self.opening(completion)))
  }

  private static func open(
    _ directory: VaultDirectory, with secret: Handoff<UnlockSecret>
  ) -> Job.Outcome {
    do throws(StoreError) {
      return .opened(Handoff(try Vault.open(directory, with: try taken(secret))))
    } catch {
      return .failed(error)
    }
  }

  private static func check(
    _ secret: Handoff<UnlockSecret>, for directory: VaultDirectory
  ) -> Job.Outcome {
    do throws(StoreError) {
      try Vault.check(try taken(secret), for: directory)
      return .done
    } catch {
      return .failed(error)
    }
  }

  static func taken(_ secret: Handoff<UnlockSecret>) throws(StoreError) -> UnlockSecret {
    guard let secret = secret.take() else { throw .outOfLockedMemory }
    return secret
  }

  /// Makes a vault, and leaves it open.
  ///
  /// Throws ``Failure`` if too many secrets wait to be tried.
  func create(
    _ founding: Vault.Founding, secret: Handoff<UnlockSecret>, by actor: Actor,
    _ completion: @escaping Completion
  ) throws(Failure) {
    let now = now()
    try enqueue(
      Job(
        userID: actor.uid,
        start: { keeper in
          let directory = keeper.directory
          return { @Sendable _ in Self.create(directory, founding, secret, by: actor, at: now) }
        }, completion: Self.opening(completion)))
  }

  private static func create(
    _ directory: VaultDirectory, _ founding: Vault.Founding, _ secret: Handoff<UnlockSecret>,
    by actor: Actor, at now: Instant
  ) -> Job.Outcome {
    do throws(StoreError) {
      return .opened(
        Handoff(
          try Vault.create(
            in: directory, founding, secret: try taken(secret), by: actor, at: now)))
    } catch {
      return .failed(error)
    }
  }

  /// Goes on with the vault that was opened.
  func adopt(_ opened: consuming Vault.Opened) -> Job.Outcome {
    for note in opened.notes { Log.note(note) }
    clock.raise(to: opened.vault.mark)
    writeFailure = nil
    openingFailure = nil
    credentialProblem = nil
    state = .unlocked(opened.vault)
    guard let code = opened.takeRecoveryCode() else { return .adopted(recoveryCode: nil) }
    return .adopted(recoveryCode: Handoff(code))
  }

  // MARK: Closing

  /// Forgets the keys and all that they opened.
  func lock() {
    isLocking = false
    if vault != nil {
      state = .locked
      writeFailure = nil
    }
    startJob()
  }

  /// Takes no more changes until there is another generation, or the vault is opened
  /// anew.
  func becomeReadOnly(_ error: StoreError) {
    guard writeFailure == nil else { return }
    writeFailure = error
    Log.note("the vault is read-only: \(error.message)")
  }

  /// Throws the refusal of changes while the vault takes none.
  func requireWritable() throws(Failure) {
    if let error = writeFailure { throw .readOnly(because: error.message) }
  }

  /// Takes changes again.
  func becomeWritable() { writeFailure = nil }
}
