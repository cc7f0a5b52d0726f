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
  let keeper: VaultKeeper
  let gate: Gate
  private let worker: Worker
  private let mailbox: Mailbox

  private var waiting: [Item] = []
  private var batch: [Decided] = []

  /// Whether the worker writes or syncs something.
  private var isBusy = false

  /// How many users there are with the batch that is being written.
  private var userCount = 0

  /// Whether nothing that waits may begin.
  private var isHeld = false

  /// What runs before all that waits, also while that is held.
  private var task: Task?

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
        Undecided(
          pending: Pending(exchange: exchange, object: object, answer: answer),
          request: request, foresee: foresee)))
    drain()
  }

  /// Writes a change that follows from what has happened, and that nobody asks for.
  ///
  /// - Parameters:
  ///   - verb: What it is called in the record and in the audit.
  ///   - object: What the audit says that it is about.
  ///   - decide: Says what changes, when its turn comes.
  ///   - completion: Called with whether all of it is on the device.
  func submitUnasked(
    _ verb: String, about object: String,
    _ decide: @escaping (Organization, Instant) -> [Change],
    completion: @escaping (Bool) -> Void
  ) {
    waiting.append(
      .unasked(Unasked(verb: verb, object: object, decide: decide, completion: completion)))
    drain()
  }

  /// Writes a record without changes, which tells that the slots are others now.
  ///
  /// - Parameters:
  ///   - exchange: The command, which ends when it is written.
  ///   - object: What the audit says that it was about.
  ///   - answer: Adds to the answer, when the record is durable.
  func record(
    _ exchange: Exchange, about object: String, _ answer: @escaping (Vault) -> Void
  ) {
    guard let vault = keeper.vault else { return exchange.fail(.locked) }
    let caller = gate.caller(exchange, in: vault.organization)
    let record = vault.append(
      [], by: gate.actor(exchange, caller), verb: exchange.command.verb, at: keeper.now())
    let pending = Pending(
      exchange: exchange, object: object, answer: { vault, _ in answer(vault) })
    batch.append(
      Decided(origin: .client(pending, caller), changes: [], subjects: [], record: record))
    drain()
  }

  /// Runs `body` when all changes that were submitted before have been answered.
  ///
  /// - Parameters:
  ///   - exchange: The command that goes on then, which nobody needs if its client has
  ///     gone; nil for what is to be done in any case.
  ///   - body: What is done.
  func whenIdle(for exchange: Exchange? = nil, _ body: @escaping () -> Void) {
    waiting.append(.barrier(exchange, body))
    drain()
  }

  /// Drops what waits for a client that has gone: nothing of it has begun, and the client
  /// was told of nothing.
  ///
  /// Who comes and goes would else leave more and more here while something long is done.
  func forget(_ session: Session) {
    waiting.removeAll { item in
      switch item {
      case .change(let undecided): undecided.pending.exchange.ownSession === session
      case .barrier(let exchange, _): exchange?.ownSession === session
      case .unasked, .task: false
      }
    }
  }

  /// Runs work that no change may come between.
  ///
  /// - Parameters:
  ///   - holds: Whether it is the work of who holds the rest, so that it waits for
  ///     nothing.
  ///   - start: Called when all changes before it have been answered; what it
  ///     returns runs on the committing thread.
  ///   - completion: Called with what came of it.
  func runAlone(
    asHolder holds: Bool = false, _ start: @escaping () -> (@Sendable () -> TaskOutcome),
    completion: @escaping (TaskOutcome) -> Void
  ) {
    let task = Task(start: start, completion: completion)
    if holds, isHeld {
      // Nothing is in the making then.
      run(task)
    } else {
      waiting.append(.task(task))
      drain()
    }
  }

  private func run(_ task: Task) {
    precondition(!isBusy, "one piece of work at a time")
    isBusy = true
    self.task = task
    let (work, mailbox) = (task.start(), mailbox)
    worker.submit { mailbox.post(.taskEnded(work())) }
  }

  /// Goes on when the worker has done such work.
  func taskEnded(_ outcome: TaskOutcome) {
    isBusy = false
    let ended = task.take()
    ended?.completion(outcome)
    drain()
  }

  /// Lets nothing begin that waits; only in a barrier, when nothing is in the making.
  func hold() { isHeld = true }

  /// Goes on with what waits.
  func release() {
    isHeld = false
    drain()
  }

  /// Whether a key is changed by what is not on the device yet.
  func isChanging(_ ids: some Sequence<KeyID>) -> Bool {
    guard !batch.isEmpty else { return false }
    let ids = Set(ids)
    return isChanging(where: ids.contains)
  }

  /// Whether a key that meets a condition is changed by what is not on the device yet.
  func isChanging(where meets: (KeyID) -> Bool) -> Bool {
    batch.contains { $0.subjects.contains { meets($0.key) } }
  }

  private func drain() {
    while !isBusy, !isHeld {
      switch waiting.first {
      case .change(let undecided):
        waiting.removeFirst()
        decide(undecided)
      case .unasked(let unasked):
        waiting.removeFirst()
        decide(unasked)
      case .barrier(_, let body) where batch.isEmpty:
        waiting.removeFirst()
        body()
      case .task(let task) where batch.isEmpty:
        waiting.removeFirst()
        run(task)
      case .barrier, .task: writeBatch()
      case nil:
        guard !batch.isEmpty else { return }
        writeBatch()
      }
    }
  }

  private func decide(_ undecided: Undecided) {
    let pending = undecided.pending
    pending.exchange.proceed { () throws(Failure) -> Progress in
      let vault = try keeper.openVault()
      let exchange = pending.exchange
      var caller = Caller.nobody
      var time = keeper.now()
      let changes = try gate.audited(exchange, in: vault) {
        (organization, who, now) throws(Refusal) in
        caller = who
        time = now
        return try organization.decide(undecided.request, by: who, at: now)
      }
      // Also where nothing has to change: what is so may never have reached the device.
      try keeper.requireWritable()
      var record: UInt64?
      let subjects = changes.flatMap { vault.organization.subjects(of: $0, at: time) }
      undecided.foresee(vault.organization, changes)
      if !changes.isEmpty {
        record = vault.append(
          changes, by: gate.actor(exchange, caller), verb: exchange.command.verb, at: time)
      }
      batch.append(
        Decided(
          origin: .client(pending, caller), changes: changes,
          subjects: Array(subjects.prefix(Self.namedSubjects)), record: record))
      return .pending
    }
  }

  private func decide(_ unasked: Unasked) {
    guard let vault = keeper.vault, keeper.writeFailure == nil else {
      return unasked.completion(false)
    }
    let time = keeper.now()
    let changes = unasked.decide(vault.organization, time)
    guard !changes.isEmpty else { return unasked.completion(true) }
    gate.noteMark(time)
    let subjects = changes.flatMap { vault.organization.subjects(of: $0, at: time) }
    let record = vault.append(changes, by: Gate.daemon, verb: unasked.verb, at: time)
    batch.append(
      Decided(
        origin: .daemon(unasked), changes: changes,
        subjects: Array(subjects.prefix(Self.namedSubjects)), record: record))
  }

  /// So many keys are named in a row, which is no longer than a frame may be.
  private static let namedSubjects = 50_000

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
      switch decided.origin {
      case .client(let pending, let caller): finish(decided, pending, caller, error)
      case .daemon(let unasked):
        finish(decided, unasked, isWritten: error == nil && keeper.vault != nil)
      }
    }
  }
}
