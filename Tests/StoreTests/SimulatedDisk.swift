import Platform
import Store
import Synchronization

/// A state directory on a disk that keeps only what was synced, and of the rest
/// whatever a power loss leaves.
///
/// Each call that changes something is an operation. The state before each of them
/// is kept, so that the power can be lost at any.
final class SimulatedDisk: Disk {
  /// Everything on the disk, and on its way there.
  struct State: Sendable {
    var files: [UInt64: File] = [:]
    var entries: [String: UInt64] = [:]

    /// The entries at the last sync of the directory, and what was done since.
    var durableEntries: [String: UInt64] = [:]
    var pendingNames: [NameOperation] = []
    var nextInode: UInt64 = 1

    /// A file without its name.
    struct File: Sendable {
      var bytes: [UInt8] = []

      /// The bytes at its last sync, and what was done since.
      var durable: [UInt8] = []
      var pending: [DataOperation] = []
    }

    enum NameOperation: Sendable {
      case creation(String, UInt64)
      case renaming(String, String)
      case removal(String)
    }

    enum DataOperation: Sendable {
      case write([UInt8], at: Int)
      case truncation(Int)
    }
  }

  /// A call that fails once.
  struct Failure: Sendable {
    /// The number of the operation, from 0.
    let operation: Int
    let error: Errno
  }

  private let storage: Mutex<Storage>

  private struct Storage {
    var state: State
    var history: [State] = []
    var operationCount = 0
    let keepsHistory: Bool
    let failure: Failure?
  }

  init(_ state: State = State(), keepsHistory: Bool = false, failure: Failure? = nil) {
    storage = Mutex(Storage(state: state, keepsHistory: keepsHistory, failure: failure))
  }

  /// How many operations there were.
  var operationCount: Int { storage.withLock(\.operationCount) }

  /// The state before each operation, and the last one.
  var states: [State] { storage.withLock { $0.history + [$0.state] } }

  /// Changes the state by one operation, which may be the one that fails.
  ///
  /// - Parameters:
  ///   - spoil: What is left of the operation if it fails.
  ///   - body: The operation.
  /// - Returns: What `body` returns.
  /// - Throws: ``Errno`` if it is the one that fails.
  fileprivate func operate<Result: Sendable>(
    spoil: (inout State) -> Void = { _ in }, _ body: (inout State) throws(Errno) -> Result
  ) throws(Errno) -> Result {
    let outcome: Swift.Result<Result, Errno> = storage.withLock { storage in
      if storage.keepsHistory { storage.history.append(storage.state) }
      defer { storage.operationCount += 1 }
      if let failure = storage.failure, failure.operation == storage.operationCount {
        spoil(&storage.state)
        return .failure(failure.error)
      }
      do throws(Errno) { return .success(try body(&storage.state)) } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  fileprivate func look<Result: Sendable>(_ body: (State) -> Result) -> Result {
    storage.withLock { body($0.state) }
  }

  // MARK: Disk

  func names() throws(Errno) -> [String] { look { $0.entries.keys.sorted() } }

  func status(of name: String) throws(Errno) -> FileStatus? {
    look { state in state.entries[name].map { state.status(of: $0) } }
  }

  func open(_ name: String, for opening: Directory.Opening) throws(Errno) -> any DiskFile {
    let found = look { $0.entries[name] }
    switch (opening, found) {
    case (.readingAndWriting, nil): throw .notFound
    case (.creating, .some): throw .exists
    case (_, let inode?): return SimulatedFile(self, inode)
    case (_, nil):
      let inode = try operate { state in
        let inode = state.nextInode
        state.nextInode += 1
        state.files[inode] = State.File()
        state.entries[name] = inode
        state.pendingNames.append(.creation(name, inode))
        return inode
      }
      return SimulatedFile(self, inode)
    }
  }

  func rename(_ name: String, to newName: String) throws(Errno) {
    try operate { (state) throws(Errno) in
      guard let inode = state.entries.removeValue(forKey: name) else { throw .notFound }
      state.entries[newName] = inode
      state.pendingNames.append(.renaming(name, newName))
    }
  }

  func remove(_ name: String) throws(Errno) {
    guard look({ $0.entries[name] != nil }) else { return }
    try operate { state in
      state.entries[name] = nil
      state.pendingNames.append(.removal(name))
    }
  }

  func synchronize() throws(Errno) {
    try operate { state in
      state.durableEntries = state.entries
      state.pendingNames = []
    }
  }

  func isInPlace() throws(Errno) -> Bool { true }
}

extension SimulatedDisk.State {
  fileprivate func status(of inode: UInt64) -> FileStatus {
    FileStatus(
      kind: .regular, permissions: 0o600, owner: Process.userID, group: 0,
      linkCount: 1, byteCount: files[inode]?.bytes.count ?? 0,
      identity: FileStatus.Identity(device: 1, inode: inode), modified: 0)
  }
}

/// An open file of a ``SimulatedDisk``.
private final class SimulatedFile: DiskFile {
  private let disk: SimulatedDisk
  private let inode: UInt64

  init(_ disk: SimulatedDisk, _ inode: UInt64) {
    self.disk = disk
    self.inode = inode
  }

  func status() throws(Errno) -> FileStatus { disk.look { $0.status(of: inode) } }

  func readAll(limit: Int) throws(Errno) -> [UInt8]? {
    let bytes = disk.look { $0.files[inode]?.bytes ?? [] }
    return bytes.count <= limit ? bytes : nil
  }

  func read(at offset: Int, atMost byteCount: Int) throws(Errno) -> [UInt8] {
    disk.look { Array(($0.files[inode]?.bytes ?? []).dropFirst(offset).prefix(byteCount)) }
  }

  func write(_ bytes: Span<UInt8>, at offset: Int) throws(Errno) {
    var copy: [UInt8] = []
    for index in bytes.indices { copy.append(bytes[index]) }
    let (inode, written) = (inode, copy)
    try disk.operate(
      spoil: { $0.files[inode]?.write(Array(written.prefix(written.count / 2)), at: offset) },
      { $0.files[inode]?.write(written, at: offset) })
  }

  func truncate(to byteCount: Int) throws(Errno) {
    let inode = inode
    try disk.operate { state in
      state.files[inode]?.bytes.resize(to: byteCount)
      state.files[inode]?.pending.append(.truncation(byteCount))
    }
  }

  func synchronizeData() throws(Errno) { try synchronize() }

  func synchronize() throws(Errno) {
    let inode = inode
    try disk.operate(
      // The kernel takes the pages for written that never were.
      spoil: { $0.files[inode]?.pending = [] },
      { state in
        guard let file = state.files[inode] else { return }
        state.files[inode]?.durable = file.bytes
        state.files[inode]?.pending = []
      })
  }
}

extension SimulatedDisk.State.File {
  fileprivate mutating func write(_ new: [UInt8], at offset: Int) {
    bytes.put(new, at: offset)
    pending.append(.write(new, at: offset))
  }
}

extension [UInt8] {
  mutating func resize(to count: Int) {
    if count < self.count {
      removeLast(self.count - count)
    } else {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }

  mutating func put(_ new: [UInt8], at offset: Int) {
    if offset + new.count > count { resize(to: offset + new.count) }
    replaceSubrange(offset..<(offset + new.count), with: new)
  }
}
