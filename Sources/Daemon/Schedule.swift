internal import Platform
internal import Store

/// The moments that the loop itself waits for.
struct Schedule {
  /// When somebody last used what is in the vault.
  var lastUse = BootInstant.now

  /// When the vault was opened that is open.
  var opening = BootInstant.now

  /// When the service manager wants to hear next that the loop goes on.
  var watchdog: BootInstant?

  var auditSynchronization: BootInstant?

  /// When memory is given back, and how much was answered since it was.
  var trimming: BootInstant?
  var answeredByteCount = 0
  var acceptance: BootInstant?

  /// When it was last told that no connection can be accepted.
  var exhaustionLogged: BootInstant?

  /// When the loop ends, whatever is still to do.
  var end: BootInstant?
  var hasEnded = false
}

/// One who wants the vault locked.
struct LockRequest {
  let actor: Actor
  let reason: String
  let completion: () -> Void
}
