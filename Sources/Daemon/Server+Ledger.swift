internal import Keyring
internal import Platform

/// Who was handed what: what sessions tell the ledger, and the end of processes.
extension Server {
  /// Takes note of values that the process behind a connection is about to get.
  func note(_ versions: [VersionID], handedTo session: Session) {
    switch holder(of: session) {
    case .running(let holder):
      ledger.note(versions, handedTo: holder, claiming: session.claimedCommand)
    case .ended: break
    case .unknown: ledger.noteUntracked()
    }
  }

  /// The process behind a connection, in the ledger.
  enum HolderFinding {
    case running(Holder)

    /// It has ended; somebody else uses its connection.
    case ended

    /// There is no room for it, or it cannot be told.
    case unknown
  }

  /// The entry of the process behind a connection; makes it if there is none.
  func holder(of session: Session) -> HolderFinding {
    // For a connection that has an entry this costs nothing.
    if let token = session.holderToken { return ledger[token].map { .running($0) } ?? .ended }
    // There was no room for it before, and by its number it is looked for only once.
    if session.hasTakenProcess { return .unknown }
    do throws(Errno) {
      guard let process = try session.takeProcess(peerWay) else { return .ended }
      guard !process.hasEnded else { return .ended }
      guard
        let holder = try watch(process, of: session.connection.peer, since: keeper.now())
      else { return .unknown }
      session.holderToken = holder.token
      return .running(holder)
    } catch {
      return .unknown
    }
  }

  /// The entry of a process that runs, whose end is heard of from now on.
  ///
  /// - Parameters:
  ///   - process: The process.
  ///   - peer: Its number and uid.
  ///   - moment: Since when it has what it has.
  /// - Returns: nil if it has ended, or if there is no room for it.
  /// - Throws: ``Errno`` if the kernel watches no more.
  func watch(
    _ process: consuming ProcessReference, of peer: PeerCredentials, since moment: Instant
  ) throws(Errno) -> Holder? {
    let token = drawConnectionID()
    let holder = ledger.entry(of: process, peer: peer, token: token, at: moment)
    if let holder, holder.token == token { try watch(holder) }
    return holder
  }

  /// Hears of the end of a process; an entry of which nobody would is none.
  private func watch(_ holder: Holder) throws(Errno) {
    do throws(Errno) {
      try holder.process.withRawValue { (raw) throws(Errno) -> Void in
        try epoll.add(raw, token: holder.token, interest: .reading)
      }
    } catch {
      ledger.remove(holder)
      throw error
    }
  }

  /// Takes out a process that has ended.
  func end(_ holder: Holder) {
    ledger.remove(holder)
    processKeys.noteEnd(of: holder)
  }
}

extension ExposureLedger.Capacity {
  /// As much as ``Limits`` say, and as there are descriptors for: connections and the
  /// vault need most of them.
  ///
  /// - Parameters:
  ///   - openFileLimit: How many descriptors there are; nil if there is no limit.
  ///   - isSystem: Whether there are several uids, of which one gets an eighth.
  package init(openFileLimit: Int?, isSystem: Bool) {
    let holders = min(Limits.holders, (openFileLimit ?? .max) / 4)
    self.init(
      holders: holders,
      holdersOfOneUser: min(Limits.holdersOfOneUser, isSystem ? max(holders / 8, 1) : holders),
      versions: Limits.heldVersions, versionsOfOneUser: Limits.heldVersionsOfOneUser,
      versionsOfOneHolder: Limits.heldVersionsOfOneHolder)
  }
}
