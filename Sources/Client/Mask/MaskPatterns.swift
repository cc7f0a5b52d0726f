internal import Platform

/// All texts that are masked, as one machine that reads each byte of a text once.
///
/// It is the automaton of Aho and Corasick: a tree of the patterns' bytes, in which each
/// node knows where to go on when the next byte does not fit. A step takes a constant
/// time on average, whatever values and text are, so that no text makes it slow. In
/// front stands a table that tells how many bytes can be left out because no pattern
/// begins in them, after Wu and Manber.
///
/// What holds bytes of a value is in locked memory, 8 bytes for each node. A node's
/// number tells nothing.
///
/// Source: A. V. Aho and M. J. Corasick, "Efficient string matching", 1975; S. Wu and
/// U. Manber, "A fast algorithm for multi-pattern searching", 1994.
final class MaskPatterns {
  /// What is printed in place of a pattern, as in `<web/stripe>`.
  private(set) var labels: [[UInt8]] = []

  /// The most bytes that a pattern has.
  private(set) var longestByteCount = 0

  /// First the nodes that the bytes lead to from the root; behind them, the nodes.
  private var nodes: SecretWords
  private var branches: BranchTable

  /// For three bytes how many more can be left out at least.
  private var skips: Secret

  /// The labels of the nodes at which a pattern ends.
  private var endings: [Int: Int] = [:]

  /// For a node inside of a pattern at which another one ends, that one's node.
  private var innerEndings: [Int: Int] = [:]

  /// Only while patterns are added.
  private var parents: [UInt32] = []

  /// The node at which nothing is read yet.
  static let root = 256

  /// What the table looks at, of the first bytes of all patterns.
  private static let blockByteCount = 3
  private static let prefixByteCount = ValueForms.minimumByteCount
  private static let farthestSkip = prefixByteCount - blockByteCount + 1
  private static let skipCount = 1 << 15

  init() throws(SecretError) {
    nodes = try SecretWords(count: Self.root)
    branches = try BranchTable()
    skips = try Secret(count: Self.skipCount) { skips in
      for index in skips.indices { skips[index] = UInt8(Self.farthestSkip) }
    }
    guard skips.isLocked else { throw .outOfLockedMemory }
    try nodes.append(MaskNode(byte: 0, depth: 0).word)
    parents.append(UInt32(Self.root))
  }

  var isEmpty: Bool { nodes.count == Self.root + 1 }

  // MARK: Making

  /// Adds all forms of a value.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - label: What is printed in its place.
  /// - Returns: Whether it is long enough to be masked.
  /// - Throws: ``SecretError`` if the kernel locks no more memory.
  func add(_ value: Span<UInt8>, label: String) throws(SecretError) -> Bool {
    labels.append(Array("<\(label)>".utf8))
    return try ValueForms.forEach(of: value) { (form) throws(SecretError) -> Void in
      try add(form)
    }
  }

  /// Adds a pattern with the newest label; what is there keeps the label that it has.
  private func add(_ pattern: Span<UInt8>) throws(SecretError) {
    longestByteCount = max(longestByteCount, pattern.count)
    addSkips(of: pattern)
    var node = Self.root
    for index in pattern.indices {
      if let child = child(of: node, by: pattern[index]) {
        node = child
      } else {
        node = try addNode(pattern[index], to: node)
      }
    }
    if endings[node] == nil {
      endings[node] = labels.count - 1
      nodes[node] |= MaskNode.endsPattern
    }
  }

  private func addNode(_ byte: UInt8, to parent: Int) throws(SecretError) -> Int {
    let node = nodes.count
    let above = MaskNode(nodes[parent])
    try nodes.append(MaskNode(byte: byte, depth: above.depth + 1).word)
    parents.append(UInt32(parent))
    if parent == Self.root {
      nodes[Int(byte)] = UInt64(node)
    } else if parent == node - 1 {
      nodes[parent] |= MaskNode.hasNext
    } else {
      nodes[parent] |= MaskNode.branches
      try branches.insert(node, of: parent, by: byte)
    }
    return node
  }

  private func addSkips(of pattern: Span<UInt8>) {
    for start in 0..<Self.farthestSkip {
      let block = Self.block(pattern[start], pattern[start + 1], pattern[start + 2])
      let skip = UInt8(Self.farthestSkip - 1 - start)
      skips.withMutableBytes { $0[block] = min($0[block], skip) }
    }
  }

