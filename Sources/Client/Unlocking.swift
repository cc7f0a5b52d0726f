internal import Platform
internal import Wire

/// How the vault is opened when a command finds it locked.
enum Unlocking {
  /// How often a person may try.
  private static let tries = 3

  /// The key file that the environment names, if it names one.
  static var keyFilePath: String? {
    guard let path = Environment.value(of: "COFFER_KEY_FILE"), !path.isEmpty else { return nil }
    return path
  }

  /// Opens the vault with the environment's key file, else by asking on the terminal.
  ///
  /// Throws `locked` if there is neither.
  static func unlock(_ connection: DaemonConnection) throws(ClientError) {
    if let path = keyFilePath {
      return try unlock(connection, keyFile: try SecretInput.readKeyFile(path))
    }
    for attempt in 1...tries {
      guard let passphrase = try SecretInput.ask("Passphrase of the vault: ") else {
        throw ClientError(
          ExitStatus.locked, "the vault is locked, and there is no terminal to ask on",
          hint: "set COFFER_KEY_FILE, or use 'coffer unlock' with --key-file or --passphrase-fd")
      }
      do throws(ClientError) {
        return try unlock(connection, passphrase: passphrase)
      } catch {
        guard error.isWrongSecret, attempt < tries else { throw error }
        Console.report(error)
      }
    }
  }

  static func unlock(
    _ connection: DaemonConnection, passphrase: consuming Secret
  ) throws(ClientError) {
    let answer: Secret? = consume passphrase
    try connection.send([Command(.unlock)])
    _ = try connection.receiveReply(answeringWith: answer)
  }

  static func unlock(
    _ connection: DaemonConnection, keyFile: consuming Secret
  ) throws(ClientError) {
    let answer: Secret? = consume keyFile
    try connection.send([Command(.unlock, options: [("key-file", nil)])])
    _ = try connection.receiveReply(answeringWith: answer)
  }
}

/// A dialogue that opens the vault when it finds it locked.
struct Dialogue {
  let connection: DaemonConnection

  /// Connects to the daemon that the arguments and the environment name.
  ///
  /// - Parameters:
  ///   - arguments: Those of the command line.
  ///   - awaitsGreeting: Whether the greeting is received here; if not, it
  ///     stands before the first answer.
  /// - Throws: ``ClientError``.
  init(_ arguments: Arguments, awaitsGreeting: Bool = true) throws(ClientError) {
    let address = try DaemonAddress(wantsSystem: arguments.has("system"))
    guard let connection = try DaemonConnection.open(address) else { throw .lost }
    self.connection = connection
    if awaitsGreeting { try connection.receiveGreeting() }
  }

  /// Sends a command and receives its answer, opening the vault if need be.
  ///
  /// - Parameters:
  ///   - command: What is asked.
  ///   - secret: What an inquiry is answered with.
  /// - Returns: The answer.
  /// - Throws: ``ClientError``.
  func ask(
    _ command: Command, answeringWith secret: borrowing Secret? = nil
  ) throws(ClientError) -> DaemonConnection.Reply {
    do throws(ClientError) {
      try connection.send([command])
      return try connection.receiveReply(answeringWith: secret)
    } catch {
      guard error.status == ExitStatus.locked else { throw error }
    }
    try Unlocking.unlock(connection)
    try connection.send([command])
    return try connection.receiveReply(answeringWith: secret)
  }
}
