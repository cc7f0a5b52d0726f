internal import Keyring
internal import Platform
internal import Wire

/// The sessions that are going on, and who may begin another.
struct SessionTable {
  private var sessions: [UInt64: Session] = [:]
  private var nextID: UInt64

  /// Which uid is served alone; nil if all are.
  private let onlyUser: UInt32?

  private var foreigners = RefusalFolding(limit: Limits.auditedRefusals)

  /// - Parameters:
  ///   - firstID: The first of the numbers that sessions get, never one twice.
  ///   - onlyUser: Which uid is served alone; nil if all are.
  init(firstID: UInt64, onlyUser: UInt32?) {
    nextID = firstID
    self.onlyUser = onlyUser
  }

  subscript(id: UInt64) -> Session? { sessions[id] }

  var all: [Session] { Array(sessions.values) }

  /// A number that no session has had.
  mutating func drawID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  mutating func insert(_ session: Session) { sessions[session.id] = session }

  /// - Returns: Whether it was there.
  mutating func remove(_ session: Session) -> Bool {
    sessions.removeValue(forKey: session.id) != nil
  }

  /// Why a peer gets no session; nil if it gets one.
  mutating func refusal(of peer: PeerCredentials) -> Failure? {
    if let onlyUser, peer.userID != onlyUser {
      logForeigner(peer)
      return Failure(.forbidden, "this daemon serves uid \(onlyUser) only")
    }
    if sessions.count >= Limits.connections {
      return Failure(.limit, "there are \(Limits.connections) connections already")
    }
    let own = sessions.values.count { $0.connection.peer.userID == peer.userID }
    if own >= Limits.connectionsOfOneUser {
      return Failure(
        .limit, "uid \(peer.userID) has \(Limits.connectionsOfOneUser) connections already")
    }
    return nil
  }

  /// Tells the administrator, but not so often that the log fills the disk.
  private mutating func logForeigner(_ peer: PeerCredentials) {
    let now = Instant(secondsSinceEpoch: WallClock.secondsSinceEpoch)
    for folded in foreigners.takeFolded(at: now) {
      Log.note("refused \(folded.count) more connections of uid \(folded.uid)")
    }
    if foreigners.note(ofUser: peer.userID, at: now) {
      Log.note("refused a connection of uid \(peer.userID) (process \(peer.processID))")
    }
  }
}
