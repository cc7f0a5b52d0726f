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
  private(set) var clock = VaultClock(mark: Instant(secondsSinceEpoch: 0), boot: .now)

  /// Why the open vault takes no more changes, if it does not.
  private(set) var writeFailure: StoreError?

  let directory: VaultDirectory
  private let worker: Worker
  private let mailbox: Mailbox

  /// Jobs that are to run, the first of them running.
  private var jobs: [Job] = []

  /// Long work on the vault; one at a time, since each asks for much memory.
  private struct Job {
    /// Decides what is to be done, when the job's turn has come.
    let start: (VaultKeeper) -> @Sendable () -> Mailbox.Message
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
  func unlock(with secret: Handoff<UnlockSecret>, _ completion: @escaping Completion) {
    enqueue(
      Job(
        start: { keeper in
          let directory = keeper.directory
          let isOpen = keeper.vault != nil
          return { Self.unlock(directory, with: secret, onlyChecks: isOpen) }
        }, completion: completion))
  }

  private static func unlock(
    _ directory: VaultDirectory, with secret: Handoff<UnlockSecret>, onlyChecks: Bool
  ) -> Mailbox.Message {
    guard let secret = secret.take() else { return .jobEnded(.wrongSecret) }
    do throws(StoreError) {
      if onlyChecks {
        try Vault.check(secret, for: directory)
        return .jobEnded(nil)
      }
      return .opened(Handoff(try Vault.open(directory, with: secret)))
    } catch {
      return .jobEnded(error)
    }
  }

  /// Makes a vault, and leaves it open.
  func create(
    _ founding: Vault.Founding, secret: Handoff<UnlockSecret>, by actor: Actor,
    _ completion: @escaping Completion
  ) {
    let now = now()
    enqueue(
      Job(
        start: { keeper in
          let directory = keeper.directory
          return { Self.create(directory, founding, secret, by: actor, at: now) }
        }, completion: completion))
  }

  private static func create(
    _ directory: VaultDirectory, _ founding: Vault.Founding, _ secret: Handoff<UnlockSecret>,
    by actor: Actor, at now: Instant
  ) -> Mailbox.Message {
    guard let secret = secret.take() else { return .jobEnded(.wrongSecret) }
    do throws(StoreError) {
      let opened = try Vault.create(in: directory, founding, secret: secret, by: actor, at: now)
      return .opened(Handoff(opened))
    } catch {
      return .jobEnded(error)
    }
  }

  private func enqueue(_ job: Job) {
    jobs.append(job)
    if jobs.count == 1 { startJob() }
  }

  private func startJob() {
    guard let job = jobs.first else { return }
    let work = job.start(self)
    let mailbox = mailbox
    worker.submit { mailbox.post(work()) }
  }

  /// Takes note that the running job has ended with a vault, and starts the next.
  func finishJob(opened handoff: Handoff<Vault.Opened>) {
    let job = jobs.removeFirst()
    if let opened = handoff.take() {
      for note in opened.notes { Log.note(note) }
      clock = VaultClock(mark: opened.vault.mark, boot: .now)
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
