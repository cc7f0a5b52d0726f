import Keyring
import Testing

@Suite("KeyReference")
struct KeyReferenceTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let target: KeyReference.Target
    var testDescription: String { text }
  }

  static let cases: [Case] = [
    Case(text: "me/laptop", target: .own(named("laptop"))),
    Case(text: "me/me", target: .own(named("me"))),
    Case(text: "@ada/laptop", target: .ofUser(named("ada"), named("laptop"))),
    Case(text: "@me/laptop", target: .ofUser(named("me"), named("laptop"))),
    Case(text: "web/stripe", target: .inWorkspace(named("web"), named("stripe"))),
    Case(text: "mee/stripe", target: .inWorkspace(named("mee"), named("stripe"))),
    Case(text: "organization/x", target: .inWorkspace(named("organization"), named("x"))),
    Case(text: "org/billing", target: .inOrganization(named("billing"))),
    Case(text: "id:000000000042", target: .id(KeyID(numbered: 42))),
    Case(text: "stripe", target: .bare(named("stripe"))),
    Case(text: "me", target: .bare(named("me"))),
    Case(text: "org", target: .bare(named("org"))),
    Case(text: "id", target: .bare(named("id"))),
  ]

  @Test("each form names its kind of key", arguments: cases)
  func parses(_ test: Case) throws {
    let reference = try KeyReference(parsing: test.text)
    #expect(reference.target == test.target)
    #expect(reference.text == test.text)
  }

  struct Malformed: CustomTestStringConvertible {
    let text: String

    /// What the message tells of the rule.
    let rule: String
    var testDescription: String { "\"\(text)\"" }
  }

  static let malformed: [Malformed] = [
    Malformed(text: "", rule: "1 to 64"),
    Malformed(text: "/", rule: "1 to 64"),
    Malformed(text: "me/", rule: "1 to 64"),
    Malformed(text: "org/", rule: "1 to 64"),
    Malformed(text: "web/", rule: "1 to 64"),
    Malformed(text: "/stripe", rule: "1 to 64"),
    Malformed(text: "web/stripe/live", rule: "1 to 64"),
    Malformed(text: "web//stripe", rule: "1 to 64"),
    Malformed(text: "Web/stripe", rule: "1 to 64"),
    Malformed(text: "web/Stripe", rule: "1 to 64"),
    Malformed(text: "web stripe", rule: "1 to 64"),
    Malformed(text: "@", rule: "1 to 64"),
    Malformed(text: "@ada", rule: "1 to 64"),
    Malformed(text: "@/laptop", rule: "1 to 64"),
    Malformed(text: "@ada/", rule: "1 to 64"),
    Malformed(text: "@@ada/laptop", rule: "1 to 64"),
    Malformed(text: "id/laptop", rule: "id:ID"),
    Malformed(text: "id:", rule: "12 letters and digits"),
    Malformed(text: "id:00000000004", rule: "12 letters and digits"),
    Malformed(text: "id:0000000000042", rule: "12 letters and digits"),
    Malformed(text: "id:00000000004-", rule: "12 letters and digits"),
    Malformed(text: "id:00000000004ü", rule: "12 letters and digits"),
    Malformed(text: "id:web/stripe", rule: "12 letters and digits"),
    Malformed(text: "Id:000000000042", rule: "1 to 64"),
    Malformed(text: "web:stripe", rule: "1 to 64"),
    Malformed(text: "coffer://web/stripe", rule: "1 to 64"),
    Malformed(text: " web/stripe", rule: "1 to 64"),
    Malformed(text: "web/stripe\n", rule: "1 to 64"),
  ]

  @Test("anything else is invalid, with the rule and the whole text", arguments: malformed)
  func refuses(_ test: Malformed) throws {
    let refusal = try #require(
      refusal { () throws(Refusal) in try KeyReference(parsing: test.text) })
    #expect(refusal.word == .invalid)
    #expect(refusal.object == test.text)
    #expect(refusal.reason?.contains(test.rule) == true)
  }

  @Test("the words that begin references cannot be workspaces' names")
  func reservedWords() {
    #expect(KeyReference.reservedWorkspaceNames == ["me", "org", "id"])
  }
}

@Suite("KeyID and Digest")
struct KeyIDTests {
  @Test("12 letters and digits are an id, and come back as they are")
  func keepsItsCharacters() throws {
    for text in ["000000000000", "zzzzzzzzzzzz", "0123456789AB", "Zz09aB3dE7gH"] {
      let id = try #require(KeyID(text))
      #expect(id.text == text)
      #expect(id.characters == Array(text.utf8))
      #expect(KeyID(id.characters.span) == id)
    }
  }

  @Test("an id with any one character changed is another id", arguments: 0..<12)
  func tellsIdsApart(_ position: Int) {
    var characters = Array("Zz09aB3dE7gH".utf8)
    let id = KeyID(characters.span)
    characters[position] = UInt8(ascii: "x")
    let other = KeyID(characters.span)
    #expect(id != nil && other != nil)
    #expect(other != id)
    #expect(Set([id, other]).count == 2)
  }

  @Test(
    "anything but 12 letters and digits is no id",
    arguments: [
      "", "00000000000", "0000000000000", "00000000000-", "-00000000000", "000000 00000",
      "00000000000ü", "0000000000ü", "00000000\u{301}0000", "0000000_0000",
    ])
  func refuses(_ text: String) {
    #expect(KeyID(text) == nil)
  }

  @Test("drawing an id skips the random bytes that would make some digits likelier")
  func drawsWithoutBias() {
    let spread = (0..<12).flatMap { [255, $0, 248] as [UInt8] }
    #expect(KeyID(fromRandom: spread)?.text == "0123456789AB")
    #expect(KeyID(fromRandom: [UInt8](repeating: 247, count: 32))?.text == "zzzzzzzzzzzz")
    #expect(KeyID(fromRandom: [UInt8](repeating: 0, count: 11)) == nil)
    #expect(KeyID(fromRandom: [UInt8](repeating: 248, count: 32)) == nil)
  }

  @Test("a digest gives back its 32 bytes")
  func digestKeepsItsBytes() {
    let bytes = (0..<32).map { UInt8(255 - $0) }
    #expect(Digest(bytes).bytes == bytes)
  }

  @Test("digests are equal only if all their bytes are", arguments: 0..<32)
  func digestsDiffer(_ position: Int) {
    var bytes = [UInt8](repeating: 7, count: 32)
    let digest = Digest(bytes)
    #expect(Digest(bytes) == digest)
    bytes[position] = 8
    #expect(Digest(bytes) != digest)
  }
}
