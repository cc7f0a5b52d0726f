internal import Glibc
internal import Platform

/// The terminal of whoever runs a command that has a pseudo-terminal, and what is typed
/// on it.
///
/// While the command has the keyboard, all keys go to its pseudo-terminal, which acts on
/// them; so the terminal itself passes on everything.
final class Keyboard {
  private let terminal: FileDescriptor

  /// The terminal's mode before the keys were passed on; nil while they are not.
  private var former: TerminalMode?

  /// What was typed, and not passed on yet: it may be a secret.
  private var typed: Secret
  private var count = 0

  /// Whether somebody may still type.
  private var isOpen = true

  private static let typedByteCount = 4096

  /// - Parameter stream: A standard stream that is a terminal.
  /// - Throws: ``ClientError`` if it cannot be opened, or there is no memory.
  init(_ stream: CInt) throws(ClientError) {
    do throws(SecretError) {
      typed = try Secret(count: Self.typedByteCount)
    } catch {
      throw .outOfMemory
    }
    terminal = try attempting("the terminal: opening it") { () throws(Errno) in
      do throws(Errno) {
        return try .reopen(stream, access: O_RDWR)
      } catch {
        // As after a change of the user, to whom the terminal does not belong.
        return try .duplicate(stream)
      }
    }
  }

  deinit { if let former { try? terminal.setTerminalMode(former) } }

  /// Makes the pseudo-terminal of a command like the terminal, and passes on the keys
  /// unless others may want them.
  func prepare(_ pair: TerminalPair) {
    // In the background it may have the mode in which a shell edits its line.
    if terminal.isInForeground(), let mode = try? terminal.terminalMode() {
      try? pair.follower?.setTerminalMode(mode)
    }
    if let windowSize { try? pair.leader.setWindowSize(windowSize) }
    if CommandStreams.areAllTerminals { passOn() }
  }

  var windowSize: WindowSize? { try? terminal.windowSize() }

  /// Whether the command has the keyboard.
  var isPassedOn: Bool { former != nil }

  /// Whether the command could get the keyboard now.
  var canBePassedOn: Bool { former == nil && terminal.isInForeground() }

  /// Passes on all keys from now on, if this job has the terminal.
  func passOn() {
    guard canBePassedOn, let mode = try? terminal.terminalMode() else { return }
    former = mode
    try? terminal.setTerminalMode(mode.raw)
  }

  /// Makes the terminal as it was before.
  func takeBack() {
    guard let mode = former else { return }
    former = nil
    if terminal.isInForeground() { try? terminal.setTerminalMode(mode) }
  }

  /// Sees to the terminal after this process was stopped by what nothing can foresee; in
  /// the background the keys are those of whoever has the terminal now, in a mode of theirs.
  func refresh() {
    guard let mode = former else { return }
    if terminal.isInForeground() {
      try? terminal.setTerminalMode(mode.raw)
    } else {
      former = nil
    }
  }

  /// The terminal's descriptor if more keys can be taken.
  var readingDescriptor: CInt? {
    isOpen && isPassedOn && count == 0 ? terminal.withRawValue { $0 } : nil
  }

  var hasTyped: Bool { count > 0 }

  /// Takes what was typed.
  func read() {
    do throws(Errno) {
      count = try typed.withMutableBytes { (bytes) throws(Errno) in
        try terminal.read(into: &bytes)
      }
      isOpen = count > 0
    } catch {
      // In the background there is nothing to read; else the terminal is gone.
      isOpen = error == .wouldBlock || !terminal.isInForeground()
    }
  }

  /// Passes on what was typed, as far as it is taken.
  func write(to leader: borrowing FileDescriptor) {
    do throws(Errno) {
      let written = try typed.withBytes { (bytes) throws(Errno) in
        try leader.write(bytes.extracting(0..<count))
      }
      let rest = count - written
      typed.withMutableBytes { bytes in
        bytes.move(written..<count, to: 0)
        bytes.wipe(rest..<count)
      }
      count = rest
    } catch {
      if error != .wouldBlock { count = 0 }
    }
  }
}
