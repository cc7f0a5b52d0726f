internal import Platform

/// What the loop does when a moment has come.
extension Server {
  /// Sets the alarm to the moments that the loop itself waits for.
  func setAlarm() {
    let moments: [9 of BootInstant?] = [
      schedule.auditSynchronization, schedule.trimming, schedule.acceptance, schedule.end,
      schedule.watchdog, idleLockMoment, latestLockMoment, renewal.nextAttempt,
      processKeys.nextAttempt,
    ]
    for index in moments.indices {
      if let moment = moments[index] { alarm.set(moment) }
    }
    manager.tell(keeper)
  }

  func expire() {
    for session in sessions.all {
      guard let deadline = session.deadline else { continue }
      if deadline <= now {
        touch(session)
        session.expire(at: now)
      } else {
        alarm.set(deadline)
      }
    }
    if let moment = schedule.auditSynchronization, moment <= now {
      schedule.auditSynchronization = nil
      committer.synchronizeAudit()
    }
    if let moment = schedule.trimming, moment <= now {
      schedule.trimming = nil
      schedule.answeredByteCount = 0
      Process.giveBackMemory()
    }
    if let moment = schedule.acceptance, moment <= now {
      schedule.acceptance = nil
      watchListener(.reading)
    }
    if let moment = schedule.watchdog, moment <= now { feedWatchdog() }
    renewal.attemptRecovery(at: now)
    processKeys.attempt(at: now)
    if let moment = schedule.end, moment <= now {
      if !schedule.hasEnded { Log.note("ending before everything was written") }
      schedule.hasEnded = true
    }
  }

  /// Notes how much memory answers have taken, so that a burst leaves none behind.
  func noteAnswers(byteCount: Int) {
    schedule.answeredByteCount += byteCount
    guard schedule.answeredByteCount >= Limits.trimByteCount, schedule.trimming == nil else {
      return
    }
    schedule.trimming = now.advanced(bySeconds: Limits.trimSeconds)
  }

  /// Notes that somebody used what is in the vault.
  func noteUse() { schedule.lastUse = now }
}
