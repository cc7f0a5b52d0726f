import Keyring
import Testing
import Wire

@Suite("Failure")
struct FailureTests {
  // MARK: Numbers

  /// The codes of libgpg-error that Coffer answers with.
  ///
  /// Source: libgpg-error 1.46, `err-codes.h`.
  static let numbers: [Failure.Code: Int] = [
    .failed: 1, .damaged: 10, .wrongPassphrase: 11, .notFound: 27, .invalid: 55, .timeout: 62,
    .conflict: 70, .malformed: 79, .wrongState: 156, .locked: 173, .unknownOption: 174,
    .limit: 183, .forbidden: 251, .lineTooLong: 263, .unexpectedCommand: 274,
    .unknownCommand: 275, .syntax: 276, .canceled: 277, .parameter: 280, .denied: 315,
  ]

  @Test("has libgpg-error's number for each code", arguments: Failure.Code.allCases)
  func numbers(_ code: Failure.Code) throws {
    let number = try #require(Self.numbers[code])
    #expect(code.rawValue == number)
    // 32, "User defined source 1", stands in the eighth to second highest bits.
    #expect(Failure(code, "x").number == 32 * 16_777_216 + number)
  }

  @Test("recognizes a code whatever its source is") func recognizes() {
    #expect(Failure.code(ofNumber: 536_870_939) == .notFound)
    #expect(Failure.code(ofNumber: 67_109_139) == .unknownCommand)
    #expect(Failure.code(ofNumber: 27) == .notFound)
    #expect(Failure.code(ofNumber: 83_886_179) == nil)
    #expect(Failure.code(ofNumber: 0) == nil)
    #expect(Failure.code(ofNumber: -1) == nil)
    #expect(Failure.code(ofNumber: .max) == nil)
    // Bit 15 marks an error of the system.
    #expect(Failure.code(ofNumber: 0x8000 | 27) == nil)
  }

  // MARK: Refusals

  struct Refused: CustomTestStringConvertible {
    let word: Refusal.Word
    let number: Int
    let text: String

    var testDescription: String { text }
  }

  static let refused: [Refused] = [
    Refused(word: .notFound, number: 27, text: "not found"),
    Refused(word: .forbidden, number: 251, text: "forbidden"),
    Refused(word: .invalid, number: 55, text: "invalid"),
    Refused(word: .conflict, number: 70, text: "conflict"),
    Refused(word: .wrongState, number: 156, text: "wrong state"),
    Refused(word: .denied, number: 315, text: "denied"),
    Refused(word: .malformed, number: 79, text: "malformed"),
    Refused(word: .limit, number: 183, text: "limit"),
  ]

  @Test("has the rules' number for each word of a refusal", arguments: refused)
  func maps(_ test: Refused) {
    let failure = Failure(Refusal(test.word, "web/ci"))
    #expect(failure.code.rawValue == test.number)
    #expect(failure.message == "web/ci: \(test.text)")
    #expect(failure.hint == nil)
  }

  @Test("has a number for every word") func mapsAll() {
    #expect(Set(Self.refused.map(\.word)) == Set(Refusal.Word.allCases))
  }

  @Test("tells object, word, rule and hint") func tellsReason() {
    let failure = Failure(
      Refusal(.invalid, "web/CI", "a name has small letters", hint: "write web/ci"))
    #expect(failure.message == "web/CI: invalid: a name has small letters")
    #expect(failure.hint == "write web/ci")
  }

  @Test("a locked vault and a broken line have their own numbers") func tellsLocked() {
    #expect(Failure.locked.number == 536_871_085)
    #expect(Failure.syntax("x").number == 536_871_188)
  }

  // MARK: Keys' texts

  @Test("never shows a key's secret", arguments: KeyType.allCases, 1...10)
  func masks(type: KeyType, seed: UInt64) throws {
    let key = try KeyTextSample(type: type, seed: seed)
    let texts = [
      key.text, "web/\(key.text)", "\(key.text),\(key.text)", "'\(key.text)', a key",
      "=\(key.text)=", "cof_\(key.text)", "0\(key.text)0", String(key.text.dropLast()),
      String(key.text.prefix(40)),
    ]
    for text in texts {
      let refusal = Failure(Refusal(.notFound, text, "not \(text)", hint: "try \(text)"))
      let failure = Failure(.failed, text, hint: text)
      let shown = [
        refusal.message, refusal.hint ?? "", failure.message, failure.hint ?? "",
        PrintableText.line(text), PrintableText.object(text), PrintableText.claim(text),
      ]
      for line in shown {
        #expect(!key.leaks(into: line), "\(line)")
        // What is no whole key may have its typing error in the id.
        #expect(line.contains(key.shown) || !text.contains(key.text))
      }
    }
  }

