internal import Keyring
internal import Platform
internal import Sodium
internal import Store
internal import Wire

/// The event loop: connections, time, signals, and what the workers bring back.
///
/// All of it runs on one thread. A turn of the loop does what is there to do,
/// writes the audit rows of all that in one go, and only then sends the
/// answers.
final class Server {
  let options: Options
  let keeper: VaultKeeper
  let gate: Gate
  let committer: Committer
  let renewal: Renewal
  let answerPlaces = AnswerPlaces()

  /// How many connections there are descriptors for.
  private let descriptorRoom = {
    let limit = Process.openFileLimit ?? .max
    return limit - min(Limits.ownDescriptors, limit / 2)
  }()

  /// The daemon's own uid.
  let ownUserID = Process.userID

  /// Whether one more connection leaves the vault the descriptors that it needs.
  var hasDescriptorRoom: Bool {
    // A connection takes one more where its process is looked for as it is accepted.
    let connections = sessions.count * (peerWay == .byNumber ? 2 : 1)
    return connections + ledger.count + (credentials?.refusalCount ?? 0) < descriptorRoom
  }

  /// Which running processes hold which values.
  var ledger: ExposureLedger

  /// Keys that live no longer than a process.
  private(set) lazy var processKeys = ProcessKeys(of: self)

  /// How the processes behind connections are found.
  let peerWay = ProcessReference.Way.best

  /// Whether the memory for secrets is locked.
  let isMemoryLocked: Bool

  /// The time of this turn.
  private(set) var now = BootInstant.now

  var epoll: Epoll
  let listener: Listener

  /// Where systemd fetches credentials; nil if that is not served.
  var credentials: CredentialServer?
  private var sleepWatch: SleepWatch
  var alarm: Alarm
  private let signals: SignalQueue
  private let mailbox: Mailbox
  private let memory: OutputMemory

  var sessions: SessionTable
  var shares = TurnShares(share: Limits.shareNanoseconds)

  /// What the service manager was told of the vault.
  var manager = ManagerStatus()

  /// Sessions whose input, output or deadline may have changed in this turn.
  var touched: [Session] = []

  /// Sessions whose command has ended, so that the next one can begin.
  private var resumable: [Session] = []

  var schedule = Schedule()

  /// What the kernel tells an event by.
  enum Token {
    static let listener: UInt64 = 0
    static let timer: UInt64 = 1
    static let signals: UInt64 = 2
    static let mailbox: UInt64 = 3
    static let node: UInt64 = 4
    static let sleep: UInt64 = 5
    static let credentials: UInt64 = 6
    static let firstSession: UInt64 = 16
  }

  /// Those who want the vault locked, while that is under way.
  var lockRequests: [LockRequest] = []

  /// How long audit rows may wait to be synced.
  private static let auditSynchronizationSeconds: Int64 = 5

