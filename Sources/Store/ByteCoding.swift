/// Writes numbers, text and bytes one behind the other, little-endian.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []

  /// - Parameter byteCount: How much will be written, roughly.
  init(reserving byteCount: Int = 0) {
    if byteCount > 0 { bytes.reserveCapacity(byteCount) }
  }

  mutating func write<Number: FixedWidthInteger>(_ number: Number) {
    var rest = number
    for _ in 0..<(Number.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// Bytes of a length that the reader knows.
  mutating func write(fixed bytes: [UInt8]) { self.bytes += bytes }

  /// A length of four bytes, and the bytes.
  mutating func write(counted bytes: [UInt8]) {
    write(UInt32(bytes.count))
    self.bytes += bytes
  }

  /// A length of two bytes, and the UTF-8.
  mutating func write(_ text: String) {
    precondition(text.utf8.count <= Int(UInt16.max), "a text has at most 65,535 bytes")
    write(UInt16(text.utf8.count))
    bytes += text.utf8
  }

  /// One byte that tells whether there is a value, and the value.
  mutating func write<Number: FixedWidthInteger>(optional number: Number?) {
    write(UInt8(number == nil ? 0 : 1))
    if let number { write(number) }
  }
}

/// Reads what ``ByteWriter`` wrote; whatever is too short or left over is an error.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var remaining: Int { bytes.count - position }

  mutating func read<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(CodingError) -> Number {
    let count = Number.bitWidth / 8
    guard remaining >= count else { throw .cutOff }
    var number: Number = 0
    for index in (0..<count).reversed() {
      number = number << 8 | Number(truncatingIfNeeded: bytes[position + index])
    }
    position += count
    return number
  }

  mutating func read(fixed count: Int) throws(CodingError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw .cutOff }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  /// Lends the next `count` bytes to `body`.
  mutating func read<Result>(
    _ count: Int, _ body: (Span<UInt8>) throws(CodingError) -> Result
  ) throws(CodingError) -> Result {
    guard count >= 0, remaining >= count else { throw .cutOff }
    defer { position += count }
    return try body(bytes.span.extracting(position..<(position + count)))
  }

  mutating func readCounted() throws(CodingError) -> [UInt8] {
    let count: UInt32 = try read()
    return try read(fixed: Int(count))
  }

  mutating func readText() throws(CodingError) -> String {
    let count = Int(try read(UInt16.self))
    return try read(count) { (bytes) throws(CodingError) in
      do throws(UTF8.ValidationError) {
        return String(copying: try UTF8Span(validating: bytes))
      } catch {
        throw .malformed
      }
    }
  }

  mutating func readOptional<Number: FixedWidthInteger>() throws(CodingError) -> Number? {
    switch try read(UInt8.self) {
    case 0: return nil
    case 1: return try read()
    default: throw .malformed
    }
  }

  func finish() throws(CodingError) {
    guard remaining == 0 else { throw .leftOver }
  }
}

/// Bytes that no writer of this version has written.
enum CodingError: Error, Equatable {
  /// They end where more must come.
  case cutOff

  /// There are more than there must be.
  case leftOver

  /// A number or word stands for nothing that is known.
  case unknown

  /// A number, name or text breaks the rule for it.
  case malformed
}
