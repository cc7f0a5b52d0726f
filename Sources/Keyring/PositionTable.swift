/// Positions in a list, found by a hash of what stands there.
///
/// What is looked for stands in the list already, so the table keeps no second copy of
/// it: with many thousand keys a dictionary for each of their words takes more memory
/// than the keys.
struct PositionTable: Equatable, Sendable {
  /// A hash in the upper half and a position, counted from 1, in the lower one; 0 is free.
  ///
  /// As many as a power of two. What belongs into a slot that is taken is in one of those
  /// behind it, before the next free one.
  private var slots: [UInt64] = []
  private(set) var count = 0

  private static let smallestCount = 16

  /// Of five slots four are taken at the most.
  private static func slotCount(for count: Int) -> Int {
    var slots = smallestCount
    while slots / 5 * 4 < count { slots *= 2 }
    return slots
  }

  /// The hash of `word`, which nobody outside of this process can foresee.
  static func hash(of word: some Hashable) -> UInt32 {
    UInt32(truncatingIfNeeded: word.hashValue)
  }

  /// The position of what has that hash, and is meant.
  ///
  /// - Parameters:
  ///   - hash: As ``hash(of:)`` made it.
  ///   - isMeant: Whether the word at a position is the one that is looked for.
  /// - Returns: The position; nil if there is none.
  func position(hash: UInt32, where isMeant: (Int) -> Bool) -> Int? {
    guard !slots.isEmpty else { return nil }
    var index = home(of: hash)
    while slots[index] != 0 {
      let position = Self.position(slots[index])
      if Self.hash(slots[index]) == hash, isMeant(position) { return position }
      index = next(index)
    }
    return nil
  }

  mutating func reserveCapacity(_ count: Int) {
    let wanted = Self.slotCount(for: count)
    if wanted > slots.count { spread(over: wanted) }
  }

  /// Takes in the position of a word that is not there yet.
  mutating func insert(_ position: Int, hash: UInt32) {
    if count >= slots.count / 5 * 4 { reserveCapacity(count + 1) }
    place(UInt64(hash) << 32 | UInt64(position + 1))
    count += 1
  }

  /// Puts another position in the place of one, if that is there.
  mutating func replace(_ position: Int, by other: Int, hash: UInt32) {
    guard let index = slot(of: position, hash: hash) else { return }
    slots[index] = UInt64(hash) << 32 | UInt64(other + 1)
  }

  /// Takes in a position in the place of a former one, if there is one.
  mutating func put(_ position: Int, inPlaceOf former: Int?, hash: UInt32) {
    if let former {
      replace(former, by: position, hash: hash)
    } else {
      insert(position, hash: hash)
    }
  }

  /// Takes out a position; returns whether it was there.
  @discardableResult
  mutating func remove(_ position: Int, hash: UInt32) -> Bool {
    guard var gap = slot(of: position, hash: hash) else { return false }
    count -= 1
    // What stands behind the gap moves up, as far as it would be looked for there.
    var index = next(gap)
    while slots[index] != 0 {
      let way = (index - home(of: Self.hash(slots[index]))) & (slots.count - 1)
      if way >= (index - gap) & (slots.count - 1) {
        slots[gap] = slots[index]
        gap = index
      }
      index = next(index)
    }
    slots[gap] = 0
    return true
  }

  /// Whether both lead to the same positions, however they came to be.
  static func == (left: PositionTable, right: PositionTable) -> Bool {
    left.count == right.count
      && left.slots.allSatisfy { slot in
        slot == 0 || right.slot(of: position(slot), hash: hash(slot)) != nil
      }
  }

  private static func hash(_ slot: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: slot >> 32) }

  private static func position(_ slot: UInt64) -> Int {
    Int(UInt32(truncatingIfNeeded: slot)) - 1
  }

  private func home(of hash: UInt32) -> Int { Int(hash) & (slots.count - 1) }

  private func next(_ index: Int) -> Int { (index + 1) & (slots.count - 1) }

  private func slot(of position: Int, hash: UInt32) -> Int? {
    guard !slots.isEmpty else { return nil }
    let wanted = UInt64(hash) << 32 | UInt64(position + 1)
    var index = home(of: hash)
    while slots[index] != 0 {
      if slots[index] == wanted { return index }
      index = next(index)
    }
    return nil
  }

  private mutating func place(_ slot: UInt64) {
    var index = home(of: Self.hash(slot))
    while slots[index] != 0 { index = next(index) }
    slots[index] = slot
  }

  private mutating func spread(over slotCount: Int) {
    let former = slots
    slots = [UInt64](repeating: 0, count: slotCount)
    for slot in former where slot != 0 { place(slot) }
  }
}
