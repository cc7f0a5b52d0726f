internal import CLinux
internal import Glibc

/// How a terminal treats what is typed and what is printed.
///
/// Source: termios(3).
package struct TerminalMode: Equatable, Sendable {
  fileprivate var settings: termios

  /// Passes everything on as it is: no echo, no lines, no keys that send signals, no
  /// carriage return before a line feed.
  ///
  /// Source: cfmakeraw(3).
  package var raw: TerminalMode {
    var mode = self
    unsafe cfmakeraw(&mode.settings)
    return mode
  }

  /// Whether CR and LF are printed for LF.
  ///
  /// Source: termios(3), `OPOST`, `ONLCR`.
  package var addsReturns: Bool {
    let flags = UInt32(OPOST) | UInt32(ONLCR)
    return settings.c_oflag & flags == flags
  }

  /// Whether it is read line by line, and shows what is typed: nobody reads keys or a
  /// password.
  ///
  /// Source: termios(3), `ICANON`, `ECHO`.
  package var readsShownLines: Bool {
    let flags = UInt32(ICANON) | UInt32(ECHO)
    return settings.c_lflag & flags == flags
  }

  /// The same, but for showing what is typed.
  package var withoutEcho: TerminalMode {
    var mode = self
    mode.settings.c_lflag &= ~UInt32(ECHO)
    return mode
  }

  /// What is typed for the end of a file: Ctrl-D, as a rule.
  ///
  /// Source: termios(3), `VEOF`.
  package var endOfFileKey: UInt8 { Self.controlBytes(of: settings)[Int(VEOF)] }

  package static func == (left: TerminalMode, right: TerminalMode) -> Bool {
    let (one, other) = (left.settings, right.settings)
    return one.c_iflag == other.c_iflag && one.c_oflag == other.c_oflag
      && one.c_cflag == other.c_cflag && one.c_lflag == other.c_lflag
      && controlBytes(of: one) == controlBytes(of: other)
  }

  private static func controlBytes(of settings: termios) -> [UInt8] {
    unsafe withUnsafeBytes(of: settings.c_cc) { unsafe [UInt8]($0) }
  }
}

/// How large a terminal is, in characters and in pixels.
package struct WindowSize: Sendable {
  fileprivate var size = winsize()

  fileprivate init() {}

  /// - Parameters:
  ///   - columns: At most 65535.
  ///   - rows: At most 65535.
  package init(columns: Int, rows: Int) {
    size.ws_col = UInt16(clamping: columns)
    size.ws_row = UInt16(clamping: rows)
  }

  package var columns: Int { Int(size.ws_col) }
  package var rows: Int { Int(size.ws_row) }
}

extension FileDescriptor {
  /// The mode of this terminal.
  ///
  /// - Throws: ``Errno``; `ENOTTY` if it is none.
  ///
  /// Source: tcgetattr(3).
  package borrowing func terminalMode() throws(Errno) -> TerminalMode {
    var settings = termios()
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe tcgetattr(rawValue, &settings) }
    }
    return TerminalMode(settings: settings)
  }

  /// Changes the mode of this terminal, when what was printed before is out.
  ///
  /// Source: tcsetattr(3), `TCSADRAIN`.
  package borrowing func setTerminalMode(_ mode: TerminalMode) throws(Errno) {
    var settings = mode.settings
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe tcsetattr(rawValue, TCSADRAIN, &settings) }
    }
  }

  /// How large this terminal is.
  ///
  /// Source: ioctl_tty(2), `TIOCGWINSZ`.
  package borrowing func windowSize() throws(Errno) -> WindowSize {
    var window = WindowSize()
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe clinux_window_size(rawValue, &window.size) }
    }
    return window
  }

  /// Tells this terminal how large it is; its job in the foreground gets `SIGWINCH` if
  /// that is new.
  ///
  /// Source: ioctl_tty(2), `TIOCSWINSZ`.
  package borrowing func setWindowSize(_ window: WindowSize) throws(Errno) {
    var size = window.size
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe clinux_set_window_size(rawValue, &size) }
    }
  }

  /// Makes this terminal the one that controls the session of this process.
  ///
  /// Source: ioctl_tty(2), `TIOCSCTTY`.
  package borrowing func takeAsControllingTerminal() throws(Errno) {
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { clinux_take_terminal(rawValue) }
    }
  }

  /// Whether the process group of this process is the one that reads what is typed on
  /// this terminal; true as well where it controls another session, so that nobody else
  /// of this one reads it.
  ///
  /// Source: tcgetpgrp(3).
  package borrowing func isInForeground() -> Bool {
    let group = withRawValue { tcgetpgrp($0) }
    return group == -1 || group == getpgrp()
  }

  /// Makes a process group of this session the one in this terminal's foreground.
  ///
  /// Source: tcsetpgrp(3).
  package borrowing func setForegroundGroup(_ group: Int32) throws(Errno) {
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { tcsetpgrp(rawValue, group) }
    }
  }

  /// Which device this terminal is, whatever name it was opened by; nil if it is none.
  ///
  /// Source: ioctl_tty(2), `TIOCGDEV`.
  package static func terminalDevice(of descriptor: CInt) -> UInt32? {
    var device: UInt32 = 0
    return unsafe clinux_terminal_device(descriptor, &device) == 0 ? device : nil
  }

  /// How many bytes can be read without waiting; 0 where there is no telling.
  ///
  /// Source: ioctl(2), `FIONREAD`.
  package borrowing func waitingByteCount() -> Int {
    withRawValue { max(0, Int(clinux_waiting_byte_count($0))) }
  }
}
