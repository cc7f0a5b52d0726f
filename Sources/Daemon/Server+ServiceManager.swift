internal import Glibc
internal import Platform
internal import Store

/// What the service manager is told, and what it has brought.
extension Server {
  /// The name of the credential that opens the vault at the start.
  private static let credentialName = "coffer.key"

  /// Tells the manager that the loop goes on, and when that is due again.
  ///
  /// The loop itself does it: a manager that hears nothing may start another
  /// daemon, and it hears nothing from one that is stuck.
  func feedWatchdog() {
    guard let interval = ServiceManager.watchdogMicroseconds else { return }
    ServiceManager.feedWatchdog()
    schedule.watchdog = now.advanced(byMilliseconds: max(interval / 2000, 1))
  }

  // MARK: Unlocking

  /// Opens a locked vault with the key file that the manager has put there, if it
  /// has put one there.
  ///
  /// - Parameter completion: Called when the vault is open, or is not going to be.
  func unlockByCredential(_ completion: @escaping () -> Void) {
    guard case .locked = keeper.state else { return completion() }
    let secret: Handoff<UnlockSecret>
    do throws(StoreError) {
      guard let credential = try Self.credential() else {
        noteMissingCredential()
        return completion()
      }
      secret = Handoff(credential)
    } catch {
      noteUselessCredential(error)
      return completion()
    }
    keeper.unlockUnasked(with: secret) { [self] error in
      if let error {
        noteUselessCredential(error)
      } else if keeper.vault != nil {
        // Else it was to be locked meanwhile.
        Log.note("the credential \(Self.credentialName) has opened the vault")
        gate.noteUnlocked(by: Gate.daemon, with: "credential \(Self.credentialName)")
      }
      completion()
    }
  }

  /// Reads the credential; nil if there is none.
  private static func credential() throws(StoreError) -> UnlockSecret? {
    guard let path = ServiceManager.credentialPath(credentialName) else { return nil }
    let contents: Secret
    do throws(Errno) {
      let file = try FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
      contents = try Secret.read(file, limit: Limits.valueByteCount)
    } catch .notFound {
      return nil
    } catch {
      throw .failed(file: credentialName, operation: "reading", error)
    }
    return try contents.withBytes { (bytes) throws(StoreError) in
      try UnlockSecret(.keyFile, copying: bytes)
    }
  }

  /// Says so if the vault waits for a credential that nobody has brought.
  private func noteMissingCredential() {
    guard let survey = try? VaultSurvey(of: keeper.directory), survey.hasCredentialSlot else {
      return
    }
    note(
      credentialProblem: "the vault has a slot for a credential, and systemd has brought no "
        + Self.credentialName)
  }

  private func noteUselessCredential(_ error: StoreError) {
    let reason =
      switch error {
      case .wrongSecret: "it fits no slot of the vault"
      case .noSlot: "the vault has no slot for it: see 'coffer slot add credential'"
      case .noVault, .vaultExists, .insecure, .inUse, .unusableSecret, .damaged, .beyondRepair,
        .unknownVersion, .rolledBack, .changedByOthers, .busy, .failed, .full, .outOfMemory,
        .overMemoryLimit, .outOfLockedMemory:
        error.message
      }
    note(
      credentialProblem: "the credential \(Self.credentialName) does not open the vault: \(reason)")
  }

  private func note(credentialProblem text: String) {
    keeper.credentialProblem = text
    Log.note(text)
    Log.hint("the vault stays locked: open it with 'coffer unlock', and mend the credential")
  }
}

/// What the service manager shows of the vault, as in `systemctl status`.
struct ManagerStatus {
  private var state = ""
  private var isReadOnly = false

  /// Tells the manager how the vault is, if that has changed.
  mutating func tell(_ keeper: VaultKeeper) {
    let (state, isReadOnly) = (keeper.state.text, keeper.writeFailure != nil)
    guard state != self.state || isReadOnly != self.isReadOnly else { return }
    (self.state, self.isReadOnly) = (state, isReadOnly)
    ServiceManager.notify("STATUS=The vault: \(state)\(isReadOnly ? ", read-only" : "")")
  }
}
