package import Keyring
package import Platform

/// A process that was handed values, for as long as it runs.
package final class Holder {
  /// What the event loop knows it by.
  package let token: UInt64

  /// Also when it executes another program.
  package let process: ProcessReference

  package let peer: PeerCredentials

  /// When it was handed the first of them.
  package let since: Instant

  /// The command's name as it was claimed last.
  package internal(set) var command = ""

  /// The versions of keys that it was handed, oldest first.
  package internal(set) var versions: [KeyID: [UInt32]] = [:]

  var versionCount = 0

  /// The keys that live no longer than this process.
  var boundKeys: [BoundKey] = []

  /// A key that is bound to a process.
  struct BoundKey {
    let id: KeyID

    /// The command that makes it; it may be refused yet.
    weak var command: Exchange?
  }

  /// Whether it was handed more than is remembered of it.
  package internal(set) var isIncomplete = false

  init(
    token: UInt64, process: consuming ProcessReference, peer: PeerCredentials, since: Instant
  ) {
    self.token = token
    self.process = process
    self.peer = peer
    self.since = since
  }
}
