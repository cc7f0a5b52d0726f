import Testing
import Wire

@Suite("Percent")
struct PercentTests {
  /// The decoded bytes; nil for a broken escape.
  static func decoded(_ text: String) -> [UInt8]? {
    var bytes = Array(text.utf8)
    let count = bytes.count
    var span = bytes.mutableSpan
    guard let decodedCount = try? Percent.decode(&span, in: 0..<count) else { return nil }
    return Array(bytes.prefix(decodedCount))
  }

  struct Case: CustomTestStringConvertible {
    let escaped: String
    let decoded: [UInt8]?

    init(_ escaped: String, _ decoded: String) {
      self.escaped = escaped
      self.decoded = Array(decoded.utf8)
    }

    init(broken escaped: String) {
      self.escaped = escaped
      decoded = nil
    }

    var testDescription: String { escaped.debugDescription }
  }

  static let cases: [Case] = [
    Case("", ""),
    Case("plain text", "plain text"),
    Case("a+b", "a+b"),
    Case("%25", "%"),
    Case("%2541", "%41"),
    Case("%0A%0D%00", "\n\r\0"),
    Case("%0a%0d", "\n\r"),
    Case("100%25 %41%42c", "100% ABc"),
    Case("%c3%A9", "é"),
    Case(broken: "%"),
    Case(broken: "%0"),
    Case(broken: "a%"),
    Case(broken: "a%4"),
    Case(broken: "%25%"),
    Case(broken: "%G1"),
    Case(broken: "%1G"),
    Case(broken: "%g1"),
    Case(broken: "%2x"),
    Case(broken: "%%41"),
    Case(broken: "%-1"),
    Case(broken: "%+1"),
    Case(broken: "% 1"),
    Case(broken: "%1 "),
    Case(broken: "%0\u{663}"),
  ]

  @Test("decodes escapes, and nothing that only looks like one", arguments: cases)
  func decodes(_ test: Case) {
    #expect(Self.decoded(test.escaped) == test.decoded)
  }

  @Test("decodes each byte from digits in either case") func decodesAllBytes() {
    for value in UInt8.min...UInt8.max {
      let digits = String(value, radix: 16)
      let both = value < 16 ? "0" + digits : digits
      #expect(Self.decoded("%" + both) == [value])
      #expect(Self.decoded("%" + both.uppercased()) == [value])
    }
  }

  @Test("refuses each byte that is no digit, at either place") func refusesOtherDigits() {
    let digits = Set("0123456789abcdefABCDEF".utf8)
    for value in UInt8.min...UInt8.max {
      for place in 1...2 {
        var bytes = Array("%00".utf8)
        bytes[place] = value
        var span = bytes.mutableSpan
        let count = try? Percent.decode(&span, in: 0..<3)
        #expect((count == 1) == digits.contains(value), "\(value) at \(place)")
      }
    }
  }

  @Test("decodes where the bytes stand, and touches none besides") func decodesInPlace() throws {
    var bytes = Array("%41|%42c%43|%44".utf8)
    var span = bytes.mutableSpan
    let count = try Percent.decode(&span, in: 4..<11)
    #expect(count == 3)
    #expect(bytes[4..<7] == Array("BcC".utf8)[...])
    #expect(bytes[..<4] == Array("%41|".utf8)[...])
    #expect(bytes[11...] == Array("|%44".utf8)[...])
  }

  @Test("an escape does not reach beyond the range", arguments: [1, 2])
  func refusesCutEscape(missingCount: Int) {
    var bytes = Array("ab%41".utf8)
    let end = bytes.count - missingCount
    var span = bytes.mutableSpan
    #expect(throws: SyntaxError.self) { _ = try Percent.decode(&span, in: 0..<end) }
  }

  @Test("what is decoded is never longer", arguments: 1...50)
  func neverGrows(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let pieces = ["%25", "%00", "%ff", "a", " ", "%0A"]
    let chosen = (0..<100).map { _ in pieces[Int.random(in: pieces.indices, using: &random)] }
    let escapeCount = chosen.count { $0.hasPrefix("%") }
    let escaped = chosen.joined()
    let decoded = try #require(Self.decoded(escaped))
    #expect(decoded.count == escaped.utf8.count - 2 * escapeCount)
  }

  // MARK: Text

  /// Every control and letter, and what else is written with more bytes.
  static let texts: [String] =
    (0..<0x300).compactMap { Unicode.Scalar($0).map { String(Character($0)) } }
    + ["", "%", "%41", "a b", " a", "a ", "--", "é", "e\u{301}", "日本", "👩‍💻", "\u{2028}", "\u{FEFF}"]

  @Test("an encoded word is one word, and decodes to the same bytes") func encodesWords() throws {
    for text in Self.texts {
      let encoded = Array(Percent.encodedWord(text).utf8)
      #expect(encoded.allSatisfy { $0 > 0x20 && $0 != 0x7F }, "\(text.debugDescription)")
      #expect(Array(try Percent.decodedText(encoded.span).utf8) == Array(text.utf8))
    }
  }

  @Test("an encoded text is one line, and decodes to the same bytes") func encodesTexts() throws {
    for text in Self.texts {
      let encoded = Array(Percent.encodedText(text).utf8)
      #expect(encoded.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "\(text.debugDescription)")
      #expect(Array(try Percent.decodedText(encoded.span).utf8) == Array(text.utf8))
    }
  }

  @Test("writes escapes in upper case, and only where one is needed") func writesUpperCase() {
    #expect(Percent.encodedWord("a b%\n\u{7F}") == "a%20b%25%0A%7F")
    #expect(Percent.encodedText("a b%\n\u{7F}") == "a b%25%0A%7F")
    let plain = String(decoding: UInt8(0x21)...0x7E, as: UTF8.self).filter { $0 != "%" }
    #expect(Percent.encodedWord(plain) == plain)
    #expect(Percent.encodedText(plain) == plain)
  }

  @Test(
    "text that is not UTF-8 is refused",
    arguments: ["%FF", "%C3", "%C0%80", "%ED%A0%80", "%F4%90%80%80", "a%80", "%c3a"])
  func refusesOtherBytes(escaped: String) throws {
    #expect(throws: SyntaxError.self) { _ = try Percent.decodedText(escaped.utf8.span) }
    let raw = try #require(Self.decoded(escaped))
    #expect(throws: SyntaxError.self) { _ = try Percent.decodedText(raw.span) }
  }
}
