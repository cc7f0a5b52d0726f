import Glibc
import Platform

/// A client that sends whatever a test wants, and reads lines.
package final class AssuanClient {
  private let socket: UnixSocket
  private var pending: [UInt8] = []

  package init(_ path: String) throws { socket = try UnixSocket.connect(to: path) }

  /// Sends bytes as they are; a daemon that has closed is no error here.
  package func send(_ bytes: [UInt8]) { try? socket.sendAll(bytes.span) }

  /// Sends what the daemon takes, again and again, until it takes no more.
  ///
  /// - Parameters:
  ///   - text: Sent whole each time.
  ///   - limit: The most times.
  /// - Returns: How often it was sent.
  package func flood(_ text: String, limit: Int) -> Int {
    let bytes = Array(text.utf8)
    let raw = socket.withRawValue { $0 }
    for count in 0..<limit {
      var watched = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
      guard poll(&watched, 1, 500) > 0 else { return count }
      try? socket.sendAll(bytes.span)
    }
    return limit
  }

  package func send(_ text: String) { send(Array(text.utf8)) }

  /// Tells the daemon that nothing more comes.
  package func finishSending() { try? socket.finishSending() }

  /// The next line without its end; nil at the end of the connection, or if none
  /// comes within `seconds`.
  package func readLine(seconds: Double = 30) -> String? {
    readLineBytes(seconds: seconds).map { String(decoding: $0, as: UTF8.self) }
  }

  package func readLineBytes(seconds: Double = 30) -> [UInt8]? {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        let line = Array(pending[..<end])
        pending.removeFirst(end + 1)
        return line
      }
      guard waitForInput(seconds: seconds) else { return nil }
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var span = buffer.mutableSpan
      guard let count = try? socket.receive(into: &span, at: 0), count > 0 else { return nil }
      pending += buffer.prefix(count)
    }
  }

  /// Whether the daemon has closed the connection, or does so within `seconds`.
  package func isClosed(seconds: Double = 30) -> Bool {
    while waitForInput(seconds: seconds) {
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var span = buffer.mutableSpan
      guard let count = try? socket.receive(into: &span, at: 0) else { return true }
      if count == 0 { return true }
    }
    return false
  }

  private func waitForInput(seconds: Double) -> Bool {
    let raw = socket.withRawValue { $0 }
    var watched = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, Int32(seconds * 1000)) > 0
  }

  /// All lines up to and with `OK` or `ERR`, or up to an inquiry.
  package func readReply(seconds: Double = 30) -> [String] {
    var lines: [String] = []
    while let line = readLine(seconds: seconds) {
      lines.append(line)
      let word = line.prefix { $0 != " " }
      if ["OK", "ERR", "INQUIRE"].contains(word) { break }
    }
    return lines
  }

  /// Sends a line and reads its answer.
  package func ask(_ line: String) -> [String] {
    send(line + "\n")
    return readReply()
  }

  /// The number in an answer's `ERR` line, without its source; nil if there is none.
  package static func errorCode(of reply: [String]) -> Int? {
    guard let line = reply.last, line.hasPrefix("ERR ") else { return nil }
    return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 & 0xFFFF }
  }
}
