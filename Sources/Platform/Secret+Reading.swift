/// Reading a file that is secret.
extension Secret {
  /// Reads a file to its end, straight into locked memory.
  ///
  /// - Parameters:
  ///   - file: Where it comes from.
  ///   - limit: The most bytes that it may have.
  /// - Returns: Its bytes.
  /// - Throws: ``Errno``: `EFBIG` for a longer one, `ENOMEM` without locked memory.
  ///
  /// Source: read(2).
  package static func read(
    _ file: borrowing FileDescriptor, limit: Int
  ) throws(Errno) -> Secret {
    var memory: Secret
    do throws(SecretError) { memory = try Secret(count: limit + 1) } catch { throw .outOfMemory }
    var count = 0
    while count < memory.count {
      let more = try memory.withMutableBytes { (bytes) throws(Errno) in
        try file.read(into: &bytes, at: count)
      }
      guard more > 0 else { break }
      count += more
    }
    guard count <= limit else { throw .tooLarge }
    do throws(SecretError) {
      return try memory.withBytes { (bytes) throws(SecretError) in
        try Secret(copying: bytes.extracting(0..<count))
      }
    } catch {
      throw .outOfMemory
    }
  }
}
