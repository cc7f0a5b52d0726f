internal import Keyring
internal import Store
internal import Wire

/// Brings changes to the disk, in order, many at a time.
///
/// While a batch is being synced further changes wait; then each is decided
/// against what the ones before it have made of the organization, and all of
/// them are written and synced as the next batch. A change is answered when its
/// batch is on the device and its audit row is written.
final class Committer {
  private let keeper: VaultKeeper
  private let gate: Gate
  private let worker: Worker
  private let mailbox: Mailbox

  private var waiting: [Item] = []
  private var batch: [Decided] = []

  /// Whether the worker writes or syncs something.
  private var isBusy = false

  /// How many users there are with the batch that is being written.
  private var userCount = 0

  private enum Item {
    case change(Pending)

    /// Runs when all changes before it have been answered.
    case barrier(() -> Void)
  }

  /// A change that somebody waits for.
  private struct Pending {
    let exchange: Exchange
    let request: Request
    let object: String
    let foresee: (Organization, [Change]) -> Void
    let answer: (Vault, [Change]) -> Void
  }

  /// A change of the batch that is being written.
  private struct Decided {
    let pending: Pending
    let caller: Caller
    let changes: [Change]

    /// The keys that the changes are about.
    let subjects: [VersionID]

    /// nil if nothing had to change.
    let record: UInt64?
  }

  init(_ keeper: VaultKeeper, gate: Gate, worker: Worker, mailbox: Mailbox) {
    self.keeper = keeper
    self.gate = gate
    self.worker = worker
    self.mailbox = mailbox
  }

  /// Decides `request` when its turn comes, and writes what it changes.
  ///
  /// - Parameters:
  ///   - request: What the client wants to have changed.
  ///   - exchange: The command, which ends when it is done or refused.
  ///   - object: What the audit says that it was about.
  ///   - foresee: Looks at the organization as it is before the changes.
  ///   - answer: Adds to the answer, when the change is durable.
  func submit(
    _ request: Request, of exchange: Exchange, about object: String,
    foreseeing foresee: @escaping (Organization, [Change]) -> Void = { _, _ in },
    _ answer: @escaping (Vault, [Change]) -> Void
  ) {
    waiting.append(
      .change(
        Pending(
          exchange: exchange, request: request, object: object, foresee: foresee,
          answer: answer)))
    drain()
  }

  /// Runs `body` when all changes that were submitted before have been answered.
  func whenIdle(_ body: @escaping () -> Void) {
    waiting.append(.barrier(body))
    drain()
  }

  /// Whether a key is changed by what is not on the device yet.
  func isChanging(_ ids: some Sequence<KeyID>) -> Bool {
    let changing = Set(batch.flatMap(\.subjects).map(\.key))
    return !changing.isEmpty && ids.contains { changing.contains($0) }
  }

  private func drain() {
    while !isBusy {
      switch waiting.first {
      case .change(let pending):
        waiting.removeFirst()
        decide(pending)
      case .barrier(let body) where batch.isEmpty:
        waiting.removeFirst()
        body()
      case .barrier: writeBatch()
      case nil:
        guard !batch.isEmpty else { return }
        writeBatch()
      }
    }
  }

  private func decide(_ pending: Pending) {
    pending.exchange.proceed { () throws(Failure) -> Progress in
      let vault = try keeper.openVault()
      let exchange = pending.exchange
      var caller = Caller.nobody
      var time = keeper.now()
      let changes = try gate.audited(exchange, in: vault) {
        (organization, who, now) throws(Refusal) in
        caller = who
        time = now
        return try organization.decide(pending.request, by: who, at: now)
      }
      var record: UInt64?
      let subjects = changes.flatMap { vault.organization.subjects(of: $0, at: time) }
      if !changes.isEmpty { try requireWritable() }
      pending.foresee(vault.organization, changes)
      if !changes.isEmpty {
        record = vault.append(
          changes, by: gate.actor(exchange, caller), verb: exchange.command.verb, at: time)
      }
      batch.append(
        Decided(
          pending: pending, caller: caller, changes: changes,
          subjects: Array(subjects.prefix(Self.namedSubjects)), record: record))
      return .pending
    }
  }

  /// So many keys are named in a row, which is no longer than a frame may be.
  private static let namedSubjects = 50_000

  private func requireWritable() throws(Failure) {
    guard let error = keeper.writeFailure else { return }
    throw .readOnly(because: error.message)
  }

  /// Hands the batch to the worker, or answers it at once if nothing changes.
  private func writeBatch() {
    guard let vault = keeper.vault, let records = vault.nextBatch() else {
      // Nothing had to change: what was found so is answered at once.
      return finishBatch(nil)
    }
    isBusy = true
    userCount = vault.organization.users.count
    let mailbox = mailbox
    worker.submit {
      do throws(StoreError) {
        try records.write()
        mailbox.post(.batchWritten(nil))
      } catch {
        mailbox.post(.batchWritten(error))
      }
    }
  }

  /// Goes on when the worker has written the batch, or failed to.
  func batchWritten(_ error: StoreError?) {
    isBusy = false
    if error == nil { keeper.vault?.confirmUsers(userCount) }
    finishBatch(error)
    drain()
  }

  private func finishBatch(_ error: StoreError?) {
    let finished = batch
    batch = []
    if let error { keeper.becomeReadOnly(error) }
    for decided in finished {
      let exchange = decided.pending.exchange
      guard let vault = keeper.vault, error == nil || decided.record == nil else {
        exchange.fail(.outcomeUnknown(error ?? .noVault))
        continue
      }
      if let record = decided.record {
        gate.note(
          exchange, decided.caller, subjects: decided.subjects,
          workspace: decided.changes.compactMap(\.workspace).first,
          object: decided.pending.object, record: record, orElse: Self.unacknowledged)
      }
      decided.pending.answer(vault, decided.changes)
      exchange.succeed()
    }
  }

  /// The answer to a change that is durable, while its audit row is not.
  private static let unacknowledged = Failure(
    .failed, "outcome unknown: the change was written, its audit row was not",
    hint: "look with 'coffer show' what is there")

  // MARK: Audit

  /// Brings the audit rows that were written to the device.
  ///
  /// - Parameter completion: Called when they are there, or cannot be.
  func synchronizeAudit(_ completion: @escaping () -> Void = {}) {
    whenIdle { [self] in
      // After a failure a sync that succeeds proves nothing of what was lost.
      guard let vault = keeper.vault, vault.hasUnsynchronizedAudit, keeper.writeFailure == nil
      else { return completion() }
      isBusy = true
      afterSynchronization = completion
      let synchronization = vault.auditSynchronization
      let mailbox = mailbox
      worker.submit {
        do throws(StoreError) {
          try synchronization.run()
          mailbox.post(.auditSynchronized(synchronization, nil))
        } catch {
          mailbox.post(.auditSynchronized(synchronization, error))
        }
      }
    }
  }

  private var afterSynchronization: (() -> Void)?

  /// Goes on when the worker has synced the audit, or failed to.
  func auditSynchronized(
    _ synchronization: Vault.AuditSynchronization, _ error: StoreError?
  ) {
    isBusy = false
    if let error {
      keeper.becomeReadOnly(error)
    } else {
      keeper.vault?.complete(synchronization)
    }
    let completion = afterSynchronization.take()
    completion?()
    drain()
  }
}
