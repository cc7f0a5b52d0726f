internal import Platform
internal import Wire

/// How the vault is opened when a command finds it locked.
enum Unlocking {
  /// How often a person may try.
  static let tries = 3

  /// How long a job that needs no person waits for others that try secrets.
  private static let patienceSeconds: Int64 = 10

  /// The key file that the environment names, if it names one.
  static func keyFilePath() throws(ClientError) -> String? {
    guard let path = try DaemonAddress.variable("COFFER_KEY_FILE"), !path.isEmpty else {
      return nil
    }
    return path
  }

  /// Reads the key file that the environment names.
  ///
  /// - Parameter path: As ``keyFilePath()`` told.
  /// - Returns: What is in it.
  /// - Throws: ``ClientError`` that names the variable.
  static func readKeyFile(ofEnvironment path: String) throws(ClientError) -> Secret {
    do throws(ClientError) { return try KeyFile.read(path) } catch {
      throw ClientError(
        error.code, "COFFER_KEY_FILE: \(error.message)",
        hint: error.hint ?? ClientError.wayAroundKeyFile)
    }
  }

  /// Opens the vault with the environment's key file, else by asking on the terminal
  /// when it is this command's turn, else by waiting for somebody who does.
  ///
  /// - Parameters:
  ///   - connection: To the daemon, past the greeting.
  ///   - time: How long to wait where nobody can be asked; nil if not at all.
  /// - Throws: `locked` if the vault is locked still.
  static func unlock(
    _ connection: DaemonConnection, waiting time: WaitingTime? = nil
  ) throws(ClientError) {
    if let path = try keyFilePath() {
      do throws(ClientError) {
        return try unlock(connection, withKeyFile: path)
      } catch {
        throw error.naming(keyFileOfEnvironment: path, wasAllThatWasTold: true)
      }
    }
    guard SecretInput.canAsk else {
      guard let time else { throw .nobodyToAsk }
      return try LockedVault(connection).wait(for: time)
    }
    var left = tries
    while try !ask(connection, &left) {}
  }

  /// Asks on the terminal, unless somebody else opens the vault meanwhile.
  ///
  /// - Returns: Whether the vault is open; false if this process was stopped.
  private static func ask(
    _ connection: DaemonConnection, _ left: inout Int
  ) throws(ClientError) -> Bool {
    let turn = PromptTurn()
    defer { turn?.release() }
    guard try LockedVault(connection).awaitTurn(turn) else { return true }
    var problem: String?
    while true {
      do throws(ClientError) {
        switch try passphrase(turn, after: problem) {
        case .line(let passphrase):
          guard passphrase.count > 0 else {
            throw ClientError(.wrongPassphrase, "nothing was typed", hint: nil)
          }
          try unlock(connection, with: passphrase, isKeyFile: false)
          return true
        case .interruption(let interruption):
          // A process that stands still keeps nobody waiting.
          turn?.release()
          interruption.act()
          return false
        }
      } catch {
        left -= 1
        // Who has tried too often is told how long to wait, and may type again then.
        guard error.isWrongSecret || error.code == .limit, left > 0 else { throw error }
        Console.report(error)
        problem = error.message
      }
    }
  }

  /// Asks once, and takes note if a person wants to leave it.
  private static func passphrase(
    _ turn: PromptTurn?, after problem: String?
  ) throws(ClientError) -> Terminal.Answer {
    do throws(ClientError) {
      guard
        let answer = try SecretInput.answer(to: "Passphrase of the vault: ", after: problem)
      else { throw .nobodyToAsk }
      if answer.isCancellation { turn?.noteCancellation() }
      return answer
    } catch {
      if error == .endOfInput || error == .promptCancelled { turn?.noteCancellation() }
      throw error
    }
  }

  /// Opens the vault with the environment's key file.
  ///
  /// Of jobs that all begin at the same time the daemon tries few secrets; the others
  /// find the vault open a moment later.
  private static func unlock(
    _ connection: DaemonConnection, withKeyFile path: String
  ) throws(ClientError) {
    let end = BootInstant.now.advanced(bySeconds: patienceSeconds)
    var pauses = Pauses(first: 10, longest: 500)
    while true {
      do throws(ClientError) {
        return try unlock(
          connection, with: try readKeyFile(ofEnvironment: path), isKeyFile: true)
      } catch {
        guard error.code == .limit, .now < end else { throw error }
        if try connection.status()["state"] == "unlocked" { return }
        pauses.pause(until: end, reason: "waiting for other commands that open the vault")
      }
    }
  }

  /// Opens the vault with a passphrase or with what a key file holds.
  static func unlock(
    _ connection: DaemonConnection, with secret: consuming Secret, isKeyFile: Bool
  ) throws(ClientError) {
    let answer: Secret? = consume secret
    try connection.send([Command(.unlock, options: isKeyFile ? [("key-file", nil)] : [])])
    _ = try connection.receiveReply(answeringWith: answer)
  }
}

extension Terminal.Answer {
  /// Whether a person has typed what ends the command.
  fileprivate var isCancellation: Bool {
    switch self {
    case .line: false
    case .interruption(let interruption):
      interruption.isTyped && interruption.signal != .terminalStop
    }
  }
}

extension ClientError {
  fileprivate static let nobodyToAsk = ClientError(
    ExitStatus.locked, "the vault is locked, and there is no terminal to ask on",
    hint: "set COFFER_KEY_FILE, wait for somebody with --wait, or use 'coffer unlock' with "
      + "--key-file or --passphrase-fd")

  /// What to do where the key file of the environment does not help.
  fileprivate static let wayAroundKeyFile =
    "unset COFFER_KEY_FILE to open it with its passphrase or recovery code, or name another key "
    + "file in it"

  /// The refusal of a key file, with the variable that has named it; any other error
  /// as it is.
  ///
  /// - Parameters:
  ///   - path: The key file that the environment names; nil if what was sent is not
  ///     from there.
  ///   - wasAllThatWasTold: Whether only the file can be what is invalid.
  /// - Returns: An error with the same code.
  func naming(
    keyFileOfEnvironment path: String?, wasAllThatWasTold: Bool = false
  ) -> ClientError {
    guard let path, isWrongSecret || (wasAllThatWasTold && code == .invalid) else { return self }
    return ClientError(
      code, "COFFER_KEY_FILE: \(path): \(message)", hint: Self.wayAroundKeyFile)
  }
}
