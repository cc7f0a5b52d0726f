internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// One client's dialogue with the daemon: commands in, answers out, in turn.
final class Session {
  let id: UInt64
  let connection: Connection

  /// On whose behalf the connection acts; never as two at once.
  private(set) var identity = Identity.peer

  /// Whether lines wait until the row is written of what the connection acts as now.
  private var awaitsRow = false

  enum Identity {
    /// The user of the peer's uid.
    case peer

    /// That version of a key, which was presented.
    case key(VersionID)

    /// Nobody: what was presented was no valid key.
    case nobody
  }

  /// The command's name as the client claims it.
  var claimedCommand = ""

  /// The ledger's number of the process behind the connection, once it was handed
  /// something; of one that has ended there is no entry.
  var holderToken: UInt64?

  /// The same as it was when the connection was accepted; nil if it was not looked for.
  private var acceptedProcess: ProcessReference?

  /// Whether there was one then; it is taken once.
  private var hadProcess: Bool

  /// When the last bytes came.
  private(set) var lastHeard: BootInstant

  /// In which turn of the loop its lines were looked at last.
  private(set) var lastServed: BootInstant

  /// What the kernel was told that this session waits for.
  var watched: Epoll.Interest = .reading

  /// Whether the kernel has told of input that is not looked at yet, and would again.
  var isUnheard = false

  /// Whether it is among those that are looked at when the turn ends.
  var isTouched = false

  let server: Server
  var state = State.ready

  private var staged = StagedAnswers()

  /// Whether lines that have arrived wait for the next turn of the loop.
  private(set) var isHeld = false

  var deadlines = Deadlines()

  init(
    id: UInt64, connection: Connection, process: consuming ProcessReference?, server: Server
  ) {
    self.id = id
    self.connection = connection
    hadProcess = process != nil
    acceptedProcess = process
    self.server = server
    lastHeard = server.now
    lastServed = server.now
  }

  /// Whether a process that was found as the connection was accepted was taken since.
  var hasTakenProcess: Bool { hadProcess && acceptedProcess == nil }

  /// The process behind the connection, which is found in that way; nil if it has ended.
  func takeProcess(_ way: ProcessReference.Way) throws(Errno) -> ProcessReference? {
    switch way {
    case .kept: try connection.process()
    case .byNumber: acceptedProcess.take()
    }
  }

  // MARK: Identity

  /// Acts as nobody, until a key is accepted.
  func actAsNobody() { identity = .nobody }

  /// Acts as a key from now on, if the row of that can be written.
  func act(as version: VersionID) {
    identity = .key(version)
    awaitsRow = true
  }

  // MARK: Input

  /// Reads and does what has arrived.
  func receive() {
    if isHeld { process() }
    for _ in 0..<Limits.readsInARow where !isHeld {
      guard isListening else { return }
      switch connection.receive() {
      case .disconnected: return server.end(self)
      case .nothing: return
      case .bytes, .end:
        lastHeard = server.now
        process()
        // What comes later, an end too, the kernel tells of in the next turn.
        guard connection.mayHoldMore else { return }
      }
    }
  }

  /// Whether lines that arrive now are looked at now.
  ///
  /// Who does not read answers is not given more of them to wait for, and who has
  /// had many in this turn of the loop waits for the next.
  var isListening: Bool {
    awaitsLines && !awaitsRow && !connection.hasOutput
      && staged.byteCount < Limits.turnByteCount
  }

  private var awaitsLines: Bool {
    switch state {
    case .ready, .inquiring: true
    case .working, .waiting, .closing: false
    }
  }

  /// Does the lines that have arrived, up to one that needs time, or until others
  /// have their turn.
  func process() {
    isHeld = false
    if !connection.hasOutput { deadlines.unread = nil }
    let (start, userID) = (BootInstant.now, connection.peer.userID)
    defer { server.shares.charge(userID, from: start, to: .now) }
    lastServed = server.now
    let rest = server.shares.rest(of: userID)
    while isListening, BootInstant.now.nanoseconds - start.nanoseconds < rest {
      switch connection.takeLine({ bytes, line in read(&bytes, line) }) {
      case .line(let step):
        deadlines.line = nil
        perform(step)
      case .incomplete: return waitForInput()
      case .tooLong:
        return refuseFurther(
          Failure(.lineTooLong, "a line has at most \(LineScanner.maximumByteCount) bytes"))
      }
    }
    // What waits for a row goes on in this turn.
    isHeld = awaitsLines && !awaitsRow
    server.touch(self)
  }

  /// Waits for another turn of the loop, since its uid has had its share of this one.
  func putOff(whileWritable isWritable: Bool) {
    // Who is kept waiting has not failed to read.
    guard isWritable, deadlines.unread != nil else { return }
    deadlines.unread = server.now.advanced(bySeconds: Limits.unreadSeconds)
  }

