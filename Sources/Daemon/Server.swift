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
  let answerPlaces = AnswerPlaces()

  /// Whether the memory for secrets is locked.
  let isMemoryLocked: Bool

  /// The time of this turn.
  private(set) var now = BootInstant.now

  private var epoll: Epoll
  private let listener: Listener
  private var alarm: Alarm
  private let signals: SignalQueue
  private let mailbox: Mailbox
  private let memory: OutputMemory

  private var sessions: SessionTable

  /// Sessions whose input, output or deadline may have changed in this turn.
  private var touched: [UInt64: Session] = [:]

  /// Sessions whose command has ended, so that the next one can begin.
  private var resumable: [Session] = []

  private var areRowsWritten = true
  private var schedule = Schedule()

  /// What the kernel tells an event by.
  private enum Token {
    static let listener: UInt64 = 0
    static let timer: UInt64 = 1
    static let signals: UInt64 = 2
    static let mailbox: UInt64 = 3
    static let firstSession: UInt64 = 16
  }

  /// Those who want the vault locked, while that is under way.
  private var lockRequests: [LockRequest] = []

  /// How long audit rows may wait to be synced.
  private static let auditSynchronizationSeconds: Int64 = 5

  init(
    _ options: Options, directory: VaultDirectory, listener: consuming Listener,
    signals: consuming SignalQueue, isMemoryLocked: Bool
  ) throws(Errno) {
    self.options = options
    self.isMemoryLocked = isMemoryLocked
    let mailbox = try Mailbox()
    let epoll = try Epoll()
    let alarm = try Alarm()
    sessions = SessionTable(
      firstID: Token.firstSession, onlyUser: options.isSystem ? nil : Process.userID)
    do throws(SecretError) {
      memory = try OutputMemory()
    } catch {
      throw Errno.outOfMemory
    }
    keeper = VaultKeeper(directory, worker: try Worker(), mailbox: mailbox)
    gate = Gate(keeper, isSystem: options.isSystem)
    committer = Committer(keeper, gate: gate, worker: try Worker(), mailbox: mailbox)
    try listener.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: Token.listener, interest: .reading)
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
    self.mailbox = mailbox
    self.epoll = epoll
    self.alarm = alarm
    self.listener = listener
    self.signals = signals
  }

  // MARK: The loop

  /// Serves until a signal ends it.
  func run() throws(Errno) {
    while !schedule.hasEnded {
      let events = try epoll.wait()
      now = .now
      areRowsWritten = true
      for event in events { handle(event) }
      finishTurn()
    }
    listener.remove()
  }

  private func handle(_ event: Epoll.Event) {
    switch event.token {
    case Token.listener: accept()
    case Token.timer:
      alarm.acknowledge()
      expire()
    case Token.signals:
      while signals.next() != nil { beginEnd() }
    case Token.mailbox:
      for message in mailbox.collect() { handle(message) }
    case let id:
      guard let session = sessions[id] else { return }
      touch(session)
      if event.isReadable || session.isHeld {
        session.receive()
      } else if event.isHangUp {
        end(session)
      }
    }
  }

  private func handle(_ message: Mailbox.Message) {
    switch message {
    case .batchWritten(let error): committer.batchWritten(error)
    case .auditSynchronized(let synchronization, let error):
      committer.auditSynchronized(synchronization, error)
    case .opened(let vault):
      schedule.lastUse = now
      keeper.finishJob(opened: vault)
    case .jobEnded(let error): keeper.finishJob(error)
    }
  }

  /// Sends what the turn has brought, once its audit rows are written.
  private func finishTurn() {
    // Also for those who are gone, and get no answer any more.
    writeRows()
    // Sending can end a session, and so free a place that another waits for.
    while !resumable.isEmpty || !touched.isEmpty {
      while let session = resumable.popLast() {
        if !session.isHeld { session.process() }
      }
      writeRows()
      let turn = touched
      touched = [:]
      for session in turn.values {
        session.releaseStaged(areRowsWritten: areRowsWritten)
        session.flush(with: memory, vault: keeper.vault)
      }
      areRowsWritten = true
      for (id, session) in turn where sessions[id] != nil { settle(session) }
    }
    setAlarm()
  }

  /// Writes the audit rows that are due; the turn's answers depend on it.
  func writeRows() {
    areRowsWritten = gate.writeRows() && areRowsWritten
    if schedule.auditSynchronization == nil, keeper.writeFailure == nil,
      keeper.vault?.hasUnsynchronizedAudit == true
    {
      schedule.auditSynchronization = now.advanced(bySeconds: Self.auditSynchronizationSeconds)
    }
  }

  /// Notes that `session` is to be looked at when the turn ends.
  func touch(_ session: Session) { touched[session.id] = session }

  /// Lets `session` go on with its next command.
  func resume(_ session: Session) {
    resumable.append(session)
    touch(session)
  }

  /// Notes how much memory answers have taken, so that a burst leaves none behind.
  func noteAnswers(byteCount: Int) {
    schedule.answeredByteCount += byteCount
    guard schedule.answeredByteCount >= Limits.trimByteCount, schedule.trimming == nil else {
      return
    }
    schedule.trimming = now.advanced(bySeconds: Limits.trimSeconds)
  }

  /// Notes that somebody used what is in the vault.
  func noteUse() { schedule.lastUse = now }

  // MARK: Connections

  private func accept() {
    for _ in 0..<Limits.acceptsInARow {
      let socket: UnixSocket
      do throws(Errno) {
        guard let accepted = try listener.accept() else { return }
        socket = accepted
      } catch {
        return restAccepting(error)
      }
      begin(socket)
    }
  }

  private func begin(_ socket: consuming UnixSocket) {
    let peer: PeerCredentials
    let connection: Connection
    do throws(Errno) {
      peer = try socket.peer()
    } catch {
      return
    }
    switch sessions.admission(of: peer, isKnown: isKnown) {
    case .granted(let longestIdle): if let longestIdle { end(longestIdle) }
    case .refused(let refusal):
      // Whoever does not read it need not be waited for.
      _ = try? socket.send(ReplyLine.error(refusal).span)
      return
    }
    do throws(SecretError) {
      connection = try Connection(socket, peer: peer)
    } catch {
      return Log.note("no locked memory is left for a connection of uid \(peer.userID)")
    }
    let session = Session(id: sessions.drawID(), connection: connection, server: self)
    do throws(Errno) {
      try connection.withRawValue { (raw) throws(Errno) -> Void in
        try epoll.add(raw, token: session.id, interest: session.watched)
      }
    } catch {
      return Log.note("watching a connection failed: \(error)")
    }
    sessions.insert(session)
    let greeting = ReplyLine.ok("\(Product.name) \(Product.version), how can I serve you")
    session.stage(Session.Response(chunks: [.lines(greeting)], ifUnaudited: nil))
  }

  /// Whether a place is reserved for a uid: it is the daemon's, root's, or that of
  /// an active user, which shows only while the vault is open.
  private func isKnown(_ userID: UInt32) -> Bool {
    guard userID != 0, userID != Process.userID else { return true }
    return keeper.vault?.organization.user(withUID: userID)?.state == .active
  }

  /// Ends a connection; what was not sent is forgotten.
  func end(_ session: Session) {
    guard sessions.remove(session) else { return }
    touched[session.id] = nil
    session.cleanUp()
  }

  /// Tells the kernel and the alarm what `session` waits for.
  private func settle(_ session: Session) {
    let interest = session.interest
    if session.watched != interest {
      session.watched = interest
      do throws(Errno) {
        try session.connection.withRawValue { (raw) throws(Errno) -> Void in
          try epoll.modify(raw, token: session.id, interest: interest)
        }
      } catch {
        return end(session)
      }
    }
    if let deadline = session.deadline { alarm.set(deadline) }
  }

  // MARK: Time

  /// Sets the alarm to the moments that the loop itself waits for.
  private func setAlarm() {
    let moments = [
      schedule.auditSynchronization, schedule.trimming, schedule.acceptance, schedule.end,
      idleLockMoment,
    ]
    if let first = moments.compactMap(\.self).min() { alarm.set(first) }
  }

  private var idleLockMoment: BootInstant? {
    guard keeper.vault != nil, lockRequests.isEmpty, let idle = options.idleLock else { return nil }
    return schedule.lastUse.advanced(bySeconds: idle.count)
  }

  /// How many seconds are left until an unused vault is locked; nil for ever.
  var secondsUntilIdleLock: Int64? { idleLockMoment.map { max($0.seconds(since: now), 0) } }

  private func expire() {
    for session in sessions.all {
      guard let deadline = session.deadline else { continue }
      if deadline <= now {
        touch(session)
        session.expire(at: now)
      } else {
        alarm.set(deadline)
      }
    }
    if let moment = schedule.auditSynchronization, moment <= now {
      schedule.auditSynchronization = nil
      committer.synchronizeAudit()
    }
    if let moment = schedule.trimming, moment <= now {
      schedule.trimming = nil
      schedule.answeredByteCount = 0
      Process.giveBackMemory()
    }
    if let moment = schedule.acceptance, moment <= now {
      schedule.acceptance = nil
      watchListener(.reading)
    }
    if let moment = idleLockMoment, moment <= now {
      Log.note("nobody has used the vault for \(options.idleLock?.text ?? "long"): locking it")
      lock(by: Gate.daemon, because: "idle")
    }
    if let moment = schedule.end, moment <= now {
      Log.note("ending before everything was written")
      schedule.hasEnded = true
    }
  }

  /// Looks at new connections a little later, when descriptors may be free again.
  private func restAccepting(_ error: Errno) {
    if schedule.exhaustionLogged.map({ now.seconds(since: $0) >= 60 }) ?? true {
      Log.note("accepting a connection failed: \(error)")
      schedule.exhaustionLogged = now
    }
    watchListener([])
    schedule.acceptance = now.advanced(byMilliseconds: Limits.exhaustionMilliseconds)
  }

  private func watchListener(_ interest: Epoll.Interest) {
    try? listener.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.modify(raw, token: Token.listener, interest: interest)
    }
  }

  // MARK: Locking and ending

  /// Locks the vault, when all that was accepted before has been written.
  ///
  /// - Parameters:
  ///   - actor: Who wants it locked, for the audit.
  ///   - reason: Why, for the audit; may be empty.
  ///   - completion: Called when the keys are gone.
  func lock(
    by actor: Actor, because reason: String, _ completion: @escaping () -> Void = {}
  ) {
    lockRequests.append(LockRequest(actor: actor, reason: reason, completion: completion))
    // Whoever asks meanwhile is answered with the first.
    guard lockRequests.count == 1 else { return }
    committer.whenIdle { [self] in writeRows() }
    committer.synchronizeAudit { [self] in finishLock() }
  }

  private func finishLock() {
    let requests = lockRequests
    lockRequests = []
    for request in requests { gate.noteLocked(by: request.actor, because: request.reason) }
    writeRows()
    keeper.lock()
    Stack.wipe()
    schedule.auditSynchronization = nil
    for session in sessions.all where session.endsWithLock { end(session) }
    for request in requests { request.completion() }
  }

  private func beginEnd() {
    guard schedule.end == nil else { return }
    ServiceManager.notify("STOPPING=1")
    Log.note("ending")
    watchListener([])
    schedule.acceptance = nil
    schedule.end = now.advanced(bySeconds: Limits.endSeconds)
    guard keeper.vault != nil else {
      schedule.hasEnded = true
      return
    }
    lock(by: Gate.daemon, because: "end of cofferd") { [self] in schedule.hasEnded = true }
  }
}
