internal import Glibc
internal import Platform

/// Lines that are typed on a terminal which a command shares with others, and which none
/// of those takes.
///
/// A command without the keyboard that reads is stopped, and gets the keyboard. But one
/// that waits until there is something to read, as by poll(2), is not stopped, and would
/// wait for ever. So a line that nobody has read for a while is put on its
/// pseudo-terminal: if the command was waiting, it reads, is stopped, and gets the
/// keyboard with all that follows.
///
/// What is typed for the command cannot be told from what is typed ahead for the shell or
/// for another program of the pipeline. So no second line is taken before the first one is
/// read, nor one that is not finished, nor anything while the terminal is in the mode of a
/// program that reads keys or a password. What cannot be had is that first line: if the
/// command never reads, it is lost to whoever it was typed for.
final class UntakenLines {
  private let terminal: FileDescriptor
  private let pair: TerminalPair
  private var line: Secret

  /// Since when there is something that nobody has taken; nil while nobody looks.
  private var since: BootInstant?

  /// Whether somebody may still type.
  private var isOpen = true

  /// So long others have to take a line: many times what a program needs that waits for it.
  private static let patienceMilliseconds: Int64 = 200

  /// How long the pseudo-terminal may take to take in a line, in milliseconds.
  private static let longestEchoMilliseconds = 20

  /// The longest line.
  ///
  /// Source: termios(3), "Canonical and noncanonical mode".
  private static let lineByteCount = 4096

  /// Fails without a reason if the terminal cannot be read without waiting for it.
  ///
  /// - Parameters:
  ///   - stream: The standard stream that is the terminal.
  ///   - pair: The command's terminal.
  /// - Throws: ``ClientError`` if there is no memory.
  init?(_ stream: CInt, for pair: TerminalPair) throws(ClientError) {
    do throws(SecretError) {
      line = try Secret(count: Self.lineByteCount)
    } catch {
      throw .outOfMemory
    }
    do throws(Errno) {
      terminal = try .reopen(stream, access: O_RDWR)
    } catch {
      return nil
    }
    self.pair = pair
  }

  /// The terminal's descriptor while nothing is known to be there.
  var descriptor: CInt? {
    isOpen && since == nil ? terminal.withRawValue { $0 } : nil
  }

  /// The milliseconds after which ``pass()`` has something to do; nil for none.
  var restMilliseconds: Int? {
    since?.advanced(byMilliseconds: Self.patienceMilliseconds).millisecondsLeft
  }

  /// Takes notice that there is something to read.
  func notice() { since = .now }

  /// Forgets that, as what is there is read in another way.
  func forget() { since = nil }

  /// Passes on a line that nobody has taken since it was noticed.
  func pass() {
    guard restMilliseconds == 0 else { return }
    since = nil
    guard let mode = try? terminal.terminalMode() else { return isOpen = false }
    guard terminal.isInForeground(), mode.readsShownLines, pair.typedByteCount == 0 else {
      return
    }
    let count = try? line.withMutableBytes { (bytes) throws(Errno) in
      try terminal.read(into: &bytes)
    }
    // Somebody was faster.
    guard let count else { return }
    type(count, endOfFile: mode.endOfFileKey)
    line.wipe()
  }

  /// Types what is in ``line`` on the command's terminal, which does not show it once more.
  private func type(_ count: Int, endOfFile: UInt8) {
    let mode = try? pair.leader.terminalMode()
    if let mode { try? pair.leader.setTerminalMode(mode.withoutEcho) }
    let isFinished = line.withBytes { bytes in
      _ = try? pair.leader.write(bytes.extracting(0..<count))
      return count > 0 && bytes[count - 1] == UInt8(ascii: "\n")
    }
    // A line that ends without a line feed was ended by this key, which is not read.
    if !isFinished { _ = try? pair.leader.write([endOfFile].span) }
    var rest = Self.longestEchoMilliseconds
    while rest > 0, pair.typedByteCount < count {
      sleep(milliseconds: 1)
      rest -= 1
    }
    if let mode { try? pair.leader.setTerminalMode(mode) }
  }
}