  @Test("a masked key shows prefix and id") func showsID() throws {
    let key = try KeyTextSample()
    #expect(Failure(Refusal(.notFound, key.text)).message == "\(key.shown)...: not found")
  }

  @Test("cuts a name after a key's text was masked, not before") func masksBeforeCutting() throws {
    let key = try KeyTextSample()
    for count in 0...100 {
      let text = String(repeating: "a", count: count) + key.text
      #expect(!key.leaks(into: PrintableText.object(text)))
      #expect(!key.leaks(into: PrintableText.claim(text)))
    }
  }

  @Test("what masking has made short is not cut") func keepsShortened() throws {
    let keys = try (1...4).map { try KeyTextSample(seed: $0) }
    let object = PrintableText.object(keys.map(\.text).joined(separator: ","))
    #expect(object == keys.map { $0.shown + "..." }.joined(separator: ","))
  }

  @Test(
    "a key's text with a foreign character in it shows nothing behind that",
    arguments: [" ", "\n", "-", "\u{200B}", "\u{AD}"])
  func masksBrokenText(separator: String) throws {
    let key = try KeyTextSample()
    let text = key.text.prefix(35) + separator + key.text.dropFirst(35)
    let message = Failure(Refusal(.notFound, String(text))).message
    #expect(!key.leaks(into: message), "\(message)")
  }

  @Test("a key's text right behind another one, or behind the beginning of one, is masked too")
  func masksAdjacentTexts() throws {
    let key = try KeyTextSample()
    for text in [key.text + key.text, "cof_wk_" + key.text] {
      let message = Failure(Refusal(.notFound, text)).message
      #expect(!key.leaks(into: message), "\(message)")
    }
  }
}

@Suite("PrintableText")
struct PrintableTextTests {
  /// What moves a cursor, ends a line, turns the direction, or cannot be seen.
  static let controls: [Unicode.Scalar] =
    ([
      0x00...0x1F, 0x7F...0x9F, 0xAD...0xAD, 0x61C...0x61C, 0x180E...0x180E, 0x200B...0x200F,
      0x2028...0x202E, 0x2060...0x2064, 0x2066...0x206F, 0xE000...0xE000, 0xFEFF...0xFEFF,
      0xFFF9...0xFFFB, 0xE0001...0xE0001, 0xE0020...0xE007F, 0xF0000...0xF0000,
    ] as [ClosedRange<UInt32>])
    .flatMap { $0.compactMap(Unicode.Scalar.init) }

  @Test("shows no character that steers a terminal", arguments: controls)
  func replaces(_ control: Unicode.Scalar) {
    let text = "a\(Character(control))b"
    #expect(PrintableText.withoutControls(text) == "a?b")
    #expect(PrintableText.line(text) == "a?b")
    #expect(PrintableText.object(text) == "a?b")
    #expect(PrintableText.claim(text) == "a?b")
    let failure = Failure(Refusal(.invalid, text, text, hint: text))
    #expect(failure.message == "a?b: invalid: a?b")
    #expect(failure.hint == "a?b")
  }

  @Test("replaces each of several, CRLF too") func replacesEach() {
    #expect(PrintableText.withoutControls("\u{1B}[2J\r\n\u{202E}x") == "?[2J???x")
  }

  @Test("leaves all other characters as they are") func keepsOthers() {
    for text in ["", "web/ci", "é日本 — €", "e\u{301}", "👩🏽", "a\u{A0}b", "%0A \\n"] {
      #expect(Array(PrintableText.withoutControls(text).utf8) == Array(text.utf8))
      #expect(Array(PrintableText.line(text).utf8) == Array(text.utf8))
    }
  }

  @Test("a line has at most 900 bytes", arguments: ["a", "é", "日", "👩🏽", "\n"])
  func cutsLines(character: String) {
    for count in [0, 1, 10, 300, 450, 900, 901, 5000] {
      let text = String(repeating: character, count: count)
      let line = PrintableText.line(text)
      #expect(line.utf8.count <= 900)
      if text.utf8.count <= 900 {
        #expect(line.count == count)
      } else {
        #expect(line.utf8.count > 700, "\(count)")
      }
    }
  }

  @Test("a name is shown up to 100 characters, and what is cut says so") func cutsObjects() {
    let name = String(repeating: "a", count: 100)
    #expect(PrintableText.object(name) == name)
    #expect(PrintableText.object(name + "a") == name + "...")
  }

  @Test("a claimed name is kept up to 64 characters") func cutsClaims() {
    let name = String(repeating: "a", count: 64)
    #expect(PrintableText.claim(name) == name)
    #expect(PrintableText.claim(name + "b") == name)
  }

  @Test("a long name leaves room for what happened to it") func keepsReason() {
    // One character for people, 1001 bytes for the protocol.
    let name = "a" + String(repeating: "\u{301}", count: 500)
    #expect(Failure(Refusal(.notFound, name)).message.hasSuffix("not found"))
  }
}
