internal import Platform

/// The state directory of a daemon, checked and locked.
///
///     lock        flock'ed while a daemon runs
///     slots       the key slots; without this file there is no vault
///     records.N   the sealed records of generation N
///     audit.N     the sealed audit rows
///
/// Everything in it belongs to the daemon's user and to nobody else.
package final class VaultDirectory: Sendable {
  /// As it was given, for messages.
  package let path: String

  let directory: Directory

  /// Held as long as this value lives; the kernel gives it back on any end.
  private let lock: FileDescriptor

  enum FileName {
    static let lock = "lock"
    static let slots = "slots"

    /// A file that is being written, before it gets its name.
    static func new(_ name: String) -> String { name + ".new" }

    static func records(_ generation: UInt64) -> String { "records.\(generation)" }
    static func audit(_ number: UInt64) -> String { "audit.\(number)" }
  }

  /// Opens the state directory at `path`, making it if it is not there, checks
  /// whose it is, and takes its lock.
  ///
  /// - Parameters:
  ///   - path: Absolute.
  ///   - acceptsLinkOfRoot: Whether `path` may be a symbolic link that belongs
  ///     to root, as systemd makes it for `DynamicUser=`.
  /// - Throws: ``StoreError/insecure(path:_:)``, ``StoreError/inUse(path:)``
  ///   and ``StoreError/failed(file:operation:_:)``.
  package init(opening path: String, acceptsLinkOfRoot: Bool) throws(StoreError) {
    let followsLink = try Self.checkLink(path, acceptsLinkOfRoot: acceptsLinkOfRoot)
    try attempting("making the directory", path) { () throws(Errno) in
      try Directory.create(path, permissions: 0o700)
    }
    let directory = try attempting("opening the directory", path) { () throws(Errno) in
      try Directory(opening: path, followsLink: followsLink)
    }
    let status = try attempting("looking at the directory", path) { () throws(Errno) in
      try directory.status()
    }
    try Self.check(status, at: path)
    let lockPath = path + "/" + FileName.lock
    let lock = try attempting("locking", lockPath) { () throws(Errno) in
      try directory.open(FileName.lock, for: .creatingIfMissing)
    }
    guard try attempting("locking", lockPath, { () throws(Errno) in try lock.tryLock() }) else {
      throw .inUse(path: path)
    }
    self.path = path
    self.directory = directory
    self.lock = lock
  }

  private static func checkLink(
    _ path: String, acceptsLinkOfRoot: Bool
  ) throws(StoreError) -> Bool {
    let found = try attempting("looking at the directory", path) { () throws(Errno) in
      try FileStatus.ofFile(at: path, followsLinks: false)
    }
    switch found?.kind {
    case .symbolicLink:
      guard acceptsLinkOfRoot, found?.owner == 0 else {
        throw .insecure(path: path, .symbolicLink)
      }
      return true
    case .directory, nil: return false
    case .regular, .socket, .other: throw .insecure(path: path, .notDirectory)
    }
  }

  /// Throws unless what is at `path` is ours alone.
  private static func check(_ status: FileStatus, at path: String) throws(StoreError) {
    let user = Process.userID
    guard status.owner == user else {
      throw .insecure(path: path, .wrongOwner(found: status.owner, expected: user))
    }
    guard status.permissions & 0o077 == 0 else {
      throw .insecure(path: path, .openToOthers(permissions: status.permissions))
    }
  }

  // MARK: Files

  /// Whether there is a vault.
  ///
  /// Throws `damaged` if there are records without key slots: then the slots
  /// were lost, and making a new vault would bury the old one.
  package func holdsVault() throws(StoreError) -> Bool {
    let names = try names()
    if names.contains(FileName.slots) { return true }
    // The slots are the last to get their name when a vault is made, so with
    // them still under the other name nothing was ever stored.
    if names.contains(FileName.new(FileName.slots)) { return false }
    let log = names.first { name in
      (name.hasPrefix("records.") || name.hasPrefix("audit.")) && !name.hasSuffix(".new")
    }
    if let log {
      throw .damaged(file: FileName.slots, reason: "it is missing, while \(log) is there")
    }
    return false
  }

  /// Removes what an interrupted making of a vault has left.
  func removeUnfinishedVault() throws(StoreError) {
    // The slots under their other name go last: they are what tells that the
    // rest was never finished.
    let leftovers = try names().filter { $0.hasPrefix("records.") || $0.hasPrefix("audit.") }
    for name in leftovers + [FileName.new(FileName.slots)] { try remove(name) }
    try synchronize()
  }

  /// Opens a file of the vault, and checks that it is ours alone.
  ///
  /// Throws `damaged` if it is missing, unless it is to be made.
  func open(_ name: String, for opening: Directory.Opening) throws(StoreError) -> FileDescriptor {
    let path = path + "/" + name
    if case .readingAndWriting = opening {
      let found = try attempting("looking", path) { () throws(Errno) in
        try directory.status(of: name)
      }
      guard found != nil else { throw .damaged(file: name, reason: "it is missing") }
    }
    let file = try attempting("opening", path) { () throws(Errno) in
      try directory.open(name, for: opening)
    }
    let status = try attempting("looking", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { throw .insecure(path: path, .notRegularFile) }
    guard status.linkCount == 1 else { throw .insecure(path: path, .severalLinks) }
    try Self.check(status, at: path)
    return file
  }

  /// Writes a new file and waits until it is on the device; its name may not be.
  func write(_ bytes: [UInt8], toNew name: String) throws(StoreError) {
    let file = try open(name, for: .creating)
    try attempting("writing", name) { () throws(Errno) in
      try file.writeAll(bytes.span)
      try file.synchronize()
    }
  }

  func rename(_ name: String, to newName: String) throws(StoreError) {
    try attempting("renaming", newName) { () throws(Errno) in
      try directory.rename(name, to: newName)
    }
  }

  func remove(_ name: String) throws(StoreError) {
    try attempting("removing", name) { () throws(Errno) in try directory.remove(name) }
  }

  /// Waits until the names of files are on the device.
  func synchronize() throws(StoreError) {
    try attempting("syncing the directory", path) { () throws(Errno) in
      try directory.synchronize()
    }
  }

  private func names() throws(StoreError) -> [String] {
    try attempting("listing the directory", path) { () throws(Errno) in try directory.names() }
  }
}
