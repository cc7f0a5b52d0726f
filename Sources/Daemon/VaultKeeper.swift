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

  private(set) var state: State
  private(set) var clock = VaultClock()

  /// Why the open vault takes no more changes, if it does not.
  private(set) var writeFailure: StoreError?

  let directory: VaultDirectory
  private let worker: Worker
  private let mailbox: Mailbox

  /// Jobs that are to run, the first of them running.
  private var jobs: [Job] = []

  /// Long work on the vault; one at a time, since each asks for much memory.
  private struct Job {
    /// The uid that waits for it.
    let userID: UInt32

    /// What is to be done now that the job's turn has come; nil if nothing is.
    let start: (VaultKeeper) -> (@Sendable () -> Mailbox.Message)?
    let completion: Completion
  }

  /// Called with the recovery code of a new vault, or why there is no open vault.
  typealias Completion = (consuming Result<Secret?, StoreError>) -> Void

  init(_ directory: VaultDirectory, worker: Worker, mailbox: Mailbox) {
    self.directory = directory
    self.worker = worker
    self.mailbox = mailbox
    state = Self.stateOnDisk(directory)
  }

  private static func stateOnDisk(_ directory: VaultDirectory) -> State {
    do throws(StoreError) {
      guard try directory.holdsVault() else { return .absent }
      try Vault.checkSlots(in: directory)
      return .locked
    } catch {
      return .damaged(error)
    }
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
    let start = { (keeper: VaultKeeper) -> (@Sendable () -> Mailbox.Message)? in
      let directory = keeper.directory
      guard let vault = keeper.vault else {
        return { @Sendable in Self.open(directory, with: secret) }
      }
      guard mayCheck(vault) else { return nil }
      return { @Sendable in Self.check(secret, for: directory) }
    }
    try enqueue(Job(userID: userID, start: start, completion: completion))
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
    let start = { (keeper: VaultKeeper) -> (@Sendable () -> Mailbox.Message)? in
      guard keeper.vault != nil else { return nil }
      let directory = keeper.directory
      return { @Sendable in Self.check(secret, for: directory) }
    }
    try enqueue(Job(userID: userID, start: start, completion: completion))
  }

  private static func open(
    _ directory: VaultDirectory, with secret: Handoff<UnlockSecret>
  ) -> Mailbox.Message {
    do throws(StoreError) {
      return .opened(Handoff(try Vault.open(directory, with: try taken(secret))))
    } catch {
      return .jobEnded(error)
    }
  }

  private static func check(
    _ secret: Handoff<UnlockSecret>, for directory: VaultDirectory
  ) -> Mailbox.Message {
    do throws(StoreError) {
      try Vault.check(try taken(secret), for: directory)
      return .jobEnded(nil)
    } catch {
      return .jobEnded(error)
    }
  }

  private static func taken(_ secret: Handoff<UnlockSecret>) throws(StoreError) -> UnlockSecret {
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
    let start = { (keeper: VaultKeeper) -> (@Sendable () -> Mailbox.Message)? in
      let directory = keeper.directory
      return { @Sendable in Self.create(directory, founding, secret, by: actor, at: now) }
    }
    try enqueue(Job(userID: actor.uid, start: start, completion: completion))
  }

  private static func create(
    _ directory: VaultDirectory, _ founding: Vault.Founding, _ secret: Handoff<UnlockSecret>,
    by actor: Actor, at now: Instant
  ) -> Mailbox.Message {
    do throws(StoreError) {
      return .opened(
        Handoff(
          try Vault.create(
            in: directory, founding, secret: try taken(secret), by: actor, at: now)))
    } catch {
      return .jobEnded(error)
    }
  }

  private func enqueue(_ job: Job) throws(Failure) {
    let own = jobs.count { $0.userID == job.userID }
    guard jobs.count < Limits.jobs, own < Limits.jobsOfOneUser else {
      throw Failure(
        .limit, "\(own) secrets of uid \(job.userID) wait to be tried already",
        hint: "try again in a few seconds")
    }
    jobs.append(job)
    if jobs.count == 1 { startJob() }
  }

  private func startJob() {
    while let job = jobs.first {
      if let work = job.start(self) {
        let mailbox = mailbox
        return worker.submit { mailbox.post(work()) }
      }
      jobs.removeFirst()
      job.completion(.success(nil))
    }
  }

  /// Takes note that the running job has ended with a vault, and starts the next.
  func finishJob(opened handoff: Handoff<Vault.Opened>) {
    let job = jobs.removeFirst()
    if let opened = handoff.take() {
      for note in opened.notes { Log.note(note) }
      clock.raise(to: opened.vault.mark)
      writeFailure = nil
      state = .unlocked(opened.vault)
      job.completion(.success(opened.takeRecoveryCode()))
    }
    startJob()
  }

  /// Takes note that the running job has ended without one, and starts the next.
  func finishJob(_ error: StoreError?) {
    let job = jobs.removeFirst()
    if let error {
      if vault == nil { state = Self.stateOnDisk(directory) }
      job.completion(.failure(error))
    } else {
      job.completion(.success(nil))
    }
    startJob()
  }

  // MARK: Closing

  /// Forgets the keys and all that they opened.
  func lock() {
    guard vault != nil else { return }
    state = .locked
    writeFailure = nil
  }

  /// Takes no more changes until the vault is opened anew.
  func becomeReadOnly(_ error: StoreError) {
    guard writeFailure == nil else { return }
    writeFailure = error
    Log.note("the vault is read-only: \(error.message)")
  }
}
