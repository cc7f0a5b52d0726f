/// A node of the patterns in one word.
struct MaskNode {
  private(set) var word: UInt64

  // From the lowest bit: the byte that leads here, four flags, how many bytes lead here
  // from the root in 24 bits, and in 28 bits the node of the longest end of those bytes
  // that is the beginning of another pattern.

  /// A pattern ends here.
  static let endsPattern: UInt64 = 1 << 8

  /// A pattern ends here that begins further below the root.
  static let hasInner: UInt64 = 1 << 9

  /// The next node is a child of this one.
  static let hasNext: UInt64 = 1 << 10

  /// There are children in the table of branches.
  static let branches: UInt64 = 1 << 11

  /// - Parameters:
  ///   - byte: The byte that leads here.
  ///   - depth: How many bytes lead here, below 2^24.
  init(byte: UInt8, depth: Int) { word = UInt64(byte) | UInt64(depth) << 12 }

  init(_ word: UInt64) { self.word = word }

  static func fallback(_ node: Int) -> UInt64 { UInt64(node) << 36 }

  var byte: UInt8 { UInt8(truncatingIfNeeded: word) }
  var depth: Int { Int(word >> 12 & 0xFF_FFFF) }
  var fallback: Int { Int(word >> 36) }
  var endsPattern: Bool { word & Self.endsPattern != 0 }
  var endsAny: Bool { word & (Self.endsPattern | Self.hasInner) != 0 }
  var hasNext: Bool { word & Self.hasNext != 0 }
  var branches: Bool { word & Self.branches != 0 }
}
