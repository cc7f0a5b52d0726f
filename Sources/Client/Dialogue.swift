internal import Platform
internal import Wire

/// A dialogue that acts as the key which the environment presents, if it presents
/// one, and opens the vault when it finds it locked.
struct Dialogue {
  let connection: DaemonConnection
  private let presentsKey: Bool
  private let waitingTime: WaitingTime?
  private let opensVault: Bool

  /// Connects to the daemon that the arguments and the environment name.
  ///
  /// - Parameters:
  ///   - arguments: Those of the command line.
  ///   - presentsKey: Whether a key in the environment counts.
  ///   - isLocked: Whether the vault was found locked before, so that it is
  ///     opened first.
  ///   - opensVault: Whether a daemon is started and a locked vault opened; if not,
  ///     that is an error.
  ///   - makesVault: Whether the command is about to make the vault.
  /// - Throws: ``ClientError``.
  init(
    _ arguments: Arguments, presentsKey: Bool = true, isLocked: Bool = false,
    opensVault: Bool = true, makesVault: Bool = false
  ) throws(ClientError) {
    waitingTime = try WaitingTime.told(by: arguments)
    self.opensVault = opensVault
    connection = try Self.connect(arguments, starts: opensVault, makesVault: makesVault)
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
  static func connect(
    _ arguments: Arguments, starts: Bool = true, makesVault: Bool = false
  ) throws(ClientError) -> DaemonConnection {
    let address = try DaemonAddress(
      wantsSystem: arguments.has("system"), makesVault: makesVault)
    guard let connection = try DaemonConnection.open(address, starts: starts) else {
      throw starts ? .lost : ClientError(ExitStatus.noDaemon, "no daemon runs")
    }
    return connection
  }

  /// Opens the vault; for `unlock` itself.
  func unlock() throws(ClientError) {
    try Unlocking.unlock(connection, waiting: waitingTime)
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

  /// Sends a command as often as there is more to be told.
  ///
  /// - Parameters:
  ///   - command: That of the first page.
  ///   - body: Takes the lines of each page.
  /// - Throws: ``ClientError``, and what `body` throws.
  func forEachPage(
    of command: Command, _ body: ([StatusFields]) throws(ClientError) -> Void
  ) throws(ClientError) {
    var former: String?
    while true {
      let page = former.map { command.adding("after", $0) } ?? command
      let statuses = try ask(page).statuses
      try body(statuses)
      guard let after = statuses.first(where: { $0.keywords == ["MORE"] })?["after"] else { return }
      guard after != former else { throw .protocolBroken("its pages do not go on") }
      former = after
    }
  }

  /// The lines of all pages.
  func askForPages(_ command: Command) throws(ClientError) -> [StatusFields] {
    var lines: [StatusFields] = []
    try forEachPage(of: command) { page in lines += page }
    return lines
  }

  /// Throws what a command is refused with before the daemon asks for anything; nothing
  /// is changed.
  func requireInquiry(by command: Command) throws(ClientError) {
    do throws(ClientError) {
      _ = try ask(command)
    } catch {
      guard error.code == .canceled else { throw error }
    }
  }

  /// Sends a command, and lets `body` take part in its answer; opens the vault if
  /// need be.
  ///
  /// - Parameters:
  ///   - command: What is asked.
  ///   - body: As of ``DaemonConnection/receiveReply(_:)``. A locked vault refuses
  ///     before it asks, so nothing is answered twice.
  /// - Returns: The answer, with the data that `body` has left in it.
  /// - Throws: ``ClientError``.
  func ask(
    _ command: Command,
    _ body: (DaemonConnection.Step, inout SecretBuffer) throws(ClientError) -> Void
  ) throws(ClientError) -> DaemonConnection.Reply {
    do throws(ClientError) {
      try connection.send([command])
      return try connection.receiveReply(body)
    } catch {
      guard error.code == .locked else { throw error }
    }
    try openVault()
    try connection.send([command])
    return try connection.receiveReply(body)
  }

  /// Sends a command that asks for passphrases and key files.
  ///
  /// - Parameters:
  ///   - command: What is asked.
  ///   - answers: Where they come from; what was made on the way is told.
  ///   - object: What a key file that was made opens, as in `the vault`.
  ///   - activity: What a person sees while it takes long.
  /// - Returns: The answer.
  /// - Throws: ``ClientError``.
  func ask(
    _ command: Command, answeringFrom answers: SecretAnswers, opening object: String = "the vault",
    activity: String
  ) throws(ClientError) -> DaemonConnection.Reply {
    do throws(ClientError) {
      let reply = try connection.showingProgress(of: activity) { () throws(ClientError) in
        try ask(command) { step, _ throws(ClientError) in
          guard case .inquiry(let inquiry) = step else { return }
          try answers.answer(inquiry, on: connection)
        }
      }
      answers.noteMadeKeyFiles(opening: object)
      return reply
    } catch {
      answers.noteLeftKeyFiles()
      throw error.naming(keyFileOfEnvironment: answers.environmentPath)
    }
  }

  /// Asks which slots there are, and refuses what cannot be answered to the end
  /// before anybody types anything for it.
  ///
  /// - Parameters:
  ///   - answers: Where the secrets come from.
  ///   - removed: The number of the slot that is taken away.
  ///   - changed: The number of the slot that gets another secret.
  ///   - keepsKey: Whether the vault keeps its key.
  /// - Throws: ``ClientError``. Who may not ask which slots there are is refused by
  ///   the command itself, in its own words.
  func requireKeyFiles(
    of answers: SecretAnswers, removing removed: Int? = nil, changing changed: Int? = nil,
    keepsKey: Bool = false
  ) throws(ClientError) {
    let slots: [StatusFields]
    do throws(ClientError) {
      slots = try ask(Command(.slot, words: ["LIST"])).statuses
    } catch {
      guard error.code == .forbidden else { throw error }
      return
    }
    if let number = removed ?? changed {
      // What cannot be done at all the daemon refuses without a question.
      let slot = slots.first { $0["number"] == "\(number)" }
      guard let kind = slot?["kind"], removed != nil || kind != "recovery" else { return }
    }
    try answers.requireKeyFiles(
      KeyFileNeeds(slots, removing: removed, changing: changed, keepsKey: keepsKey))
  }

  /// Opens the vault, and presents the key to what is open now.
  private func openVault() throws(ClientError) {
    guard opensVault else { throw ClientError(ExitStatus.locked, "the vault is locked") }
    do throws(ClientError) {
      try Unlocking.unlock(connection, waiting: waitingTime)
    } catch {
      // Somebody else was quicker, and of an open vault a key checks no secret.
      guard presentsKey, error.code == .forbidden else { throw error }
    }
    if presentsKey { try PresentedKey.present(on: connection) }
  }
}
