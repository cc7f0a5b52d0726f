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

/// One way to encode a value, out of several of a kind.
protocol EncodedForms {
  /// The ways of this kind.
  static var all: [Self] { get }

  /// The most bytes that one byte becomes.
  static var expansion: Int { get }

  /// How many bytes a line of it has, where it is printed in lines.
  var partByteCount: Int? { get }

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer)
}

extension EncodedForms {
  var partByteCount: Int? { nil }
}

/// Room for one form, in locked memory.
struct FormBuffer: ~Copyable {
  private var memory: Secret
  private var count = 0

  /// - Parameter memory: As large as the largest form.
  init(_ memory: consuming Secret) { self.memory = memory }

  mutating func removeAll() { count = 0 }

  mutating func append(_ byte: UInt8) {
    memory.withMutableBytes { $0[count] = byte }
    count += 1
  }

  mutating func append(_ text: StaticString) {
    for byte in text.description.utf8 { append(byte) }
  }

  /// Appends `value` as `digitCount` hexadecimal digits.
  mutating func append(hexadecimal value: UInt32, digitCount: Int, uppercase: Bool) {
    let letter = UInt8(ascii: uppercase ? "A" : "a")
    for place in (0..<digitCount).reversed() {
      let digit = UInt8((value >> UInt32(4 * place)) & 0xF)
      append(digit < 10 ? UInt8(ascii: "0") + digit : letter + digit - 10)
    }
  }

  /// Lends the form in parts of `byteCount` bytes, or whole.
  borrowing func withParts<Failure: Error>(
    _ byteCount: Int?, _ body: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    let count = count
    // A form that fits into one line is the whole form, which is there already.
    if let byteCount, count <= byteCount { return }
    try memory.withBytes { (bytes) throws(Failure) -> Void in
      for start in stride(from: 0, to: count, by: byteCount ?? max(count, 1)) {
        try body(bytes.extracting(start..<min(start + (byteCount ?? count), count)))
      }
    }
  }
}

/// A value whose line ends are others: a terminal prints CR and LF for every LF.
///
/// Source: termios(3), `ONLCR`.
enum LineEndForms: CaseIterable, EncodedForms {
  case lineFeed
  case carriageReturnAndLineFeed

  static var all: [LineEndForms] { allCases }
  static let expansion = 2

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    for index in value.indices {
      let byte = value[index]
      let isPair = byte == 0x0D && index + 1 < value.count && value[index + 1] == 0x0A
      if isPair { continue }
      if byte == 0x0A, self == .carriageReturnAndLineFeed { buffer.append(0x0D) }
      buffer.append(byte)
    }
  }
}