  init(
    _ options: Options, directory: VaultDirectory, listeners: consuming Listeners,
    signals: consuming SignalQueue, isMemoryLocked: Bool
  ) throws(Errno) {
    self.options = options
    self.isMemoryLocked = isMemoryLocked
    let mailbox = try Mailbox()
    let epoll = try Epoll()
    let alarm = try Alarm()
    let sleepWatch = try SleepWatch()
    sessions = SessionTable(
      firstID: Token.firstSession, onlyUser: options.isSystem ? nil : Process.userID)
    do throws(SecretError) {
      memory = try OutputMemory()
    } catch {
      throw Errno.outOfMemory
    }
    keeper = VaultKeeper(directory, worker: try Worker(givesWay: true), mailbox: mailbox)
    gate = Gate(keeper, isSystem: options.isSystem)
    committer = Committer(keeper, gate: gate, worker: try Worker(), mailbox: mailbox)
    renewal = Renewal(keeper, committer, gate: gate)
    ledger = ExposureLedger(
      since: keeper.now(),
      capacity: ExposureLedger.Capacity(
        openFileLimit: Process.openFileLimit, isSystem: options.isSystem))
    let listener = listeners.main
    let credentialListener = listeners.credential
    try listener.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.listener, interest: [])
    }
    try sleepWatch.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.sleep, interest: .reading)
    }
    try alarm.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.timer, interest: .reading)
    }
    try signals.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.signals, interest: .reading)
    }
    try mailbox.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.mailbox, interest: .reading)
    }
    try listener.node?.watch(by: epoll, token: Token.node)
    try credentialListener?.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.credentials, interest: [])
    }
    self.mailbox = mailbox
    self.epoll = epoll
    self.alarm = alarm
    self.listener = listener
    self.sleepWatch = sleepWatch
    self.signals = signals
    renewal.writeRows = { [unowned self] in writeRows() }
    if let credentialListener {
      credentials = CredentialServer(credentialListener, of: self)
    }
  }

  /// Whether clients still find the socket that was made.
  var hasSocket: Bool { listener.node?.isLost != true }

  // MARK: The loop

  /// Serves until a signal ends it, or the loss of its socket.
  func run() throws(Errno) {
    feedWatchdog()
    // Whoever comes before that waits, and is not told that the vault is locked.
    unlockByCredential { [self] in
      ServiceManager.notify("READY=1")
      if schedule.end == nil { watchListener(.reading) }
    }
    finishTurn()
    while !hasEnded {
      let events = try epoll.wait()
      now = .now
      // First, since what has come while the machine slept comes too late.
      if sleepWatch.hasSlept() { lockAfterSleep() }
      lockIfDue()
      shares.beginTurn()
      for event in inTurn(events) { handle(event) }
      finishTurn()
    }
    listener.node?.remove()
    credentials?.removeNode()
  }

  /// Whether nothing is left to do that must be done before the end.
  private var hasEnded: Bool { schedule.hasEnded && credentials?.isRefusing != true }

  /// Those first that have waited for longest, if the last turn did not suffice for all.
  private func inTurn(_ events: [Epoll.Event]) -> [Epoll.Event] {
    guard shares.wasContended else { return events }
    return events.map { (sessions[$0.token]?.lastServed.nanoseconds ?? 0, $0) }
      .sorted { $0.0 < $1.0 }.map(\.1)
  }

  private func handle(_ event: Epoll.Event) {
    switch event.token {
    case Token.listener: accept()
    case Token.timer:
      alarm.acknowledge()
      expire()
    case Token.signals:
      while let signal = signals.next() { handle(signal) }
    case Token.mailbox:
      for message in mailbox.collect() { handle(message) }
    case Token.node: if listener.node?.isFoundLost() == true { beginEnd() }
    case Token.sleep: sleepWatch.acknowledge()
    case Token.credentials: credentials?.accept()
    case let id:
      guard let session = sessions[id] else {
        if let holder = ledger[id] { return end(holder) }
        return credentials?.proceed(id) ?? ()
      }
      guard shares.admits(session.connection.peer.userID) else {
        return session.putOff(whileWritable: event.isWritable)
      }
      touch(session)
      if event.isReadable || session.isHeld {
        session.isUnheard = event.isReadable && !session.interest.contains(.reading)
        session.receive()
      } else if event.isHangUp {
        end(session)
      }
    }
  }

  private func handle(_ signal: Signal) {
    guard signal == .user1 else { return beginEnd() }
    lockUnasked("SIGUSR1 has come: locking the vault", because: "SIGUSR1")
  }

  private func handle(_ message: Mailbox.Message) {
    switch message {
    case .batchWritten(let error):
      committer.batchWritten(error)
      processKeys.considerForgetting()
      renewal.considerCompaction()
    case .jobEnded(let outcome):
      if case .opened = outcome { (schedule.lastUse, schedule.opening) = (now, now) }
      keeper.finishJob(outcome)
      // Before anybody is served who might present the key of a process that has ended.
      if case .opened = outcome { processKeys.noteOpening() }
    case .taskEnded(let outcome): committer.taskEnded(outcome)
    }
  }

  /// Sends what the turn has brought, once its audit rows are written.
  private func finishTurn() {
    renewal.considerRecovery(at: now)
    // Rows and answers wait until the audit goes on in its other file.
    guard !renewal.holdsRows else { return setAlarm() }
    // Also for those who are gone, and get no answer any more.
    writeRows()
    answerUnits()
    // Sending can end a session, and so free a place that another waits for.
    while !resumable.isEmpty || !touched.isEmpty {
      while let session = resumable.popLast() {
        if !session.isHeld { session.process() }
      }
      writeRows()
      let turn = touched
      touched = []
      for session in turn { session.isTouched = false }
      for session in turn {
        session.releaseStaged()
        session.flush(with: memory, vault: keeper.vault)
      }
      for session in turn where sessions[session.id] != nil { settle(session) }
    }
    credentials?.watch()
    setAlarm()
  }

  /// Sends units what was decided, with the rows that are written.
  func answerUnits() { credentials?.release(with: memory) }

  /// Writes the audit rows that are due, and settles the answers that depend on them.
  func writeRows() {
    let areWritten = gate.writeRows()
    for session in touched { session.settleStaged(areRowsWritten: areWritten) }
    credentials?.settleStaged(areRowsWritten: areWritten)
    if schedule.auditSynchronization == nil, keeper.writeFailure == nil,
      keeper.vault?.hasUnsynchronizedAudit == true
    {
      schedule.auditSynchronization = now.advanced(bySeconds: Self.auditSynchronizationSeconds)
    }
  }

  /// Notes that `session` is to be looked at when the turn ends.
  func touch(_ session: Session) {
    guard !session.isTouched else { return }
    session.isTouched = true
    touched.append(session)
  }

  /// Lets `session` go on with its next command.
  func resume(_ session: Session) {
    resumable.append(session)
    touch(session)
  }
}
