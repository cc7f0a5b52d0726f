internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Where it is decided whether a request is granted, and where that is audited.
///
/// Every command passes ``admit(_:_:)``; every use of what is in the vault
/// passes one of the two others, so nothing is decided without a row.
final class Gate {
  let keeper: VaultKeeper
  private let isSystem: Bool

  /// The audit rows of this turn of the loop.
  var rows: [AuditRow] = []

  /// Those of changes that were written and may be lost.
  private var postponed: [AuditRow] = []

  var refusals = RefusalFolding(limit: Limits.auditedRefusals)

  /// Keys whose processes have ended, while that is not on the device yet.
  var endedProcessKeys: Set<KeyID> = []

  /// Of texts that had been ended: other refusals must not hide them.
  private var deadKeys = RefusalFolding(limit: Limits.auditedRefusals)

  /// The time of the last row that was written; the vault's time is never before it.
  private var lastMark = Instant(secondsSinceEpoch: 0)

  /// How far the vault's time may get ahead of what the rows tell of it.
  private static let markInterval = Seconds(1)

  /// What was refused while no row could be written.
  var refusalsWhileLocked: UInt64 = 0

  init(_ keeper: VaultKeeper, isSystem: Bool) {
    self.keeper = keeper
    self.isSystem = isSystem
  }

  // MARK: Callers

  /// On whose behalf the client asks.
  ///
  /// In user mode everyone who is let in is the Owner, whatever uid the record
  /// holds, so that a vault which was moved to another machine still has one.
  func caller(_ exchange: Exchange, in organization: Organization) -> Caller {
    let caller = unconfirmedCaller(exchange, in: organization)
    guard case .user(let id) = caller, let vault = keeper.vault else { return caller }
    return Int(id.number) <= vault.confirmedUserCount ? caller : .nobody
  }

  private func unconfirmedCaller(
    _ exchange: Exchange, in organization: Organization
  ) -> Caller {
    switch exchange.ownSession.identity {
    case .key(let version):
      return endedProcessKeys.contains(version.key) ? .nobody : .key(version)
    case .nobody: return .nobody
    case .peer: break
    }
    let user = organization.user(withUID: exchange.peer.userID)
    if isSystem { return user.map { .user($0.id) } ?? .nobody }
    let isOwner = user.map { $0.role == .owner && $0.state == .active } ?? false
    let owner = isOwner ? user : organization.firstOwner
    return owner.map { .user($0.id) } ?? .nobody
  }

  /// On whose behalf the client asks, with all rights; throws `forbidden` for
  /// nobody, and `denied` for a key that has ended.
  func standing(of exchange: Exchange, in vault: Vault) throws(Failure) -> Standing {
    try audited(exchange, in: vault) { (organization, caller, now) throws(Refusal) in
      try organization.standing(of: caller, at: now)
    }
  }

  /// The same for what is no request of its own: nil for nobody, and no row.
  func standingIfAny(of exchange: Exchange, in organization: Organization) -> Standing? {
    try? organization.standing(of: caller(exchange, in: organization), at: keeper.now())
  }

  // MARK: Deciding

  /// Reads from the organization what the caller may read.
  ///
  /// A refusal gets its audit row, and fails the command if that cannot be
  /// written.
  ///
  /// - Parameters:
  ///   - exchange: The command.
  ///   - vault: The open vault.
  ///   - body: Decides by the rules, for this caller, now.
  /// - Returns: What `body` returns.
  /// - Throws: ``Failure`` for a refusal.
  func audited<Result>(
    _ exchange: Exchange, in vault: Vault,
    _ body: (Organization, Caller, Instant) throws(Refusal) -> Result
  ) throws(Failure) -> Result {
    let now = keeper.now()
    let caller = caller(exchange, in: vault.organization)
    noteMark(now)
    do throws(Refusal) {
      return try body(vault.organization, caller, now)
    } catch {
      let subject = vault.organization.keyID(written: error.object, by: caller)
      noteRefusal(
        exchange, caller, Failure(error).code, subject: subject, object: error.object)
      throw Failure(error)
    }
  }

