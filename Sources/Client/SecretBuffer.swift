internal import Platform

/// Secret bytes that become more, always in locked memory.
struct SecretBuffer: ~Copyable {
  /// Nil as long as nothing was added: most answers hold no secret.
  private var memory: Secret?

  /// How many bytes there are.
  private(set) var count = 0

  /// Room for a few keys.
  private static let initialByteCount = 16_384

  /// How many bytes have room.
  private var capacity = 0

  mutating func append(_ bytes: Span<UInt8>) throws(ClientError) {
    try reserve(count + bytes.count)
    memory?.withMutableBytes { $0.replace(at: count, with: bytes) }
    count += bytes.count
  }

  /// Appends text that is no secret, as what stands around one.
  mutating func append(_ text: String) throws(ClientError) { try append(text.utf8.span) }

  /// Appends bytes with `?` in place of each that is no printable ASCII, and so might
  /// steer a terminal.
  mutating func append(printable bytes: Span<UInt8>) throws(ClientError) {
    try reserve(count + bytes.count)
    memory?.withMutableBytes { room in
      for index in bytes.indices {
        let byte = bytes[index]
        room[count + index] = (0x20..<0x7F).contains(byte) ? byte : UInt8(ascii: "?")
      }
    }
    count += bytes.count
  }

  /// Makes room for `needed` bytes in all; the former memory is wiped.
  private mutating func reserve(_ needed: Int) throws(ClientError) {
    guard needed > capacity || memory == nil else { return }
    let byteCount = max(needed, capacity * 2, Self.initialByteCount)
    var larger: Secret
    do throws(SecretError) { larger = try Secret(count: byteCount) } catch { throw .outOfMemory }
    withBytes { former in
      larger.withMutableBytes { $0.replace(at: 0, with: former) }
    }
    memory = consume larger
    capacity = byteCount
  }

  /// Lends the bytes to `body`.
  borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    switch memory {
    case .some(let memory):
      return try memory.withBytes { (bytes) throws(Failure) -> Result in
        try body(bytes.extracting(0..<count))
      }
    case .none:
      let nothing: [UInt8] = []
      return try body(nothing.span)
    }
  }

  /// Reads more from `file`.
  ///
  /// - Parameters:
  ///   - file: Where it comes from.
  ///   - name: What it is called in a message.
  ///   - limit: The most bytes in all.
  /// - Returns: Whether there was more.
  /// - Throws: ``ClientError``.
  mutating func read(
    from file: borrowing FileDescriptor, named name: String, limit: Int
  ) throws(ClientError) -> Bool {
    if count == capacity { try reserve(min(max(count * 2, 1), limit)) }
    let received = try attempting("\(name): reading") { () throws(Errno) in
      try memory?.withMutableBytes { (bytes) throws(Errno) in
        try file.readWaiting(into: &bytes, at: count, limit: limit - count)
      }
    }
    guard let received, received > 0 else { return false }
    count += received
    return true
  }

  /// Lets a process that is forked from now on have the bytes too.
  borrowing func keepOnFork() { memory?.keepOnFork() }

  /// Locks the bytes in such a process.
  ///
  /// - Returns: Whether the kernel has locked them.
  borrowing func lockAgain() -> Bool { memory?.lockAgain() ?? true }

  /// Takes off all bytes; their memory is used again.
  mutating func removeAll() { count = 0 }

  /// Takes off one line feed at the end, if it is the only one.
  mutating func removeOnlyLineEnd() {
    let isOnly = withBytes { bytes in
      bytes.firstIndex(of: 0x0A).map { $0 == bytes.count - 1 } ?? false
    }
    if isOnly { count -= 1 }
  }

  /// The memory itself, of which the first ``count`` bytes are used; nothing is copied.
  consuming func takeMemory() throws(ClientError) -> Secret {
    if let memory = consume memory { return memory }
    do throws(SecretError) { return try Secret(count: 0) } catch { throw .outOfMemory }
  }

  /// The bytes as a secret of exactly their number.
  consuming func finish() throws(ClientError) -> Secret {
    var secret: Secret
    do throws(SecretError) { secret = try Secret(count: count) } catch { throw .outOfMemory }
    withBytes { bytes in
      secret.withMutableBytes { $0.replace(at: 0, with: bytes) }
    }
    return secret
  }
}
