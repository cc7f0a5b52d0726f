internal import Platform

/// The part of a file that is being searched, in locked memory: people write secrets
/// into files.
struct SearchWindow: ~Copyable {
  private var memory: Secret

  /// How many bytes there are.
  private(set) var count = 0

  /// The number of the line in which the first of them stands.
  private(set) var firstLine = 1

  /// Whether they begin where the file does.
  private(set) var isAtStart = true

  /// Large enough that the calls cost nothing, and small enough for the processor's cache.
  static let byteCount = 262_144

  init() throws(ClientError) {
    do throws(SecretError) { memory = try Secret(count: Self.byteCount) } catch {
      throw .outOfMemory
    }
  }

  /// Begins another file.
  mutating func reset() { (count, firstLine, isAtStart) = (0, 1, true) }

  /// Reads until the window is full or the file has ended.
  ///
  /// - Parameter read: Reads into the bytes from an offset on; 0 is the end.
  /// - Returns: Whether the file has ended.
  /// - Throws: What `read` throws.
  mutating func fill(
    _ read: (inout MutableSpan<UInt8>, Int) throws(ClientError) -> Int
  ) throws(ClientError) -> Bool {
    while count < Self.byteCount {
      let start = count
      let received = try memory.withMutableBytes { (bytes) throws(ClientError) -> Int in
        try read(&bytes, start)
      }
      if received == 0 { return true }
      count += received
    }
    return false
  }

  /// Lends the bytes to `body`.
  borrowing func withBytes<Result, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try memory.withBytes { (bytes) throws(Failure) -> Result in
      try body(bytes.extracting(0..<count))
    }
  }

  /// Lets go of the bytes before `offset`.
  mutating func discard(before offset: Int) {
    guard offset > 0 else { return }
    firstLine += memory.withBytes { $0.count(of: 0x0A, before: offset) }
    let end = count
    memory.withMutableBytes { $0.move(offset..<end, to: 0) }
    count -= offset
    isAtStart = false
  }
}
