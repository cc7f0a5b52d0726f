internal import Platform

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
