import Platform
import TestSupport
import Testing

/// What is told about the text of a key, and to whom.
@Suite("coffer verify")
struct VerifyTests {
  let fixture = VaultFixture()
  let deploy: String

  init() {
    fixture.initializeWithKeys()
    fixture.coffer("workspace", "add", "api")
    deploy = fixture.coffer("create", "web/ci").line
  }

  @Test("the checksum that these tests reckon is the one of the rules") func oracle() {
    #expect(IssuedText.checksum(of: "") == "000000")
    #expect(IssuedText.checksum(of: "123456789") == "3jZRME")
    #expect(IssuedText.checksum(of: String(deploy.prefix(51))) == String(deploy.suffix(6)))
  }

  @Test("a valid text tells name, type, workspace, expiry and rights, with or without a line end")
  func valid() {
    for input in [deploy, deploy + "\n"] {
      let result = fixture.coffer("verify", input: input)
      #expect(result.status == 0, "\(result.errorText)")
      let lines = result.outputText.split(separator: "\n").map(String.init)
      #expect(lines.first == "web/ci is valid")
      #expect(lines.contains("id         \(IssuedText.id(of: deploy))"))
      #expect(lines.contains("type       workspace"))
      #expect(lines.contains("workspace  web"))
      #expect(lines.contains("in web     list, use"))
      #expect(lines.contains { $0.hasPrefix("expires    20") })
      #expect(!IssuedText.isLeaked(deploy, in: result.outputText + result.errorText))
    }
    // Two line ends are no part of a text, and not cut off.
    let twice = fixture.coffer("verify", input: deploy + "\n\n")
    #expect(twice.status == 1)
    #expect(twice.errorText.hasPrefix("coffer: malformed: "))
  }

  @Test("--json tells the same as members, and why a text is not valid") func json() {
    let valid = fixture.coffer("verify", "--json", input: deploy)
    #expect(valid.status == 0)
    let start =
      #"{"valid":true,"id":"\#(IssuedText.id(of: deploy))","name":"web/ci","type":"workspace","#
    #expect(valid.line.hasPrefix(start), "\(valid.line)")
    let rights =
      #""rights":[{"workspace":"web","own":false,"organization":false,"actions":["list","use"]}]}"#
    #expect(valid.line.hasSuffix(rights), "\(valid.line)")
    for (input, reason) in [
      (deploy.dropLast() + "*", "malformed"), (IssuedText.withOtherSecret(deploy)[...], "denied"),
    ] {
      let result = fixture.coffer("verify", "--json", input: String(input))
      #expect(result.status == 1)
      #expect(result.line.hasPrefix(#"{"valid":false,"reason":"\#(reason)","message":""#))
    }
  }

  @Test("--quiet says nothing but by its exit status") func quiet() {
    let valid = fixture.coffer("verify", "--quiet", input: deploy)
    #expect(valid.status == 0)
    let invalid = fixture.coffer("verify", "-q", input: IssuedText.withOtherSecret(deploy))
    #expect(invalid.status == 1)
    let cannot = fixture.coffer("verify", "-q", "--require", "import", input: deploy)
    #expect(cannot.status == 1)
    for result in [valid, invalid, cannot] {
      #expect(result.output.isEmpty)
      #expect(result.error.isEmpty)
    }
    #expect(fixture.coffer("verify", "-q", "--json", input: deploy).status == 2)
  }

  struct Wanted: CustomTestStringConvertible {
    let key: [String]
    let require: [String]
    let isValid: Bool

    var testDescription: String { (key + require).joined(separator: " ") }
  }

  static let editorKey = ["web/k", "--access", "editor"]
  static let scopedKey = ["me/k", "--scope", "web:list,use"]

