import Keyring
import Testing

@Suite("Name")
struct NameTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let isName: Bool
    var testDescription: String { "\"\(text)\" \(isName ? "is" : "is not") a name" }
  }

  static let cases: [Case] = [
    Case(text: "a", isName: true),
    Case(text: "0", isName: true),
    Case(text: "z9", isName: true),
    Case(text: "stripe-live_2.eu", isName: true),
    Case(text: "a-", isName: true),
    Case(text: "a..b", isName: true),
    Case(text: "me", isName: true),
    Case(text: String(repeating: "a", count: 64), isName: true),
    Case(text: String(repeating: "a", count: 65), isName: false),
    Case(text: "", isName: false),
    Case(text: " ", isName: false),
    Case(text: "a b", isName: false),
    Case(text: "a ", isName: false),
    Case(text: " a", isName: false),
    Case(text: "a\n", isName: false),
    Case(text: "a\0", isName: false),
    Case(text: "A", isName: false),
    Case(text: "stripE", isName: false),
    Case(text: "-a", isName: false),
    Case(text: "_a", isName: false),
    Case(text: ".a", isName: false),
    Case(text: "..", isName: false),
    Case(text: "a/b", isName: false),
    Case(text: "a:b", isName: false),
    Case(text: "a@b", isName: false),
    Case(text: "a=b", isName: false),
    Case(text: "a`b", isName: false),
    Case(text: "a{b", isName: false),
    Case(text: "ä", isName: false),
    Case(text: "a\u{301}", isName: false),
    Case(text: "١", isName: false),
  ]

  @Test("1 to 64 of a-z 0-9 . _ - make a name, the first a letter or digit", arguments: cases)
  func accepts(_ test: Case) {
    #expect((Name(test.text)?.text == test.text) == test.isName)
    let refusal = refusal { () throws(Refusal) in try Name(parsing: test.text) }
    #expect((refusal == nil) == test.isName)
  }

  @Test("every byte of ASCII is allowed at the start, behind it, or not at all")
  func classifiesBytes() {
    let first = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
    let further = first.union("._-".utf8)
    for byte in UInt8(0)...127 {
      let character = String(decoding: [byte], as: UTF8.self)
      #expect((Name(character) != nil) == first.contains(byte), "byte \(byte) at the start")
      #expect((Name("a" + character) != nil) == further.contains(byte), "byte \(byte) behind it")
    }
  }

  @Test(
    "example 29: a space, nothing and 65 characters are invalid, with the rule in the message",
    arguments: ["a b", "", String(repeating: "a", count: 65)])
  func refusesWithRule(_ text: String) throws {
    let ofName = try #require(refusal { () throws(Refusal) in try Name(parsing: text) })
    #expect(ofName == Refusal(.invalid, text, Name.rule))
    #expect(Name.rule.contains("1 to 64 of a-z 0-9 . _ -"))
    let reference = "w1/\(text)"
    let ofReference = try #require(
      refusal { () throws(Refusal) in try KeyReference(parsing: reference) })
    #expect(ofReference == Refusal(.invalid, reference, Name.rule))
  }

  @Test("a name that holds a well-formed key text is refused")
  func refusesKeyText() {
    // Once in some thousand millions a key's text has no capital letter.
    let text = "cof_uk_000000000007aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa05psn0"
    #expect(KeyText.occurs(in: text))
    #expect(Name(text) == nil)
    #expect(Name("a-\(text)") == nil)
    #expect(refusal { () throws(Refusal) in try Name(parsing: text) }?.word == .invalid)
  }
}

@Suite("Note")
struct NoteTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let isNote: Bool
  }

  static let cases: [Case] = [
    Case(testDescription: "nothing", text: "", isNote: true),
    Case(testDescription: "a sentence", text: "For the nightly build.", isNote: true),
    Case(testDescription: "other scripts", text: "für später 🔑", isNote: true),
    Case(testDescription: "200 bytes", text: String(repeating: "a", count: 200), isNote: true),
    Case(testDescription: "201 bytes", text: String(repeating: "a", count: 201), isNote: false),
    Case(
      testDescription: "200 bytes in 100 characters", text: String(repeating: "ü", count: 100),
      isNote: true),
    Case(
      testDescription: "202 bytes in 101 characters", text: String(repeating: "ü", count: 101),
      isNote: false),
    Case(testDescription: "a line feed", text: "a\nb", isNote: false),
    Case(testDescription: "a carriage return and line feed", text: "a\r\nb", isNote: false),
    Case(testDescription: "a tab", text: "a\tb", isNote: false),
    Case(testDescription: "a NUL", text: "a\0", isNote: false),
    Case(testDescription: "an escape sequence", text: "\u{1B}[31m", isNote: false),
    Case(testDescription: "DEL", text: "\u{7F}", isNote: false),
    Case(testDescription: "a control character of Latin 1", text: "\u{9B}31m", isNote: false),
    Case(testDescription: "a key's text", text: KeyTextTests.golden, isNote: false),
    Case(
      testDescription: "a key's text among words", text: "was \(KeyTextTests.golden) before",
      isNote: false),
    Case(
      testDescription: "a key's text with a mistake",
      text: "cof_ok" + KeyTextTests.golden.dropFirst(6), isNote: true),
  ]

  @Test("200 bytes without control characters and without a key's text", arguments: cases)
  func accepts(_ test: Case) {
    let refusal = refusal { () throws(Refusal) in try Note(parsing: test.text) }
    #expect(refusal?.word == (test.isNote ? nil : .invalid))
  }

  @Test("a refusal does not repeat the note")
  func refusalKeepsSecret() throws {
    let refusal = try #require(
      refusal { () throws(Refusal) in try Note(parsing: KeyTextTests.golden) })
    #expect(refusal.object == "note")
    #expect(refusal.reason?.contains("AAAAAA") == false)
  }

  @Test("a stored note is read as it is, and one that never could be is none")
  func readsStored() {
    #expect(Note(stored: "For the nightly build.")?.text == "For the nightly build.")
    #expect(Note(stored: String(repeating: "a", count: 201)) == nil)
  }
}
