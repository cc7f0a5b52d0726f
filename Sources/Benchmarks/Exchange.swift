internal import Platform

/// A request, and the one answer that is right.
struct Exchange {
  let name: String
  let socketPath: String

  /// What comes before the first request is answered.
  let greeting: [UInt8]
  let request: [UInt8]
  let answer: [UInt8]

  /// How the greeting of the daemon ends.
  static let cofferGreeting = "how can I serve you\n"

  private static let longestAnswer = 1 << 16
  private static let patienceMilliseconds: CInt = 2000

  /// Asks once, and takes the answer as the right one, once it ends as it must.
  ///
  /// - Parameters:
  ///   - name: What it is called in messages.
  ///   - socketPath: Where is asked.
  ///   - greeting: How what comes at first ends; empty if nothing comes.
  ///   - request: All of the request.
  ///   - ending: How the answer must end, and nothing in it before its end.
  /// - Throws: ``BenchmarkError`` if the answer is another one.
  init(
    sampling name: String, at socketPath: String, greeting: String = "", request: String,
    ending: String
  ) throws(BenchmarkError) {
    self.name = name
    self.socketPath = socketPath
    self.request = Array(request.utf8)
    let socket = try attempting(socketPath) { () throws(Errno) in
      try UnixSocket.connect(to: socketPath)
    }
    self.greeting = greeting.isEmpty ? [] : try Self.receive(from: socket, to: greeting, name)
    let bytes = self.request
    try attempting(name) { () throws(Errno) in try socket.sendAll(bytes.span) }
    answer = try Self.receive(from: socket, to: ending, name)
  }

  /// Receives up to what must come last.
  private static func receive(
    from socket: borrowing UnixSocket, to ending: String, _ name: String
  ) throws(BenchmarkError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: longestAnswer)
    var count = 0
    while !bytes.prefix(count).ends(with: ending) {
      guard socket.hasInput(within: patienceMilliseconds) else {
        throw BenchmarkError("\(name): an answer that does not end as it should")
      }
      var span = bytes.mutableSpan
      let more: Int?
      do throws(Errno) { more = try socket.receive(into: &span, at: count) } catch {
        throw BenchmarkError(name, error)
      }
      guard let more, more > 0 else { throw BenchmarkError("\(name): the end of the connection") }
      count += more
    }
    return Array(bytes.prefix(count))
  }

  /// Connects, and is greeted as before.
  ///
  /// - Throws: ``BenchmarkError`` if not.
  func connect() throws(BenchmarkError) -> UnixSocket {
    let path = socketPath
    let socket = try attempting(path) { () throws(Errno) in try UnixSocket.connect(to: path) }
    guard !greeting.isEmpty else { return socket }
    let ending = String(decoding: greeting, as: UTF8.self)
    _ = try Self.receive(from: socket, to: ending, name)
    return socket
  }
}

extension ArraySlice<UInt8> {
  fileprivate func ends(with text: String) -> Bool {
    suffix(text.utf8.count).elementsEqual(text.utf8)
  }
}