  /// Takes note of the time that something was judged by, at most once a second.
  ///
  /// Without it a clock that is set back while the daemon is down could revive
  /// what somebody was told had expired.
  func noteMark(_ now: Instant) {
    guard now >= lastMark.advanced(by: Self.markInterval) || now < lastMark else { return }
    lastMark = now
    rows.append(AuditRow(time: now, actor: Self.daemon, verb: AuditRow.markVerb))
  }

  /// Takes note of a refusal, in a row that must be written before the answer.
  func noteRefusal(
    _ exchange: Exchange, _ caller: Caller, _ code: Failure.Code, subject: KeyID?,
    object: String
  ) {
    let now = keeper.now()
    noteFolded(at: now)
    guard refusals.note(ofUser: exchange.peer.userID, at: now) else { return }
    addRefusal(exchange, caller, code, subject, PrintableText.object(object), at: now)
  }

  /// Takes note of a text that was presented and had been ended, a trace of a leak.
  func noteDeadKey(_ exchange: Exchange, _ code: Failure.Code, _ id: KeyID, in vault: Vault) {
    let now = keeper.now()
    noteFolded(at: now)
    guard deadKeys.note(ofUser: exchange.peer.userID, at: now) else { return }
    let caller = caller(exchange, in: vault.organization)
    addRefusal(exchange, caller, code, id, AuditRow.deadKey, at: now)
  }

  private func addRefusal(
    _ exchange: Exchange, _ caller: Caller, _ code: Failure.Code, _ subject: KeyID?,
    _ object: String, at now: Instant
  ) {
    rows.append(
      AuditRow(
        time: now, actor: actor(exchange, caller), verb: exchange.command.verb,
        outcome: UInt16(code.rawValue), subjects: subject.map { [VersionID($0, number: 0)] } ?? [],
        object: object))
    exchange.requireRow(orElse: Self.unaudited)
  }

  /// Tells of refusals that had no rows of their own, once their minute is over.
  ///
  /// - Parameter now: The time; nil for all of them, whatever it is.
  func noteFolded(at now: Instant?) {
    for folded in refusals.takeFolded(at: now) + deadKeys.takeFolded(at: now) {
      rows.append(
        AuditRow(
          time: keeper.now(),
          actor: Actor(user: nil, uid: folded.uid, processID: 0, command: ""), verb: "REFUSED",
          outcome: UInt16(Failure.Code.limit.rawValue), object: "and \(folded.count) more"))
    }
  }

  /// Takes note of what was done, in a row that must be written before the answer.
  func note(
    _ exchange: Exchange, _ caller: Caller, subjects: [VersionID] = [],
    workspace: WorkspaceID? = nil, object: String = "", record: UInt64? = nil,
    orElse failure: Failure = Gate.unaudited
  ) {
    rows.append(
      AuditRow(
        time: keeper.now(), actor: actor(exchange, caller), verb: exchange.command.verb,
        subjects: subjects, workspace: workspace, object: object, record: record))
    exchange.requireRow(orElse: failure)
  }

  /// Keeps the row of a change of which nobody knows whether it is on the device.
  func postpone(
    _ exchange: Exchange, _ caller: Caller, subjects: [VersionID], workspace: WorkspaceID?,
    object: String, record: UInt64
  ) {
    postponed.append(
      AuditRow(
        time: keeper.now(), actor: actor(exchange, caller), verb: exchange.command.verb,
        subjects: subjects, workspace: workspace, object: object, record: record))
  }

  /// Takes note of a change that the daemon has made unasked.
  func noteUnasked(
    _ verb: String, _ changes: [Change], subjects: [VersionID], object: String, record: UInt64,
    isWritten: Bool
  ) {
    let row = AuditRow(
      time: keeper.now(), actor: Self.daemon, verb: verb, subjects: subjects,
      workspace: changes.compactMap(\.workspace).first, object: object, record: record)
    if isWritten { rows.append(row) } else { postponed.append(row) }
  }

