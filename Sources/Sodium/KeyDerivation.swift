internal import CSodium
package import Platform

/// Makes keys out of a key, a key file or a passphrase.
package enum KeyDerivation {
  /// Derives the subkey `number` of `key`.
  ///
  /// - Parameters:
  ///   - number: Which of the family's subkeys.
  ///   - key: 32 bytes.
  ///   - context: 8 ASCII characters that name the family of subkeys.
  /// - Returns: 32 bytes.
  /// - Throws: ``SodiumError/outOfLockedMemory``.
  ///
  /// Source: libsodium, "Key derivation" (`crypto_kdf`).
  package static func subkey(
    _ number: UInt64, of key: borrowing Secret, context: StaticString
  ) throws(SodiumError) -> Secret {
    requireLibrary()
    precondition(key.count == 32, "the key has 32 bytes")
    precondition(context.utf8CodeUnitCount == 8, "a context has 8 characters")
    // BLAKE2b leaves its result on the stack; values that are made next may lie there, and
    // take what they do not set themselves to the heap when they are copied.
    defer { Stack.wipe() }
    var subkey = try secret(count: 32)
    unsafe key.withUnsafePointer { key in
      unsafe subkey.withUnsafeMutablePointer { subkey in
        context.withUTF8Buffer { context in
          unsafe context.withMemoryRebound(to: CChar.self) { context in
            guard let context = context.baseAddress else { return }
            _ = unsafe crypto_kdf_derive_from_key(subkey, 32, number, context, key)
          }
        }
      }
    }
    return subkey
  }

  /// Derives a key from what is random already, as a key file.
  ///
  /// - Parameters:
  ///   - bytes: At least 32 bytes that no one can guess.
  ///   - salt: 16 bytes, kept beside what the key protects.
  /// - Returns: 32 bytes.
  /// - Throws: ``SodiumError/outOfLockedMemory``.
  ///
  /// Source: libsodium, "Generic hashing".
  package static func key(
    fromRandom bytes: borrowing Secret, salt: [UInt8]
  ) throws(SodiumError) -> Secret {
    requireLibrary()
    precondition(salt.count == 16, "a salt has 16 bytes")
    var key = try secret(count: 32)
    let count = bytes.count
    unsafe bytes.withUnsafePointer { bytes in
      unsafe key.withUnsafeMutablePointer { key in
        _ = unsafe crypto_generichash_blake2b_salt_personal(
          key, 32, bytes, UInt64(count), nil, 0, salt, nil)
      }
    }
    return key
  }

  /// What a passphrase costs whoever tries it.
  package struct Cost: Equatable, Sendable {
    package let memoryByteCount: Int
    package let passes: Int

    package init(memoryByteCount: Int, passes: Int) {
      self.memoryByteCount = memoryByteCount
      self.passes = passes
    }
  }

  /// What the process needs besides: as much as it takes when it is idle.
  private static let otherByteCount = 16 << 20

  /// Derives a key from a passphrase; takes most of a second on purpose.
  ///
  /// - Parameters:
  ///   - passphrase: Any number of bytes.
  ///   - salt: 16 bytes, kept beside what the key protects.
  ///   - cost: At least 8 KiB and 1 pass.
  ///   - memoryLimit: How many bytes of memory the process may have in all; nil if
  ///     nothing limits them.
  /// - Returns: 32 bytes.
  /// - Throws: ``SodiumError/overMemoryLimit(limit:needed:)``, before anything is
  ///   derived; ``SodiumError/outOfMemory`` if the system refuses the memory.
  ///
  /// Source: libsodium, "The pwhash API" (Argon2id 1.3, one lane).
  package static func key(
    fromPassphrase passphrase: borrowing Secret, salt: [UInt8], cost: Cost,
    memoryLimit: Int? = ControlGroup.memoryLimit
  ) throws(SodiumError) -> Secret {
    requireLibrary()
    precondition(salt.count == 16, "a salt has 16 bytes")
    let needed = cost.memoryByteCount + otherByteCount
    if let memoryLimit, memoryLimit < needed {
      throw .overMemoryLimit(limit: memoryLimit, needed: needed)
    }
    var key = try secret(count: 32)
    let count = passphrase.count
    let status = unsafe passphrase.withUnsafePointer { passphrase in
      unsafe key.withUnsafeMutablePointer { key in
        unsafe passphrase.withMemoryRebound(to: CChar.self, capacity: count) { passphrase in
          unsafe crypto_pwhash(
            key, 32, passphrase, UInt64(count), salt, UInt64(cost.passes),
            cost.memoryByteCount, crypto_pwhash_ALG_ARGON2ID13)
        }
      }
    }
    guard status == 0 else { throw .outOfMemory }
    return key
  }

  private static func secret(count: Int) throws(SodiumError) -> Secret {
    do { return try Secret(count: count) } catch { throw SodiumError(error) }
  }
}
