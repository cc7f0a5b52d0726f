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

  /// What becomes of a peer that has connected.
  enum Admission {
    /// It gets a session, and that one must end for it, if there is one.
    case granted(ending: Session?)
    case refused(Failure)
  }

  /// Whether a peer gets a session.
  ///
  /// - Parameters:
  ///   - peer: Who has connected.
  ///   - isKnown: Whether a uid is one whose place is reserved.
  /// - Returns: Whether it gets one, or why it gets none.
  mutating func admission(
    of peer: PeerCredentials, isKnown: (UInt32) -> Bool
  ) -> Admission {
    if let onlyUser, peer.userID != onlyUser {
      logForeigner(peer)
      return .refused(Failure(.forbidden, "this daemon serves uid \(onlyUser) only"))
    }
    let room = ConnectionRoom(
      sessions.values.map { session in
        let userID = session.connection.peer.userID
        return ConnectionRoom.Holder(
          id: session.id, userID: userID, isKnown: isKnown(userID), lastHeard: session.lastHeard)
      })
    switch room.verdict(for: peer.userID, isKnown: isKnown(peer.userID)) {
    case .granted: return .granted(ending: nil)
    case .grantedEnding(let id): return .granted(ending: sessions[id])
    case .refused(let own):
      return .refused(Failure(.limit, "uid \(peer.userID) has \(own) connections already"))
    case .refusedFull(let count):
      return .refused(Failure(.limit, "there are \(count) connections already"))
    }
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
