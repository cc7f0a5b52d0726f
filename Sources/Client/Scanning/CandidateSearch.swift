internal import Platform

/// What in a text may be a stored value as a whole.
///
/// A value is found where it stands as it is: as a line, behind the first `=` or `:` of a
/// line, in quotes, as a block of PEM, as a whole file, or as a run of characters that no
/// other one of its kind touches. One that is encoded, escaped or cut in two is not.
enum CandidateSearch {
  /// Shorter ones are words of a language rather than secrets, and stand everywhere.
  static let minimumByteCount = 8

  /// The longest value that a vault takes.
  static let maximumByteCount = 65_536

  /// What the first and the last line of a block of PEM begin with.
  ///
  /// Source: RFC 7468.
  private static let blockBegin = Array("-----BEGIN ".utf8)
  private static let blockEnd = Array("-----END ".utf8)

  /// Finds the candidates in whole lines.
  ///
  /// - Parameters:
  ///   - bytes: What is searched; it begins with a line, or in a long one.
  ///   - firstLine: The number of that line.
  ///   - isAtStart: Whether the file begins there.
  ///   - isAtEnd: Whether it ends with them.
  ///   - found: Called with the place of each, and the number of its line.
  /// - Returns: Where the search goes on when there are more bytes behind these.
  /// - Throws: What `found` throws.
  static func search(
    _ bytes: Span<UInt8>, firstLine: Int, isAtStart: Bool, isAtEnd: Bool,
    _ found: (Range<Int>, Int) throws(ClientError) -> Void
  ) throws(ClientError) -> Int {
    if isAtStart, isAtEnd {
      try found(0..<bytes.count, firstLine)
      if bytes.count > 0, bytes[bytes.count - 1] == 0x0A {
        try found(0..<(bytes.count - 1), firstLine)
      }
    }
    var block: (start: Int, line: Int)?
    var (start, line) = (0, firstLine)
    while start < bytes.count {
      let lineEnd = bytes.firstIndex(of: 0x0A, from: start)
      // A line that fills all there is has no end to be awaited.
      guard lineEnd != nil || isAtEnd || start == 0 else { break }
      let end = lineEnd ?? bytes.count
      let own = bytes.trimmed(start..<end)
      try searchLine(bytes, own) { (range) throws(ClientError) in try found(range, line) }
      if bytes.holds(blockBegin.span, at: own.lowerBound, before: own.upperBound) {
        block = (own.lowerBound, line)
      } else if let begun = block,
        bytes.holds(blockEnd.span, at: own.lowerBound, before: own.upperBound)
      {
        try found(begun.start..<own.upperBound, begun.line)
        if lineEnd != nil { try found(begun.start..<(end + 1), begun.line) }
        block = nil
      }
      (start, line) = (end + 1, line + 1)
    }
    return goesOn(at: min(start, bytes.count), openBlock: block?.start, bytes.count)
  }

  /// Where what is kept begins: with a block that has not ended, if it may still be a value.
  private static func goesOn(at position: Int, openBlock: Int?, _ count: Int) -> Int {
    if let openBlock, count - openBlock <= maximumByteCount { return min(openBlock, position) }
    // Of a line without an end half is kept: a value may stand where it is cut.
    return position == count && count == SearchWindow.byteCount ? count / 2 : position
  }

  // MARK: Lines

  private static func searchLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>, _ found: (Range<Int>) throws(ClientError) -> Void
  ) throws(ClientError) {
    guard line.count >= minimumByteCount else { return }
    try found(line)
    for sign in "=:".utf8 {
      guard let index = bytes.firstIndex(of: sign, in: line) else { continue }
      let rest = bytes.trimmed((index + 1)..<line.upperBound)
      try found(rest)
      if let comment = bytes.firstIndex(of: UInt8(ascii: "#"), in: rest) {
        try found(bytes.trimmed(rest.lowerBound..<comment))
      }
    }
    for mark in "\"'`".utf8 { try searchQuoted(bytes, line, mark, found) }
    try searchRuns(bytes, line, found)
  }

  /// What stands between two quotation marks of one kind, be it inside or between quotes.
  private static func searchQuoted(
    _ bytes: Span<UInt8>, _ line: Range<Int>, _ mark: UInt8,
    _ found: (Range<Int>) throws(ClientError) -> Void
  ) throws(ClientError) {
    var start = bytes.firstIndex(of: mark, in: line)
    while let from = start {
      start = bytes.firstIndex(of: mark, in: (from + 1)..<line.upperBound)
      if let start { try found((from + 1)..<start) }
    }
  }

  /// The longest runs of characters of each level; those that a lower level has are left
  /// out.
  private static func searchRuns(
    _ bytes: Span<UInt8>, _ line: Range<Int>, _ found: (Range<Int>) throws(ClientError) -> Void
  ) throws(ClientError) {
    var runs = OpenRuns(from: line.lowerBound)
    for index in line {
      let rank = CharacterLevel.rank(of: bytes[index])
      if rank > 0 { try runs.end(below: rank, at: index, in: bytes, found) }
      runs.note(rank)
    }
    try runs.end(below: .max, at: line.upperBound, in: bytes, found)
  }
}

/// Kinds of characters, which make kinds of words, those of the characters up to a level:
/// letters and digits; with `_` and `-`; with what base64 has besides; with `.` and `~`; with
/// most signs, and letters that are not ASCII; all but white space.
private enum CharacterLevel {
  /// The lowest level that has the byte; more than any for white space and controls.
  static func rank(of byte: UInt8) -> UInt8 { ranks[Int(byte)] }

  private static let ranks: [UInt8] = (0...255).map { (byte: UInt8) in
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: 0
    case UInt8(ascii: "_"), UInt8(ascii: "-"): 1
    case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="): 2
    case UInt8(ascii: "."), UInt8(ascii: "~"): 3
    case 0...0x20, 0x7F: .max
    case _ where "\"'`,;()<>[]{}".utf8.contains(byte): 5
    case _: 4
    }
  }
}

/// The runs of all levels that have not ended where a line was read to.
private struct OpenRuns {
  private var starts: InlineArray<6, Int>

  /// Whether the run has a character of its own level, and so is none of a lower one.
  private var isNew = InlineArray<6, Bool>(repeating: false)

  init(from start: Int) { starts = InlineArray(repeating: start) }

  mutating func note(_ rank: UInt8) {
    if rank < isNew.count { isNew[Int(rank)] = true }
  }

  /// Ends the runs of the levels below `rank`, with the character before `end`.
  mutating func end(
    below rank: UInt8, at end: Int, in bytes: Span<UInt8>,
    _ found: (Range<Int>) throws(ClientError) -> Void
  ) throws(ClientError) {
    for level in 0..<min(Int(rank), starts.count) {
      let start = starts[level]
      if isNew[level], end - start >= CandidateSearch.minimumByteCount {
        try found(start..<end)
        if let sign = bytes.firstIndex(of: UInt8(ascii: "="), in: start..<end) {
          try found((sign + 1)..<end)
        }
      }
      (starts[level], isNew[level]) = (end + 1, false)
    }
  }
}

extension Span<UInt8> {
  fileprivate func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    extracting(range).firstIndex(of: byte).map { range.lowerBound + $0 }
  }

  /// The range without the spaces, tabs and carriage returns at its ends.
  fileprivate func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, Self.isBlank(self[start]) { start += 1 }
    while end > start, Self.isBlank(self[end - 1]) { end -= 1 }
    return start..<end
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0D
  }
}
