internal import Keyring
internal import Platform
internal import Sodium
internal import Store

/// Locking the vault, on request, when nobody uses it, and at the end.
extension Server {
  /// Locks the vault, when all that was accepted before has been written.
  ///
  /// - Parameters:
  ///   - actor: Who wants it locked, for the audit.
  ///   - reason: Why, for the audit; may be empty.
  ///   - completion: Called when the keys are gone.
  func lock(
    by actor: Actor, because reason: String, _ completion: @escaping () -> Void = {}
  ) {
    // Also what began while another lock is under way opens nothing behind this one.
    keeper.forgetUnlocks()
    lockRequests.append(LockRequest(actor: actor, reason: reason, completion: completion))
    // Whoever asks meanwhile is answered with the first.
    guard lockRequests.count == 1 else { return }
    keeper.endVaultJobs { [self] in
      committer.whenIdle { [self] in writeRows() }
      committer.synchronizeAudit { [self] in finishLock() }
    }
  }

  private func finishLock() {
    let requests = lockRequests
    lockRequests = []
    for request in requests { gate.noteLocked(by: request.actor, because: request.reason) }
    writeRows()
    // While there is something to answer with.
    answerUnits()
    keeper.lock()
    Stack.wipe()
    schedule.auditSynchronization = nil
    for session in sessions.all where session.endsWithLock { end(session) }
    for request in requests { request.completion() }
  }

  /// Ends the daemon: takes no connection more, and locks the vault first.
  func beginEnd() {
    guard schedule.end == nil else { return }
    ServiceManager.notify("STOPPING=1")
    Log.note("ending")
    watchListener([])
    schedule.acceptance = nil
    schedule.end = now.advanced(bySeconds: Limits.endSeconds)
    guard keeper.vault != nil else {
      schedule.hasEnded = true
      return
    }
    lock(by: Gate.daemon, because: "end of cofferd") { [self] in schedule.hasEnded = true }
  }

  // MARK: Unasked

  /// When a vault that nobody uses is locked; nil for never.
  var idleLockMoment: BootInstant? {
    guard keeper.vault != nil, lockRequests.isEmpty, let idle = options.idleLock else { return nil }
    return schedule.lastUse.advanced(bySeconds: idle.count)
  }

  /// When the vault is locked, whether it is used or not; nil for never.
  var latestLockMoment: BootInstant? {
    guard keeper.vault != nil, lockRequests.isEmpty, let longest = options.maximumUnlock else {
      return nil
    }
    return schedule.opening.advanced(bySeconds: longest.count)
  }

  /// How many seconds are left until one of these moments.
  func seconds(until moment: BootInstant?) -> Int64? {
    moment.map { max($0.seconds(since: now), 0) }
  }

  /// Locks a vault that nobody has used for too long, or that was open for too long.
  func lockIfDue() {
    if let moment = idleLockMoment, moment <= now {
      let length = options.idleLock?.text ?? "long"
      lockUnasked("nobody has used the vault for \(length): locking it", because: "idle")
    }
    if let moment = latestLockMoment, moment <= now {
      let length = options.maximumUnlock?.text ?? "long"
      lockUnasked("the vault was open for \(length): locking it", because: "max-unlock")
    }
  }

  /// Locks the vault when the machine has slept: another person may have woken it.
  func lockAfterSleep() {
    lockUnasked("the machine has slept: locking the vault", because: "sleep")
  }

  /// Locks an open vault without being asked by a client.
  ///
  /// - Parameters:
  ///   - note: What has happened, for the log.
  ///   - reason: The same in a word, for the audit.
  func lockUnasked(_ note: String, because reason: String) {
    keeper.forgetUnlocks()
    guard keeper.vault != nil, lockRequests.isEmpty else { return }
    Log.note(note)
    lock(by: Gate.daemon, because: reason)
  }
}
