import CTestSupport
import Glibc
import Platform

/// A terminal with a program on it, and a test in place of the person.
package final class PseudoTerminal {
  private let leader: CInt
  package let process: Subprocess
  package private(set) var screen: [UInt8] = []

  /// Starts a program on a terminal of its own.
  ///
  /// - Parameters:
  ///   - path: The program's file.
  ///   - arguments: Those behind its name.
  ///   - environment: All that it has of one.
  ///   - output: Where standard output goes instead, if not to the terminal.
  ///   - error: Where standard error goes instead, if not to the terminal.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String],
    output: String? = nil, error: String? = nil
  ) {
    var name = [CChar](repeating: 0, count: 256)
    leader = ctest_open_pseudo_terminal(&name, name.count)
    precondition(leader >= 0, "no pseudo-terminal is left")
    let terminal = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // In a new session the first terminal that is opened becomes the controlling one.
    process = Subprocess(
      path, arguments, environment: environment,
      streams: [
        .file(terminal), output.map { .file($0) } ?? .file(terminal),
        error.map { .file($0) } ?? .file(terminal),
      ], ownSession: true)
  }

  deinit { close(leader) }

  package var text: String { String(decoding: screen, as: UTF8.self) }

  /// Types bytes.
  package func type(_ text: String) {
    var bytes = Array(text.utf8)
    _ = write(leader, &bytes, bytes.count)
  }

  /// Waits until the screen has shown `text`, and forgets what came before.
  ///
  /// - Returns: Whether it came within `seconds`.
  package func waitFor(_ text: String, seconds: Double = 30) -> Bool {
    let end = BootInstant.now.advanced(byMilliseconds: Int64(seconds * 1000))
    while BootInstant.now < end {
      if self.text.contains(text) {
        screen = []
        return true
      }
      readAvailable(milliseconds: 20)
    }
    return false
  }

  /// Reads until the program has ended.
  package func readToEnd() -> String {
    while process.waitForEnd(seconds: 0.01) == nil { readAvailable(milliseconds: 10) }
    // What it said last may come in several pieces.
    while readAvailable(milliseconds: 50) {}
    return text
  }

  /// Reads once, if anything comes in that time.
  @discardableResult
  private func readAvailable(milliseconds: Int32) -> Bool {
    var watched = pollfd(fd: leader, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, milliseconds) > 0, watched.revents & Int16(POLLIN) != 0 else {
      return false
    }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(leader, &buffer, buffer.count)
    if count > 0 { screen += buffer.prefix(count) }
    return count > 0
  }
}
