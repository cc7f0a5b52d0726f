internal import Platform

/// One request, again and again over several connections of one thread; each answer is
/// compared with the right one, byte for byte.
struct RequestStorm {
  let exchange: Exchange
  let connectionCount: Int

  /// How many requests of a connection are on their way at a time.
  let depth: Int

  /// What came of it.
  struct Figures {
    let requestsPerSecond: Double

    /// How long each answer took, in nanoseconds, sorted.
    let latencies: [Int64]

    /// - Parameter permille: The share of answers that took no longer, 0 to 1000.
    /// - Returns: Microseconds.
    func microseconds(atPermille permille: Int) -> Double {
      guard !latencies.isEmpty else { return 0 }
      return Double(latencies[min(latencies.count - 1, latencies.count * permille / 1000)]) / 1000
    }
  }

  /// How many latencies there is room for before anything is measured.
  private static let usualAnswerCount = 1 << 20
  private static let bufferByteCount = 1 << 16

  /// Asks for a time, and checks every answer.
  ///
  /// - Parameter milliseconds: How long it goes on asking; what is on its way then is
  ///   awaited and checked, but not counted.
  /// - Returns: What came of it.
  /// - Throws: ``BenchmarkError`` if an answer is wrong, or none comes.
  func run(milliseconds: Int64) throws(BenchmarkError) -> Figures {
    var lines: [Line] = []
    for _ in 0..<connectionCount {
      lines.append(Line(try exchange.connect(), depth: depth, answer: exchange.answer))
    }
    do throws(Errno) {
      return try measure(lines, milliseconds)
    } catch {
      throw error == .wrongAnswer
        ? BenchmarkError("\(exchange.name): a wrong answer")
        : BenchmarkError(exchange.name, error)
    }
  }

  private func measure(_ lines: [Line], _ milliseconds: Int64) throws(Errno) -> Figures {
    var epoll = try Self.epoll(lines)
    let burst = Array(repeatElement(exchange.request, count: depth).joined())
    let start = BootInstant.now
    let end = start.advanced(byMilliseconds: milliseconds)
    for line in lines { try line.begin(burst, at: start.nanoseconds) }
    var latencies: [Int64] = []
    latencies.reserveCapacity(Self.usualAnswerCount)
    var buffer = [UInt8](repeating: 0, count: Self.bufferByteCount)
    var pending = connectionCount * depth
    var isOver = false
    while pending > 0 {
      for event in try epoll.wait() {
        let line = lines[Int(event.token)]
        let finished = try line.receive(&buffer)
        guard finished > 0 else { continue }
        let now = BootInstant.now
        isOver = isOver || now >= end
        if isOver {
          pending -= finished
          continue
        }
        line.note(finished, at: now.nanoseconds, &latencies)
        try line.socket.sendAll(burst.span.extracting(0..<(finished * exchange.request.count)))
      }
    }
    let rate = Double(latencies.count) * 1000 / Double(milliseconds)
    return Figures(requestsPerSecond: rate, latencies: latencies.sorted())
  }

  private static func epoll(_ lines: [Line]) throws(Errno) -> Epoll {
    let epoll = try Epoll()
    for (index, line) in lines.enumerated() {
      try line.socket.withRawValue { (rawValue) throws(Errno) in
        try epoll.add(rawValue, token: UInt64(index), interest: .reading)
      }
    }
    return epoll
  }
}

extension Errno {
  /// Bytes that are not those which must come.
  ///
  /// Source: errno(3), `EBADMSG`.
  fileprivate static let wrongAnswer = Errno(code: 74)
}

/// A connection, and how far its answers have come.
private final class Line {
  let socket: UnixSocket
  private let answer: [UInt8]
  private var position = 0

  /// When the requests that are on their way were sent: a ring.
  private var starts: [Int64]
  private var first = 0

  init(_ socket: consuming UnixSocket, depth: Int, answer: [UInt8]) {
    self.socket = socket
    self.answer = answer
    starts = Array(repeating: 0, count: depth)
  }

  /// Sends the first requests.
  func begin(_ burst: [UInt8], at now: Int64) throws(Errno) {
    for index in starts.indices { starts[index] = now }
    try socket.sendAll(burst.span)
  }

  /// Takes note of the next answers, in whose place as many requests are sent.
  func note(_ count: Int, at now: Int64, _ latencies: inout [Int64]) {
    for _ in 0..<count {
      latencies.append(now - starts[first])
      starts[first] = now
      first = first + 1 == starts.count ? 0 : first + 1
    }
  }

  /// Compares what has come with what must come.
  ///
  /// - Returns: How many answers are whole now that were not before.
  func receive(_ buffer: inout [UInt8]) throws(Errno) -> Int {
    var span = buffer.mutableSpan
    guard let count = try socket.receive(into: &span, at: 0), count > 0 else {
      throw .connectionRefused
    }
    var offset = 0
    var finished = 0
    while offset < count {
      let length = min(count - offset, answer.count - position)
      guard Self.isEqual(buffer, offset, answer, position, length) else { throw .wrongAnswer }
      offset += length
      position += length
      guard position == answer.count else { break }
      position = 0
      finished += 1
    }
    return finished
  }

  /// Whether so many bytes of both are the same, without a branch for each.
  private static func isEqual(
    _ left: [UInt8], _ leftStart: Int, _ right: [UInt8], _ rightStart: Int, _ count: Int
  ) -> Bool {
    let left = left.span.extracting(leftStart..<(leftStart + count))
    let right = right.span.extracting(rightStart..<(rightStart + count))
    var difference: UInt8 = 0
    for index in 0..<count { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
