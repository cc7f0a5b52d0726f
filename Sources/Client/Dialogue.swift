internal import Platform
internal import Wire

/// A dialogue that acts as the key which the environment presents, if it presents
/// one, and opens the vault when it finds it locked.
struct Dialogue {
  let connection: DaemonConnection
  private let presentsKey: Bool

  /// Connects to the daemon that the arguments and the environment name.
  ///
  /// - Parameters:
  ///   - arguments: Those of the command line.
  ///   - presentsKey: Whether a key in the environment counts.
  ///   - isLocked: Whether the vault was found locked before, so that it is
  ///     opened first.
  /// - Throws: ``ClientError``.
  init(
    _ arguments: Arguments, presentsKey: Bool = true, isLocked: Bool = false
  ) throws(ClientError) {
    connection = try Self.connect(arguments)
    self.presentsKey = presentsKey
    try connection.receiveGreeting()
    guard !isLocked else {
      try openVault()
      return
    }
    guard presentsKey else { return }
    do throws(ClientError) {
      try PresentedKey.present(on: connection)
    } catch {
      guard error.status == ExitStatus.locked else { throw error }
      try openVault()
    }
  }

  /// Connects, and receives nothing yet.
  static func connect(_ arguments: Arguments) throws(ClientError) -> DaemonConnection {
    let address = try DaemonAddress(wantsSystem: arguments.has("system"))
    guard let connection = try DaemonConnection.open(address) else { throw .lost }
    return connection
  }

  /// Throws unless there is a vault, before anybody is asked for what opens it.
  func requireVault() throws(ClientError) {
    try connection.send([Command(.status)])
    let statuses = try connection.receiveReply().statuses
    guard statuses.contains(where: { $0["state"] == "none" }) else { return }
    throw ClientError(
      ExitStatus.failed, "there is no vault yet",
      hint: "make one with 'coffer init --organization NAME'")
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
    try openVault()
    try connection.send([command])
    return try connection.receiveReply(answeringWith: secret)
  }

  /// Opens the vault, and presents the key to what is open now.
  private func openVault() throws(ClientError) {
    do throws(ClientError) {
      try Unlocking.unlock(connection)
    } catch {
      // Somebody else was quicker, and of an open vault a key checks no secret.
      guard presentsKey, error.code == .forbidden else { throw error }
    }
    if presentsKey { try PresentedKey.present(on: connection) }
  }
}
