internal import Glibc
internal import Keyring
internal import Platform
internal import Wire

/// Where the client gets secrets from: a terminal, a file, a descriptor.
enum SecretInput {
  /// The most bytes of a value, a passphrase and a key file.
  static let maximumByteCount = 65_536

  /// Asks for a secret on the terminal, without showing it, or on a display.
  ///
  /// - Returns: The secret; nil if there is neither.
  static func ask(_ prompt: String) throws(ClientError) -> Secret? {
    while let answer = try answer(to: prompt) {
      switch consume answer {
      case .line(let secret): return secret
      case .interruption(let interruption): interruption.act()
      }
    }
    return nil
  }

  /// Asks for a secret as ``ask(_:)`` does, but once, and leaves it to the caller to act
  /// on a signal.
  ///
  /// - Parameters:
  ///   - prompt: What is asked for.
  ///   - problem: What was wrong with the answer before; a terminal shows it already.
  /// - Returns: What came of it; nil if there is nowhere to ask.
  /// - Throws: ``ClientError``.
  static func answer(
    to prompt: String, after problem: String? = nil
  ) throws(ClientError) -> Terminal.Answer? {
    let terminal: Terminal
    do throws(Errno) { terminal = try Terminal() } catch {
      guard let typed = try Pinentry.ask(prompt, after: problem) else { return nil }
      return .line(typed)
    }
    do throws(TerminalError) {
      return try terminal.readAnswer(prompt: prompt, limit: maximumByteCount)
    } catch {
      switch error {
      case .failed(let errno):
        throw ClientError(ExitStatus.failed, "the terminal: reading failed: \(errno)")
      case .closed: throw ClientError(ExitStatus.failed, "the terminal was closed")
      case .endOfInput: throw .endOfInput
      case .tooLong(let limit):
        throw ClientError(ExitStatus.failed, "what was typed has more than \(limit) bytes")
      case .controlCharacter:
        throw ClientError(
          ExitStatus.failed,
          "a control character was typed, as by an arrow key, so nothing was taken",
          hint: "backspace, Ctrl-W and Ctrl-U take back what was typed")
      case .outOfLockedMemory: throw .outOfMemory
      }
    }
  }

  /// Whether there is a terminal or a display to ask on.
  static var canAsk: Bool {
    do throws(Errno) {
      _ = try Terminal()
      return true
    } catch {
      return Pinentry.isThere
    }
  }

  /// Whether what is typed goes to the job of this command; true as well where there
  /// is no terminal, which the asking tells.
  static var isInForeground: Bool {
    do throws(Errno) { return try Terminal().isInForeground() } catch { return true }
  }

  /// Asks on a terminal, or reads standard input where that is none.
  ///
  /// - Parameters:
  ///   - prompt: What is asked for, as in `Key: `.
  ///   - object: What it is, for messages.
  /// - Returns: The secret, without an only line feed at its end.
  /// - Throws: ``ClientError`` with exit status 1.
  static func read(prompt: String, for object: String) throws(ClientError) -> Secret {
    guard isTerminal else { return try readStandardInput(for: object) }
    guard let typed = try ask(prompt) else {
      throw ClientError(ExitStatus.failed, "\(object): there is no terminal to ask on")
    }
    return typed
  }

  /// Reads the secret that opens the vault from where the arguments say; nil if
  /// they name none.
  static func readNamed(by arguments: Arguments) throws(ClientError) -> Secret? {
    if let path = arguments["key-file"] { return try KeyFile.read(path) }
    guard let number = arguments["passphrase-fd"] else { return nil }
    return try readDescriptor(number, named: "passphrase-fd")
  }

  /// Whether standard input is a terminal.
  static var isTerminal: Bool { FileDescriptor.isTerminal(STDIN_FILENO) }

  /// Reads standard input to its end, without an only line feed there.
  static func readStandardInput(for object: String) throws(ClientError) -> Secret {
    try read(descriptor: STDIN_FILENO, named: "standard input", for: object)
  }

  /// Reads a passphrase from a descriptor to its end, without an only line feed there.
  ///
  /// - Parameters:
  ///   - text: The descriptor's number.
  ///   - option: What it was given with, for messages.
  /// - Returns: The passphrase.
  /// - Throws: ``ClientError``; a usage error if no such descriptor is open.
  static func readDescriptor(
    _ text: String, named option: String
  ) throws(ClientError) -> Secret {
    guard let number = CInt(digits: text) else {
      throw .usage("--\(option) takes the number of an open descriptor")
    }
    guard fcntl(number, F_GETFD) != -1 else {
      throw .usage("--\(option): descriptor \(number) is not open")
    }
    return try read(descriptor: number, named: "descriptor \(number)", for: "passphrase")
  }

  private static func read(
    descriptor: CInt, named name: String, for object: String
  ) throws(ClientError) -> Secret {
    let file = FileDescriptor(owning: descriptor)
    let secret: Secret
    do throws(ClientError) {
      secret = try readAll(of: file, named: name, for: object, removesLineEnd: true)
    } catch {
      _ = file.release()
      throw error
    }
    // The descriptor is the caller's.
    _ = file.release()
    return secret
  }

  /// Reads a file to its end.
  ///
  /// - Parameters:
  ///   - file: Where it comes from.
  ///   - name: What that is called in a message.
  ///   - object: What is read, for messages.
  ///   - removesLineEnd: Whether an only line feed at the end is left out.
  /// - Returns: The bytes.
  /// - Throws: ``ClientError`` with exit status 1.
  static func readAll(
    of file: borrowing FileDescriptor, named name: String, for object: String,
    removesLineEnd: Bool
  ) throws(ClientError) -> Secret {
    // One byte more than a value and its line end may have, to see that it is longer.
    let limit = maximumByteCount + 2
    var buffer = SecretBuffer()
    while try buffer.read(from: file, named: name, limit: limit) {
      guard buffer.count < limit else { throw .tooLong(object) }
    }
    if removesLineEnd { buffer.removeOnlyLineEnd() }
    guard buffer.count <= maximumByteCount else { throw .tooLong(object) }
    return try buffer.finish()
  }
}

extension ClientError {
  static let endOfInput = ClientError(
    ExitStatus.failed, "the input ended at the prompt, so nothing was changed")

  fileprivate static func tooLong(_ object: String) -> ClientError {
    ClientError(
      ExitStatus.failed,
      "\(object): what was given has more than \(SecretInput.maximumByteCount) bytes")
  }
}
