internal import Platform
internal import Store
internal import Wire

/// The bytes that come from and go to one client.
///
/// What has arrived lies in locked memory, since any line may hold a secret;
/// at most one line is held, the rest stays in the kernel until its turn.
final class Connection {
  let peer: PeerCredentials

  /// Nil when it is closed; so is the input, whose memory others may need.
  private var socket: UnixSocket?
  private var input: Secret?

  /// The bytes of the input that have arrived, and how many were consumed.
  private var arrived = 0
  private var consumed = 0

  private var queue: [Chunk] = []
  private var sentOfFirst = 0

  /// Whether the last receiving took all that fitted, so that more may be there.
  private(set) var mayHoldMore = false

  /// Whether the client has finished sending.
  private(set) var isAtEnd = false

  init(_ socket: consuming UnixSocket, peer: PeerCredentials) throws(SecretError) {
    input = try Secret(count: LineScanner.bufferByteCount)
    self.socket = consume socket
    self.peer = peer
  }

  /// Tells the event loop what to wait for; only of a connection that is open.
  func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch socket {
    case .some(let socket): return try socket.withRawValue(body)
    case nil: preconditionFailure("a connection that is closed is not waited for")
    }
  }

  /// The process at the other end, as the kernel has kept it with the connection; nil if
  /// that has ended, or if the connection is closed.
  func process() throws(Errno) -> ProcessReference? {
    switch socket {
    case .some(let socket): return try .peer(of: socket, .kept)
    case nil: return nil
    }
  }

  /// Closes the connection, whatever command of it is in work still, and gives back all
  /// that others may need.
  func close() {
    socket = nil
    input = nil
    queue = []
    sentOfFirst = 0
  }

  // MARK: Input

  /// What came of looking for input.
  enum Arrival {
    case bytes
    case nothing
    case end
    case disconnected
  }

  /// Receives what fits.
  func receive() -> Arrival {
    compact()
    guard !isAtEnd, arrived < LineScanner.bufferByteCount else { return .nothing }
    let received: Int?
    do throws(Errno) {
      received =
        try input?.withMutableBytes { (bytes) throws(Errno) -> Int? in
          try socket?.receive(into: &bytes, at: arrived) ?? nil
        } ?? nil
    } catch {
      return .disconnected
    }
    mayHoldMore = received == LineScanner.bufferByteCount - arrived
    guard let received else { return .nothing }
    guard received > 0 else {
      isAtEnd = true
      return .end
    }
    arrived += received
    return .bytes
  }

  /// What stands next in the input.
  enum Taken<Result> {
    case line(Result)
    case incomplete
    case tooLong
  }

  /// Takes the next whole line, lends it to `body`, and wipes it.
  ///
  /// The line may be changed where it stands, as decoding does. What stands
  /// behind it is left for later.
  func takeLine<Result>(_ body: (inout MutableSpan<UInt8>, Range<Int>) -> Result) -> Taken<Result> {
    let finding = input?.withBytes { LineScanner.next(in: $0, from: consumed, end: arrived) }
    switch finding {
    case .incomplete, nil: return .incomplete
    case .tooLong: return .tooLong
    case .line(let range, let next):
      let start = consumed
      consumed = next
      let result = input?.withMutableBytes { bytes in
        defer { bytes.wipe(start..<next) }
        return body(&bytes, range)
      }
      return result.map { .line($0) } ?? .incomplete
    }
  }

  /// Whether the beginning of a line has arrived and its end has not.
  var hasPartialLine: Bool { arrived > consumed }

  /// Moves what is not consumed to the beginning.
  private func compact() {
    guard consumed > 0 else { return }
    input?.withMutableBytes { bytes in
      bytes.move(consumed..<arrived, to: 0)
      bytes.wipe((arrived - consumed)..<arrived)
    }
    arrived -= consumed
    consumed = 0
  }

  // MARK: Output

  /// Chunks of lines are cut to this size, so that each fits where it is encoded.
  private static let maximumLinesByteCount = 65_536

  func enqueue(_ chunks: [Chunk]) {
    for chunk in chunks {
      guard case .lines(let bytes) = chunk, bytes.count > Self.maximumLinesByteCount else {
        queue.append(chunk)
        continue
      }
      for start in stride(from: 0, to: bytes.count, by: Self.maximumLinesByteCount) {
        let end = min(start + Self.maximumLinesByteCount, bytes.count)
        queue.append(.lines(Array(bytes[start..<end])))
      }
    }
  }

  var hasOutput: Bool { !queue.isEmpty }

  /// What came of sending.
  enum Delivery {
    case complete

    /// The client must read first; whether it has read anything since last time.
    case blocked(hasProgressed: Bool)
    case disconnected
    case damaged
  }

  /// Sends as much as the client takes now.
  func flush(with memory: OutputMemory, vault: Vault?) -> Delivery {
    var hasProgressed = false
    while hasOutput {
      switch send(with: memory, vault: vault) {
      case .disconnected: return .disconnected
      case .damaged: return .damaged
      case .sent(let chunks, let bytesOfNext):
        let isProgress = chunks > 0 || bytesOfNext > sentOfFirst
        hasProgressed = hasProgressed || isProgress
        queue.removeFirst(chunks)
        sentOfFirst = bytesOfNext
        if hasOutput && (bytesOfNext > 0 || !isProgress) {
          return .blocked(hasProgressed: hasProgressed)
        }
      }
    }
    return .complete
  }

  private func send(with memory: OutputMemory, vault: Vault?) -> OutputMemory.Outcome {
    switch socket {
    case .some(let socket):
      return memory.send(queue[...], skipping: sentOfFirst, to: socket, vault: vault)
    case nil: return .disconnected
    }
  }
}
