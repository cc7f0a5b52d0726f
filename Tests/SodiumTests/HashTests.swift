import Platform
import Sodium
import Testing

@Suite("Hash")
struct HashTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let digest: String
  }

  /// Source: RFC 7693, appendix A, for 64 bytes of `abc`; Python's `hashlib`,
  /// which has the reference implementation, for the others.
  static let cases: [Case] = [
    Case(
      testDescription: "nothing", bytes: [],
      digest: "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
    Case(
      testDescription: "abc", bytes: Array("abc".utf8),
      digest: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
    Case(
      testDescription: "abc, 64 bytes", bytes: Array("abc".utf8),
      digest: """
        ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1
        7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923
        """),
  ]

  @Test("makes the known digests", arguments: cases)
  func digests(_ test: Case) {
    let expected = Octets.hex(test.digest)
    #expect(Hash.digest(of: test.bytes.span, byteCount: expected.count) == expected)
  }

  static let keyedCases: [Case] = [
    Case(
      testDescription: "abc", bytes: Array("abc".utf8),
      digest: "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f"),
    Case(
      testDescription: "each byte value", bytes: Octets.counting(256),
      digest: "b42be36ea26392f67d1d3706ffa72b6c61c2ff38e1fabd9a49e154d54b967d83"),
  ]

  /// Source: Python's `hashlib.blake2b(bytes, key=bytes(range(32)), digest_size=32)`.
  @Test("makes the known digests with a key", arguments: keyedCases)
  func digestsWithKey(_ test: Case) throws {
    let key = try Octets.secret(Octets.counting(32))
    #expect(Hash.digest(of: test.bytes.span, key: key) == Octets.hex(test.digest))
  }

  @Test("another key, another text or another length is another digest") func differs() throws {
    let key = try Octets.secret(Octets.counting(32))
    let other = try Octets.secret(Octets.counting(32, from: 1))
    let text = Array("text".utf8)
    let digests = [
      Hash.digest(of: text.span), Hash.digest(of: text.span, key: key),
      Hash.digest(of: text.span, key: other), Hash.digest(of: "texu".utf8.span, key: key),
      Array(Hash.digest(of: text.span, key: key, byteCount: 33).prefix(32)),
    ]
    #expect(Set(digests).count == digests.count)
    #expect(digests.allSatisfy { $0.count == Hash.byteCount })
    #expect(Hash.digest(of: text.span, key: key, byteCount: 16).count == 16)
  }

  @Test("equal are the same bytes in the same number") func compares() {
    let digest = Octets.counting(32)
    #expect(Hash.isEqual(digest, digest))
    #expect(Hash.isEqual([], []))
    #expect(!Hash.isEqual(digest, Array(digest.dropLast())))
    #expect(!Hash.isEqual(Array(digest.dropLast()), digest))
    #expect(!Hash.isEqual(digest, []))
    for bit in 0..<(32 * 8) {
      var other = digest
      other[bit / 8] ^= 1 << (bit % 8)
      #expect(!Hash.isEqual(digest, other))
      #expect(!Hash.isEqual(other, digest))
    }
  }

  @Test("a digest of another length kills the process", arguments: [15, 65])
  func trapsLength(count: Int) async {
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      print(Hash.digest(of: "abc".utf8.span, byteCount: count))
    }
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      print(Hash.digest(of: "abc".utf8.span, key: try Secret(count: 32), byteCount: count))
    }
  }

  @Test("a key of another length kills the process", arguments: [31, 33])
  func trapsKey(count: Int) async {
    await #expect(processExitsWith: .failure) { [count = count as Int] in
      print(Hash.digest(of: "abc".utf8.span, key: try Secret(count: count)))
    }
  }
}
