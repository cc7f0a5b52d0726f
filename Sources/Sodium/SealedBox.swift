internal import CSodium
package import Platform

/// XChaCha20-Poly1305 with a random nonce for each message.
///
/// A box is nonce (24 bytes) ‖ ciphertext ‖ tag (16 bytes). A 192-bit nonce is
/// long enough to be drawn at random for every message.
///
/// Source: libsodium, "XChaCha20-Poly1305-IETF construction".
package enum SealedBox {
  package static let keyByteCount = 32
  package static let nonceByteCount = 24
  package static let tagByteCount = 16

  /// How much longer a box is than what it holds.
  package static let overhead = nonceByteCount + tagByteCount

  /// Encrypts `plaintext` and binds it to `context`.
  ///
  /// - Parameters:
  ///   - plaintext: Any number of bytes.
  ///   - key: 32 bytes.
  ///   - context: Bytes that must be presented again when the box is opened.
  /// - Returns: The box.
  package static func seal(
    _ plaintext: Span<UInt8>, key: borrowing Secret, context: [UInt8]
  ) -> [UInt8] {
    requireLibrary()
    precondition(key.count == keyByteCount, "an XChaCha20 key has 32 bytes")
    var box = [UInt8](repeating: 0, count: plaintext.count + overhead)
    var beginning = box.mutableSpan
    NonceSupply.writeNonce(to: &beginning)
    unsafe box.withUnsafeMutableBufferPointer { box in
      unsafe plaintext.withUnsafeBufferPointer { plaintext in
        unsafe key.withUnsafePointer { key in
          guard let nonce = box.baseAddress else { return }
          _ = unsafe crypto_aead_xchacha20poly1305_ietf_encrypt(
            nonce + nonceByteCount, nil, plaintext.baseAddress, UInt64(plaintext.count),
            context, UInt64(context.count), nil, nonce, key)
        }
      }
    }
    return box
  }

  /// Decrypts a box of what is no secret, such as names.
  ///
  /// - Throws: ``SodiumError/authenticationFailed`` if key or context are not
  ///   those of the box, or if any bit of it has changed.
  package static func open(
    _ box: Span<UInt8>, key: borrowing Secret, context: [UInt8]
  ) throws(SodiumError) -> [UInt8] {
    guard box.count >= overhead else { throw .authenticationFailed }
    var plaintext = [UInt8](repeating: 0, count: box.count - overhead)
    var span = plaintext.mutableSpan
    try open(box, into: &span, key: key, context: context)
    return plaintext
  }

  /// Decrypts a box into the beginning of `plaintext`, which lies in locked memory.
  ///
  /// - Parameters:
  ///   - box: As ``seal(_:key:context:)`` made it.
  ///   - plaintext: At least as long as the box without its overhead.
  ///   - key: The box's.
  ///   - context: The box's.
  /// - Returns: The number of bytes decrypted.
  /// - Throws: ``SodiumError/authenticationFailed`` as above; then there are
  ///   zeros in the plaintext's place.
  @discardableResult
  package static func open(
    _ box: Span<UInt8>, into plaintext: inout MutableSpan<UInt8>, key: borrowing Secret,
    context: [UInt8]
  ) throws(SodiumError) -> Int {
    requireLibrary()
    precondition(key.count == keyByteCount, "an XChaCha20 key has 32 bytes")
    guard box.count >= overhead else { throw .authenticationFailed }
    let count = box.count - overhead
    precondition(plaintext.count >= count, "the plaintext must fit")
    let status = unsafe plaintext.withUnsafeMutableBufferPointer { plaintext in
      unsafe box.withUnsafeBufferPointer { box in
        unsafe key.withUnsafePointer { key -> CInt in
          guard let nonce = box.baseAddress else { return -1 }
          return unsafe crypto_aead_xchacha20poly1305_ietf_decrypt(
            plaintext.baseAddress, nil, nil, nonce + nonceByteCount,
            UInt64(box.count - nonceByteCount), context, UInt64(context.count), nonce, key)
        }
      }
    }
    guard status == 0 else { throw .authenticationFailed }
    return count
  }

  /// Decrypts a box into locked memory of its own.
  ///
  /// - Throws: ``SodiumError``.
  package static func openSecret(
    _ box: Span<UInt8>, key: borrowing Secret, context: [UInt8]
  ) throws(SodiumError) -> Secret {
    guard box.count >= overhead else { throw .authenticationFailed }
    var secret: Secret
    do {
      secret = try Secret(count: box.count - overhead)
    } catch {
      throw SodiumError(error)
    }
    try secret.withMutableBytes { (plaintext) throws(SodiumError) -> Void in
      try open(box, into: &plaintext, key: key, context: context)
    }
    return secret
  }
}