  @inline(__always)
  private static func block(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Int {
    (Int(first) << 9 ^ Int(second) << 5 ^ Int(third)) & (skipCount - 1)
  }

  private func child(of node: Int, by byte: UInt8) -> Int? {
    nodes.withWords { nodes in Self.child(of: node, by: byte, nodes, branches) }
  }

  /// Finds out for each node where to go on; after that no pattern can be added.
  func finish() {
    for node in nodesByDepth().dropFirst().lazy.map({ Int($0) }) {
      let word = MaskNode(nodes[node])
      let parent = Int(parents[node - Self.root])
      let fallback = parent == Self.root ? Self.root : fallback(of: parent, by: word.byte)
      nodes[node] |= MaskNode.fallback(fallback)
      if endings[fallback] != nil {
        innerEndings[node] = fallback
      } else if let inner = innerEndings[fallback] {
        innerEndings[node] = inner
      }
      if innerEndings[node] != nil { nodes[node] |= MaskNode.hasInner }
    }
    parents = []
  }

  /// All nodes in the order of their depth, since a node needs to know of all that are
  /// less deep.
  ///
  /// There may be millions, so they are counted and not compared.
  private func nodesByDepth() -> [UInt32] {
    var places = [Int](repeating: 0, count: longestByteCount + 2)
    for node in Self.root..<nodes.count { places[MaskNode(nodes[node]).depth + 1] += 1 }
    for depth in places.indices.dropFirst() { places[depth] += places[depth - 1] }
    var order = [UInt32](repeating: 0, count: nodes.count - Self.root)
    for node in Self.root..<nodes.count {
      let depth = MaskNode(nodes[node]).depth
      order[places[depth]] = UInt32(node)
      places[depth] += 1
    }
    return order
  }

  private func fallback(of parent: Int, by byte: UInt8) -> Int {
    var node = MaskNode(nodes[parent]).fallback
    while true {
      if let child = child(of: node, by: byte) { return child }
      if node == Self.root { return Self.root }
      node = MaskNode(nodes[node]).fallback
    }
  }

  /// Lets a process that is forked from now on find the patterns too.
  func keepOnFork() {
    nodes.keepOnFork()
    branches.keepOnFork()
    skips.keepOnFork()
  }

  /// Locks the patterns in such a process.
  ///
  /// - Returns: Whether the kernel has locked them.
  func lockAgain() -> Bool { nodes.lockAgain() && branches.lockAgain() && skips.lockAgain() }

  // MARK: Reading

  /// A pattern that ends where the reading is.
  struct Match {
    let byteCount: Int

    /// The number of its label.
    let label: Int
  }

  /// Where in the patterns the reading is.
  struct Place {
    fileprivate var node = MaskPatterns.root

    /// How many of the bytes that were read last are the beginning of a pattern.
    fileprivate(set) var depth = 0
  }

  /// Reads on until a pattern ends.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - position: Where to read on in it; behind the pattern afterwards.
  ///   - place: Where in the patterns the reading is.
  /// - Returns: The longest pattern that ends there; nil at the end of the text.
  func nextMatch(
    in bytes: Span<UInt8>, from position: inout Int, _ place: inout Place
  ) -> Match? {
    var index = position
    var node = place.node
    let ends = nodes.withWords { nodes in
      skips.withBytes { skips in
        Self.read(bytes, from: &index, &node, nodes, branches, skips)
      }
    }
    position = index
    place.node = node
    let word = MaskNode(nodes[node])
    place.depth = word.depth
    guard ends else { return nil }
    let ending = word.endsPattern ? node : innerEndings[node] ?? node
    return Match(byteCount: MaskNode(nodes[ending]).depth, label: endings[ending] ?? 0)
  }

  /// - Returns: Whether a pattern ends.
  private static func read(
    _ bytes: Span<UInt8>, from position: inout Int, _ place: inout Int,
    _ nodes: Span<UInt64>, _ branches: borrowing BranchTable, _ skips: Span<UInt8>
  ) -> Bool {
    var index = position
    var node = place
    let last = bytes.count - prefixByteCount
    defer {
      position = index
      place = node
    }
    while index < bytes.count {
      if node == root {
        while index <= last {
          let end = index + prefixByteCount
          let skip = skips[block(bytes[end - 3], bytes[end - 2], bytes[end - 1])]
          if skip == 0 { break }
          index += Int(skip)
        }
        if index >= bytes.count { return false }
      }
      let byte = bytes[index]
      index += 1
      while true {
        if let child = child(of: node, by: byte, nodes, branches) {
          node = child
          break
        }
        if node == root { break }
        node = MaskNode(nodes[node]).fallback
      }
      if MaskNode(nodes[node]).endsAny { return true }
    }
    return false
  }

  @inline(__always)
  private static func child(
    of node: Int, by byte: UInt8, _ nodes: Span<UInt64>, _ branches: borrowing BranchTable
  ) -> Int? {
    if node == root {
      let child = Int(nodes[Int(byte)])
      return child == 0 ? nil : child
    }
    let word = MaskNode(nodes[node])
    if word.hasNext, MaskNode(nodes[node + 1]).byte == byte { return node + 1 }
    return word.branches ? branches.child(of: node, by: byte) : nil
  }
}
