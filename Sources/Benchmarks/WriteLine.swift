internal import Platform

/// A connection that makes changes.
final class WriteLine {
  private let socket: UnixSocket
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var arrived = 0
  private var hasGreeted = false

  /// Why it cannot go on.
  enum Failure: Error {
    case system(Errno)

    /// With the line that was answered.
    case refusal(String)
  }

  init(_ socket: consuming UnixSocket) { self.socket = socket }

  func send(_ requests: [[UInt8]]) throws(Failure) {
    guard !requests.isEmpty else { return }
    let bytes = Array(requests.joined())
    do throws(Errno) { try socket.sendAll(bytes.span) } catch { throw .system(error) }
  }

  /// Receives what has come.
  ///
  /// - Returns: How many answers end in it.
  /// - Throws: ``Failure`` if something was refused.
  func receive() throws(Failure) -> Int {
    do throws(Errno) {
      arrived += try Self.receive(from: socket, into: &buffer, at: arrived)
    } catch {
      throw .system(error)
    }
    return try takeLines()
  }

  private static func receive(
    from socket: borrowing UnixSocket, into buffer: inout [UInt8], at offset: Int
  ) throws(Errno) -> Int {
    var span = buffer.mutableSpan
    guard let count = try socket.receive(into: &span, at: offset), count > 0 else {
      throw .connectionRefused
    }
    return count
  }

  /// Takes the whole lines; what is behind them stays.
  private func takeLines() throws(Failure) -> Int {
    var finished = 0
    var start = 0
    while let end = buffer.span.extracting(0..<arrived).firstIndex(of: 0x0A, from: start) {
      finished += try isEnd(start..<end) ? 1 : 0
      start = end + 1
    }
    for index in start..<arrived { buffer[index - start] = buffer[index] }
    arrived -= start
    return finished
  }

  /// Whether a line is the end of an answer.
  private func isEnd(_ line: Range<Int>) throws(Failure) -> Bool {
    // All else that a change is answered with begins with another letter.
    switch buffer[line.lowerBound] {
    case UInt8(ascii: "E"): throw .refusal(String(decoding: buffer[line], as: UTF8.self))
    case UInt8(ascii: "O"):
      defer { hasGreeted = true }
      return hasGreeted
    case _: return false
    }
  }

  // MARK: Several

  static func epoll(_ lines: [WriteLine]) throws(Failure) -> Epoll {
    do throws(Errno) {
      let epoll = try Epoll()
      for (index, line) in lines.enumerated() {
        try line.socket.withRawValue { (rawValue) throws(Errno) in
          try epoll.add(rawValue, token: UInt64(index), interest: .reading)
        }
      }
      return epoll
    } catch {
      throw .system(error)
    }
  }

  /// Waits until there is something to receive, and tells which have it.
  static func wait(_ epoll: inout Epoll) throws(Failure) -> [Int] {
    do throws(Errno) { return try epoll.wait().map { Int($0.token) } } catch {
      throw .system(error)
    }
  }
}
