internal import CSodium
package import Platform

/// Random bytes that no one can predict.
///
/// Source: libsodium, "Generating random data".
package enum Random {
  /// `count` random bytes that are no secret, as for nonces and ids.
  package static func bytes(count: Int) -> [UInt8] {
    requireLibrary()
    var bytes = [UInt8](repeating: 0, count: count)
    unsafe randombytes_buf(&bytes, count)
    return bytes
  }

  /// `count` random bytes in locked memory.
  package static func secret(count: Int) throws(SodiumError) -> Secret {
    requireLibrary()
    do {
      return try Secret(count: count) { bytes in fill(&bytes) }
    } catch {
      throw SodiumError(error)
    }
  }

  /// Overwrites all of `bytes` with random ones.
  package static func fill(_ bytes: inout MutableSpan<UInt8>) {
    requireLibrary()
    unsafe bytes.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe randombytes_buf(base, buffer.count)
    }
  }
}
