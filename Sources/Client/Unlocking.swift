internal import Platform
internal import Wire

/// How the vault is opened when a command finds it locked.
enum Unlocking {
  /// How often a person may try.
  private static let tries = 3

  /// The key file that the environment names, if it names one.
  static func keyFilePath() throws(ClientError) -> String? {
    guard let path = try DaemonAddress.variable("COFFER_KEY_FILE"), !path.isEmpty else {
      return nil
    }
    return path
  }

  /// Opens the vault with the environment's key file, else by asking on the terminal.
  ///
  /// Throws `locked` if there is neither.
  static func unlock(_ connection: DaemonConnection) throws(ClientError) {
    if let path = try keyFilePath() {
      return try unlock(connection, with: try KeyFile.read(path), isKeyFile: true)
    }
    for attempt in 1...tries {
      guard let passphrase = try SecretInput.ask("Passphrase of the vault: ") else {
        throw ClientError(
          ExitStatus.locked, "the vault is locked, and there is no terminal to ask on",
          hint: "set COFFER_KEY_FILE, or use 'coffer unlock' with --key-file or --passphrase-fd")
      }
      do throws(ClientError) {
        guard passphrase.count > 0 else {
          throw ClientError(.wrongPassphrase, "nothing was typed", hint: nil)
        }
        return try unlock(connection, with: passphrase, isKeyFile: false)
      } catch {
        guard error.isWrongSecret else { throw error }
        // There is nothing more to try now.
        guard attempt < tries else { throw ClientError(error.code, error.message, hint: nil) }
        Console.report(error)
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
