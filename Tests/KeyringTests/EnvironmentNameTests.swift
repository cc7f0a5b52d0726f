import Keyring
import Testing

@Suite("EnvironmentName")
struct EnvironmentNameTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let isName: Bool
    var testDescription: String { "\"\(text)\" \(isName ? "is" : "is not") one" }
  }

  static let cases: [Case] = [
    Case(text: "A", isName: true),
    Case(text: "z", isName: true),
    Case(text: "__", isName: true),
    Case(text: "_9", isName: true),
    Case(text: "STRIPE_KEY", isName: true),
    Case(text: "stripeKey2", isName: true),
    Case(text: String(repeating: "A", count: 64), isName: true),
    Case(text: String(repeating: "A", count: 65), isName: false),
    Case(text: "", isName: false),
    Case(text: "9A", isName: false),
    Case(text: "A-B", isName: false),
    Case(text: "A.B", isName: false),
    Case(text: "A B", isName: false),
    Case(text: "A=B", isName: false),
    Case(text: "A\0", isName: false),
    Case(text: "A\n", isName: false),
    Case(text: "Ä", isName: false),
    Case(text: "A\u{301}", isName: false),
    Case(text: "A%", isName: false),
    Case(text: "BASH_FUNC_ls%%", isName: false),
  ]

  @Test("1 to 64 letters, digits and _ make one, the first no digit", arguments: cases)
  func accepts(_ test: Case) {
    let refusal = refusal { () throws(Refusal) in try EnvironmentName(parsing: test.text) }
    #expect(refusal == (test.isName ? nil : Refusal(.invalid, test.text, EnvironmentName.rule)))
    #expect(EnvironmentName(stored: test.text)?.text == (test.isName ? test.text : nil))
  }

  @Test("a name that holds a well-formed key text is refused, and is not repeated")
  func refusesKeyText() throws {
    for text in [KeyTextTests.golden, "A_\(KeyTextTests.golden)"] {
      let refusal = try #require(
        refusal { () throws(Refusal) in try EnvironmentName(parsing: text) })
      #expect(refusal.word == .invalid)
      #expect(!refusal.object.contains("AAAAAA"))
      #expect(refusal.reason?.contains("AAAAAA") == false)
    }
  }

  // MARK: Derived names

  struct Derived: CustomTestStringConvertible {
    let name: String
    let derived: String
    var testDescription: String { "\(name) is injected as \(derived)" }
  }

  static let derived: [Derived] = [
    Derived(name: "stripe", derived: "STRIPE"),
    Derived(name: "stripe-live", derived: "STRIPE_LIVE"),
    Derived(name: "a.b_c-d", derived: "A_B_C_D"),
    Derived(name: "2fa", derived: "_2FA"),
    Derived(name: "0", derived: "_0"),
    Derived(name: "a-", derived: "A_"),
    Derived(
      name: String(repeating: "a", count: 64), derived: String(repeating: "A", count: 64)),
    Derived(
      name: String(repeating: "1", count: 64), derived: "_" + String(repeating: "1", count: 63)),
    Derived(
      name: "2" + String(repeating: "b", count: 62) + "c",
      derived: "_2" + String(repeating: "B", count: 62)),
  ]

  @Test("a key that was told none has its name's, in upper case", arguments: derived)
  func derives(_ test: Derived) throws {
    #expect(try EnvironmentName(derivedFrom: named(test.name)).text == test.derived)
  }

  @Test(
    "a derived name that is reserved is invalid, with a hint",
    arguments: ["path", "home", "ld-preload", "git-ssh-command", "node.options", "coffer-x", "env"])
  func refusesReservedDerivedName(_ name: String) throws {
    let refusal = try #require(
      refusal { () throws(Refusal) in try EnvironmentName(derivedFrom: named(name)) })
    #expect(refusal.word == .invalid)
    #expect(refusal.hint?.contains("--env") == true)
  }

  @Test("a stored name that has since become reserved is read, and knows it")
  func readsStoredReservedName() throws {
    #expect(try #require(EnvironmentName(stored: "PATH")).isReserved)
    #expect(try !#require(EnvironmentName(stored: "STRIPE_KEY")).isReserved)
  }
}
