package import Keyring
package import Platform

/// Which running processes hold which values: what the daemon has handed out.
///
/// It knows nothing of what was handed out before the daemon was started, nor of
/// what a process has passed on, as to a command that it has started. It holds ids
/// of keys, and never a value.
///
/// What is full takes no more, and says so; nobody's entry makes way for another's,
/// so a uid can hide only what it is handed itself.
package struct ExposureLedger {
  /// Since when it knows of everything.
  package let since: Instant

  /// How often something was handed out that it has no room for.
  package private(set) var untracked: UInt64 = 0

  /// How much it takes at the most.
  package let capacity: Capacity
  private var holders: [UInt64: Holder] = [:]
  private var holderByPeer: [Peer: Holder] = [:]
  private var loads: [UInt32: Load] = [:]
  private var versionCount = 0

  /// How much it takes; of one uid, and of all.
  package struct Capacity: Sendable {
    package var holders: Int
    package var holdersOfOneUser: Int
    package var versions: Int
    package var versionsOfOneUser: Int
    package var versionsOfOneHolder: Int

    package init(
      holders: Int, holdersOfOneUser: Int, versions: Int, versionsOfOneUser: Int,
      versionsOfOneHolder: Int
    ) {
      self.holders = holders
      self.holdersOfOneUser = holdersOfOneUser
      self.versions = versions
      self.versionsOfOneUser = versionsOfOneUser
      self.versionsOfOneHolder = versionsOfOneHolder
    }
  }

  /// A running process can connect with one uid, and later with another.
  private struct Peer: Hashable {
    let processID: Int32
    let userID: UInt32
  }

  /// What one uid takes of it.
  private struct Load {
    var holders = 0
    var versions = 0
  }

  package init(since: Instant, capacity: Capacity) {
    self.since = since
    self.capacity = capacity
  }

  // MARK: Looking up

  package var count: Int { holders.count }

  package subscript(token: UInt64) -> Holder? { holders[token] }

  /// All of them, in the order in which they were entered.
  package var all: [Holder] { Self.inOrder(holders.values) }

  /// Those that hold a value of a key, in the same order.
  package func holders(of key: KeyID) -> [Holder] {
    Self.inOrder(holders.values.filter { $0.versions[key] != nil })
  }

  private static func inOrder(_ holders: some Sequence<Holder>) -> [Holder] {
    holders.sorted { $0.token < $1.token }
  }

  // MARK: Entering

  /// The entry of a process that runs.
  ///
  /// - Parameters:
  ///   - process: The process at the other end of a connection.
  ///   - peer: The same as the kernel recorded it.
  ///   - token: What the event loop is to know a new entry by.
  ///   - now: The vault's time.
  /// - Returns: The entry, which may be there already; nil if the process has ended, and
  ///   if there is no room. Its token tells whether it is new.
  package mutating func entry(
    of process: consuming ProcessReference, peer: PeerCredentials, token: UInt64, at now: Instant
  ) -> Holder? {
    guard !process.hasEnded else { return nil }
    let id = Peer(processID: peer.processID, userID: peer.userID)
    if let present = holderByPeer[id] {
      // A process that runs has this number, so if that one runs it is the same.
      guard present.process.hasEnded else { return present }
      // Its end will be heard of, and its entry goes then.
      holderByPeer[id] = nil
    }
    let load = loads[peer.userID] ?? Load()
    guard holders.count < capacity.holders, load.holders < capacity.holdersOfOneUser else {
      return nil
    }
    let holder = Holder(token: token, process: process, peer: peer, since: now)
    holders[token] = holder
    // Processes of other namespaces all have the number 0.
    if peer.processID > 0 { holderByPeer[id] = holder }
    loads[peer.userID, default: Load()].holders += 1
    return holder
  }

  /// Takes note of what a holder was handed.
  package mutating func note(
    _ versions: some Sequence<VersionID>, handedTo holder: Holder, claiming command: String
  ) {
    guard holders[holder.token] === holder else { return }
    if !command.isEmpty { holder.command = command }
    for version in versions where !(holder.versions[version.key]?.contains(version.number) ?? false)
    {
      guard takesVersion(holder) else {
        holder.isIncomplete = true
        return noteUntracked()
      }
      holder.versions[version.key, default: []].append(version.number)
      holder.versionCount += 1
      versionCount += 1
      loads[holder.peer.userID, default: Load()].versions += 1
    }
  }

  private func takesVersion(_ holder: Holder) -> Bool {
    holder.versionCount < capacity.versionsOfOneHolder && versionCount < capacity.versions
      && (loads[holder.peer.userID]?.versions ?? 0) < capacity.versionsOfOneUser
  }

  /// Takes note of something that was handed to nobody whom it knows.
  package mutating func noteUntracked() { untracked += 1 }

  /// Takes out a process that has ended.
  package mutating func remove(_ holder: Holder) {
    guard holders.removeValue(forKey: holder.token) != nil else { return }
    let (id, userID) = (holder.peer.processID, holder.peer.userID)
    let peer = Peer(processID: id, userID: userID)
    if holderByPeer[peer] === holder { holderByPeer[peer] = nil }
    versionCount -= holder.versionCount
    loads[userID]?.holders -= 1
    loads[userID]?.versions -= holder.versionCount
    if loads[userID]?.holders ?? 0 <= 0 { loads[userID] = nil }
  }
}
