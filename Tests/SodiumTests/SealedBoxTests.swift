import Platform
import Sodium
import TestSupport
import Testing

@Suite("SealedBox")
struct SealedBoxTests {
  static let context = Array("web/stripe".utf8)

  static func key(_ first: Int = 0) throws -> Secret {
    try Octets.secret(Octets.counting(32, from: first))
  }

  static func opened(
    _ box: [UInt8], key: borrowing Secret, context: [UInt8] = Self.context
  ) throws(SodiumError) -> [UInt8] {
    try SealedBox.open(box.span, key: key, context: context)
  }

  @Test("what is sealed opens to the same bytes", arguments: [0, 1, 15, 16, 64, 65, 70_000])
  func roundTrips(count: Int) throws {
    let key = try Self.key()
    let plaintext = Octets.counting(count)
    let box = SealedBox.seal(plaintext.span, key: key, context: Self.context)
    #expect(box.count == 24 + count + 16)
    #expect(SealedBox.overhead == 40)
    #expect(isSame(try Self.opened(box, key: key), plaintext))
    let secret = try SealedBox.openSecret(box.span, key: key, context: Self.context)
    #expect(isSame(Octets.bytes(secret), plaintext))
  }

  @Test("opens a box that another implementation has sealed") func opensKnownBox() throws {
    // HChaCha20 written out in Python, and ChaCha20-Poly1305 of OpenSSL: key 0
    // to 31, nonce 100 to 123.
    let box = Octets.hex(
      """
      6465666768696a6b6c6d6e6f707172737475767778797a7b1d538fd1935bec26
      7eb1fbdf2a3febc1cdb0e8ec45a219
      """)
    #expect(try Self.opened(box, key: Self.key()) == Array("a value".utf8))
  }

  @Test("opens the example of the standard's draft") func opensDraftExample() throws {
    // Source: draft-irtf-cfrg-xchacha-03, A.3.1.
    let key = try Octets.secret(Octets.counting(32, from: 0x80))
    let nonce = Octets.counting(24, from: 0x40)
    let ciphertext = Octets.hex(
      """
      bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb
      731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452
      2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9
      21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780a
      cf49
      """)
    let box = nonce + ciphertext
    let plaintext = try Self.opened(
      box, key: key, context: Octets.hex("50515253c0c1c2c3c4c5c6c7"))
    #expect(plaintext.count == 114)
    #expect(plaintext.starts(with: "Ladies and Gentlemen of the class of '99".utf8))
  }

  @Test("the same bytes are never sealed to the same box") func drawsNonces() throws {
    let key = try Self.key()
    let boxes = (0..<200).map { _ in
      SealedBox.seal("same".utf8.span, key: key, context: Self.context)
    }
    #expect(Set(boxes).count == 200)
    #expect(Set(boxes.map { $0.prefix(24) }).count == 200)
  }

  // MARK: Forgeries

  @Test("a box with any bit flipped does not open, and nothing of it is written")
  func refusesFlippedBits() throws {
    let key = try Self.key()
    let plaintext = Octets.counting(48, from: 1)
    let box = SealedBox.seal(plaintext.span, key: key, context: Self.context)
    for bit in 0..<(box.count * 8) {
      var changed = box
      changed[bit / 8] ^= 1 << (bit % 8)
      var output = [UInt8](repeating: 0xEE, count: 64)
      var span = output.mutableSpan
      #expect(throws: SodiumError.authenticationFailed) {
        try SealedBox.open(changed.span, into: &span, key: key, context: Self.context)
      }
      // The library overwrites with zeros what it does not trust.
      #expect(output.allSatisfy { $0 == 0xEE || $0 == 0 })
      #expect(output.suffix(16).allSatisfy { $0 == 0xEE })
    }
  }

  @Test("another key does not open it") func refusesOtherKey() throws {
    let box = SealedBox.seal("value".utf8.span, key: try Self.key(), context: Self.context)
    let other = try Self.key(1)
    #expect(throws: SodiumError.authenticationFailed) { _ = try Self.opened(box, key: other) }
  }

  @Test(
    "another context does not open it",
    arguments: ["", "web/strip", "web/stripe ", "web/stripf", "xweb/stripe"])
  func refusesOtherContext(context: String) throws {
    let key = try Self.key()
    let box = SealedBox.seal("value".utf8.span, key: key, context: Self.context)
    #expect(throws: SodiumError.authenticationFailed) {
      _ = try Self.opened(box, key: key, context: Array(context.utf8))
    }
  }

  @Test("what is too short for a box does not open", arguments: [0, 1, 23, 24, 39])
  func refusesShort(count: Int) throws {
    let key = try Self.key()
    let box = SealedBox.seal([UInt8]().span, key: key, context: Self.context)
    let short = Array(box.prefix(count))
    #expect(throws: SodiumError.authenticationFailed) { _ = try Self.opened(short, key: key) }
    #expect(Self.failure(ofOpeningSecret: short, key: key) == .authenticationFailed)
    var nothing: [UInt8] = []
    var span = nothing.mutableSpan
    #expect(throws: SodiumError.authenticationFailed) {
      try SealedBox.open(short.span, into: &span, key: key, context: Self.context)
    }
  }

  @Test("a box that is cut or lengthened does not open") func refusesOtherLengths() throws {
    let key = try Self.key()
    let box = SealedBox.seal("value".utf8.span, key: key, context: Self.context)
    for other in [Array(box.dropLast()), Array(box.dropFirst()), box + [0]] {
      #expect(throws: SodiumError.authenticationFailed) { _ = try Self.opened(other, key: key) }
      #expect(Self.failure(ofOpeningSecret: other, key: key) == .authenticationFailed)
    }
  }

  static func failure(ofOpeningSecret box: [UInt8], key: borrowing Secret) -> SodiumError? {
    do throws(SodiumError) {
      _ = try SealedBox.openSecret(box.span, key: key, context: context)
      return nil
    } catch {
      return error
    }
  }

  // MARK: Places

  @Test("opens into the beginning of a longer place, and tells how much") func opensInto() throws {
    let key = try Self.key()
    let box = SealedBox.seal("value".utf8.span, key: key, context: Self.context)
    var output = Array("..........".utf8)
    var span = output.mutableSpan
    #expect(try SealedBox.open(box.span, into: &span, key: key, context: Self.context) == 5)
    #expect(output == Array("value.....".utf8))
  }

  @Test("opening into too little room kills the process") func trapsRoom() async {
    await #expect(processExitsWith: .failure) {
      let key = try Self.key()
      let box = SealedBox.seal("value".utf8.span, key: key, context: [])
      var output = [UInt8](repeating: 0, count: 4)
      var span = output.mutableSpan
      try SealedBox.open(box.span, into: &span, key: key, context: [])
      print(output)
    }
  }

  @Test("a key of another length kills the process", arguments: [31, 33])
  func trapsKey(count: Int) async {
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      let key = try Secret(count: count)
      print(SealedBox.seal("value".utf8.span, key: key, context: []))
    }
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      let key = try Secret(count: count)
      print(try Self.opened([UInt8](repeating: 0, count: 40), key: key))
    }
  }
}
