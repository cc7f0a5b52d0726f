import Testing

@testable import Client

@Suite("Suggestion")
struct SuggestionTests {
  struct Case: CustomTestStringConvertible {
    let one: String
    let other: String
    let distance: Int

    var testDescription: String { "\(one), \(other)" }
  }

  static let cases: [Case] = [
    Case(one: "", other: "", distance: 0),
    Case(one: "", other: "abc", distance: 3),
    Case(one: "list", other: "list", distance: 0),
    Case(one: "list", other: "lists", distance: 1),
    Case(one: "list", other: "lit", distance: 1),
    Case(one: "list", other: "last", distance: 1),
    Case(one: "list", other: "lsit", distance: 1),
    Case(one: "ca", other: "abc", distance: 3),
    Case(one: "kitten", other: "sitting", distance: 3),
    Case(one: "abcd", other: "badc", distance: 2),
    Case(one: "é", other: "e", distance: 1),
  ]

  @Test("counts what must be changed, in either direction", arguments: cases)
  func measures(_ test: Case) {
    #expect(Suggestion.distance(test.one, test.other) == test.distance)
    #expect(Suggestion.distance(test.other, test.one) == test.distance)
  }

  static let commands = ["run", "create", "import", "list", "show", "revoke", "unlock", "lock"]

  @Test("suggests what is close, and nothing that is not") func suggests() {
    #expect(Suggestion.closest(to: "lsit", among: Self.commands) == "list")
    #expect(Suggestion.closest(to: "craete", among: Self.commands) == "create")
    #expect(Suggestion.closest(to: "revok", among: Self.commands) == "revoke")
    #expect(Suggestion.closest(to: "ru", among: Self.commands) == "run")
    #expect(Suggestion.closest(to: "unlokc", among: Self.commands) == "unlock")
    #expect(Suggestion.closest(to: "delete", among: Self.commands) == nil)
    #expect(Suggestion.closest(to: "rm", among: Self.commands) == nil)
    #expect(Suggestion.closest(to: "", among: Self.commands) == nil)
    #expect(Suggestion.closest(to: "run", among: []) == nil)
  }

  @Test("what other programs call it is understood, and is a command") func synonyms() {
    let names = Subcommand.all.map(\.name)
    for (word, command) in [("ls", "list"), ("rm", "revoke"), ("export", "env"), ("get", "show")] {
      #expect(Suggestion.command(for: word, among: names) == command)
    }
    for (word, command) in Suggestion.synonyms {
      #expect(names.contains(command), "\(command)")
      #expect(!names.contains(word), "\(word)")
    }
    #expect(Suggestion.command(for: "lsit", among: names) == "list")
  }

  @Test("a word may differ in a third of its letters, and in one at least") func limits() {
    #expect(Suggestion.closest(to: "abx", among: ["abc"]) == "abc")
    #expect(Suggestion.closest(to: "axx", among: ["abc"]) == nil)
    #expect(Suggestion.closest(to: "abcdxx", among: ["abcdef"]) == "abcdef")
    #expect(Suggestion.closest(to: "abcxxx", among: ["abcdef"]) == nil)
    #expect(Suggestion.closest(to: "x", among: ["a"]) == "a")
  }
}

@Suite("JSON")
struct JSONTests {
  @Test("writes each kind of value") func writes() {
    #expect(JSON.null.text == "null")
    #expect(JSON.boolean(true).text == "true")
    #expect(JSON.boolean(false).text == "false")
    #expect(JSON.number(.min).text == "-9223372036854775808")
    #expect(JSON.number(0).text == "0")
    #expect(JSON.string("web/ci").text == "\"web/ci\"")
    #expect(JSON.optional("x").text == "\"x\"")
    #expect(JSON.optional(nil).text == "null")
    #expect(JSON.array([]).text == "[]")
    #expect(JSON.array([.number(1), .null, .array([.string("")])]).text == "[1,null,[\"\"]]")
    #expect(JSON.object([]).text == "{}")
  }

