internal import Platform

/// Secret bytes that become more, always in locked memory.
struct SecretBuffer: ~Copyable {
  private var memory: Secret

  /// How many bytes there are.
  private(set) var count = 0

  /// Room for a few keys; most answers never need more.
  private static let initialByteCount = 16_384

  init(capacity: Int = SecretBuffer.initialByteCount) throws(ClientError) {
    do throws(SecretError) { memory = try Secret(count: capacity) } catch { throw .outOfMemory }
  }

  mutating func append(_ bytes: Span<UInt8>) throws(ClientError) {
    try reserve(count + bytes.count)
    memory.withMutableBytes { $0.replace(at: count, with: bytes) }
    count += bytes.count
  }

  mutating func append(_ byte: UInt8) throws(ClientError) {
    try reserve(count + 1)
    memory.withMutableBytes { $0[count] = byte }
    count += 1
  }

  /// Makes room for `needed` bytes in all; the former memory is wiped.
  private mutating func reserve(_ needed: Int) throws(ClientError) {
    guard needed > memory.count else { return }
    do throws(SecretError) {
      var larger = try Secret(count: max(needed, memory.count * 2))
      memory.withBytes { former in
        larger.withMutableBytes { $0.replace(at: 0, with: former.extracting(0..<count)) }
      }
      memory = larger
    } catch {
      throw .outOfMemory
    }
  }

  /// Lends the bytes to `body`.
  borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try memory.withBytes { (bytes) throws(Failure) -> Result in
      try body(bytes.extracting(0..<count))
    }
  }

  /// Reads more from `file`.
  ///
  /// - Parameter limit: The most bytes in all.
  /// - Returns: Whether there was more.
  mutating func read(from file: borrowing FileDescriptor, limit: Int) throws(ReadFailure) -> Bool {
    if count == memory.count {
      do throws(ClientError) {
        try reserve(min(count * 2, limit))
      } catch {
        throw .outOfMemory
      }
    }
    do throws(Errno) {
      let received = try memory.withMutableBytes { (bytes) throws(Errno) in
        try file.read(into: &bytes, at: count)
      }
      count += received
      return received > 0
    } catch {
      throw .failed(error)
    }
  }

  enum ReadFailure: Error {
    case outOfMemory
    case failed(Errno)
  }

  /// Takes off one line feed at the end, if it is the only one.
  mutating func removeOnlyLineEnd() {
    let isOnly = withBytes { bytes in
      bytes.firstIndex(of: 0x0A).map { $0 == bytes.count - 1 } ?? false
    }
    if isOnly { count -= 1 }
  }

  /// The bytes as a secret of exactly their number.
  consuming func finish() throws(ClientError) -> Secret {
    do throws(SecretError) {
      return try withBytes { (bytes) throws(SecretError) in try Secret(copying: bytes) }
    } catch {
      throw .outOfMemory
    }
  }
}
