internal import Keyring
internal import Store
internal import Wire

/// What is told of changes when their batch has been written, or was not.
extension Committer {
  /// Answers a client, once the row is written with this turn's others.
  func finish(
    _ decided: Decided, _ pending: Pending, _ caller: Caller, _ error: StoreError?
  ) {
    let exchange = pending.exchange
    let workspace = decided.changes.compactMap(\.workspace).first
    // Also where nothing had to change: it was found so by changes of the same batch, maybe.
    guard let vault = keeper.vault, error == nil else {
      exchange.fail(.outcomeUnknown(error ?? .noVault))
      if let record = decided.record {
        // If the vault is written anew, the change is in it.
        gate.postpone(
          exchange, caller, subjects: decided.subjects, workspace: workspace,
          object: pending.object, record: record)
      }
      return
    }
    if let record = decided.record {
      gate.note(
        exchange, caller, subjects: decided.subjects, workspace: workspace,
        object: pending.object, record: record, orElse: Self.unacknowledged)
    }
    pending.answer(vault, decided.changes)
    exchange.succeed()
  }

  /// Takes note of a change that nobody waits for.
  func finish(_ decided: Decided, _ unasked: Unasked, isWritten: Bool) {
    if let record = decided.record {
      gate.noteUnasked(
        unasked.verb, decided.changes, subjects: decided.subjects, object: unasked.object,
        record: record, isWritten: isWritten)
    }
    unasked.completion(isWritten)
  }

  /// The answer to a change that is durable, while its audit row is not.
  private static let unacknowledged = Failure(
    .failed, "outcome unknown: the change was written, its audit row was not",
    hint: "look with 'coffer show' what is there")
}
