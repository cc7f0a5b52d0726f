internal import Wire

extension Session {
  /// A part of an answer that goes out as a whole.
  struct Response {
    private(set) var chunks: [Chunk]

    /// What goes out in its place if its audit row cannot be written; nil for what
    /// needs none, or has it.
    private(set) var ifUnaudited: Failure?

    /// Settles what goes out, when it is known whether its row was written.
    mutating func settle(isRowWritten: Bool) {
      if let failure = ifUnaudited, !isRowWritten { chunks = [.lines(ReplyLine.error(failure))] }
      ifUnaudited = nil
    }
  }
}

/// The answers of a turn of the loop; they go out when its audit rows are written.
struct StagedAnswers {
  private var responses: [Session.Response] = []

  /// How long they are.
  private(set) var byteCount = 0

  mutating func append(_ response: Session.Response) {
    responses.append(response)
    byteCount += response.chunks.reduce(0) { $0 + $1.byteCount }
  }

  /// Settles which of them go out.
  ///
  /// - Parameter areRowsWritten: Whether all audit rows were written that were due;
  ///   if not, none was.
  mutating func settle(areRowsWritten: Bool) {
    for index in responses.indices { responses[index].settle(isRowWritten: areRowsWritten) }
  }

  /// Takes them out, all settled.
  mutating func take() -> [[Chunk]] {
    precondition(
      responses.allSatisfy { $0.ifUnaudited == nil }, "the rows come before the answers")
    defer { self = StagedAnswers() }
    return responses.map(\.chunks)
  }
}
