internal import Glibc
internal import Platform

/// Redis with one value, in memory only, behind a Unix socket.
struct RedisServer {
  let process: Int32
  let socketPath: String
  private let directory: String

  private static let key = "k"
  private static let startMilliseconds = 10_000.0

  /// Starts it; nil if it is not installed.
  ///
  /// - Parameter bench: What it is started on.
  /// - Throws: ``BenchmarkError`` if it does not start.
  init?(_ bench: Workbench) throws(BenchmarkError) {
    guard let program = bench.find("redis-server", package: "redis-server") else { return nil }
    let directory = bench.directory + "/redis"
    self.directory = directory
    socketPath = directory + "/socket"
    try attempting(directory) { () throws(Errno) in
      try Directory.create(directory, permissions: 0o700)
    }
    let words = [
      program, "--port", "0", "--unixsocket", socketPath, "--save", "", "--appendonly", "no",
      "--dir", directory,
    ]
    process = try bench.belongings.start(words, environment: bench.environment)
    try waitForAnswer()
  }

  private func waitForAnswer() throws(BenchmarkError) {
    let watch = Stopwatch()
    while (try? exchange(storing: "")) == nil {
      guard watch.milliseconds < Self.startMilliseconds else {
        throw BenchmarkError("redis-server: does not answer")
      }
      sleep(milliseconds: 1)
    }
  }

  /// Stores a value, and makes the exchange that gets it.
  ///
  /// Source: the Redis serialization protocol, RESP2.
  func exchange(storing value: String) throws(BenchmarkError) -> Exchange {
    let set = "*3\r\n" + Self.bulk("SET") + Self.bulk(Self.key) + Self.bulk(value)
    _ = try Exchange(sampling: "SET", at: socketPath, request: set, ending: "+OK\r\n")
    return try Exchange(
      sampling: "Redis GET", at: socketPath, request: "*2\r\n" + Self.bulk("GET") + Self.bulk("k"),
      ending: Self.bulk(value))
  }

  private static func bulk(_ text: String) -> String { "$\(text.utf8.count)\r\n\(text)\r\n" }

  func end(_ bench: Workbench) { bench.belongings.end(process) }
}
