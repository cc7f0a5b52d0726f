internal import Platform
internal import Wire

/// A question to the client, and its answer as far as it has arrived.
final class Inquiry {
  let keyword: String
  let exchange: Exchange

  /// The most bytes that are accepted; a longer answer is read and refused.
  let maximumByteCount: Int

  /// How long the answer may take.
  let seconds: Int64

  /// Nil until there is a place for it.
  private var answer: Secret?
  private var count = 0

  /// The whole answer, in memory of its own length.
  private var exactAnswer: Secret?

  /// An answer that is no secret, and may be long; nil for others.
  private var stream: [UInt8]?

  /// The first thing that was wrong; the rest of the answer is then discarded.
  private var failure: Failure?

  private let completion: Completion

  /// How the command goes on.
  enum Completion {
    case secret((borrowing Secret) throws(Failure) -> Progress)
    case stream(([UInt8]) throws(Failure) -> Progress)
  }

  /// - Parameters:
  ///   - keyword: What is asked for.
  ///   - exchange: The command that asks.
  ///   - maximumByteCount: The most bytes that are accepted, up to
  ///     ``Limits/valueByteCount``.
  ///   - seconds: How long the answer may take.
  ///   - completion: Goes on with the whole answer, of exactly its length.
  init(
    _ keyword: String, of exchange: Exchange, maximumByteCount: Int = Limits.valueByteCount,
    seconds: Int64 = Limits.answerSeconds,
    _ completion: Completion
  ) {
    self.keyword = keyword
    self.exchange = exchange
    self.maximumByteCount = maximumByteCount
    self.seconds = seconds
    self.completion = completion
  }

  /// Takes the memory for the answer.
  func begin() throws(SecretError) {
    switch completion {
    case .secret: answer = try Secret(count: Limits.answerByteCount)
    case .stream: stream = []
    }
  }

  /// The most bytes that are read, also of an answer that is then refused.
  var byteLimit: Int { max(Limits.answerByteCount, maximumByteCount) }

  /// Decodes the data of a D line and adds them.
  ///
  /// - Returns: Whether they fit; if not, the answer can only be refused.
  func append(_ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= byteLimit - count else { return false }
    let decoded: Int
    do throws(SyntaxError) {
      decoded = try Percent.decode(&bytes, in: range)
    } catch {
      note(.syntax(error.reason))
      // Also what is discarded counts, so that an answer has an end.
      count += range.count
      return true
    }
    let data = range.lowerBound..<(range.lowerBound + decoded)
    if stream != nil {
      for index in data { stream?.append(bytes[index]) }
    } else {
      answer?.withMutableBytes { $0.replace(at: count, with: bytes.span.extracting(data)) }
    }
    count += decoded
    return true
  }

  /// Takes note of something wrong; the command will fail when the answer ends.
  func note(_ failure: Failure) {
    if self.failure == nil { self.failure = failure }
  }

  /// Takes note that the answer is whole, and gives up the memory that it came to.
  func conclude() {
    if count > maximumByteCount {
      note(Failure(.limit, "a value has at most \(maximumByteCount) bytes"))
    }
    guard failure == nil, let whole = answer.take() else { return }
    do throws(SecretError) {
      exactAnswer = try whole.withBytes { (bytes) throws(SecretError) in
        try Secret(copying: bytes.extracting(0..<count))
      }
    } catch {
      note(Failure(.limit, "no locked memory is left for the answer", hint: "try again"))
    }
  }

  /// Goes on with the command, which may ask once more.
  func finish() {
    if let failure { return exchange.fail(failure) }
    switch completion {
    case .secret(let body):
      guard let answer = exactAnswer.take() else {
        preconditionFailure("an answer is concluded before it is used")
      }
      exchange.proceed { () throws(Failure) in try body(answer) }
    case .stream(let body):
      let bytes = stream ?? []
      stream = nil
      exchange.proceed { () throws(Failure) in try body(bytes) }
    }
  }

  /// Forgets what has arrived.
  func discardAnswer() { answer = nil }
}

/// The places for answers to inquiries, which are handed out in turn.
///
/// What uids that are not known leave open is bounded, as with ``ConnectionRoom``,
/// and who has most gives way to who has waited: few uids lock nobody out.
final class AnswerPlaces {
  private struct Seat {
    let session: Session
    let isKnown: Bool
    var userID: UInt32 { session.connection.peer.userID }
  }

  /// Both in the order in which they came.
  private var held: [Seat] = []
  private var waiting: [Seat] = []

  /// Gives `session` a place as soon as there is one.
  ///
  /// - Parameters:
  ///   - session: Who waits.
  ///   - isKnown: Whether its uid is one for which places are reserved.
  func request(_ session: Session, isKnown: Bool) {
    waiting.append(Seat(session: session, isKnown: isKnown))
    serve()
  }

  /// Takes back the place of `session`, if it has one.
  func giveBack(_ session: Session) {
    guard let index = held.firstIndex(where: { $0.session === session }) else { return }
    held.remove(at: index)
    serve()
  }

  /// Forgets that `session` waits.
  func cancel(_ session: Session) {
    waiting.removeAll { $0.session === session }
  }

  /// Gives `session`, which has waited long, the place of another: of the uid that
  /// has the most, the one that has held it for longest.
  ///
  /// - Returns: Whether it has a place now.
  func makeRoom(for session: Session) -> Bool {
    guard let seat = waiting.first(where: { $0.session === session }) else { return false }
    let peers = seat.isKnown ? held : held.filter { !$0.isKnown }
    let counts = peers.reduce(into: [UInt32: Int]()) { $0[$1.userID, default: 0] += 1 }
    guard let most = counts.values.max(), counts[seat.userID, default: 0] < most - 1,
      let longest = peers.first(where: { counts[$0.userID] == most })
    else { return false }
    // The place is for this one, whoever else waits.
    waiting.removeAll { $0.session === session }
    waiting.insert(seat, at: 0)
    longest.session.losePlace()
    return held.contains { $0.session === session }
  }

  /// Whoever has waited longest is next, but no uid takes all places.
  private func serve() {
    while held.count < Limits.answers, let index = waiting.firstIndex(where: mayHold) {
      let seat = waiting.remove(at: index)
      held.append(seat)
      seat.session.beginInquiry()
    }
  }

  private func mayHold(_ seat: Seat) -> Bool {
    let own = held.count { $0.userID == seat.userID }
    guard own < (seat.isKnown ? Limits.answersOfOneUser : Limits.answersOfOneStranger) else {
      return false
    }
    return seat.isKnown || held.count { !$0.isKnown } < Limits.answersOfStrangers
  }
}
