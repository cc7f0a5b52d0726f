internal import Platform

/// Changes, each with a name of its own, over several connections of one thread; each
/// answer must be a whole one, and OK.
struct WriteStorm {
  let socketPath: String
  let connectionCount: Int

  /// How many requests of a connection are on their way at a time.
  var depth = 1

  /// Makes the request with a number; numbers begin at 0, and none comes twice.
  let request: (Int) -> [UInt8]

  /// When it is over.
  enum End {
    case after(milliseconds: Int64)
    case afterRequests(Int)
  }

  /// What came of it.
  struct Figures {
    /// How many were done, those after the end of the time too.
    let doneCount: Int
    let perSecond: Double
  }

  /// Makes changes until the end.
  ///
  /// - Parameter end: When no more are made; what is on its way then is awaited.
  /// - Returns: What came of it.
  /// - Throws: ``BenchmarkError`` if one was not done.
  func run(_ end: End) throws(BenchmarkError) -> Figures {
    var lines: [WriteLine] = []
    for _ in 0..<connectionCount {
      lines.append(
        WriteLine(
          try attempting(socketPath) { () throws(Errno) in
            try UnixSocket.connect(to: socketPath)
          }))
    }
    do throws(WriteLine.Failure) {
      return try measure(lines, end)
    } catch {
      switch error {
      case .system(let error): throw BenchmarkError(socketPath, error)
      case .refusal(let text): throw BenchmarkError("a change was refused: \(text)")
      }
    }
  }

  private func measure(
    _ lines: [WriteLine], _ end: End
  ) throws(WriteLine.Failure) -> Figures {
    var epoll = try WriteLine.epoll(lines)
    let watch = Stopwatch()
    var sent = 0
    var done = 0
    var countInTime: Int?
    func next() -> [UInt8]? {
      switch end {
      case .after(let milliseconds):
        guard watch.nanoseconds < milliseconds * 1_000_000 else { return nil }
      case .afterRequests(let count):
        guard sent < count else { return nil }
      }
      sent += 1
      return request(sent - 1)
    }
    for line in lines {
      try line.send((0..<depth).compactMap { _ in next() })
    }
    while done < sent {
      for token in try WriteLine.wait(&epoll) {
        let finished = try lines[token].receive()
        done += finished
        let requests = (0..<finished).compactMap { _ in next() }
        if requests.count < finished, countInTime == nil { countInTime = done }
        try lines[token].send(requests)
      }
    }
    return Figures(
      doneCount: done, perSecond: rate(end, countInTime ?? done, done, watch.nanoseconds))
  }

  private func rate(_ end: End, _ countInTime: Int, _ done: Int, _ nanoseconds: Int64) -> Double {
    switch end {
    case .after(let milliseconds): Double(countInTime) * 1000 / Double(milliseconds)
    case .afterRequests: Double(done) * 1e9 / Double(nanoseconds)
    }
  }
}