  static let wanted: [Wanted] = [
    Wanted(key: ["web/k"], require: ["use"], isValid: true),
    Wanted(key: ["web/k"], require: ["use", "--workspace", "web"], isValid: true),
    Wanted(key: ["web/k"], require: ["use", "--workspace", "api"], isValid: false),
    Wanted(key: ["web/k"], require: ["use", "--workspace", "nowhere"], isValid: false),
    Wanted(key: ["web/k"], require: ["import"], isValid: false),
    Wanted(key: ["web/k", "--access", "editor"], require: ["import", "-w", "web"], isValid: true),
    Wanted(
      key: ["web/k", "--access", "editor"], require: ["import", "-w", "api"], isValid: false),
    Wanted(key: ["org/k"], require: ["use", "-w", "api"], isValid: true),
    Wanted(key: ["org/k"], require: ["import", "-w", "api"], isValid: false),
    Wanted(key: ["me/k"], require: ["import", "-w", "api"], isValid: true),
    Wanted(key: ["me/k", "--scope", "*:list"], require: ["use"], isValid: false),
    Wanted(
      key: ["me/k", "--scope", "web:list,use"], require: ["use", "-w", "web"], isValid: true),
    Wanted(
      key: ["me/k", "--scope", "web:list,use"], require: ["list", "-w", "api"], isValid: false),
  ]

  @Test("a text is valid for what its key may do there, and for nothing else", arguments: wanted)
  func require(_ test: Wanted) {
    let text = fixture.coffer(["create"] + test.key).line
    let result = fixture.coffer(["verify", "--require"] + test.require, input: Array(text.utf8))
    #expect(result.status == (test.isValid ? 0 : 1), "\(result.errorText)")
    guard !test.isValid else { return }
    #expect(
      result.errorText == "coffer: no permission: the key is valid, but may not do that\n")
  }

  struct Malformed: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (String) -> String
  }

  /// Example 10.
  static let malformed: [Malformed] = [
    Malformed(testDescription: "another type") { "cof_ok_" + $0.dropFirst(7) },
    Malformed(testDescription: "one character changed") { text in
      String(text.prefix(30)) + (text.dropFirst(30).first == "a" ? "b" : "a") + text.dropFirst(31)
    },
    Malformed(testDescription: "a space behind") { $0 + " " },
    Malformed(testDescription: "lower case") { $0.lowercased() },
    Malformed(testDescription: "one character short") { String($0.dropLast()) },
    Malformed(testDescription: "twice") { $0 + $0 },
    Malformed(testDescription: "nothing") { _ in "" },
  ]

  @Test("malformed text is told as such, and the vault is not asked", arguments: malformed)
  func malformedText(_ test: Malformed) throws {
    let before = (fixture.records, fixture.auditFiles)
    let text = test.change(deploy)
    let client = try fixture.connect()
    for verb in ["VERIFY", "VERIFY --require=use", "AUTH"] {
      #expect(client.code(verb, answering: text) == 79)
    }
    let result = fixture.coffer("verify", input: text)
    #expect(result.status == 1)
    #expect(
      result.errorText.hasPrefix("coffer: malformed: this is no key that Coffer issued\n"),
      "\(result.errorText)")
    // No row of the audit tells of it.
    #expect((fixture.records, fixture.auditFiles) == before)
  }

  @Test("an Owner is told why a text is denied") func detail() throws {
    let names = ["revoked", "expired", "suspended", "retired"]
    let texts = names.map { fixture.coffer("create", "web/\($0)").line }
    fixture.coffer("revoke", "web/revoked")
    fixture.coffer("expire", "web/expired", "1s")
    fixture.coffer("suspend", "web/suspended")
    fixture.coffer("rotate", "web/retired", "--now")
    let client = try fixture.connect()
    #expect(eventually { client.code("VERIFY", answering: texts[1]) == 315 })
    let expected = [
      "denied: the key is revoked", "denied: the key is expired", "denied: the key is suspended",
      "denied: the text is that of a version which has been retired",
    ]
    for (text, reason) in zip(texts, expected) {
      #expect(fixture.coffer("verify", input: text).errorText == "coffer: \(reason)\n")
    }
    for text in [IssuedText.withOtherSecret(deploy), IssuedText.withOtherID(deploy)] {
      #expect(
        fixture.coffer("verify", input: text).errorText == "coffer: denied: the key is unknown\n")
    }
  }
}
