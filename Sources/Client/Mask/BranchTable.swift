internal import Platform

/// The children of nodes besides the first, found by node and byte.
struct BranchTable: ~Copyable {
  /// Words of node, byte and child; 0 is free.
  private var entries: SecretWords
  private var count = 0
  private var mask: Int

  init() throws(SecretError) { try self.init(capacity: 1024) }

  private init(capacity: Int) throws(SecretError) {
    entries = try SecretWords(count: capacity)
    mask = capacity - 1
  }

  mutating func insert(_ child: Int, of node: Int, by byte: UInt8) throws(SecretError) {
    if count * 2 > mask {
      var larger = try BranchTable(capacity: (mask + 1) * 2)
      for index in 0...mask where entries[index] != 0 { larger.place(entries[index]) }
      self = larger
    }
    place(UInt64(node) << 36 | UInt64(byte) << 28 | UInt64(child))
  }

  borrowing func keepOnFork() { entries.keepOnFork() }
  borrowing func lockAgain() -> Bool { entries.lockAgain() }

  private mutating func place(_ entry: UInt64) {
    var index = Self.hash(entry >> 28) & mask
    while entries[index] != 0 { index = (index + 1) & mask }
    entries[index] = entry
    count += 1
  }

  @inline(__always)
  borrowing func child(of node: Int, by byte: UInt8) -> Int? {
    let key = UInt64(node) << 8 | UInt64(byte)
    var index = Self.hash(key) & mask
    while true {
      let entry = entries[index]
      if entry == 0 { return nil }
      if entry >> 28 == key { return Int(entry & 0xFFF_FFFF) }
      index = (index + 1) & mask
    }
  }

  @inline(__always)
  private static func hash(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 33)
  }
}
