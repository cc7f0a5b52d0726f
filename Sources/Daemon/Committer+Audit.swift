internal import Store

extension Committer {
  /// Brings the audit rows that were written to the device.
  ///
  /// - Parameter completion: Called when they are there, or cannot be.
  func synchronizeAudit(_ completion: @escaping () -> Void = {}) {
    runAlone { [keeper] in
      // After a failure a sync that succeeds proves nothing of what was lost.
      guard let vault = keeper.vault, vault.hasUnsynchronizedAudit, keeper.writeFailure == nil
      else { return { @Sendable in .audit(.success(nil)) } }
      let synchronization = vault.auditSynchronization
      return { @Sendable in
        do throws(StoreError) {
          try synchronization.run()
          return .audit(.success(synchronization))
        } catch {
          return .audit(.failure(error))
        }
      }
    } completion: { [keeper] outcome in
      switch outcome {
      case .audit(.success(let synchronization)):
        if let synchronization { keeper.vault?.complete(synchronization) }
      case .audit(.failure(let error)): keeper.becomeReadOnly(error)
      case .generation, .slots: preconditionFailure("what was run was a sync of the audit")
      }
      completion()
    }
  }
}
