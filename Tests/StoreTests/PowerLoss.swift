/// What a power loss leaves of a disk.
///
/// Of what was not synced any part may be there, in any order: a write wholly, not at
/// all, or some of its sectors, with zeros in a file that has grown; names in any
/// selection, but each change of one as a whole. What was synced is there.
struct PowerLoss {
  /// How much of it is left.
  enum Extent: CaseIterable {
    case nothing
    case everything

    /// The first of the operations on names, and of those on each file.
    case beginning

    /// Any.
    case selection
  }

  private var random: SplitMix

  private static let sectorByteCount = 512

  init(seed: UInt64) { random = SplitMix(state: seed) }

  /// The disk as it is found again.
  mutating func state(
    after state: SimulatedDisk.State, _ extent: Extent
  ) -> SimulatedDisk.State {
    var found = SimulatedDisk.State()
    found.nextInode = state.nextInode
    var entries = state.durableEntries
    for operation in kept(of: state.pendingNames, extent) { entries.apply(operation) }
    found.entries = entries
    found.durableEntries = entries
    for inode in Set(entries.values).sorted() {
      guard let file = state.files[inode] else { continue }
      var bytes = file.durable
      for operation in kept(of: file.pending, extent) { apply(operation, to: &bytes, extent) }
      found.files[inode] = SimulatedDisk.State.File(bytes: bytes, durable: bytes)
    }
    return found
  }

  private mutating func kept<Operation>(
    of operations: [Operation], _ extent: Extent
  ) -> [Operation] {
    switch extent {
    case .nothing: []
    case .everything: operations
    case .beginning: Array(operations.prefix(Int.random(in: 0...operations.count, using: &random)))
    case .selection: operations.filter { _ in Bool.random(using: &random) }
    }
  }

  private mutating func apply(
    _ operation: SimulatedDisk.State.DataOperation, to bytes: inout [UInt8], _ extent: Extent
  ) {
    switch operation {
    case .truncation(let count): bytes.resize(to: count)
    case .write(let new, let offset):
      guard extent == .selection else { return bytes.put(new, at: offset) }
      // The length may be there without the data, and data sector by sector.
      let end = Bool.random(using: &random) ? offset + new.count : bytes.count
      if end > bytes.count { bytes.resize(to: end) }
      var position = offset
      while position < offset + new.count {
        let border = (position / Self.sectorByteCount + 1) * Self.sectorByteCount
        let next = min(border, offset + new.count)
        if Bool.random(using: &random) {
          bytes.put(Array(new[(position - offset)..<(next - offset)]), at: position)
        }
        position = next
      }
    }
  }
}

extension [String: UInt64] {
  fileprivate mutating func apply(_ operation: SimulatedDisk.State.NameOperation) {
    switch operation {
    case .creation(let name, let inode): self[name] = inode
    case .renaming(let name, let newName):
      if let inode = removeValue(forKey: name) { self[newName] = inode }
    case .removal(let name): self[name] = nil
    }
  }
}

/// Numbers that are the same at each run.
///
/// Source: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators".
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
