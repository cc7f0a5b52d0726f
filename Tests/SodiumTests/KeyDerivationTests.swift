import Glibc
import Platform
import Sodium
import Testing

@Suite("KeyDerivation")
struct KeyDerivationTests {
  static let salt = Octets.counting(16)

  // MARK: Subkeys

  static func subkey(_ number: UInt64, of first: Int = 0) throws -> [UInt8] {
    let key = try Octets.secret(Octets.counting(32, from: first))
    return Octets.bytes(try KeyDerivation.subkey(number, of: key, context: "coffer_t"))
  }

  /// Source: Python's `hashlib.blake2b(b"", key=bytes(range(32)), digest_size=32,
  /// salt=number.to_bytes(8, "little") + bytes(8), person=b"coffer_t" + bytes(8))`,
  /// as libsodium's chapter "Key derivation" describes `crypto_kdf`.
  @Test("derives the known subkeys") func derivesSubkeys() throws {
    #expect(
      try Self.subkey(1)
        == Octets.hex("38248a2dbffb35592458460794ca334356e28ad06404dcb0f746c9ceced5f71b"))
    #expect(
      try Self.subkey(0x0102_0304_0506_0708)
        == Octets.hex("5b217d4aa8342353d1e39388f65eaccd3738395058142062817301e0911865ad"))
  }

  @Test("each number, context and key has a subkey of its own") func separatesSubkeys() throws {
    let key = try Octets.secret(Octets.counting(32))
    let otherContext = try KeyDerivation.subkey(1, of: key, context: "coffer_u")
    var all = try (0..<50).map { try Self.subkey($0) }
    all += [try Self.subkey(1, of: 1), Octets.bytes(otherContext), Octets.bytes(key)]
    #expect(Set(all).count == 53)
    #expect(try Self.subkey(1) == Self.subkey(1))
    #expect(all.allSatisfy { $0.count == 32 })
  }

  @Test("a key or context of another length kills the process") func trapsSubkey() async {
    await #expect(processExitsWith: .failure) {
      _ = try KeyDerivation.subkey(1, of: try Secret(count: 31), context: "coffer_t")
    }
    await #expect(processExitsWith: .failure) {
      _ = try KeyDerivation.subkey(1, of: try Secret(count: 32), context: "coffer_tt")
    }
  }

  // MARK: Key files

  static func key(fromRandom bytes: [UInt8], salt: [UInt8] = Self.salt) throws -> [UInt8] {
    Octets.bytes(try KeyDerivation.key(fromRandom: try Octets.secret(bytes), salt: salt))
  }

  /// Source: Python's `hashlib.blake2b(bytes(range(40)), digest_size=32,
  /// salt=bytes(range(16)))`.
  @Test("derives the known key from random bytes") func derivesFromRandom() throws {
    #expect(
      try Self.key(fromRandom: Octets.counting(40))
        == Octets.hex("1587fb3bd41c3106c796aede4d06fa37c18c69aa97a145cad037a5ac3cbed076"))
  }

  @Test("other bytes and another salt make another key") func separatesKeyFiles() throws {
    let keys = [
      try Self.key(fromRandom: Octets.counting(40)),
      try Self.key(fromRandom: Octets.counting(41)),
      try Self.key(fromRandom: Octets.counting(40, from: 1)),
      try Self.key(fromRandom: Octets.counting(40), salt: Octets.counting(16, from: 1)),
    ]
    #expect(Set(keys).count == 4)
    #expect(try Self.key(fromRandom: Octets.counting(40)) == keys[0])
  }

  // MARK: Passphrases

  static func key(
    fromPassphrase text: String, salt: [UInt8] = Self.salt, kibibytes: Int = 64, passes: Int = 1
  ) throws -> [UInt8] {
    let passphrase = try Octets.secret(Array(text.utf8))
    let cost = KeyDerivation.Cost(memoryByteCount: kibibytes * 1024, passes: passes)
    return Octets.bytes(
      try KeyDerivation.key(fromPassphrase: passphrase, salt: salt, cost: cost))
  }

  /// Source: OpenSSL 4.0's Argon2id by way of Python's `cryptography`, with
  /// salt `bytes(range(16))`, one lane, 32 bytes.
  @Test("derives the known keys from a passphrase") func derivesFromPassphrase() throws {
    #expect(
      try Self.key(fromPassphrase: "correct horse")
        == Octets.hex("25ce5233cc1e4d37e9bca31bfef41710e40446cd1cb575932791c5fd3780bd3c"))
    #expect(
      try Self.key(fromPassphrase: "correct horse", kibibytes: 1024, passes: 3)
        == Octets.hex("2cdfc6b7d9c2f719e4f1ec7697c38e6ad4b023e6d446602ac3d0dcb2571ca5fa"))
  }

  @Test("passphrase, salt, memory and passes all count") func separatesPassphrases() throws {
    let keys = [
      try Self.key(fromPassphrase: "correct horse"),
      try Self.key(fromPassphrase: "correct horsf"),
      try Self.key(fromPassphrase: "correct horse\0"),
      try Self.key(fromPassphrase: ""),
      try Self.key(fromPassphrase: "correct horse", salt: Octets.counting(16, from: 1)),
      try Self.key(fromPassphrase: "correct horse", kibibytes: 128),
      try Self.key(fromPassphrase: "correct horse", passes: 2),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(try Self.key(fromPassphrase: "correct horse") == keys[0])
  }

  @Test("less memory than Argon2 needs is an error") func refusesLittleMemory() {
    #expect(throws: SodiumError.outOfMemory) {
      _ = try Self.key(fromPassphrase: "x", kibibytes: 7)
    }
  }

  @Test("fault 52: what would exceed the limit on memory is refused before it is derived")
  func refusesOverLimit() throws {
    let needed = (256 + 16) << 20
    func derive(memory: Int, limit: Int?) throws {
      _ = try KeyDerivation.key(
        fromPassphrase: try Octets.secret(Array("x".utf8)), salt: Self.salt,
        cost: KeyDerivation.Cost(memoryByteCount: memory, passes: 1), memoryLimit: limit)
    }
    for limit in [0, 100 << 20, needed - 1] {
      #expect(throws: SodiumError.overMemoryLimit(limit: limit, needed: needed)) {
        try derive(memory: 256 << 20, limit: limit)
      }
    }
    try derive(memory: 1 << 20, limit: 17 << 20)
    try derive(memory: 1 << 20, limit: nil)
  }

  @Test("memory that the system refuses is an error") func reportsMemory() async {
    await #expect(processExitsWith: .success) {
      let statm = try FileDescriptor.open("/proc/self/statm", flags: O_RDONLY)
      let text = String(decoding: try statm.readAll(limit: 1000) ?? [], as: UTF8.self)
      let pages = try #require(text.split(separator: " ").first.flatMap { UInt($0) })
      // Room for 16 MiB more, and for no more than that.
      let bytes = pages * UInt(getpagesize()) + 16 << 20
      var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0)
      _ = try Self.key(fromPassphrase: "x", kibibytes: 1024)
      #expect(throws: SodiumError.outOfMemory) {
        _ = try Self.key(fromPassphrase: "x", kibibytes: 64 * 1024)
      }
    }
  }

  @Test("a salt of another length kills the process", arguments: [15, 17])
  func trapsSalt(count: Int) async {
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      _ = try Self.key(fromPassphrase: "x", salt: Octets.counting(count))
    }
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      _ = try Self.key(fromRandom: Octets.counting(32), salt: Octets.counting(count))
    }
  }
}
