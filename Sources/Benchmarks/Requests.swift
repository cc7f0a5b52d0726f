internal import Glibc
internal import Platform

/// Requests a second and how long they take, beside those of Redis.
struct Requests {
  let programs: String
  let milliseconds: Int64

  func run() -> Int32 {
    guard let vault = ThrowawayVault(programs: programs) else { return 1 }
    defer { vault.remove() }
    let value = String(repeating: "v", count: 64)
    guard vault.coffer(["import", "me/value"], input: value) else { return 1 }
    let redis = Redis(value: value)
    defer { redis?.end() }
    let text = "x"
    _ = text
    for count in [1, 8, 50] {
      for depth in [1, 16] {
        let cofferNop = storm(vault.socketPath, count, depth, "NOP\n", greeting: true)
        let coffer = storm(vault.socketPath, count, depth, "ENV me/value\n", greeting: true)
        report("NOP \(count) x \(depth)", cofferNop)
        report("ENV \(count) x \(depth)", coffer)
        if let redis {
          report("GET \(count) x \(depth)", storm(redis.socketPath, count, depth, "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", greeting: false))
        }
      }
    }
    return 0
  }

  private func report(_ name: String, _ figures: RequestStorm.Figures?) {
    guard let figures else { return StandardStream.error.write("\(name) failed\n") }
    StandardStream.output.write("\(name) \(Int(figures.requestsPerSecond)) p50 \(figures.latency(atPermille: 500) / 1000) p99 \(figures.latency(atPermille: 990) / 1000)\n")
  }

  private func storm(_ path: String, _ count: Int, _ depth: Int, _ request: String, greeting: Bool) -> RequestStorm.Figures? {
    guard let sampled = Sample.answer(path, Array(request.utf8), greets: greeting) else { return nil }
    let storm = RequestStorm(
      socketPath: path, connectionCount: count, depth: depth, greeting: ([], sampled.greeting),
      request: Array(request.utf8), answer: sampled.answer)
    do { return try storm.run(milliseconds: milliseconds) } catch { StandardStream.error.write("\(error)\n"); return nil }
  }
}

enum Sample {
  static func answer(_ path: String, _ request: [UInt8], greets: Bool) -> (greeting: [UInt8], answer: [UInt8])? {
    guard let socket = try? UnixSocket.connect(to: path) else { return nil }
    let greeting = greets ? all(socket) : []
    try? socket.sendAll(request.span)
    return (greeting, all(socket))
  }

  private static func all(_ socket: borrowing UnixSocket) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var count = 0
    var patience: CInt = 2000
    while socket.hasInput(within: patience) {
      var span = bytes.mutableSpan
      guard let more = try? socket.receive(into: &span, at: count), more > 0 else { break }
      count += more
      patience = 100
    }
    return Array(bytes.prefix(count))
  }
}

struct Redis {
  let directory = "/tmp/coffer-benchmark-\(Process.id)-redis"
  var socketPath: String { directory + "/socket" }
  let id: Int32

  init?(value: String) {
    let directory = directory
    _ = try? Directory.create(directory, permissions: 0o700)
    guard let id = try? Process.startDetached("/usr/bin/redis-server", arguments: ["redis-server", "--port", "0", "--unixsocket", directory + "/socket", "--save", "", "--appendonly", "no", "--dir", directory], environment: []) else { return nil }
    self.id = id
    for _ in 0..<500 {
      if let socket = try? UnixSocket.connect(to: directory + "/socket") {
        try? socket.sendAll(Array("SET k \(value)\r\n".utf8).span)
        _ = socket.hasInput(within: 1000)
        return
      }
      sleep(milliseconds: 10)
    }
    return nil
  }

  func end() {
    _ = kill(id, SIGTERM)
    _ = try? Process.runToEnd("/bin/rm", arguments: ["rm", "-rf", directory], environment: [])
  }
}