  private func read(_ bytes: inout MutableSpan<UInt8>, _ line: Range<Int>) -> LineStep {
    switch state {
    case .ready: LineStep(command: bytes.span.extracting(line))
    case .inquiring(let inquiry): LineStep(&bytes, line, answering: inquiry)
    case .working, .waiting, .closing: .nothing
    }
  }

  private func perform(_ step: LineStep) {
    switch step {
    case .nothing: break
    case .run(let command):
      state = .working
      Exchange(command: command, session: self, server: server).begin()
    case .fail(let failure): stage(failure: failure)
    case .failAuthentication(let failure):
      actAsNobody()
      stage(failure: failure)
    case .endInquiry(let inquiry):
      state = .working
      inquiry.conclude()
      leave(inquiry)
      // Behind that, since the command may ask once more.
      inquiry.finish()
    case .cancelInquiry(let inquiry):
      state = .working
      leave(inquiry)
      inquiry.exchange.fail(Failure(.canceled, "the client canceled"))
    case .refuseInquiry(let inquiry):
      refuseFurther(Failure(.limit, "this answer has at most \(inquiry.byteLimit) bytes"))
    }
  }

  /// Nothing more can be done with what has arrived.
  private func waitForInput() {
    if connection.isAtEnd {
      letGo()
      server.touch(self)
    } else if !connection.hasPartialLine {
      deadlines.line = nil
    } else if deadlines.line == nil {
      deadlines.line = server.now.advanced(bySeconds: Limits.lineSeconds)
    }
    server.touch(self)
  }

  // MARK: Output

  /// Ends the command in work, so that the next one can begin.
  func finishCommand(_ response: Response, thenCloses: Bool = false) {
    guard case .working = state else { return }
    stage(response)
    state = thenCloses ? .closing : .ready
  }

  private func stage(failure: Failure) {
    stage(Response(chunks: [.lines(ReplyLine.error(failure))], ifUnaudited: nil))
  }

  func stage(_ response: Response) {
    staged.append(response)
    server.touch(self)
  }

  /// Tells the client what it did wrong, and ends the connection.
  func refuseFurther(_ failure: Failure) {
    letGo()
    stage(failure: failure)
  }

  /// Settles which answers go out, when all audit rows were written that were due, or
  /// none was.
  func settleStaged(areRowsWritten: Bool) {
    staged.settle(areRowsWritten: areRowsWritten)
    guard awaitsRow else { return }
    awaitsRow = false
    if !areRowsWritten { identity = .nobody }
    server.resume(self)
  }

  /// Puts the turn's answers, which are settled, into the queue.
  func releaseStaged() {
    server.noteAnswers(byteCount: staged.byteCount)
    for chunks in staged.take() { connection.enqueue(chunks) }
  }

  /// Sends what is queued, and ends the connection when that was asked for.
  func flush(with memory: OutputMemory, vault: Vault?) {
    let start = BootInstant.now
    defer { server.shares.charge(connection.peer.userID, from: start, to: .now) }
    switch connection.flush(with: memory, vault: vault) {
    case .disconnected, .damaged: server.end(self)
    case .blocked(let hasProgressed):
      if hasProgressed || deadlines.unread == nil {
        deadlines.unread = server.now.advanced(bySeconds: Limits.unreadSeconds)
      }
    case .complete:
      if case .closing = state { return server.end(self) }
      // Lines that are held wait for the client to read as well: the kernel may have
      // taken the last answer whole, and no more fits there.
      deadlines.unread =
        isHeld ? deadlines.unread ?? server.now.advanced(bySeconds: Limits.unreadSeconds) : nil
    }
  }

  // MARK: Time

  /// The moment at which the session must be looked at; nil if it can wait for ever.
  var deadline: BootInstant? { deadlines.first }

  /// Ends what has taken too long.
  func expire(at now: BootInstant) {
    if let unread = deadlines.unread, unread <= now { return server.end(self) }
    if let answer = deadlines.answer, answer <= now { return expireInquiry() }
    if let line = deadlines.line, line <= now {
      refuseFurther(
        Failure(.timeout, "a line must be complete within \(Limits.lineSeconds) seconds"))
    }
  }

  // MARK: Ending

  /// Whether locking the vault must end this connection.
  var endsWithLock: Bool {
    if connection.hasOutput { return true }
    switch state {
    case .inquiring, .waiting: return true
    case .ready, .working, .closing: return false
    }
  }

  /// Lets go of everything, when the connection has ended.
  func cleanUp() {
    letGo()
    staged = StagedAnswers()
    connection.close()
  }

  /// What the event loop is to wait for.
  var interest: Epoll.Interest {
    var interest: Epoll.Interest = []
    if isListening && !connection.isAtEnd { interest.insert(.reading) }
    // A client that can be written to is heard of at once, in the next turn.
    if connection.hasOutput || isHeld { interest.insert(.writing) }
    return interest
  }
}
