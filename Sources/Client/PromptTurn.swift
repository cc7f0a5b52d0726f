internal import Platform

/// The turn to ask for what opens the vault: of the commands that a user runs at the
/// same time one asks, and the others wait for what comes of it.
///
/// It is a lock on the file `prompt` in the user's own state directory, whichever
/// daemon the command speaks with. The kernel gives it back however the command ends.
/// The file holds nothing, or the session in which the last one who asked was told to
/// leave it, and when.
final class PromptTurn {
  private let file: FileDescriptor

  private static let fileName = "prompt"

  /// Two numbers are shorter.
  private static let maximumByteCount = 64

  /// Opens the file, making it and its directory if they are not there.
  ///
  /// Nil if that cannot be done, or if they are not this user's alone: then everybody
  /// asks.
  init?() {
    do {
      guard let state = try StatePath.ofUser(DaemonAddress.variable), state.hasPrefix("/") else {
        return nil
      }
      try Directory.create(state, permissions: 0o700)
      // Whatever leads elsewhere is not followed.
      let directory = try Directory(opening: state)
      guard try directory.status().owner == Process.userID else { return nil }
      let file = try directory.open(Self.fileName, for: .creatingIfMissing)
      let status = try file.status()
      guard status.kind == .regular, status.owner == Process.userID, status.linkCount == 1,
        status.permissions & 0o077 == 0
      else { return nil }
      self.file = file
    } catch {
      return nil
    }
  }

  /// Takes the turn, if nobody has it.
  ///
  /// - Returns: Whether it is taken.
  func take() -> Bool {
    // A file system without locks is no reason to ask nobody.
    do throws(Errno) { return try file.tryLock() } catch { return true }
  }

  /// Gives the turn back.
  func release() { file.unlock() }

  /// Whether a person has told the last one who asked, on the terminal of this
  /// session, to leave it.
  ///
  /// - Parameter beginning: What was cancelled before it was no concern of this command.
  /// - Returns: Whether.
  func wasCancelledHere(since beginning: BootInstant) -> Bool {
    let bytes = (try? file.read(at: 0, atMost: Self.maximumByteCount)) ?? []
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    guard words.count == 2, words[0] == "\(Process.sessionID)", let time = Int64(words[1]) else {
      return false
    }
    // One that is still to come is of another boot.
    return (beginning...BootInstant.now).contains(BootInstant(nanoseconds: time))
  }

  /// Takes note that a person has told this one to leave it, for those who wait on the
  /// same terminal: nobody wants to say that once for each of them.
  func noteCancellation() {
    clear()
    let mark = "\(Process.sessionID) \(BootInstant.now.nanoseconds)"
    try? file.writeAll(mark.utf8.span, at: 0)
  }

  /// Forgets what a former one has noted.
  func clear() { try? file.truncate(to: 0) }
}
