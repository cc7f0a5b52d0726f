internal import CSodium
package import Platform

/// BLAKE2b, with and without a key, and comparison without a time leak.
///
/// Source: libsodium, "Generic hashing", "Constant-time test for equality".
package enum Hash {
  /// The length that the vault's tags and commitments have.
  package static let byteCount = 32

  /// The digest of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: Any number of them.
  ///   - byteCount: The digest's length, 16 to 64.
  /// - Returns: The digest.
  package static func digest(
    of bytes: Span<UInt8>, byteCount: Int = Hash.byteCount
  ) -> [UInt8] {
    requireLibrary()
    precondition((16...64).contains(byteCount), "a digest has 16 to 64 bytes")
    var digest = [UInt8](repeating: 0, count: byteCount)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      _ = unsafe crypto_generichash(
        &digest, byteCount, bytes.baseAddress, UInt64(bytes.count), nil, 0)
    }
    return digest
  }

  /// The digest of secret bytes, in locked memory.
  ///
  /// - Parameters:
  ///   - bytes: Any number of them.
  ///   - byteCount: The digest's length, 16 to 64.
  /// - Returns: The digest.
  /// - Throws: ``SodiumError/outOfLockedMemory``.
  package static func secretDigest(
    of bytes: Span<UInt8>, byteCount: Int
  ) throws(SodiumError) -> Secret {
    requireLibrary()
    precondition((16...64).contains(byteCount), "a digest has 16 to 64 bytes")
    var digest: Secret
    do throws(SecretError) { digest = try Secret(count: byteCount) } catch {
      throw SodiumError(error)
    }
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe digest.withUnsafeMutablePointer { digest in
        _ = unsafe crypto_generichash(
          digest, byteCount, bytes.baseAddress, UInt64(bytes.count), nil, 0)
      }
    }
    return digest
  }

  /// The digest of `bytes` that only holders of `key` can make.
  ///
  /// - Parameters:
  ///   - bytes: Any number of them.
  ///   - key: 32 bytes.
  ///   - byteCount: The digest's length, 16 to 64.
  /// - Returns: The digest.
  package static func digest(
    of bytes: Span<UInt8>, key: borrowing Secret, byteCount: Int = Hash.byteCount
  ) -> [UInt8] {
    requireLibrary()
    precondition(key.count == 32, "the key has 32 bytes")
    precondition((16...64).contains(byteCount), "a digest has 16 to 64 bytes")
    var digest = [UInt8](repeating: 0, count: byteCount)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      unsafe key.withUnsafePointer { key in
        _ = unsafe crypto_generichash(
          &digest, byteCount, bytes.baseAddress, UInt64(bytes.count), key, 32)
      }
    }
    return digest
  }

  /// Whether two byte strings are equal, in a time that tells only their lengths.
  package static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    requireLibrary()
    guard one.count == other.count else { return false }
    return unsafe sodium_memcmp(one, other, one.count) == 0
  }
}
