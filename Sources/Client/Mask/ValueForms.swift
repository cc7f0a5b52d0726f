internal import Platform

/// The forms in which a value may be printed.
///
/// All are made of the value without the line ends at its end, which shells take off.
enum ValueForms {
  /// A shorter value is not masked: it would be found in what has nothing to do with it.
  static let minimumByteCount = 8

  /// Calls `body` with each form; one may come more than once.
  ///
  /// - Parameters:
  ///   - value: The value.
  ///   - body: What is done with a form; it throws if no more can be kept.
  /// - Returns: Whether the value is long enough to be masked at all.
  /// - Throws: What `body` throws, or that there is no memory for a form.
  static func forEach(
    of value: Span<UInt8>, _ body: (Span<UInt8>) throws(SecretError) -> Void
  ) throws(SecretError) -> Bool {
    let value = value.extracting(0..<endWithoutLineEnds(of: value))
    guard value.count >= minimumByteCount else { return false }
    try body(value)
    try lines(of: value, body)
    try forms(Base64Forms.self, of: value, body)
    try forms(PercentForms.self, of: value, body)
    try forms(JSONForms.self, of: value, body)
    return true
  }

  /// Lends every form of one kind, in a buffer that each of them is written to in turn.
  private static func forms<Forms: EncodedForms>(
    _ kind: Forms.Type, of value: Span<UInt8>,
    _ body: (Span<UInt8>) throws(SecretError) -> Void
  ) throws(SecretError) {
    var buffer = FormBuffer(try Secret(count: value.count * Forms.expansion + 16))
    for form in Forms.all {
      buffer.removeAll()
      form.write(value, into: &buffer)
      try buffer.withParts(form.partByteCount) { (part) throws(SecretError) -> Void in
        if part.count >= minimumByteCount { try body(part) }
      }
    }
  }

  private static func endWithoutLineEnds(of value: Span<UInt8>) -> Int {
    var end = value.count
    while end > 0, isLineEnd(value[end - 1]) { end -= 1 }
    return end
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  /// The whole with the other line ends, and each line by itself.
  private static func lines(
    of value: Span<UInt8>, _ body: (Span<UInt8>) throws(SecretError) -> Void
  ) throws(SecretError) {
    guard value.firstIndex(of: 0x0A) != nil || value.firstIndex(of: 0x0D) != nil else { return }
    try forms(LineEndForms.self, of: value, body)
    try forEachLine(of: value, body)
  }

  /// Calls `body` with each line of a value that is long enough, without the blanks
  /// around it.
  static func forEachLine<Failure: Error>(
    of value: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    var start = 0
    for index in 0...value.count where index == value.count || isLineEnd(value[index]) {
      let line = value.extracting(withoutBlanks(start..<index, of: value))
      if line.count >= minimumByteCount, !isArmor(line) { try body(line) }
      start = index + 1
    }
  }

  private static func withoutBlanks(_ line: Range<Int>, of value: Span<UInt8>) -> Range<Int> {
    var (start, end) = (line.lowerBound, line.upperBound)
    while start < end, isBlank(value[start]) { start += 1 }
    while end > start, isBlank(value[end - 1]) { end -= 1 }
    return start..<end
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Whether it is the first or last line of a PEM file, which every such file has.
  ///
  /// Source: RFC 7468, section 2.
  private static func isArmor(_ line: Span<UInt8>) -> Bool {
    let hyphens = 5
    guard line.count > 2 * hyphens else { return false }
    for index in 0..<hyphens
    where line[index] != UInt8(ascii: "-") || line[line.count - 1 - index] != UInt8(ascii: "-") {
      return false
    }
    return true
  }
}
