internal import Platform

/// One request, again and again over several connections of one thread; each answer is
/// compared with the right one.
struct RequestStorm {
  let socketPath: String
  let connectionCount: Int

  /// How many requests of a connection are on their way at a time.
  let depth: Int

  /// What a connection sends and is answered before anything is measured.
  let greeting: (sent: [UInt8], received: [UInt8])
  let request: [UInt8]
  let answer: [UInt8]

  /// What came of it.
  struct Figures {
    let requestsPerSecond: Double

    /// How long each answer took, in nanoseconds, sorted.
    let latencies: [Int64]

    func latency(atPermille permille: Int) -> Int64 {
      latencies.isEmpty ? 0 : latencies[min(latencies.count - 1, latencies.count * permille / 1000)]
    }
  }

  /// Why it was given up.
  enum Failure: Error {
    case noConnection
    case wrongAnswer
    case failed(Errno)
  }

  /// A connection and how far its answers have come.
  private final class Line {
    let socket: UnixSocket
    var position = 0

    /// When the requests that are on their way were sent, in their order.
    var starts: [Int64] = []
    var first = 0

    init(_ socket: consuming UnixSocket) { self.socket = socket }
  }

  /// Asks for a time, and checks every answer.
  ///
  /// - Parameter milliseconds: How long.
  /// - Returns: What came of it.
  /// - Throws: ``Failure``.
  func run(milliseconds: Int64) throws(Failure) -> Figures {
    let lines = try connect()
    return try measure(lines, milliseconds)
  }

  private func connect() throws(Failure) -> [Line] {
    var lines: [Line] = []
    for _ in 0..<connectionCount {
      do throws(Errno) {
        let socket = try UnixSocket.connect(to: socketPath)
        if !greeting.sent.isEmpty { try socket.sendAll(greeting.sent.span) }
        var received = [UInt8](repeating: 0, count: max(1, greeting.received.count))
        var count = 0
        while count < greeting.received.count {
          var span = received.mutableSpan
          guard let more = try socket.receive(into: &span, at: count), more > 0 else {
            throw Errno.connectionRefused
          }
          count += more
        }
        lines.append(Line(socket))
      } catch {
        throw .noConnection
      }
    }
    return lines
  }

  private func measure(_ lines: [Line], _ milliseconds: Int64) throws(Failure) -> Figures {
    do throws(Errno) {
      var epoll = try Epoll()
      for (index, line) in lines.enumerated() {
        try line.socket.withRawValue { (raw) throws(Errno) in
          try epoll.add(raw, token: UInt64(index), interest: .reading)
        }
      }
      return try measure(lines, milliseconds, &epoll)
    } catch {
      throw error == Self.wrongAnswer ? .wrongAnswer : .failed(error)
    }
  }

  private static let wrongAnswer = Errno(code: 74)

  private func measure(
    _ lines: [Line], _ milliseconds: Int64, _ epoll: inout Epoll
  ) throws(Errno) -> Figures {
    var burst: [UInt8] = []
    for _ in 0..<depth { burst += request }
    let beginning = BootInstant.now.nanoseconds
    let end = beginning + milliseconds * 1_000_000
    for line in lines {
      line.starts = Array(repeating: BootInstant.now.nanoseconds, count: depth)
      try line.socket.sendAll(burst.span)
    }
    var latencies: [Int64] = []
    latencies.reserveCapacity(1 << 22)
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var now = beginning
    while now < end {
      for event in try epoll.wait() {
        let line = lines[Int(event.token)]
        let count = try receive(line, &buffer)
        let finished = try check(line, buffer, count)
        guard finished > 0 else { continue }
        now = BootInstant.now.nanoseconds
        for _ in 0..<finished {
          latencies.append(now - line.starts[line.first])
          line.starts[line.first] = now
          line.first = (line.first + 1) % depth
        }
        try line.socket.sendAll(burst.span.extracting(0..<(finished * request.count)))
      }
    }
    let seconds = Double(now - beginning) / 1e9
    let rate = Double(latencies.count) / seconds
    return Figures(requestsPerSecond: rate, latencies: latencies.sorted())
  }

  private func receive(_ line: Line, _ buffer: inout [UInt8]) throws(Errno) -> Int {
    var span = buffer.mutableSpan
    guard let count = try line.socket.receive(into: &span, at: 0), count > 0 else {
      throw .connectionRefused
    }
    return count
  }

  /// Compares what has come with what must come; returns how many answers are whole.
  private func check(_ line: Line, _ bytes: [UInt8], _ count: Int) throws(Errno) -> Int {
    var finished = 0
    var position = line.position
    for index in 0..<count {
      guard bytes[index] == answer[position] else { throw Self.wrongAnswer }
      position += 1
      if position == answer.count {
        position = 0
        finished += 1
      }
    }
    line.position = position
    return finished
  }
}
