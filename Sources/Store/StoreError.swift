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

  /// The passphrase, key file or recovery code does not open what it should.
  case wrongSecret(UnlockSecret.Kind, of: Locked = .vault)

  /// The secret is none that a slot could be made for.
  case unusableSecret(reason: String)

  /// There is no slot of the kind that the secret is for.
  case noSlot(kind: String, of: Locked = .vault)

  /// The file is not what was written; it was not touched.
  case damaged(file: String, reason: String)

  /// So much of the file has changed that nothing can be saved; it was not touched.
  case beyondRepair(file: String, reason: String)

  /// The file was written for readers of a later version; it was not touched.
  case unknownVersion(file: String, version: Int)

  /// A file was put back from an earlier time, or cut.
  case rolledBack(file: String)

  /// Somebody else has replaced, moved or written the file since it was opened.
  case changedByOthers(file: String)

  /// The vault is being written anew already.
  case busy

  /// A call of the system failed.
  case failed(file: String, operation: String, Errno)

  /// The file is as long as one may be.
  case full(file: String)

  /// The passphrase's key derivation got no memory.
  case outOfMemory

  /// The passphrase's key derivation needs more memory than the daemon's control
  /// groups allow, both in bytes; nothing was derived.
  case overMemoryLimit(limit: Int, needed: Int)

  /// No locked memory is left.
  case outOfLockedMemory

  /// What a secret opens.
  package enum Locked: Equatable, Sendable {
    case vault
    case slot(UInt32)
    case backup

    fileprivate var text: String {
      switch self {
      case .vault: "the vault"
      case .slot(let number): "slot \(number)"
      case .backup: "the backup"
      }
    }
  }

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
    case .wrongSecret(.passphrase, let locked): "this passphrase does not open \(locked.text)"
    case .wrongSecret(.keyFile, let locked): "this key file does not open \(locked.text)"
    case .unusableSecret(let reason): reason
    case .noSlot(let kind, let locked): "\(locked.text) has no \(kind) slot"
    case .damaged(Backup.name, let reason): "the backup is damaged: \(reason)"
    case .damaged(let file, let reason): "the vault is damaged: \(file): \(reason)"
    case .beyondRepair(let file, let reason):
      "the vault is damaged, and nothing can be saved: \(file): \(reason)"
    case .unknownVersion(let file, let version):
      "\(file) wants a reader of version \(version), which this cofferd is not"
    case .rolledBack(let file):
      "the vault was rolled back: \(file) is older than what other files name"
    case .changedByOthers(let file):
      "\(file) was moved, replaced or written by another program while the vault was open"
    case .busy: "the vault is being written anew already"
    case .failed(let file, let operation, let error): "\(file): \(operation) failed: \(error)"
    case .full(Backup.name): "the vault is too large for a backup, which has at most 1 GiB"
    case .full(VaultDirectory.FileName.slots): "slots is full: the audit has too many files"
    case .full(let file): "\(file) is full: it has 4 GiB"
    case .outOfMemory: "there is not enough memory to derive the key from the passphrase"
    case .overMemoryLimit(let limit, let needed):
      "deriving the key from the passphrase needs \(needed >> 20) MiB of memory, "
        + "and the control group of cofferd allows \(limit >> 20) MiB"
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
    case .wrongSecret(_, .backup), .noSlot(_, .backup):
      "use the secret that was given when the backup was made"
    case .wrongSecret(_, .slot): "'coffer slot list' tells what kind each slot is of"
    case .wrongSecret(.passphrase, .vault):
      "case and keyboard layout count; a recovery code, if the vault has one, is typed at the "
        + "same prompt"
    case .wrongSecret(.keyFile, .vault):
      "open it with its passphrase or recovery code, or name another key file"
    case .unusableSecret: nil
    case .noSlot("key file", .vault):
      "open it with its passphrase or recovery code, or name another key file"
    case .noSlot:
      "name its key file in COFFER_KEY_FILE or with 'coffer unlock --key-file PATH'; if this was "
        + "its recovery code, look for a typing error"
    case .damaged(Backup.name, _): "use another backup: of this one nothing can be relied on"
    case .damaged(VaultDirectory.FileName.slots, _), .beyondRepair:
      "nothing was changed; end cofferd, move the state directory away, and put a copy in its place, "
        + "or 'coffer restore' a backup"
    case .damaged:
      "nothing was changed; put a copy of the state directory in its place, or save what can be "
        + "read with 'coffer doctor --repair'"
    case .unknownVersion: "nothing was changed; use the newer version that wrote it"
    case .rolledBack:
      "nothing was changed; put the newest copy of all files in its place, or "
        + "accept the loss with 'coffer doctor --repair'"
    case .changedByOthers:
      "end that program, put the files back as they were, then 'coffer lock' and 'coffer unlock'"
    case .busy: "try again in a few seconds"
    case .failed: nil
    case .full(Backup.name): "lock the vault, end cofferd, and copy its state directory"
    case .full(VaultDirectory.FileName.slots):
      "nothing is lost; keep less of the audit ('coffer policy set audit-days=DAYS')"
    case .full: "nothing is lost; revoke keys that are not needed, then 'coffer rekey'"
    case .outOfMemory: "give the machine, container or unit more memory than the slot asks for"
    case .overMemoryLimit:
      "raise that limit (MemoryMax= in the unit, or the container's), or use a key file"
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
