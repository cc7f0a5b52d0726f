internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Keys that live no longer than a process: they are revoked when it has ended, and
/// forgotten when they would have expired.
///
/// The ledger watches the processes. What a daemon before this one has bound is looked
/// for when the vault is opened, before anything else is done with it; a process that
/// cannot be found again has ended.
final class ProcessKeys {
  private unowned let server: Server
  private var keeper: VaultKeeper { server.keeper }
  private var gate: Gate { server.gate }

  /// Whether a change of ours waits to be written.
  private var isWriting = false

  /// When what could not be written is tried again.
  private(set) var nextAttempt: BootInstant?
  private static let pauseSeconds: Int64 = 5

  /// When it was last looked whether there is something to forget.
  private var lastForgetting: BootInstant?

  /// Looking takes time where there are many, and all is the later the better.
  private static let forgettingSeconds: Int64 = 600

  init(of server: Server) { self.server = server }

  // MARK: Binding

  /// Binds a key that is about to be made to the process of a holder.
  ///
  /// - Parameters:
  ///   - id: The id that the key is to have.
  ///   - holder: The process, which is being watched.
  ///   - command: What makes it.
  /// - Throws: `limit` if the process has as many already.
  func bind(_ id: KeyID, to holder: Holder, by command: Exchange) throws(Failure) {
    var count = holder.boundKeys.count
    if let organization = keeper.vault?.organization {
      let now = keeper.now()
      // One that was refused, or could not be written, never was.
      holder.boundKeys.removeAll { bound in
        bound.command?.hasEnded ?? true && organization.key(withID: bound.id)?.hasEnded ?? true
      }
      // One that has expired ends with the process, but is in nobody's way.
      count = holder.boundKeys.count { bound in
        !(bound.command?.hasEnded ?? true)
          || organization.key(withID: bound.id)?.state(at: now).isLive ?? false
      }
    }
    guard count < Limits.keysOfOneProcess else {
      throw Failure(
        .limit, "process \(holder.peer.processID) has \(count) keys already",
        hint: "one key will do for all that a process does")
    }
    holder.boundKeys.append(Holder.BoundKey(id: id, command: command))
  }

  /// Takes note of the end of a process: from now on its keys are not accepted.
  func noteEnd(of holder: Holder) {
    guard !holder.boundKeys.isEmpty else { return }
    gate.endedProcessKeys.formUnion(holder.boundKeys.map(\.id))
    revokeEnded()
  }

  // MARK: The vault

  /// Looks for the processes of all keys that have not ended for good, when the vault
  /// was opened.
  func noteOpening() {
    nextAttempt = nil
    guard let organization = keeper.vault?.organization else { return }
    let watched = Set(server.ledger.all.flatMap(\.boundKeys).map(\.id))
    for key in organization.watchedProcessKeys where !watched.contains(key.id) {
      if !watchAgain(key, in: organization) { gate.endedProcessKeys.insert(key.id) }
    }
    lastForgetting = nil
    // First what is gone for good by that, and needs no end of its own.
    considerForgetting()
    revokeEnded()
  }

  /// Whether the process of a key runs, and is watched from now on.
  private func watchAgain(_ key: Key, in organization: Organization) -> Bool {
    var userID = server.ownUserID
    if server.options.isSystem, case .user(let creator) = key.creator {
      userID = organization[creator].uid
    }
    do throws(Errno) {
      guard let binding = organization.process(of: key.id), let process = try binding.process(),
        let holder = try server.watch(
          process, of: PeerCredentials(processID: binding.processID, userID: userID),
          since: key.created)
      else { return false }
      holder.boundKeys.append(Holder.BoundKey(id: key.id))
      let version = VersionID(key.id, number: key.currentVersion.number)
      server.ledger.note([version], handedTo: holder, claiming: "")
      return true
    } catch {
      return false
    }
  }

  /// Revokes the keys whose processes have ended.
  func revokeEnded() {
    let ended = Array(gate.endedProcessKeys)
    guard !ended.isEmpty, !isWriting, keeper.vault != nil, !keeper.isLocking else { return }
    guard keeper.writeFailure == nil else { return tryLater() }
    write(Verb.revoke.rawValue, about: "its process has ended") { organization, now in
      organization.revocations(ofEndedProcessKeys: ended, at: now)
    } completion: { [self] isDone in
      guard isDone, let organization = keeper.vault?.organization else { return tryLater() }
      // What was known to have ended, and is not there now, was never made.
      for id in ended where organization.key(withID: id)?.hasEnded ?? true {
        gate.endedProcessKeys.remove(id)
      }
      // Others may have ended since, or there were too many for one record.
      if !gate.endedProcessKeys.isEmpty { revokeEnded() }
    }
  }

  private func tryLater() {
    guard keeper.vault != nil, !gate.endedProcessKeys.isEmpty else { return }
    nextAttempt = server.now.advanced(bySeconds: Self.pauseSeconds)
  }

  /// Tries again what could not be written, when it is time.
  func attempt(at now: BootInstant) {
    guard let moment = nextAttempt, moment <= now else { return }
    nextAttempt = nil
    revokeEnded()
  }

  // MARK: Forgetting

  /// Forgets keys that nobody could present any more, now and then.
  ///
  /// It is called when something was written: a vault in which nothing happens does not
  /// grow.
  func considerForgetting() {
    guard !isWriting, let vault = keeper.vault, !keeper.isLocking, keeper.writeFailure == nil,
      lastForgetting.map({ server.now.seconds(since: $0) >= Self.forgettingSeconds }) ?? true
    else { return }
    lastForgetting = server.now
    guard let change = vault.organization.forgetting(ofProcessKeysAt: keeper.now()).first,
      case .keysForgotten(let ids) = change
    else { return }
    write(AuditRow.forgetVerb, about: "\(ids.count) keys of processes") { organization, now in
      organization.forgetting(ofProcessKeysAt: now)
    } completion: { [self] isDone in
      // What is left of very many comes next.
      if isDone, ids.count == Organization.forgottenAtOnce { lastForgetting = nil }
      revokeEnded()
      considerForgetting()
    }
  }

  private func write(
    _ verb: String, about object: String,
    _ decide: @escaping (Organization, Instant) -> [Change],
    completion: @escaping (Bool) -> Void
  ) {
    isWriting = true
    server.committer.submitUnasked(verb, about: object, decide) { [self] isDone in
      isWriting = false
      completion(isDone)
    }
  }
}
