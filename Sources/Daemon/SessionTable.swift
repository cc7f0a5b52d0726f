internal import Keyring
internal import Platform
internal import Wire

/// The sessions that are going on, and who may begin another.
struct SessionTable {
  private var sessions: [UInt64: Session] = [:]

  /// How many each uid has.
  private var counts: [UInt32: Int] = [:]
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

  var count: Int { sessions.count }

  var all: [Session] { Array(sessions.values) }

  /// A number that no session has had.
  mutating func drawID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  mutating func insert(_ session: Session) {
    sessions[session.id] = session
    counts[session.connection.peer.userID, default: 0] += 1
  }

  /// - Returns: Whether it was there.
  mutating func remove(_ session: Session) -> Bool {
    guard sessions.removeValue(forKey: session.id) != nil else { return false }
    let userID = session.connection.peer.userID
    let rest = (counts[userID] ?? 1) - 1
    counts[userID] = rest > 0 ? rest : nil
    return true
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
    // By numbers first: many may arrive, and there are many connections, of few uids.
    let isPeerKnown = isKnown(peer.userID)
    let known = counts.keys.reduce(into: [UInt32: Bool]()) { $0[$1] = isKnown($1) }
    let strangers = counts.reduce(0) { $0 + (known[$1.key] == true ? 0 : $1.value) }
    let verdict =
      ConnectionRoom.verdict(
        own: counts[peer.userID] ?? 0, isKnown: isPeerKnown, count: count, strangers: strangers)
      ?? room(known).verdict(for: peer.userID, isKnown: isPeerKnown)
    switch verdict {
    case .granted: return .granted(ending: nil)
    case .grantedEnding(let id): return .granted(ending: sessions[id])
    case .refused(let own):
      return .refused(Failure(.limit, "uid \(peer.userID) has \(own) connections already"))
    case .refusedFull(let count):
      return .refused(Failure(.limit, "there are \(count) connections already"))
    }
  }

  /// All connections, for who can only be let in if one ends.
  private func room(_ known: [UInt32: Bool]) -> ConnectionRoom {
    ConnectionRoom(
      sessions.values.map { session in
        let userID = session.connection.peer.userID
        return ConnectionRoom.Holder(
          id: session.id, userID: userID, isKnown: known[userID] == true,
          lastHeard: session.lastHeard)
      })
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
