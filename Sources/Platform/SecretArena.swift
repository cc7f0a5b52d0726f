internal import Glibc
internal import Synchronization

/// The locked memory of a process that handles many secrets at once.
///
/// One region is mapped and locked at start, so that what the process can lock
/// is known from then on and never depends on load; a page of it takes memory once it
/// is used, and is locked then. It is cut into blocks of a few sizes; a secret takes
/// a block of the smallest size that holds it, and fails when none of that size is
/// free. A process that reserves no arena (the client) gives each secret pages of its
/// own.
package enum SecretArena {
  /// How many blocks of one size an arena has.
  package struct Supply: Sendable {
    package let blockByteCount: Int
    package let blockCount: Int

    /// - Parameters:
    ///   - blockByteCount: A multiple of 64.
    ///   - blockCount: At least 1.
    package init(blockByteCount: Int, blockCount: Int) {
      precondition(blockByteCount > 0 && blockByteCount % 64 == 0 && blockCount > 0)
      self.blockByteCount = blockByteCount
      self.blockCount = blockCount
    }
  }

  /// Reserves the arena of this process; call it once, before the first secret.
  ///
  /// - Parameter supplies: The sizes of the blocks, ascending.
  /// - Returns: Whether the kernel locked the region into memory.
  /// - Throws: ``Errno`` if the kernel has no memory for it.
  package static func reserve(_ supplies: [Supply]) throws(Errno) -> Bool {
    let byteCount = supplies.reduce(0) { $0 + $1.blockByteCount * $1.blockCount }
    let pages = try LockedPages(byteCount: byteCount, takesOnTouch: true)
    let region = Region(pages: pages, supplies: supplies)
    reserved.withLock { arena in
      precondition(arena == nil, "the arena is reserved once")
      arena = region
    }
    return pages.isLocked
  }

  /// The bytes that secrets take now, for tests that look for leaks.
  package static var usedByteCount: Int {
    reserved.withLock { $0?.usedByteCount ?? 0 }
  }

  private static let reserved = Mutex<Region?>(nil)

  /// A block for `byteCount` bytes; nil if no arena is reserved.
  static func take(byteCount: Int) throws(SecretError) -> Block? {
    let outcome = reserved.withLock { arena -> Result<Block, SecretError>? in
      arena?.take(byteCount: byteCount)
    }
    return try outcome?.get()
  }

  /// Takes back a block that its owner has wiped.
  static func giveBack(_ block: Block) {
    reserved.withLock { $0?.giveBack(block) }
  }

  /// One block, and the supply that it came from.
  @safe
  struct Block: @unchecked Sendable {
    let base: UnsafeMutablePointer<UInt8>
    let supply: Int
  }

  /// The region with the blocks that are free.
  private struct Region {
    private let supplies: [Supply]
    private var free: [[Block]]

    init(pages: LockedPages, supplies: [Supply]) {
      self.supplies = supplies
      var next = unsafe pages.base
      free = []
      for (index, supply) in supplies.enumerated() {
        var blocks: [Block] = []
        for _ in 0..<supply.blockCount {
          blocks.append(unsafe Block(base: next, supply: index))
          unsafe next += supply.blockByteCount
        }
        free.append(blocks.reversed())
      }
    }

    var usedByteCount: Int {
      supplies.indices.reduce(0) { sum, index in
        let supply = supplies[index]
        return sum + (supply.blockCount - free[index].count) * supply.blockByteCount
      }
    }

    mutating func take(byteCount: Int) -> Result<Block, SecretError> {
      guard let index = supplies.firstIndex(where: { $0.blockByteCount >= byteCount }),
        let block = free[index].popLast()
      else { return .failure(.outOfLockedMemory) }
      return .success(block)
    }

    mutating func giveBack(_ block: Block) {
      free[block.supply].append(block)
    }
  }
}
