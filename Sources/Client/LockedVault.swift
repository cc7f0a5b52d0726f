internal import Platform
internal import Wire

/// A vault that was found locked, and is watched until it is not.
struct LockedVault {
  private let connection: DaemonConnection

  /// The pauses of one who waits for a turn, in milliseconds: whoever cancels a
  /// prompt sees the next one at once.
  private static let turnPauses = (first: 10, longest: 200)

  /// The pauses of one who waits for somebody to open the vault.
  private static let pauses = (first: 100, longest: 1_000)

  init(_ connection: DaemonConnection) { self.connection = connection }

  // MARK: One's turn

  /// Waits until this command may ask, or need not.
  ///
  /// A job in the background cannot ask, so it waits to be brought to the foreground
  /// or for somebody else; it must not keep others from asking.
  ///
  /// - Parameter turn: What one waits for; nil if there is no such thing, and all ask.
  /// - Returns: Whether to ask; false if the vault is open.
  /// - Throws: ``ClientError``; `locked` if the prompt of another one on this terminal
  ///   was cancelled meanwhile.
  func awaitTurn(_ turn: PromptTurn?) throws(ClientError) -> Bool {
    var pauses = Pauses(first: Self.turnPauses.first, longest: Self.turnPauses.longest)
    let beginning = BootInstant.now
    while true {
      let isInForeground = SecretInput.isInForeground
      let hasTurn = isInForeground && isTaken(turn)
      // Looked at with the turn taken: who had it before may have opened the vault.
      guard try isLocked() else { return false }
      if hasTurn {
        guard turn?.wasCancelledHere(since: beginning) != true else { throw .cancelledElsewhere }
        turn?.clear()
        return true
      }
      pauses.pause(
        reason: isInForeground
          ? "waiting for the prompt of another command"
          : "the vault is locked, and this command is in the background: waiting until it is "
            + "opened, or can ask")
    }
  }

  private func isTaken(_ turn: PromptTurn?) -> Bool { turn?.take() ?? true }

  // MARK: Somebody else

  /// Waits until somebody has opened the vault; on a new connection if the daemon has
  /// gone away meanwhile.
  ///
  /// - Parameter time: How long.
  /// - Throws: ``ClientError``; `locked` when the time is over.
  func wait(for time: WaitingTime) throws(ClientError) {
    let end = time.end
    var pauses = Pauses(first: Self.pauses.first, longest: Self.pauses.longest)
    var absence: ClientError?
    while true {
      do throws(ClientError) {
        if try connection.reopenIfLost() {
          connection.limitQuickAnswers(until: end)
          guard try isLocked(refusingFormerProblem: true) else { return }
        }
        absence = nil
      } catch {
        // It may be about to be started again.
        guard error.status == ExitStatus.noDaemon else { throw error }
        absence = error
      }
      guard .now < end else { throw absence ?? .stillLocked(after: time) }
      pauses.pause(
        until: end, reason: "the vault is locked; waiting up to \(time.text) until it is opened")
    }
  }

  /// Whether the vault is locked, and not open.
  ///
  /// - Parameter refusingFormerProblem: Whether it is an error as well that it was
  ///   damaged when somebody last tried to open it.
  /// - Returns: Whether it is.
  /// - Throws: ``ClientError`` if there is none, or one that nobody can open.
  private func isLocked(refusingFormerProblem: Bool = false) throws(ClientError) -> Bool {
    let status = try connection.status()
    let problem = status["problem"]
    switch status["state"] {
    case "unlocked": return false
    case "none": throw .noVault
    case "locked":
      guard refusingFormerProblem, let problem else { return true }
      throw .notToBeOpened(problem)
    case _: throw .notToBeOpened(problem ?? "the vault is damaged")
    }
  }
}

extension ClientError {
  static let noVault = ClientError(
    ExitStatus.failed, "there is no vault yet",
    hint: "make one with 'coffer init --organization NAME'")

  fileprivate static func notToBeOpened(_ problem: String) -> ClientError {
    ClientError(
      ExitStatus.failed, problem,
      hint: "'coffer doctor' tells more; 'coffer doctor --repair' shows what can be saved")
  }

  fileprivate static let cancelledElsewhere = ClientError(
    ExitStatus.locked, "the vault is locked, and its prompt on this terminal was cancelled",
    hint: "'coffer unlock' asks again")

  fileprivate static func stillLocked(after time: WaitingTime) -> ClientError {
    ClientError(
      ExitStatus.locked, "the vault is locked still, after \(time.text) of waiting",
      hint: "open it with 'coffer unlock', or set COFFER_KEY_FILE")
  }
}
