internal import Platform

/// The name that the daemon has given its socket in the file system.
///
/// Once somebody has removed or replaced it, no client finds the daemon any
/// more, and nobody could lock its vault.
final class SocketNode {
  private let path: String

  /// Whether it was found that somebody has removed or replaced the name.
  private(set) var isLost = false

  private let identity: FileStatus.Identity

  /// nil where the system allows no more of them.
  private let watch: DirectoryWatch?

  /// Takes note of the socket that was just bound to `path`; nil if it is gone.
  ///
  /// - Parameter path: Absolute.
  init?(_ path: String) {
    do throws(Errno) {
      watch = try DirectoryWatch(path.parentDirectory)
    } catch {
      Log.note("\(path): watching the socket's directory failed: \(error)")
      watch = nil
    }
    guard let identity = Self.identity(of: path) else { return nil }
    self.path = path
    self.identity = identity
  }

  private static func identity(of path: String) -> FileStatus.Identity? {
    let status = try? FileStatus.ofFile(at: path, followsLinks: false)
    return status?.identity
  }

  /// Lets an event loop wait for what may have changed the name.
  func watch(by epoll: borrowing Epoll, token: UInt64) throws(Errno) {
    try watch?.withRawValue { (raw) throws(Errno) -> Void in
      try epoll.add(raw, token: token, interest: .reading)
    }
  }

  /// Looks whether the path still leads to the socket, and logs it if not.
  func isFoundLost() -> Bool {
    watch?.clear()
    if !isLost, !isInPlace {
      isLost = true
      Log.note("\(path): the socket was removed or replaced")
    }
    return isLost
  }

  private var isInPlace: Bool { Self.identity(of: path) == identity }

  /// Removes the name, if it is still the one that this process made.
  func remove() {
    guard isInPlace else { return }
    try? Directory.removeFile(path)
  }
}
