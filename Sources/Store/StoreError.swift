package import Platform

/// Why a vault could not be made, opened or written.
package enum StoreError: Error, Equatable, Sendable {
  /// There is no vault in the state directory.
  case noVault

  /// A vault is there already.
  case vaultExists

  /// The state directory or a file in it is not safe to use.
  case insecure(path: String, InsecureReason)

  /// Another daemon uses the state directory.
  case inUse(path: String)

  /// The passphrase, key file or recovery code opens no slot.
  case wrongSecret(UnlockSecret.Kind)

  /// The secret is none that a slot could be made for.
  case unusableSecret(reason: String)

  /// The vault has no slot of the kind that the secret is for.
  case noSlot(kind: String)

  /// The file is not what was written; it was not touched.
  case damaged(file: String, reason: String)

  /// The file was written for readers of a later version; it was not touched.
  case unknownVersion(file: String, version: Int)

  /// A file was put back from an earlier time, or cut.
  case rolledBack(file: String)

  /// A call of the system failed.
  case failed(file: String, operation: String, Errno)

  /// The file is as long as one may be.
  case full(file: String)

  /// The passphrase's key derivation got no memory.
  case outOfMemory

  /// No locked memory is left.
  case outOfLockedMemory

  package enum InsecureReason: Equatable, Sendable {
    case symbolicLink

    /// A file in the directory, not the directory itself, is a link.
    case linkedFile
    case notDirectory
    case notRegularFile
    case wrongOwner(found: UInt32, expected: UInt32)
    case openToOthers(permissions: UInt32)
    case severalLinks
  }
}

extension StoreError {
  /// What happened to which object, without a full stop.
  package var message: String {
    switch self {
    case .noVault: "there is no vault yet"
    case .vaultExists: "there is a vault already"
    case .insecure(let path, let reason): "\(path) \(reason.message)"
    case .inUse(let path): "\(path): another cofferd uses this state directory"
    case .wrongSecret(.passphrase): "this passphrase does not open the vault"
    case .wrongSecret(.keyFile): "this key file does not open the vault"
    case .unusableSecret(let reason): reason
    case .noSlot(let kind): "the vault has no \(kind) slot"
    case .damaged(let file, let reason): "the vault is damaged: \(file): \(reason)"
    case .unknownVersion(let file, let version):
      "\(file) wants a reader of version \(version), which this cofferd is not"
    case .rolledBack(let file):
      "the vault was rolled back: \(file) ends before rows that the records name"
    case .failed(let file, let operation, let error): "\(file): \(operation) failed: \(error)"
    case .full(let file): "\(file) is full: it has 4 GiB"
    case .outOfMemory: "there is not enough memory to derive the key from the passphrase"
    case .outOfLockedMemory: "no locked memory is left for a secret"
    }
  }

  /// What to do next, if there is something.
  package var hint: String? {
    switch self {
    case .noVault: "make one with 'coffer init --organization NAME'"
    case .vaultExists: "set COFFER_HOME to have another one elsewhere"
    case .insecure(let path, let reason): reason.hint(path)
    case .inUse: "end it first, or set COFFER_HOME to use another directory"
    case .wrongSecret(.passphrase): "try again; case and keyboard layout count"
    case .wrongSecret(.keyFile): "use the file that the vault was made with, unchanged"
    case .unusableSecret: nil
    case .noSlot:
      "use what the vault was made with; if this was its recovery code, look for a typing error"
    case .damaged: "nothing was changed; put a copy of the state directory in its place"
    case .unknownVersion: "nothing was changed; use the newer version that wrote it"
    case .rolledBack: "nothing was changed; put a whole copy of the state directory in its place"
    case .failed: nil
    case .full: "nothing is lost; make a new vault, and move the keys that are needed"
    case .outOfMemory: "give the machine, container or unit more memory than the slot asks for"
    case .outOfLockedMemory: "raise the limit on locked memory ('ulimit -l'), or try again"
    }
  }
}

/// Runs calls of the system, and says of a failure what was done to which file.
///
/// - Parameters:
///   - operation: As in `opening`, for the message.
///   - file: The file's name or path.
///   - body: The calls.
/// - Returns: What `body` returns.
/// - Throws: ``StoreError/failed(file:operation:_:)``; for a symbolic link, where
///   none may be, ``StoreError/insecure(path:_:)``.
func attempting<Result: ~Copyable>(
  _ operation: String, _ file: String, _ body: () throws(Errno) -> Result
) throws(StoreError) -> Result {
  do throws(Errno) {
    return try body()
  } catch {
    if error == .symbolicLink { throw .insecure(path: file, .linkedFile) }
    throw .failed(file: file, operation: operation, error)
  }
}

extension StoreError.InsecureReason {
  fileprivate var message: String {
    switch self {
    case .symbolicLink, .linkedFile: "is a symbolic link"
    case .notDirectory: "is not a directory"
    case .notRegularFile: "is not a regular file"
    case .wrongOwner(let found, let expected): "belongs to uid \(found), not to uid \(expected)"
    case .openToOthers(let permissions): "is open to others (mode \(Self.octal(permissions)))"
    case .severalLinks: "has a second name (hard link)"
    }
  }

  fileprivate func hint(_ path: String) -> String {
    switch self {
    case .symbolicLink: "set COFFER_HOME to the directory that the link leads to"
    case .linkedFile: "put the file itself in the place of the link"
    case .notDirectory, .notRegularFile: "move it away"
    case .wrongOwner: "give it to its user with chown, or set COFFER_HOME to another directory"
    case .openToOthers: "close it with 'chmod go= \(path)' if nobody else has changed it"
    case .severalLinks: "remove the other name"
    }
  }

  private static func octal(_ permissions: UInt32) -> String {
    "0" + String(permissions, radix: 8)
  }
}
