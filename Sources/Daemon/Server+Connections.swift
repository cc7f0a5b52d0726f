internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Connections: who arrives, what is waited for, and their end.
extension Server {
  func accept() {
    for _ in 0..<Limits.acceptsInARow {
      // The last ones are for the files of the vault, so that changes go on.
      guard hasDescriptorRoom else { return restAccepting(.tooManyOpenFiles) }
      let socket: UnixSocket
      do throws(Errno) {
        guard let accepted = try listener.accept() else { return }
        socket = accepted
      } catch {
        return restAccepting(error)
      }
      begin(socket)
    }
  }

  private func begin(_ socket: consuming UnixSocket) {
    let peer: PeerCredentials
    let connection: Connection
    var process: ProcessReference?
    do throws(Errno) {
      peer = try socket.peer()
      // Later its number might be another's.
      if case .byNumber = peerWay { process = try .peer(of: socket, .byNumber) }
    } catch .tooManyOpenFiles {
      return restAccepting(.tooManyOpenFiles)
    } catch {
      return
    }
    switch sessions.admission(of: peer, isKnown: isKnown) {
    case .granted(let longestIdle): if let longestIdle { end(longestIdle) }
    case .refused(let refusal):
      // Whoever does not read it need not be waited for.
      _ = try? socket.send(ReplyLine.error(refusal).span)
      return
    }
    do throws(SecretError) {
      connection = try Connection(socket, peer: peer)
    } catch {
      return Log.note("no locked memory is left for a connection of uid \(peer.userID)")
    }
    let session = Session(
      id: sessions.drawID(), connection: connection, process: process.take(), server: self)
    do throws(Errno) {
      try connection.withRawValue { (raw) throws(Errno) -> Void in
        try epoll.add(raw, token: session.id, interest: session.watched)
      }
    } catch {
      return Log.note("watching a connection failed: \(error)")
    }
    sessions.insert(session)
    let greeting = ReplyLine.ok("\(Product.name) \(Product.version), how can I serve you")
    session.stage(Session.Response(chunks: [.lines(greeting)], ifUnaudited: nil))
  }

  /// Whether a place is reserved for a uid: it is the daemon's, root's, or that of
  /// an active user, which shows only while the vault is open.
  func isKnown(_ userID: UInt32) -> Bool {
    guard userID != 0, userID != ownUserID else { return true }
    return keeper.vault?.organization.user(withUID: userID)?.state == .active
  }

  /// Ends a connection; what was not sent is forgotten.
  func end(_ session: Session) {
    guard sessions.remove(session) else { return }
    if session.isTouched { touched.removeAll { $0 === session } }
    session.isTouched = false
    session.cleanUp()
    committer.forget(session)
  }

  /// Tells the kernel and the alarm what `session` waits for.
  func settle(_ session: Session) {
    var interest = session.interest
    if interest.contains(.reading) { session.isUnheard = false }
    // Who has to wait for an answer mostly sends nothing until it comes, and the kernel
    // need not be told twice a command.
    if !session.isUnheard { interest.formUnion(session.watched.intersection(.reading)) }
    if session.watched != interest {
      session.watched = interest
      do throws(Errno) {
        try session.connection.withRawValue { (raw) throws(Errno) -> Void in
          try epoll.modify(raw, token: session.id, interest: interest)
        }
      } catch {
        return end(session)
      }
    }
    if let deadline = session.deadline { alarm.set(deadline) }
  }

  /// Looks at new connections a little later, when descriptors may be free again.
  func restAccepting(_ error: Errno) {
    if schedule.exhaustionLogged.map({ now.seconds(since: $0) >= 60 }) ?? true {
      Log.note("accepting a connection failed: \(error)")
      schedule.exhaustionLogged = now
    }
    watchListener([])
    schedule.acceptance = now.advanced(byMilliseconds: Limits.exhaustionMilliseconds)
  }

  /// A number for a connection that is none of the protocol.
  func drawConnectionID() -> UInt64 { sessions.drawID() }

  /// Waits until systemd has a credential to ask for, or no longer.
  func watchCredentials(_ interest: Epoll.Interest) {
    try? credentials?.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.modify(raw, token: Token.credentials, interest: interest)
    }
  }

  /// Waits until somebody has read who is refused a credential.
  ///
  /// - Returns: Whether that can be waited for.
  func watch(_ socket: CredentialSocket, token: UInt64) -> Bool {
    do throws(Errno) {
      try socket.withRawValue { (raw) throws(Errno) -> Void in
        try epoll.add(raw, token: token, interest: .writing)
      }
      return true
    } catch {
      return false
    }
  }

  func watchListener(_ interest: Epoll.Interest) {
    try? listener.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.modify(raw, token: Token.listener, interest: interest)
    }
  }
}
