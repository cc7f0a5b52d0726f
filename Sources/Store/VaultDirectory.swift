internal import Platform

/// The state directory of a daemon, checked and locked.
///
///     lock        flock'ed while a daemon runs
///     slots       the key slots; without this file there is no vault
///     records.N   the sealed records of generation N
///     audit.N     the sealed audit rows
///     prompt      the client's, for one prompt at a time
///
/// Everything in it belongs to the daemon's user and to nobody else.
package final class VaultDirectory: Sendable {
  /// As it was given, for messages.
  package let path: String

  let disk: any Disk

  /// Held as long as this value lives, and given back by the kernel on any end; nil
  /// on a simulated disk.
  private let lock: FileDescriptor?

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
    disk = SystemDisk(directory, at: path)
    self.lock = consume lock
  }

  /// Opens the state directory at `path` to look at it, while a daemon may use it;
  /// nothing may be changed by who does.
  ///
  /// - Parameters:
  ///   - path: Absolute; it must be there.
  ///   - acceptsLinkOfRoot: Whether `path` may be a symbolic link that belongs to root.
  /// - Throws: ``StoreError``.
  package init(examining path: String, acceptsLinkOfRoot: Bool) throws(StoreError) {
    let followsLink = try Self.checkLink(path, acceptsLinkOfRoot: acceptsLinkOfRoot)
    let directory = try attempting("opening the directory", path) { () throws(Errno) in
      try Directory(opening: path, followsLink: followsLink)
    }
    let status = try attempting("looking at the directory", path) { () throws(Errno) in
      try directory.status()
    }
    try Self.check(status, at: path)
    self.path = path
    disk = SystemDisk(directory, at: path)
    lock = nil
  }

  /// The state directory on a disk that a test has made, which nobody else uses.
  package init(on disk: any Disk, at path: String) {
    self.path = path
    self.disk = disk
    lock = nil
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
    // The slots are the first that is written of a new vault, and the last to get
    // their name: with them still under the other one nothing was ever stored.
    if names.contains(FileName.slotsOfUnfinished) { return false }
    if let log = names.first(where: FileName.isLog) {
      throw .damaged(file: FileName.slots, reason: "it is missing, while \(log) is there")
    }
    return false
  }

  /// Removes what an interrupted making of a vault has left.
  func removeUnfinishedVault() throws(StoreError) {
    let names = try names()
    guard names.contains(FileName.slotsOfUnfinished) else { return }
    // The slots go last: they are what tells that the rest was never finished.
    for name in names.filter(FileName.isLog) { try remove(name) }
    try synchronize()
    try remove(FileName.slotsOfUnfinished)
    try synchronize()
  }

  /// Removes logs that no slots name, as an interrupted change of generation leaves
  /// them, or one that was not followed by a removal.
  ///
  /// - Parameter live: The names of the logs that the slots name.
  /// - Returns: What was removed.
  /// - Throws: ``StoreError``.
  func removeLeftovers(besides live: Set<String>) throws(StoreError) -> [String] {
    let leftovers = try names().filter { name in
      name == FileName.nextSlots || FileName.isLog(name) && !live.contains(name)
    }
    // The name of the slots may have been changed without that being known.
    if !leftovers.isEmpty { try synchronize() }
    for name in leftovers { try remove(name) }
    return leftovers
  }

  /// The first number above `number` that no file of this prefix has.
  ///
  /// What somebody else has put there may have any number, and leads to none.
  func nextNumber(_ prefix: String, above number: UInt64) throws(StoreError) -> UInt64 {
    let names = Set(try names())
    var next = number + 1
    while names.contains(prefix + String(next)) { next += 1 }
    return next
  }

  /// Throws `changed by others` unless the slots file has these bytes.
  func requireUnchanged(slots: [UInt8]) throws(StoreError) {
    let there: [UInt8]?
    do throws(StoreError) {
      there = try read(FileName.slots, limit: SlotFile.maximumByteCount)
    } catch {
      if case .failed = error { throw error }
      there = nil
    }
    guard there == slots else { throw .changedByOthers(file: FileName.slots) }
  }

  /// Throws unless the directory is still the one at its path.
  func requireInPlace() throws(StoreError) {
    let isInPlace = try attempting("looking", path) { () throws(Errno) in try disk.isInPlace() }
    guard isInPlace else { throw .changedByOthers(file: path) }
  }

  /// Opens a file of the vault, and checks that it is ours alone.
  ///
  /// Throws `damaged` if it is missing, unless it is to be made.
  func open(
    _ name: String, for opening: Directory.Opening
  ) throws(StoreError) -> any DiskFile {
    let path = path + "/" + name
    if case .readingAndWriting = opening {
      let found = try attempting("looking", path) { () throws(Errno) in
        try disk.status(of: name)
      }
      guard found != nil else { throw .damaged(file: name, reason: "it is missing") }
    }
    let file = try attempting("opening", path) { () throws(Errno) in
      try disk.open(name, for: opening)
    }
    let status = try attempting("looking", path) { () throws(Errno) in try file.status() }
    guard status.kind == .regular else { throw .insecure(path: path, .notRegularFile) }
    guard status.linkCount == 1 else { throw .insecure(path: path, .severalLinks) }
    try Self.check(status, at: path)
    return file
  }

  /// Reads the whole of a small file.
  ///
  /// Throws `damaged` if it is longer than `limit` bytes.
  func read(_ name: String, limit: Int) throws(StoreError) -> [UInt8] {
    let file = try open(name, for: .readingAndWriting)
    let bytes = try attempting("reading", name) { () throws(Errno) in
      try file.readAll(limit: limit)
    }
    guard let bytes else { throw .damaged(file: name, reason: "it is too long") }
    return bytes
  }

  /// Writes a new file and waits until it is on the device; its name may not be.
  func write(_ bytes: [UInt8], toNew name: String) throws(StoreError) {
    let file = try open(name, for: .creating)
    try attempting("writing", name) { () throws(Errno) in
      try file.write(bytes.span, at: 0)
      try file.synchronize()
    }
  }

  /// Writes all files of a new vault, where none is.
  ///
  /// - Parameters:
  ///   - slots: The slots file; it gets its name last, when all else is on the device.
  ///   - logs: The other files.
  /// - Throws: ``StoreError``; then there is no vault, or a whole one.
  func writeVault(
    slots: [UInt8], logs: [(name: String, bytes: [UInt8])]
  ) throws(StoreError) {
    try write(slots, toNew: FileName.slotsOfUnfinished)
    try synchronize()
    for log in logs { try write(log.bytes, toNew: log.name) }
    try synchronize()
    try rename(FileName.slotsOfUnfinished, to: FileName.slots)
    try synchronize()
  }

  /// Puts other slots in the place of those that are there.
  ///
  /// - Parameters:
  ///   - slots: The bytes of the file.
  ///   - former: Those of the one that is there; nil if that may be anything.
  /// - Throws: ``StoreError``, before the others have their name: then nothing has
  ///   changed. What comes behind that is told by the result.
  /// - Returns: Why it is not known whether the new name is on the device; nil if it is.
  func replaceSlots(
    _ slots: [UInt8], inPlaceOf former: [UInt8]?
  ) throws(StoreError) -> StoreError? {
    try requireInPlace()
    if let former { try requireUnchanged(slots: former) }
    try remove(FileName.nextSlots)
    try write(slots, toNew: FileName.nextSlots)
    do throws(StoreError) {
      try rename(FileName.nextSlots, to: FileName.slots)
    } catch {
      // Only what is known not to have happened may be taken for that.
      let there = try? read(FileName.slots, limit: SlotFile.maximumByteCount)
      guard there == slots || there == nil else { throw error }
      return error
    }
    do throws(StoreError) {
      try synchronize()
      return nil
    } catch {
      return error
    }
  }

  func rename(_ name: String, to newName: String) throws(StoreError) {
    try attempting("renaming", newName) { () throws(Errno) in
      try disk.rename(name, to: newName)
    }
  }

  func remove(_ name: String) throws(StoreError) {
    try attempting("removing", name) { () throws(Errno) in try disk.remove(name) }
  }

  /// Waits until the names of files are on the device.
  func synchronize() throws(StoreError) {
    try attempting("syncing the directory", path) { () throws(Errno) in
      try disk.synchronize()
    }
  }

  func names() throws(StoreError) -> [String] {
    try attempting("listing the directory", path) { () throws(Errno) in try disk.names() }
  }
}
