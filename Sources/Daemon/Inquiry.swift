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

  /// The first thing that was wrong; the rest of the answer is then discarded.
  private var failure: Failure?

  private let completion: (borrowing Secret) throws(Failure) -> Progress

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
    _ completion: @escaping (borrowing Secret) throws(Failure) -> Progress
  ) {
    self.keyword = keyword
    self.exchange = exchange
    self.maximumByteCount = maximumByteCount
    self.seconds = seconds
    self.completion = completion
  }

  /// Takes the memory for the answer.
  func begin() throws(SecretError) { answer = try Secret(count: Limits.answerByteCount) }

  /// Decodes the data of a D line and adds them.
  ///
  /// - Returns: Whether they fit; if not, the answer can only be refused.
  func append(_ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>) -> Bool {
    guard range.count <= Limits.answerByteCount - count else { return false }
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
    answer?.withMutableBytes { $0.replace(at: count, with: bytes.span.extracting(data)) }
    count += decoded
    return true
  }

  /// Takes note of something wrong; the command will fail when the answer ends.
  func note(_ failure: Failure) {
    if self.failure == nil { self.failure = failure }
  }

  /// Goes on with the command, now that the answer is whole.
  func finish() {
    if count > maximumByteCount {
      note(Failure(.limit, "a value has at most \(maximumByteCount) bytes"))
    }
    if let failure { return exchange.fail(failure) }
    exchange.proceed { () throws(Failure) -> Progress in try completion(try exactAnswer()) }
  }

  /// The answer in memory of its own length, so that its place is free again.
  private func exactAnswer() throws(Failure) -> Secret {
    do throws(SecretError) {
      guard let whole = answer.take() else { throw .outOfLockedMemory }
      return try whole.withBytes { (bytes) throws(SecretError) in
        try Secret(copying: bytes.extracting(0..<count))
      }
    } catch {
      throw Failure(.limit, "no locked memory is left for the answer", hint: "try again")
    }
  }

  /// Forgets what has arrived.
  func discardAnswer() { answer = nil }
}

/// The places for answers to inquiries, which are handed out in turn.
final class AnswerPlaces {
  private var holders: [UInt64: UInt32] = [:]
  private var waiting: [Session] = []

  /// Gives `session` a place as soon as there is one.
  func request(_ session: Session) {
    waiting.append(session)
    serve()
  }

  /// Takes back the place of `session`, if it has one.
  func giveBack(_ session: Session) {
    guard holders.removeValue(forKey: session.id) != nil else { return }
    serve()
  }

  /// Forgets that `session` waits.
  func cancel(_ session: Session) {
    waiting.removeAll { $0.id == session.id }
  }

  /// Whoever has waited longest is next, but no uid takes all places.
  private func serve() {
    while holders.count < Limits.answers,
      let index = waiting.firstIndex(where: { mayHold($0.connection.peer.userID) })
    {
      let session = waiting.remove(at: index)
      holders[session.id] = session.connection.peer.userID
      session.beginInquiry()
    }
  }

  private func mayHold(_ userID: UInt32) -> Bool {
    holders.values.count { $0 == userID } < Limits.answersOfOneUser
  }
}
