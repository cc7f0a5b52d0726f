internal import Platform
internal import Store

/// A connection on which systemd reads one credential.
final class CredentialSocket {
  private let socket: UnixSocket

  init(_ socket: consuming UnixSocket) { self.socket = socket }

  var hasHungUp: Bool { socket.hasHungUp() }

  func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try socket.withRawValue(body)
  }

  /// Who has connected, and the address that it has bound; nil if it is gone.
  var peer: (credentials: PeerCredentials, address: [UInt8])? {
    guard let credentials = try? socket.peer(), let address = try? socket.peerName() else {
      return nil
    }
    return (credentials, address)
  }

  /// How much of a value has gone out.
  enum Delivery {
    case whole
    case part
    case nothing

    /// The peer is not there any more.
    case gone
  }

  /// Sends a value in one call, which the kernel takes whole: no value is as long as
  /// what it keeps for a reader.
  func send(_ value: SealedData, with memory: OutputMemory, vault: Vault?) -> Delivery {
    guard let vault else { return .nothing }
    switch memory.sendAlone(value, to: socket, vault: vault) {
    case .sent(let count, let whole): return count == whole ? .whole : .part
    case .disconnected: return .gone
    case .damaged: return .nothing
    }
  }

  /// Sends zeros.
  ///
  /// - Parameter count: How many.
  /// - Returns: How many were taken; nil if the peer is gone.
  func sendZeros(_ count: Int) -> Int? {
    let zeros = [UInt8](repeating: 0, count: min(count, Limits.streamPartByteCount))
    return try? socket.send(zeros.span)
  }
}

/// An answer of more bytes than systemd takes, so that it does not start the unit.
///
/// It has no deadline: who is slow to read must not take its beginning for a value.
final class CredentialRefusal {
  private let socket: CredentialSocket
  private var byteCount = Limits.refusedCredentialByteCount

  init(_ socket: CredentialSocket) { self.socket = socket }

  /// Sends as much as the peer takes.
  ///
  /// - Returns: Whether it is over: all is sent, or the peer is gone.
  func proceed() -> Bool {
    while byteCount > 0 {
      guard let sent = socket.sendZeros(byteCount) else { return true }
      guard sent > 0 else { return false }
      byteCount -= sent
    }
    return true
  }
}
