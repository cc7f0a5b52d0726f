import Keyring
import Testing

@Suite("KeyText in other text")
struct KeyTextMaskingTests {
  private static let shown = "cof_uk_000000000001"
  private static let secret = "9876543210zyxwvutsrqponmlkjihgfe"

  /// A well-formed text with no character twice in its secret.
  private static let text = "cof_uk_Zz09aB3dE7gH9876543210zyxwvutsrqponmlkjihgfe2GIaKR"

  /// How many characters of a secret no message may show in a row.
  private static let leakCount = 6

  /// Whether six or more consecutive characters of the secret stand in `output`.
  private static func leaks(_ output: String) -> Bool {
    let secret = Array(secret.utf8)
    let output = Array(output.utf8)
    return (0...(secret.count - leakCount)).contains { start in
      let part = secret[start..<(start + leakCount)]
      return output.indices.contains { output[$0...].starts(with: part) }
    }
  }

  // MARK: Finding

  struct Finding: CustomTestStringConvertible {
    let text: String
    let isThere: Bool
    var testDescription: String { "\(isThere ? "in" : "not in") \"\(text)\"" }
  }

  static let findings: [Finding] = [
    Finding(text: KeyTextTests.golden, isThere: true),
    Finding(text: "the key is \(KeyTextTests.golden), keep it", isThere: true),
    Finding(text: "behind\(KeyTextTests.golden)", isThere: true),
    Finding(text: "\(KeyTextTests.golden)before", isThere: true),
    Finding(text: "cof_uk_\(KeyTextTests.golden)", isThere: true),
    Finding(text: "ü\(KeyTextTests.golden)ü", isThere: true),
    Finding(text: "", isThere: false),
    Finding(text: "cof_uk_", isThere: false),
    Finding(text: String(KeyTextTests.golden.dropLast()), isThere: false),
    Finding(text: KeyTextTests.golden.lowercased(), isThere: false),
    Finding(text: "COF_uk_000000000001" + KeyTextTests.golden.dropFirst(19), isThere: false),
    Finding(text: String(repeating: "A", count: 200), isThere: false),
  ]

  @Test("a well-formed text is found wherever it stands", arguments: findings)
  func finds(_ test: Finding) {
    #expect(KeyText.occurs(in: test.text) == test.isThere)
  }

  // MARK: Masking

  struct Masking: CustomTestStringConvertible {
    let text: String
    let masked: String
    var testDescription: String { "\"\(text)\"" }
  }

  static let maskings: [Masking] = [
    Masking(text: KeyTextTests.golden, masked: "\(shown)..."),
    Masking(text: "web/\(KeyTextTests.golden): no", masked: "web/\(shown)...: no"),
    Masking(
      text: "\(KeyTextTests.golden) \(KeyTextTests.golden)", masked: "\(shown)... \(shown)..."),
    Masking(
      text: "\(KeyTextTests.golden),\(KeyTextTests.golden)", masked: "\(shown)...,\(shown)..."),
    Masking(text: "behind\(KeyTextTests.golden)", masked: "behind\(shown)..."),
    Masking(text: "cof_uk_0000", masked: "cof_uk_0000"),
    Masking(text: shown, masked: shown),
    Masking(text: "\(shown)A", masked: "cof_uk_..."),
    Masking(text: "\(shown)...", masked: "\(shown)..."),
    Masking(text: "web/stripe is no key: ünïcode", masked: "web/stripe is no key: ünïcode"),
    Masking(text: "cof_", masked: "cof_"),
    Masking(text: "", masked: ""),
  ]

  @Test("a masked key shows prefix and id, and all else stays as it is", arguments: maskings)
  func masks(_ test: Masking) {
    #expect(KeyText.masked(test.text) == test.masked)
  }

  @Test("a key with its secret cut off somewhere is masked as well", arguments: 20...57)
  func masksCutText(_ count: Int) {
    let masked = KeyText.masked(String(Self.text.prefix(count)))
    #expect(masked == (count == 57 ? "cof_uk_Zz09aB3dE7gH..." : "cof_uk_..."))
  }

  @Test("a key with a letter or digit mistyped behind its prefix is masked", arguments: 7..<57)
  func masksMistypedText(_ position: Int) {
    for digit in "09AZaz".utf8 {
      var bytes = Array(Self.text.utf8)
      bytes[position] = digit
      let text = String(decoding: bytes, as: UTF8.self)
      // Where that digit stands already, nothing is mistyped.
      let expected = text == Self.text ? "cof_uk_Zz09aB3dE7gH..." : "cof_uk_..."
      #expect(KeyText.masked(text) == expected)
    }
  }

  @Test("a key with a character too many or too few is masked", arguments: 7..<57)
  func masksTextOfOtherLength(_ position: Int) {
    var longer = Array(Self.text.utf8)
    longer.insert(UInt8(ascii: "x"), at: position)
    #expect(!Self.leaks(KeyText.masked(String(decoding: longer, as: UTF8.self))))
    var shorter = Array(Self.text.utf8)
    shorter.remove(at: position)
    #expect(!Self.leaks(KeyText.masked(String(decoding: shorter, as: UTF8.self))))
  }

  @Test("a key with its type mistyped into another is masked", arguments: ["uk", "wk", "ok"])
  func masksOtherType(_ mark: String) {
    let changed = "cof_\(mark)" + Self.text.dropFirst(6)
    #expect(KeyText.masked(changed) == "cof_\(mark)_\(mark == "uk" ? "Zz09aB3dE7gH" : "")...")
  }

  @Test("a key with a sign mistyped into it is masked", arguments: "-_.".utf8)
  func masksTextWithSign(_ sign: UInt8) {
    let leaking = (7..<57).filter { position in
      var bytes = Array(Self.text.utf8)
      bytes[position] = sign
      return Self.leaks(KeyText.masked(String(decoding: bytes, as: UTF8.self)))
    }
    #expect(leaking.isEmpty, "six characters of the secret are left in")
  }

  @Test(
    "a key behind the beginning of another one is masked",
    arguments: ["cof_uk_", "cof_wk_", "cof_uk_0000", "cof_ok_000000000001AAAA"])
  func masksTextBehindBeginning(_ beginning: String) {
    let masked = KeyText.masked(beginning + Self.text)
    #expect(!Self.leaks(masked), "\(masked)")
    #expect(!KeyText.occurs(in: masked))
  }
}
