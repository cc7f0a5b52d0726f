internal import Platform

/// Replaces values in a text that comes in pieces.
///
/// Each byte that belongs to a form of a value is left out, and in place of the first of
/// them stands the value's label. Values that overlap are replaced together, by the label
/// of the one that begins first, and of the longest of those. All else goes through byte
/// for byte.
///
/// What may be the beginning of a value is held until more is there: as many bytes as the
/// longest form has, at the most. In front of a person who would wait for it, call
/// ``releaseBeginning(into:)`` when nothing has come for a while.
struct Masker: ~Copyable {
  private let patterns: MaskPatterns
  private var place = MaskPatterns.Place()

  /// What is held, and behind it what was just added.
  private var window: Secret
  private var count = 0

  /// How far the window was read.
  private var position = 0

  /// What is before it was printed, or left out.
  private var released = 0

  /// The end of what the label that was printed last stands for.
  private var maskedEnd = 0

  /// Values whose label is not printed yet, in their order; no two overlap.
  private var regions: [Region] = []

  private struct Region {
    let range: Range<Int>
    let label: Int
  }

  /// The most bytes that are read into the window at once.
  static let pieceByteCount = 65_536

  /// How much of what is held is shown to a person who waits: less than anybody could
  /// use, and more than most prompts share with a key's beginning.
  static let shownByteCount = 3

  /// - Parameter patterns: What is replaced; finished.
  /// - Throws: ``SecretError`` if the kernel locks no more memory.
  init(_ patterns: MaskPatterns) throws(SecretError) {
    let memory = try Secret(count: patterns.longestByteCount + Self.pieceByteCount)
    guard memory.isLocked else { throw .outOfLockedMemory }
    self.patterns = patterns
    window = memory
  }

  /// Lets a process that is forked from now on go on where this one is.
  borrowing func keepOnFork() {
    patterns.keepOnFork()
    window.keepOnFork()
  }

  /// Locks in such a process what is secret.
  ///
  /// - Returns: Whether the kernel has locked it.
  borrowing func lockAgain() -> Bool { patterns.lockAgain() && window.lockAgain() }

  /// Whether ``releaseBeginning(into:)`` would release something.
  var hasBeginning: Bool {
    let limit = endOfShown
    return released < limit || regions.first.map { $0.range.lowerBound < limit } ?? false
  }

  private var endOfShown: Int { min(beginning + Self.shownByteCount, count) }

  /// Where what may be the beginning of a value begins.
  private var beginning: Int { position - place.depth }

  /// Reads the next piece of the text.
  ///
  /// - Parameters:
  ///   - output: Where all goes that is decided.
  ///   - read: Reads at most ``pieceByteCount`` bytes into the span from an offset on,
  ///     and returns how many; 0 is the end of the text.
  /// - Returns: How many bytes came; 0 at the end of the text.
  /// - Throws: ``MaskFailure``.
  mutating func read(
    into output: inout SecretBuffer,
    by read: (inout MutableSpan<UInt8>, Int) throws(Errno) -> Int
  ) throws(MaskFailure) -> Int {
    discardReleased()
    let more: Int
    do throws(Errno) {
      more = try window.withMutableBytes { (bytes) throws(Errno) in try read(&bytes, count) }
    } catch {
      throw .reading(error)
    }
    guard more > 0 else { return 0 }
    count += more
    try scan(into: &output)
    return more
  }

  /// Adds a piece of the text.
  ///
  /// - Parameters:
  ///   - text: Of any size.
  ///   - output: Where all goes that is decided.
  /// - Throws: ``MaskFailure``.
  mutating func add(_ text: Span<UInt8>, into output: inout SecretBuffer) throws(MaskFailure) {
    for start in stride(from: 0, to: text.count, by: Self.pieceByteCount) {
      let piece = text.extracting(start..<min(start + Self.pieceByteCount, text.count))
      discardReleased()
      window.withMutableBytes { $0.replace(at: count, with: piece) }
      count += piece.count
      try scan(into: &output)
    }
  }

  /// Prints the first bytes of what is held, and remembers them: if a value follows, the
  /// rest of it is masked.
  mutating func releaseBeginning(into output: inout SecretBuffer) throws(MaskFailure) {
    try release(upTo: endOfShown, into: &output)
  }

  /// Prints what is held: no more comes.
  mutating func finish(into output: inout SecretBuffer) throws(MaskFailure) {
    try release(upTo: count, into: &output)
    place = MaskPatterns.Place()
  }

  private mutating func scan(into output: inout SecretBuffer) throws(MaskFailure) {
    while let match = nextMatch() {
      note(match)
      try release(upTo: beginning, into: &output)
    }
    try release(upTo: beginning, into: &output)
  }

  private mutating func nextMatch() -> MaskPatterns.Match? {
    var position = position
    var place = place
    let match = window.withBytes { bytes in
      patterns.nextMatch(in: bytes.extracting(0..<count), from: &position, &place)
    }
    self.position = position
    self.place = place
    return match
  }

  /// Takes a match together with those that it overlaps.
  private mutating func note(_ match: MaskPatterns.Match) {
    var start = position - match.byteCount
    var label = match.label
    while let last = regions.last, last.range.upperBound > start {
      regions.removeLast()
      guard last.range.lowerBound < start else { continue }
      start = last.range.lowerBound
      label = last.label
    }
    if regions.isEmpty, start < maskedEnd {
      maskedEnd = position
      released = position
    } else {
      regions.append(Region(range: start..<position, label: label))
    }
  }

  /// Prints all before `limit`, and the labels of values that begin there.
  private mutating func release(
    upTo limit: Int, into output: inout SecretBuffer
  ) throws(MaskFailure) {
    while let region = regions.first, region.range.lowerBound < limit {
      try print(upTo: region.range.lowerBound, into: &output)
      let label = patterns.labels[region.label]
      do throws(ClientError) {
        try output.append(label.span)
      } catch {
        throw .memory(error)
      }
      maskedEnd = region.range.upperBound
      released = max(released, maskedEnd)
      regions.removeFirst()
    }
    try print(upTo: limit, into: &output)
  }

  private mutating func print(
    upTo limit: Int, into output: inout SecretBuffer
  ) throws(MaskFailure) {
    guard limit > released else { return }
    do throws(ClientError) {
      try window.withBytes { (bytes) throws(ClientError) -> Void in
        try output.append(bytes.extracting(released..<limit))
      }
    } catch {
      throw .memory(error)
    }
    released = limit
  }

  /// Moves what is held to the front of the window.
  private mutating func discardReleased() {
    guard released > 0 else { return }
    let gone = released
    window.withMutableBytes { bytes in
      bytes.move(gone..<count, to: 0)
      bytes.wipe((count - gone)..<count)
    }
    count -= gone
    position -= gone
    released = 0
    maskedEnd -= gone
    regions = regions.map { region in
      let range = region.range
      return Region(
        range: (range.lowerBound - gone)..<(range.upperBound - gone), label: region.label)
    }
  }
}

/// Why a text could not be masked.
enum MaskFailure: Error {
  case reading(Errno)
  case memory(ClientError)
}
