internal import Glibc
internal import Platform

/// Text as logs and sources have it: words of letters, digits and signs, in lines; each
/// time the same.
struct SampleText {
  private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static let letters = Array(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/".utf8)
  private static let wordByteCount = 9
  private static let lineByteCount = 90

  /// - Parameter byteCount: How long it is.
  /// - Returns: So many bytes, the last of them the end of a line.
  mutating func next(_ byteCount: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(byteCount)
    var column = 0
    while bytes.count < byteCount - 1 {
      column += 1
      switch column {
      case Self.lineByteCount:
        bytes.append(0x0A)
        column = 0
      case _ where column.isMultiple(of: Self.wordByteCount): bytes.append(0x20)
      case _: bytes.append(letter())
      }
    }
    return bytes + [0x0A]
  }

  /// The next one of a linear congruential generator, by its highest bits.
  private mutating func letter() -> UInt8 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Self.letters[Int(state >> 58)]
  }

  /// Writes a file.
  ///
  /// - Parameters:
  ///   - parts: What it holds.
  ///   - path: Where it is made.
  /// - Throws: ``BenchmarkError`` if it cannot be written.
  static func write(_ parts: [[UInt8]], to path: String) throws(BenchmarkError) {
    try attempting(path) { () throws(Errno) in
      let file = try FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      for part in parts { try file.writeAll(part.span) }
    }
  }
}