  /// Takes note that the vault was written anew.
  func noteGeneration(_ generation: UInt64, _ cause: GenerationCause, by actor: Actor) {
    rows.append(row(ofGeneration: generation, cause, by: actor))
  }

  /// The rows that are to be in the audit of another generation as that takes its place:
  /// those of all changes in it that have none yet, and its own.
  func takeRows(
    ofGeneration generation: UInt64, _ cause: GenerationCause, by actor: Actor
  ) -> [AuditRow] {
    defer { postponed = [] }
    return postponed + [row(ofGeneration: generation, cause, by: actor)]
  }

  private func row(
    ofGeneration generation: UInt64, _ cause: GenerationCause, by actor: Actor
  ) -> AuditRow {
    AuditRow(
      time: keeper.now(), actor: actor, verb: cause.verb, object: "generation \(generation)")
  }

  /// Keeps those of `rows` that tell of changes, until the vault is written anew.
  func postpone(_ rows: [AuditRow]) { postponed += rows.filter { $0.record != nil } }

  /// Takes note that the vault was opened, whether that row can be written or not.
  func noteUnlocked(_ exchange: Exchange, _ caller: Caller) {
    noteUnlocked(by: actor(exchange, caller), with: "")
  }

  /// The same of the daemon itself.
  func noteUnlocked(by actor: Actor, with object: String) {
    if refusalsWhileLocked > 0 {
      rows.append(
        AuditRow(
          time: keeper.now(), actor: Self.daemon, verb: "REFUSED",
          outcome: UInt16(Failure.Code.locked.rawValue),
          object: "\(refusalsWhileLocked) while locked"))
      refusalsWhileLocked = 0
    }
    rows.append(
      AuditRow(time: keeper.now(), actor: actor, verb: Verb.unlock.rawValue, object: object))
  }

  /// Takes note that the vault is locked, in the last row before its files close.
  func noteLocked(by actor: Actor, because reason: String) {
    noteFolded(at: nil)
    // Whatever of them is on the device gets its row at the next opening.
    postponed = []
    let isClean = keeper.writeFailure == nil
    rows.append(
      AuditRow(
        time: keeper.now(), actor: actor, verb: AuditRow.lockVerb,
        outcome: isClean ? 0 : UInt16(Failure.Code.failed.rawValue), object: reason))
  }

  func actor(_ exchange: Exchange, _ caller: Caller) -> Actor {
    switch caller {
    case .user(let id): exchange.actor(id)
    case .key(let version): exchange.actor(nil, key: version.key)
    case .nobody: exchange.actor(nil)
    }
  }

  /// The answer to what cannot be audited.
  static let unaudited = Failure(
    .failed, "the audit row could not be written, so this was not done",
    hint: "'coffer status' says why")

  // MARK: Rows

  /// Takes note of a secret that opened nothing, if that is what has failed.
  func noteIfWrong(_ error: StoreError, _ exchange: Exchange) {
    guard case .wrongSecret = error else { return }
    guard let vault = keeper.vault else {
      refusalsWhileLocked += 1
      return
    }
    let caller = caller(exchange, in: vault.organization)
    rows.append(
      AuditRow(
        time: keeper.now(), actor: actor(exchange, caller), verb: exchange.command.verb,
        outcome: UInt16(Failure.Code.wrongPassphrase.rawValue)))
    exchange.requireRow(orElse: Self.unaudited)
  }

  /// The daemon itself, for what it does unasked.
  static var daemon: Actor {
    Actor(user: nil, uid: Process.userID, processID: Process.id, command: "cofferd")
  }

  /// Writes the rows of this turn.
  ///
  /// - Returns: Whether they were written; if not, the answers that need them
  ///   must not go out.
  func writeRows() -> Bool {
    guard !rows.isEmpty else { return true }
    defer { rows = [] }
    guard let vault = keeper.vault else { return false }
    do throws(StoreError) {
      try vault.append(rows)
      lastMark = rows.last?.time ?? lastMark
      return true
    } catch {
      keeper.becomeReadOnly(error)
      // Their answers do not go out, but the changes stand.
      postpone(rows)
      return false
    }
  }
}
