internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Writes the vault anew: its next generation, of which one is made at a time.
///
/// The long part is a job beside all else; the short one, in which it takes the
/// place of the former one, has the committing thread for itself.
final class Renewal {
  private let keeper: VaultKeeper
  private let committer: Committer
  private let gate: Gate

  /// Whether a generation is in the making.
  private(set) var isRunning = false

  /// Whether no row may be written and so no answer may go out, for the short time
  /// in which the last rows are copied.
  private(set) var holdsRows = false

  /// When a vault that takes no changes is to be written anew, after how many
  /// seconds the next time.
  private(set) var nextAttempt: BootInstant?
  private var pauseSeconds: Int64 = Renewal.firstPauseSeconds

  private static let firstPauseSeconds: Int64 = 2
  private static let longestPauseSeconds: Int64 = 60

  /// Writes what the audit still waits for.
  var writeRows: () -> Void = {}

  init(_ keeper: VaultKeeper, _ committer: Committer, gate: Gate) {
    self.keeper = keeper
    self.committer = committer
    self.gate = gate
  }

  /// Called when a generation is in its place, or why it is not.
  typealias Completion = (StoreError?) -> Void

  // MARK: Unasked

  /// Compacts the vault if that is worth it.
  func considerCompaction() {
    guard !isRunning, keeper.writeFailure == nil, let vault = keeper.vault,
      vault.wantsCompaction(at: keeper.now())
    else { return }
    begin(.compaction, by: Gate.daemon) { error in
      if let error { Log.note("compacting the vault failed: \(error.message)") }
    }
  }

  /// Sees to it that a vault which takes no changes is written anew a little later.
  func considerRecovery(at now: BootInstant) {
    guard keeper.vault != nil, let error = keeper.writeFailure, error.isOvercomeByRewriting else {
      nextAttempt = nil
      pauseSeconds = Self.firstPauseSeconds
      return
    }
    guard nextAttempt == nil, !isRunning else { return }
    nextAttempt = now.advanced(bySeconds: pauseSeconds)
  }

  /// Tries to make the vault writable again, when it is time.
  func attemptRecovery(at now: BootInstant) {
    guard let moment = nextAttempt, moment <= now else { return }
    nextAttempt = nil
    pauseSeconds = min(pauseSeconds * 2, Self.longestPauseSeconds)
    guard keeper.writeFailure != nil else { return }
    recover(by: Gate.daemon) { _ in }
  }

  // MARK: On demand

  /// Writes the vault anew from what is in memory, after a write has failed.
  func recover(by actor: Actor, _ completion: @escaping Completion) {
    begin(.recovery, by: actor, completion)
  }

  /// Writes the vault anew with another key; changes wait until it is done.
  func rekey(_ key: NewKey, by actor: Actor, _ completion: @escaping Completion) {
    begin(.rekey(key), by: actor, completion)
  }

  // MARK: Steps

  private func begin(
    _ cause: GenerationCause, by actor: Actor, _ completion: @escaping Completion
  ) {
    guard !isRunning else { return completion(.busy) }
    isRunning = true
    committer.whenIdle { [self] in
      guard let vault = keeper.vault else {
        isRunning = false
        return completion(.noVault)
      }
      if !cause.allowsChanges { committer.hold() }
      // What was answered before has its rows in the audit before the snapshot.
      writeRows()
      let draft = vault.beginGeneration(cause, by: actor, at: keeper.now())
      keeper.enqueueUnlimited(
        Job(
          userID: actor.uid, usesVault: true,
          start: { _ in { @Sendable cancellation in Self.write(draft, cancellation) } },
          completion: { [self] in written($0, cause, by: actor, completion) }))
    }
  }

  private static func write(
    _ draft: GenerationDraft, _ cancellation: Cancellation
  ) -> Job.Outcome {
    do throws(StoreError) {
      return .generation(try draft.write { cancellation.isRequested })
    } catch {
      return .failed(error)
    }
  }

  private func written(
    _ outcome: Job.Outcome, _ cause: GenerationCause, by actor: Actor,
    _ completion: @escaping Completion
  ) {
    switch outcome {
    case .generation(let written?): putInPlace(written, cause, by: actor, completion)
    case .failed(let error): end(error, completion)
    case .generation(nil), .done, .opened, .adopted, .slot, .key, .backup, .repair, .findings:
      end(.noVault, completion)
    }
  }

  private func putInPlace(
    _ written: WrittenGeneration, _ cause: GenerationCause, by actor: Actor,
    _ completion: @escaping Completion
  ) {
    var rows: [AuditRow] = []
    committer.runAlone(asHolder: true) { [self] in
      // After a write that failed only a recovery relies on nothing that was lost.
      let obstacle = cause.allowsChanges ? keeper.writeFailure : nil
      guard let vault = keeper.vault, obstacle == nil else {
        return { @Sendable in
          written.discard()
          return .generation(.failure(obstacle ?? .noVault))
        }
      }
      if written.holdsRows {
        writeRows()
        holdsRows = true
        rows = gate.takeRows(ofGeneration: written.generation, cause, by: actor)
      }
      let (remainder, rows) = (vault.remainder, rows)
      return { @Sendable in
        do throws(StoreError) {
          return .generation(.success(try written.finish(remainder, adding: rows)))
        } catch {
          return .generation(.failure(error))
        }
      }
    } completion: { [self] outcome in
      holdsRows = false
      switch outcome {
      case .generation(.success(let finished)): adopt(finished, by: actor, completion)
      case .generation(.failure(let error)):
        gate.postpone(rows)
        end(error, completion)
      case .slots, .audit: preconditionFailure("what was run was a generation")
      }
    }
  }

  private func adopt(
    _ finished: FinishedGeneration, by actor: Actor, _ completion: @escaping Completion
  ) {
    guard let vault = keeper.vault else { return end(.noVault, completion) }
    vault.adopt(finished)
    if let doubt = finished.doubt {
      keeper.becomeReadOnly(doubt)
    } else if keeper.writeFailure != nil, !finished.cause.allowsChanges {
      keeper.becomeWritable()
      Log.note("the vault can be written again, as generation \(vault.generation)")
    }
    if finished.lostRowCount > 0 {
      Log.note("the last \(finished.lostRowCount) rows of the audit could not be read again")
    }
    if finished.cause.allowsChanges {
      gate.noteGeneration(vault.generation, finished.cause, by: actor)
    }
    end(finished.doubt, completion)
  }

  private func end(_ error: StoreError?, _ completion: Completion) {
    if error != nil, keeper.vault?.isMakingGeneration == true {
      keeper.vault?.abandonGeneration()
    }
    isRunning = false
    completion(error)
    committer.release()
  }
}

extension GenerationCause {
  /// Whether changes go on while the snapshot is written.
  fileprivate var allowsChanges: Bool {
    switch self {
    case .compaction: true
    // Values are sealed with the new key; and a vault that cannot be written takes
    // no changes anyway.
    case .rekey, .recovery: false
    }
  }
}

extension StoreError {
  /// Whether files of another generation are a way out.
  fileprivate var isOvercomeByRewriting: Bool {
    switch self {
    case .failed, .full: true
    case .noVault, .vaultExists, .insecure, .inUse, .wrongSecret, .unusableSecret, .noSlot,
      .damaged, .beyondRepair, .unknownVersion, .rolledBack, .changedByOthers, .busy, .outOfMemory,
      .overMemoryLimit,
      .outOfLockedMemory:
      false
    }
  }
}
