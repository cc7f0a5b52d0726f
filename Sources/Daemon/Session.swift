internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// One client's dialogue with the daemon: commands in, answers out, in turn.
final class Session {
  let id: UInt64
  let connection: Connection

  /// On whose behalf the connection acts; never as two at once.
  var identity = Identity.peer

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

  /// The process behind the connection, once it was handed something; it may have ended.
  var holder: Holder?

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

  private let server: Server
  private var state = State.ready

  private var staged = StagedAnswers()

  /// Whether lines that have arrived wait for the next turn of the loop.
  private(set) var isHeld = false

  private var deadlines = Deadlines()

  private enum State {
    /// The next line is looked at when it has arrived.
    case ready

    /// A command is in work elsewhere.
    case working

    /// A command waits for a place to put the answer to its inquiry.
    case waiting(Inquiry)

    /// Lines answer an inquiry.
    case inquiring(Inquiry)

    /// What is queued goes out, then the connection ends.
    case closing
  }

  /// When which patience ends; nil where nothing is waited for.
  private struct Deadlines {
    var line: BootInstant?
    var answer: BootInstant?
    var unread: BootInstant?

    var first: BootInstant? { [line, answer, unread].compactMap(\.self).min() }
  }

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
    awaitsLines && !connection.hasOutput && staged.byteCount < Limits.turnByteCount
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
    isHeld = awaitsLines
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

  // MARK: Inquiries

  /// Asks the client, once there is a place for the answer.
  func inquire(_ inquiry: Inquiry) {
    state = .waiting(inquiry)
    deadlines.answer = server.now.advanced(bySeconds: Limits.answerPlaceSeconds)
    server.answerPlaces.request(self, isKnown: server.isKnown(connection.peer.userID))
    server.touch(self)
  }

  /// Goes on with an inquiry that waited for a place.
  func beginInquiry() {
    guard case .waiting(let inquiry) = state else { return server.answerPlaces.giveBack(self) }
    do throws(SecretError) {
      try inquiry.begin()
    } catch {
      server.answerPlaces.giveBack(self)
      state = .working
      return inquiry.exchange.fail(Failure(.limit, "no locked memory is left for an answer"))
    }
    state = .inquiring(inquiry)
    deadlines.answer = server.now.advanced(bySeconds: inquiry.seconds)
    stage(
      Response(
        chunks: [
          .lines(
            ReplyLine.inquire(inquiry.keyword, maximumByteCount: inquiry.maximumByteCount))
        ],
        ifUnaudited: nil))
    server.resume(self)
  }

  /// Gives up an answer and the place for it, in this order: whoever gets the
  /// place finds the memory free.
  private func leave(_ inquiry: Inquiry) {
    inquiry.discardAnswer()
    deadlines.answer = nil
    server.answerPlaces.giveBack(self)
  }

  /// Waits for nothing any more, whatever it was.
  private func letGo() {
    switch state {
    case .inquiring(let inquiry): leave(inquiry)
    case .waiting: server.answerPlaces.cancel(self)
    case .ready, .working, .closing: break
    }
    deadlines.line = nil
    deadlines.answer = nil
    state = .closing
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
  func settleStaged(areRowsWritten: Bool) { staged.settle(areRowsWritten: areRowsWritten) }

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

  private func expireInquiry() {
    deadlines.answer = nil
    switch state {
    case .waiting(let inquiry):
      if server.answerPlaces.makeRoom(for: self) { return }
      server.answerPlaces.cancel(self)
      state = .working
      inquiry.exchange.fail(
        Failure(
          .limit,
          "\(Limits.answers) answers are in the making, \(Limits.answersOfOneUser) of one uid at "
            + "the most (\(Limits.answersOfOneStranger) if it is no user), and none has ended in time",
          hint: "try again"))
    case .inquiring(let inquiry):
      refuseFurther(
        Failure(.timeout, "\(inquiry.keyword) was not answered within \(inquiry.seconds) seconds"))
    case .ready, .working, .closing: break
    }
  }

  // MARK: Ending

  /// Gives up the place for an answer to others, who have waited for one.
  func losePlace() {
    refuseFurther(
      Failure(
        .limit, "others have waited \(Limits.answerPlaceSeconds) seconds for this place",
        hint: "answer at once, and no more questions at a time than needed"))
  }

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
    connection.discardOutput()
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
