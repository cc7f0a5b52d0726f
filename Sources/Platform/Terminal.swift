internal import CLinux
internal import Glibc

/// The terminal that controls this process, wherever the standard streams go.
///
/// Source: tty(4), termios(3).
package struct Terminal: ~Copyable {
  private let descriptor: FileDescriptor

  /// Opens the controlling terminal.
  ///
  /// - Throws: ``Errno``; `ENXIO` if the process has none.
  package init() throws(Errno) {
    descriptor = try .open("/dev/tty", flags: O_RDWR | O_NOCTTY)
  }

  /// Writes `text` to the terminal, and nowhere else.
  package borrowing func write(_ text: String) {
    // A terminal that is gone shows itself at the next read.
    try? descriptor.writeAll(text.utf8.span)
  }

  /// Whether the job of this process is the one that reads what is typed; true as well
  /// where there is no telling.
  ///
  /// Source: tcgetpgrp(3).
  package borrowing func isInForeground() -> Bool {
    let group = descriptor.withRawValue { tcgetpgrp($0) }
    return group == -1 || group == getpgrp()
  }

  /// The number of columns of a standard stream's terminal, or nil if it is none.
  package static func columns(of standardDescriptor: CInt) -> Int? {
    let columns = Int(clinux_terminal_columns(standardDescriptor))
    return columns > 0 ? columns : nil
  }

  /// Reads one line without showing it, straight into locked memory.
  ///
  /// Backspace takes back a character, Ctrl-W a word, Ctrl-U all of it; Ctrl-C and
  /// a signal end the process, with the terminal as it was before. Ctrl-Z stops it
  /// until it is continued, and then all is asked anew. Ctrl-D ends a line, or the
  /// input where nothing was typed.
  ///
  /// - Parameters:
  ///   - prompt: What is asked for, as in `Passphrase: `.
  ///   - limit: The most bytes that are taken.
  /// - Returns: The bytes without the line's end.
  /// - Throws: ``TerminalError``, for the end of the input, and at the line's end for
  ///   a control character other than these and the tab.
  package borrowing func readSecret(
    prompt: String, limit: Int
  ) throws(TerminalError) -> Secret {
    while true {
      switch try readAnswer(prompt: prompt, limit: limit) {
      case .line(let secret): return secret
      case .interruption(let interruption): interruption.act()
      }
    }
  }

  /// What came of one prompt.
  package enum Answer: ~Copyable {
    case line(Secret)

    /// Nothing was taken; who asked acts on it, when all is left as it should be.
    case interruption(Interruption)
  }

  /// What somebody has typed, or sent, in place of a line.
  package struct Interruption: Equatable, Sendable {
    package let signal: Signal

    /// Whether a key of the terminal stands for it, and not another process.
    package let isTyped: Bool

    /// Ends the process as the signal does, or stops it and returns when it is
    /// continued.
    package func act() {
      guard signal == .terminalStop else { signal.endProcess() }
      signal.stopProcessGroup()
    }
  }

  /// Reads one line as ``readSecret(prompt:limit:)`` does, but leaves it to the caller
  /// to act on a signal.
  ///
  /// - Parameters:
  ///   - prompt: What is asked for.
  ///   - limit: The most bytes that are taken.
  /// - Returns: The line, or why there is none; the terminal is as it was before.
  /// - Throws: ``TerminalError`` as the other one does.
  package borrowing func readAnswer(
    prompt: String, limit: Int
  ) throws(TerminalError) -> Answer {
    var line: Secret
    // Room for one more, which shows that there are too many.
    do { line = try Secret(count: limit + 1) } catch { throw .outOfLockedMemory }
    let ending = try withoutEcho(prompt: prompt) { (signals) throws(TerminalError) in
      line.wipe()
      return try readLine(into: &line, signals: signals)
    }
    switch ending {
    case .endOfInput: throw .endOfInput
    case .interruption(let interruption): return .interruption(interruption)
    case .line(let count):
      do {
        return .line(
          try line.withBytes { (bytes) throws(SecretError) in
            try Secret(copying: bytes.extracting(0..<count))
          })
      } catch {
        throw .outOfLockedMemory
      }
    }
  }

  /// How reading a line came to its end.
  private enum Ending {
    case line(Int)
    case endOfInput
    case interruption(Interruption)
  }

  /// Runs `body` on a terminal that neither shows nor interprets what is typed; anew, as
  /// often as it returns nil.
  private borrowing func withoutEcho(
    prompt: String, _ body: (borrowing SignalQueue) throws(TerminalError) -> Ending?
  ) throws(TerminalError) -> Ending {
    let signals: SignalQueue
    do {
      signals = try SignalQueue(Signal.ending + [.terminalStop, .continuation])
    } catch {
      throw .failed(error)
    }
    let former = try silence()
    defer { restore(former) }
    while true {
      write(prompt)
      if let ending = try body(signals) { return ending }
      _ = try silence()
    }
  }

  /// Returns how the terminal was before.
  private borrowing func silence() throws(TerminalError) -> termios {
    var settings = termios()
    let former: termios
    do throws(Errno) {
      _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
        try retrying { unsafe tcgetattr(rawValue, &settings) }
      }
      former = settings
      let silenced = UInt32(ECHO | ECHONL | ICANON | ISIG | IEXTEN)
      settings.c_lflag &= ~silenced
      _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
        try retrying { unsafe tcsetattr(rawValue, TCSAFLUSH, &settings) }
      }
    } catch {
      throw .failed(error)
    }
    return former
  }

  private borrowing func restore(_ former: termios) {
    var settings = former
    // What was typed ahead is no command: TCSAFLUSH discards it.
    _ = descriptor.withRawValue { unsafe tcsetattr($0, TCSAFLUSH, &settings) }
    write("\n")
  }

  /// Reads until a line has its ending; nil if the process was stopped by what it cannot
  /// notice, as a shell may have changed the terminal meanwhile.
  private borrowing func readLine(
    into line: inout Secret, signals: borrowing SignalQueue
  ) throws(TerminalError) -> Ending? {
    var typed = TypedLine()
    while true {
      if let signal = try waitForInput(signals) {
        guard signal != .continuation else { return nil }
        return .interruption(Interruption(signal: signal, isTyped: false))
      }
      if typed.count == line.count { throw .tooLong(limit: line.count - 1) }
      let ending = try line.withMutableBytes { (bytes) throws(TerminalError) -> Ending? in
        let received: Int
        do throws(Errno) {
          // One byte at a time, so that what follows the line stays in the terminal.
          received = try descriptor.read(into: &bytes, at: typed.count, limit: 1)
        } catch {
          throw .failed(error)
        }
        guard received == 1 else { throw .closed }
        switch typed.takeByte(of: &bytes) {
        case .text: return nil
        case .end: return .line(typed.count)
        case .endOfInput: return .endOfInput
        case .key(let signal): return .interruption(Interruption(signal: signal, isTyped: true))
        }
      }
      // Only now, so that the rest of the line is not left to a shell.
      if case .line = ending, typed.hasControl { throw .controlCharacter }
      if let ending { return ending }
    }
  }

  /// Waits until something is typed or a signal comes.
  private borrowing func waitForInput(
    _ signals: borrowing SignalQueue
  ) throws(TerminalError) -> Signal? {
    let terminal = descriptor.withRawValue { $0 }
    let queue = signals.withRawValue { $0 }
    var watched = [
      pollfd(fd: terminal, events: Int16(POLLIN), revents: 0),
      pollfd(fd: queue, events: Int16(POLLIN), revents: 0),
    ]
    do throws(Errno) {
      _ = try retrying { unsafe poll(&watched, 2, -1) }
    } catch {
      throw .failed(error)
    }
    return signals.next()
  }
}

/// Why nothing could be asked on the terminal.
package enum TerminalError: Error, Equatable {
  case failed(Errno)
  case closed

  /// Ctrl-D was typed in place of a line.
  case endOfInput
  case tooLong(limit: Int)
  case controlCharacter
  case outOfLockedMemory
}
