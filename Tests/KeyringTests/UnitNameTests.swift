import Keyring
import Testing

@Suite("Names of units and credentials")
struct UnitNameTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let isName: Bool
    var testDescription: String { "\"\(text.prefix(40))\" \(isName ? "is" : "is not") a name" }

    init(_ text: String, _ isName: Bool) {
      self.text = text
      self.isName = isName
    }
  }

  private static func long(_ count: Int, _ end: String) -> String {
    String(repeating: "a", count: count - end.utf8.count) + end
  }

  static let units: [Case] = [
    Case("web.service", true), Case("a.socket", true), Case("srv-data.mount", true),
    Case(#"dev-disk\x2dby.swap"#, true), Case("web@1.service", true), Case("web@.service", true),
    Case("a:b_c.D-9.service", true), Case("web@a@b.service", true), Case("-.mount", true),
    Case(long(255, ".service"), true), Case(long(256, ".service"), false),
    Case("", false), Case("web", false), Case(".service", false), Case("@.service", false),
    Case("@1.service", false), Case("web.timer", false), Case("web.target", false),
    Case("web.slice", false), Case("web.scope", false), Case("web.path", false),
    Case("web.device", false), Case("web.automount", false), Case("web.Service", false),
    Case("web.service ", false), Case("a b.service", false), Case("a/b.service", false),
    Case("a\n.service", false), Case("a\0.service", false), Case("ä.service", false),
    Case("a%i.service", false), Case("webservice", false), Case("web.servicé", false),
  ]

  @Test("what systemd takes for the name of a unit that runs processes is one", arguments: units)
  func unit(_ test: Case) {
    #expect((UnitName(test.text)?.text == test.text) == test.isName)
    let refusal = refusal { () throws(Refusal) in try UnitName(parsing: test.text) }
    #expect(refusal?.word == (test.isName ? nil : .invalid))
    #expect(refusal?.reason == (test.isName ? nil : UnitName.rule))
  }

  static let credentials: [Case] = [
    Case("stripe", true), Case("a", true), Case("...", true), Case(".a", true),
    Case("Key_1.pem", true), Case("a b", true), Case("%d", true), Case("a\\b", true),
    Case("~", true), Case(long(255, "z"), true), Case(long(256, "z"), false),
    Case("", false), Case(".", false), Case("..", false), Case("a/b", false), Case("/", false),
    Case("a:b", false), Case("a\n", false), Case("a\0", false), Case("a\u{7F}", false),
    Case("ä", false),
  ]

  @Test("what systemd takes for the name of a credential is one", arguments: credentials)
  func credential(_ test: Case) {
    #expect((CredentialName(test.text)?.text == test.text) == test.isName)
    let refusal = refusal { () throws(Refusal) in try CredentialName(parsing: test.text) }
    #expect(refusal?.word == (test.isName ? nil : .invalid))
  }

  @Test("the text of a key is no name, nor is anything that holds it") func keyTexts() throws {
    let text = try #require(Self.keyText())
    for unit in ["\(text).service", "a@\(text).service"] { #expect(UnitName(unit) == nil) }
    for name in [text, "a\(text)b"] { #expect(CredentialName(name) == nil) }
  }

  private static func keyText() -> String? {
    var bytes = [UInt8](repeating: 0, count: KeyText.byteCount)
    let random = (0..<KeyText.randomByteCount).map { UInt8($0 % 62) }
    var output = bytes.mutableSpan
    guard
      KeyText.write(type: .user, id: KeyID(numbered: 7), random: random.span, to: &output)
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("an instance has the template that is named up to its first @, and others have none")
  func templates() {
    for (unit, template) in [
      ("web@1.service", "web@.service"), ("web@a@b.service", "web@.service"),
      ("web@a.b.socket", "web@.socket"), ("web@.service", nil), ("web.service", nil),
    ] {
      #expect(UnitName(unit)?.template?.text == template, "\(unit)")
    }
  }
}