  @Test("takes over numbers and lists of the protocol") func takesOver() {
    #expect(JSON.integer("12").text == "12")
    #expect(JSON.integer(nil).text == "null")
    #expect(JSON.integer("1x").text == "null")
    #expect(JSON.list("a,b").text == "[\"a\",\"b\"]")
    #expect(JSON.list("").text == "[]")
    #expect(JSON.list(nil).text == "[]")
  }

  @Test("keeps the order of members, and escapes their names") func writesMembers() {
    let object = JSON.object([("b", .number(1)), ("a\"", .string("x")), ("c", .object([]))])
    #expect(object.text == "{\"b\":1,\"a\\\"\":\"x\",\"c\":{}}")
  }

  @Test("escapes what a string may not hold") func escapes() {
    #expect(JSON.string("a\"b").text == "\"a\\\"b\"")
    #expect(JSON.string("a\\b").text == "\"a\\\\b\"")
    #expect(JSON.string("a\nb").text == "\"a\\nb\"")
    #expect(JSON.string("a\r\nb").text == "\"a\\u000d\\nb\"")
    #expect(JSON.string("\0\u{1F}\u{7F}").text == "\"\\u0000\\u001f\\u007f\"")
    #expect(JSON.string("</é日👩🏽e\u{301}>").text == "\"</é日👩🏽e\u{301}>\"")
    // What cannot be seen, and what turns the direction of text, is written out.
    #expect(JSON.string("👩\u{200D}💻\u{202E}\u{E0001}").text == "\"👩\\u200d💻\\u202e\\udb40\\udc01\"")
  }

  @Test("a string is on one line, whatever is in it") func staysOnOneLine() throws {
    for value in (0..<0x100) as Range<UInt32> {
      let scalar = try #require(Unicode.Scalar(value))
      let text = JSON.string(String(Character(scalar))).text
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
      #expect(text.hasPrefix("\"") && text.hasSuffix("\""))
    }
  }
}

@Suite("Table")
struct TableTests {
  @Test("aligns columns by their longest cell") func aligns() {
    let lines = Table.lines(
      header: ["NAME", "STATE"],
      rows: [["web/stripe", "active"], ["a", "revoked"], ["é", ""]])
    #expect(
      lines == [
        "NAME        STATE",
        "web/stripe  active",
        "a           revoked",
        "é",
      ])
  }

  @Test("leaves out columns in which nothing stands") func leavesOut() {
    #expect(
      Table.linesOfFilled(header: ["A", "B", "C"], rows: [["x", "", "y"], ["xx", "", ""]])
        == ["A   C", "x   y", "xx"])
    #expect(Table.linesOfFilled(header: ["A", "B"], rows: [["x", ""]]) == ["A", "x"])
  }

  @Test("a cell that is wider than its column moves the rest") func moves() {
    #expect(Table.line(["a", "b", "c"], widths: [3, 1, 0]) == "a    b  c")
    #expect(Table.line(["abcd", "b", "c"], widths: [3, 1, 0]) == "abcd  b  c")
    #expect(Table.line(["a", "", ""], widths: [3, 1, 0]) == "a")
  }

  @Test("a header stands alone where there is no row") func writesHeader() {
    #expect(Table.lines(header: ["A", "B"], rows: []) == ["A  B"])
  }

  @Test("no line ends with a space") func trims() {
    let lines = Table.lines(header: ["A", "B", "C"], rows: [["x", "", ""], ["", "", ""]])
    #expect(lines == ["A  B  C", "x", ""])
  }

  @Test("aligns the values of fields") func alignsFields() {
    #expect(
      Table.lines([("id", "1"), ("created", "today"), ("note", "")])
        == ["id       1", "created  today", "note     "])
    #expect(Table.lines([]) == [])
  }

  @Test("writes the name of a field as people read it") func labels() {
    #expect(Table.label("use_role") == "use role")
    #expect(Table.label("id") == "id")
  }
}
