import Keyring
import Testing

@Suite("KeyText")
struct KeyTextTests {
  struct Vector: CustomTestStringConvertible {
    let type: KeyType
    let id: String
    let secret: String
    let checksum: String

    var text: String { "cof_\(type.textMark)_\(id)\(secret)\(checksum)" }
    var testDescription: String { text }
  }

  /// The first is the golden value of the format; the checksums of the others
  /// were reckoned with zlib.
  static let vectors: [Vector] = [
    Vector(
      type: .user, id: "000000000001", secret: String(repeating: "A", count: 32),
      checksum: "3tK5yX"),
    Vector(
      type: .workspace, id: "Zz09aB3dE7gH", secret: "0123456789ABCDEFGHIJKLMNOPQRSTUV",
      checksum: "06Ui5K"),
    Vector(
      type: .organization, id: "Zz09aB3dE7gH", secret: "0123456789ABCDEFGHIJKLMNOPQRSTUV",
      checksum: "3zCHUz"),
    Vector(
      type: .user, id: "Zz09aB3dE7gH", secret: "9876543210zyxwvutsrqponmlkjihgfe",
      checksum: "2GIaKR"),
  ]

  static let golden = "cof_uk_000000000001AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3tK5yX"

  private static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// Writes a text from random bytes; nil if they do not suffice.
  private func written(_ type: KeyType, _ id: KeyID, random: [UInt8]) -> String? {
    var bytes = [UInt8](repeating: 0, count: KeyText.byteCount)
    var output = bytes.mutableSpan
    guard KeyText.write(type: type, id: id, random: random.span, to: &output) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func parsed(_ text: String) -> KeyText.Handle? { KeyText.parse(Array(text.utf8).span) }

  // MARK: Writing and reading

  @Test("writes the type, the id, the secret and their checksum", arguments: vectors)
  func writes(_ vector: Vector) throws {
    let random = try vector.secret.utf8.map { digit in
      UInt8(try #require(Self.alphabet.firstIndex(of: digit)))
    }
    let id = try #require(KeyID(vector.id))
    #expect(written(vector.type, id, random: random) == vector.text)
  }

  @Test("reads type and id of a well-formed text", arguments: vectors)
  func reads(_ vector: Vector) throws {
    let handle = try #require(parsed(vector.text))
    #expect(handle.type == vector.type)
    #expect(handle.id.text == vector.id)
  }

  @Test("the golden text is 57 characters of one word")
  func goldenText() {
    #expect(Self.golden.utf8.count == 57)
    #expect(KeyText.byteCount == 57)
    #expect(Self.vectors[0].text == Self.golden)
  }

  @Test("the three types are uk, wk and ok")
  func typeMarks() {
    #expect(KeyType.allCases.map(\.textMark) == ["uk", "wk", "ok"])
  }

  @Test("random bytes that would make some digits likelier are skipped")
  func skipsBias() {
    let id = KeyID(numbered: 1)
    let spread = (0..<32).flatMap { _ in [255, 10, 248] as [UInt8] }
    #expect(written(.user, id, random: spread) == Self.golden)
    let folded = [UInt8](repeating: 10 + 62 * 3, count: 32)
    #expect(written(.user, id, random: folded) == Self.golden)
  }

  @Test("too few usable random bytes write nothing that counts")
  func refusesTooLittleRandomness() {
    let id = KeyID(numbered: 1)
    #expect(written(.user, id, random: [UInt8](repeating: 10, count: 31)) == nil)
    let spoilt = [UInt8](repeating: 10, count: 31) + [UInt8](repeating: 250, count: 65)
    #expect(written(.user, id, random: spoilt) == nil)
    #expect(written(.user, id, random: spoilt + [10]) == Self.golden)
  }

  // MARK: Malformed texts

  struct Malformed: CustomTestStringConvertible {
    let testDescription: String
    let text: String
  }

  static let malformed: [Malformed] = [
    Malformed(
      testDescription: "uk turned into ok",
      text: "cof_ok_000000000001AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3tK5yX"),
    Malformed(
      testDescription: "uk turned into wk",
      text: "cof_wk_000000000001AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3tK5yX"),
    Malformed(testDescription: "a space behind it", text: golden + " "),
    Malformed(testDescription: "a line feed behind it", text: golden + "\n"),
    Malformed(testDescription: "a space before it", text: " " + golden),
    Malformed(testDescription: "in lower case", text: golden.lowercased()),
    Malformed(testDescription: "in upper case", text: golden.uppercased()),
    Malformed(testDescription: "without its last character", text: String(golden.dropLast())),
    Malformed(testDescription: "without its first character", text: String(golden.dropFirst())),
    Malformed(testDescription: "with a NUL behind it", text: golden + "\0"),
    Malformed(testDescription: "twice", text: golden + golden),
    Malformed(testDescription: "empty", text: ""),
    Malformed(testDescription: "57 letters", text: String(repeating: "A", count: 57)),
  ]

  @Test("example 10: what is not exactly a key's text is malformed", arguments: malformed)
  func refuses(_ test: Malformed) {
    #expect(parsed(test.text) == nil)
  }

  @Test("example 10: any one character changed is malformed", arguments: vectors)
  func refusesAnyChangedCharacter(_ vector: Vector) {
    let original = Array(vector.text.utf8)
    for index in original.indices {
      for byte in UInt8.min...UInt8.max where byte != original[index] {
        var changed = original
        changed[index] = byte
        #expect(KeyText.parse(changed.span) == nil, "byte \(byte) at \(index)")
      }
    }
  }

  @Test("a text whose checksum is right but whose secret holds other characters is malformed")
  func refusesForeignCharacters() {
    // The checksum of zlib over the 51 characters before it.
    #expect(parsed("cof_uk_000000000001AAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAA1N38Gg") == nil)
    #expect(parsed("cof_uk_00000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3MFF7x") == nil)
    #expect(parsed("cof_xk_000000000001AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA18joAB") == nil)
  }
}
