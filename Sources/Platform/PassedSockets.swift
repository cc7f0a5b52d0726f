internal import Glibc

/// The listening sockets that systemd has passed to this process.
///
/// Source: sd_listen_fds(3).
package struct PassedSockets: ~Copyable {
  private var main: UnixSocket?
  private var credential: UnixSocket?

  /// Whether there is one for credentials.
  package var hasCredential: Bool {
    switch credential {
    case .some: true
    case nil: false
    }
  }

  /// Takes the one that clients of the protocol use; nil if it was taken.
  package mutating func takeMain() -> UnixSocket? { main.take() }

  /// Takes the one for credentials; nil if there is none, or it was taken.
  package mutating func takeCredential() -> UnixSocket? { credential.take() }

  /// What the one for credentials is called (`FileDescriptorName=`); the other may
  /// have any name.
  private static let credentialName = "credential"

  /// Where a manager puts the first of them.
  package static let conventionalFirst: CInt = 3

  /// Why passed sockets cannot be used.
  package enum PassingError: Error, Equatable {
    /// So many were passed, and not one, or one and that for credentials.
    case count(Int)

    /// What was passed is no AF_UNIX stream socket that listens.
    case wrongKind

    /// Two are for the same, as their names say.
    case names
  }

  /// How many descriptors were passed to this process, as far as they can be used.
  package static var usableCount: Int { min(max(count ?? 0, 0), 2) }

  /// How many were passed; nil if this process is not meant.
  private static var count: Int? {
    guard let process = Environment.value(of: "LISTEN_PID"), Int32(process) == Process.id,
      let text = Environment.value(of: "LISTEN_FDS")
    else { return nil }
    return Int(text) ?? 0
  }

  /// Takes what was passed.
  ///
  /// - Parameter first: Where the first of them is: where a manager puts it, but for
  ///   tests, whose runtime has descriptors of its own there.
  /// - Returns: The sockets; nil if this process is not meant.
  /// - Throws: ``PassingError``.
  package static func take(
    from first: CInt = conventionalFirst
  ) throws(PassingError) -> PassedSockets? {
    guard let count else { return nil }
    guard (1...2).contains(count) else { throw .count(count) }
    let told = Environment.value(of: "LISTEN_FDNAMES") ?? ""
    let names = told.split(separator: ":", omittingEmptySubsequences: false)
    let credentials = (0..<count).filter { $0 < names.count && names[$0] == credentialName }
    let others = (0..<count).filter { !credentials.contains($0) }
    guard let main = others.first, others.count == 1 else { throw .names }
    for offset in 0..<count {
      guard isUsable(first + CInt(offset)) else { throw .wrongKind }
    }
    return PassedSockets(
      main: socket(first + CInt(main)),
      credential: credentials.first.map { socket(first + CInt($0)) })
  }

  private static func isUsable(_ descriptor: CInt) -> Bool {
    option(SO_ACCEPTCONN, of: descriptor) == 1 && option(SO_DOMAIN, of: descriptor) == AF_UNIX
      && option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue)
  }

  /// A passed descriptor, which then neither blocks nor is inherited.
  private static func socket(_ descriptor: CInt) -> UnixSocket {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    return UnixSocket(owning: FileDescriptor(owning: descriptor))
  }

  private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
    var value: CInt = 0
    var size = socklen_t(MemoryLayout<CInt>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &size) == 0 else { return nil }
    return value
  }
}
