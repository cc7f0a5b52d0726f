import CTestSupport
import Glibc
package import Platform

/// A terminal with a program on it, and a test in place of the person.
package final class PseudoTerminal {
  private let leader: CInt
  private static let longestSeconds: Int64 = 180
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
  ///   - size: Its columns and rows; none are told if nil.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String],
    output: String? = nil, error: String? = nil, size: (columns: Int, rows: Int)? = nil
  ) {
    var name = [CChar](repeating: 0, count: 256)
    leader = ctest_open_pseudo_terminal(&name, name.count)
    precondition(leader >= 0, "no pseudo-terminal is left")
    let terminal = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    if let size { Self.resize(leader, columns: size.columns, rows: size.rows) }
    // In a new session the first terminal that is opened becomes the controlling one.
    process = Subprocess(
      path, arguments, environment: environment,
      streams: [
        .file(terminal), output.map { .file($0) } ?? .file(terminal),
        error.map { .file($0) } ?? .file(terminal),
      ], ownSession: true)
  }

  deinit { close(leader) }

  /// Tells the terminal how large it is.
  package func resize(columns: Int, rows: Int) {
    Self.resize(leader, columns: columns, rows: rows)
  }

  private static func resize(_ leader: CInt, columns: Int, rows: Int) {
    guard let copy = try? FileDescriptor.duplicate(leader) else { return }
    try? copy.setWindowSize(WindowSize(columns: columns, rows: rows))
  }

  /// How the terminal treats what is typed and printed.
  package var mode: TerminalMode? {
    guard let copy = try? FileDescriptor.duplicate(leader) else { return nil }
    return try? copy.terminalMode()
  }

  /// What the screen shows until nothing comes for a while.
  package func readUntilQuiet(milliseconds: Int32 = 300) -> String {
    while readAvailable(milliseconds: milliseconds) == .bytes {}
    return text
  }

  package var text: String { String(decoding: screen, as: UTF8.self) }

  /// Types bytes.
  package func type(_ text: String) {
    var bytes = Array(text.utf8)
    _ = write(leader, &bytes, bytes.count)
  }

  /// Waits until the screen has shown `text`, and forgets what is on it.
  ///
  /// - Parameters:
  ///   - text: What is waited for.
  ///   - seconds: How long.
  ///   - keepsRest: Whether what has come behind it already is kept.
  /// - Returns: Whether it came within `seconds`.
  package func waitFor(_ text: String, seconds: Double = 30, keepsRest: Bool = false) -> Bool {
    guard shows(text, within: seconds) else { return false }
    screen.removeFirst(keepsRest ? countThrough(Array(text.utf8)) : screen.count)
    return true
  }

  /// Waits until `text` stands on the screen, and leaves all there.
  package func shows(_ text: String, within seconds: Double = 30) -> Bool {
    let end = BootInstant.now.advanced(byMilliseconds: Int64(seconds * 1000))
    while BootInstant.now < end {
      if self.text.contains(text) { return true }
      readAvailable(milliseconds: 20)
    }
    return false
  }

  /// How much of the screen there is up to and with the first occurrence of `bytes`.
  private func countThrough(_ bytes: [UInt8]) -> Int {
    let start = screen.indices.first { screen[$0...].starts(with: bytes) }
    return start.map { $0 + bytes.count } ?? screen.count
  }

  /// Reads until the program has ended; one that goes on for minutes is killed, so that
  /// a test fails that waits for what never comes.
  package func readToEnd() -> String {
    let latest = BootInstant.now.advanced(bySeconds: Self.longestSeconds)
    while process.waitForEnd(seconds: 0.01) == nil {
      readAvailable(milliseconds: 10)
      if BootInstant.now > latest { process.signal(SIGKILL) }
    }
    // What it said last may come in several pieces, and late on a busy machine; the
    // terminal is hung up behind that, unless something in the background still has it.
    while readAvailable(milliseconds: 500) == .bytes {}
    return text
  }

  private enum Arrival {
    case bytes
    case nothing

    /// Nobody has the terminal open, and all that was written is read.
    case hangUp
  }

  /// Reads once, if anything comes in that time.
  @discardableResult
  private func readAvailable(milliseconds: Int32) -> Arrival {
    var watched = pollfd(fd: leader, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, milliseconds) > 0 else { return .nothing }
    guard watched.revents & Int16(POLLIN) != 0 else { return .hangUp }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(leader, &buffer, buffer.count)
    if count > 0 { screen += buffer.prefix(count) }
    return count > 0 ? .bytes : .hangUp
  }
}
