import Testing

@testable import Client

@Suite("Arguments")
struct ArgumentsTests {
  static let specifications = [
    OptionSpecification("key", short: "k", value: "KEY[=NAME]", repeats: true, "inject a key"),
    OptionSpecification("env", short: "e", value: "NAME", "the variable"),
    OptionSpecification("json", short: "j", "print JSON"),
    OptionSpecification("verbose", short: "v", "say more"),
  ]

  static func sorted(
    _ arguments: [String], endsAtFirstWord: Bool = false
  ) throws(ClientError) -> Arguments {
    try Arguments(
      arguments, specifications, command: "run", endsAtFirstWord: endsAtFirstWord)
  }

  // MARK: Sorting

  struct Case: CustomTestStringConvertible {
    let arguments: [String]
    var options: [(String, String?)] = []
    var words: [String] = []

    var testDescription: String { "\(arguments)" }
  }

  static let cases: [Case] = [
    Case(arguments: []),
    Case(arguments: ["a", "b"], words: ["a", "b"]),
    Case(arguments: ["--json"], options: [("json", nil)]),
    Case(arguments: ["--env", "A"], options: [("env", "A")]),
    Case(arguments: ["--env=A"], options: [("env", "A")]),
    Case(arguments: ["--env="], options: [("env", "")]),
    Case(arguments: ["--env", ""], options: [("env", "")]),
    Case(arguments: ["--env=A=B=C"], options: [("env", "A=B=C")]),
    Case(arguments: ["-e", "A"], options: [("env", "A")]),
    Case(arguments: ["-eA"], options: [("env", "A")]),
    Case(arguments: ["-jv"], options: [("json", nil), ("verbose", nil)]),
    Case(arguments: ["-jeA"], options: [("json", nil), ("env", "A")]),
    Case(arguments: ["-je", "A"], options: [("json", nil), ("env", "A")]),
    Case(arguments: ["-ejv"], options: [("env", "jv")]),
    Case(arguments: ["-k", "a", "-k", "b"], options: [("key", "a"), ("key", "b")]),
    Case(arguments: ["-k", "--json"], options: [("key", "--json")]),
    Case(arguments: ["-k", "-"], options: [("key", "-")]),
    Case(
      arguments: ["x", "--json", "y", "-e", "A"], options: [("json", nil), ("env", "A")],
      words: ["x", "y"]),
    Case(arguments: ["-", ""], words: ["-", ""]),
    Case(arguments: ["--", "--json", "-v"], words: ["--json", "-v"]),
    Case(arguments: ["a", "--", "--", "b"], words: ["a", "--", "b"]),
    Case(arguments: ["--env", "--", "--json"], options: [("env", "--"), ("json", nil)]),
  ]

  @Test("sorts options from words", arguments: cases)
  func sorts(_ test: Case) throws {
    let sorted = try Self.sorted(test.arguments)
    #expect(sorted.words == test.words)
    #expect(sorted.options.map(\.name) == test.options.map(\.0))
    #expect(sorted.options.map(\.value) == test.options.map(\.1))
  }

  @Test("leaves all from the first word on to another command") func endsAtFirstWord() throws {
    let sorted = try Self.sorted(
      ["-k", "a", "make", "-k", "b", "--", "--nonsense"], endsAtFirstWord: true)
    #expect(sorted.options.map(\.value) == ["a"])
    #expect(sorted.words == ["make", "-k", "b", "--", "--nonsense"])
  }

  @Test("a command behind '--' may begin with a hyphen") func endsAtHyphens() throws {
    let sorted = try Self.sorted(["-j", "--", "-make", "--"], endsAtFirstWord: true)
    #expect(sorted.has("json"))
    #expect(sorted.words == ["-make", "--"])
  }

  @Test("finds an option and its value") func finds() throws {
    let sorted = try Self.sorted(["--env=A", "-j"])
    #expect(sorted["env"] == "A")
    #expect(sorted["json"] == nil)
    #expect(sorted["key"] == nil)
    #expect(sorted.has("json") && sorted.has("env"))
    #expect(!sorted.has("key") && !sorted.has("j"))
  }

  @Test("passes on what was given, in the order of the protocol") func givesOptions() throws {
    let sorted = try Self.sorted(["-j", "--env=A", "-k", "b"])
    let given = sorted.given(["env", "verbose", "json"])
    #expect(given.map(\.0) == ["env", "json"])
    #expect(given.map(\.1) == ["A", nil])
  }

  @Test("refuses what another action of the command takes") func allows() throws {
    let sorted = try Self.sorted(["-j", "--env=A"])
    try sorted.allow(["env", "json"], for: "user add")
    let error = #expect(throws: ClientError.self) {
      try sorted.allow(["json", "key"], for: "user list")
    }
    #expect(error?.message == "--env is no option of 'user list'")
    #expect(error?.hint == "it takes --json and --key")
    #expect(error?.status == ExitStatus.usage)
  }

  @Test("refuses two options of which there can be one") func excludes() throws {
    let sorted = try Self.sorted(["-j", "--env=A"])
    try sorted.exclude(["env", "verbose"])
    let error = #expect(throws: ClientError.self) {
      try sorted.exclude(["verbose", "env", "json"])
    }
    #expect(error?.message == "--env and --json exclude each other")
  }

  // MARK: Refusing

  struct Wrong: CustomTestStringConvertible {
    let arguments: [String]
    let message: String
    var hint: String?

    var testDescription: String { "\(arguments)" }
  }

  static let help = "'coffer run --help' lists the options"

  static let wrong: [Wrong] = [
    Wrong(arguments: ["--env"], message: "--env needs a value behind it: NAME"),
    Wrong(arguments: ["a", "-e"], message: "--env needs a value behind it: NAME"),
    Wrong(arguments: ["-je"], message: "--env needs a value behind it: NAME"),
    Wrong(arguments: ["--json=yes"], message: "--json takes no value"),
    Wrong(arguments: ["--json="], message: "--json takes no value"),
    Wrong(arguments: ["--env=A", "-e", "B"], message: "--env was given twice"),
    Wrong(arguments: ["-jj"], message: "--json was given twice"),
    Wrong(
      arguments: ["--jsno"], message: "unknown option --jsno", hint: "did you mean --json?"),
    Wrong(
      arguments: ["--verbos=x"], message: "unknown option --verbos",
      hint: "did you mean --verbose?"),
    Wrong(arguments: ["--nonsense"], message: "unknown option --nonsense", hint: help),
    Wrong(arguments: ["--e"], message: "unknown option --e", hint: help),
    Wrong(arguments: ["--="], message: "unknown option --", hint: help),
    Wrong(arguments: ["-jx"], message: "unknown option -x", hint: help),
    Wrong(arguments: ["-é"], message: "unknown option -é", hint: help),
  ]

  @Test("says what cannot be used, and what was meant", arguments: wrong)
  func refuses(_ test: Wrong) {
    let error = #expect(throws: ClientError.self) { _ = try Self.sorted(test.arguments) }
    #expect(error?.status == ExitStatus.usage)
    #expect(error?.message == test.message)
    #expect(error?.hint == test.hint)
  }

  @Test("never repeats a value, which may be a secret") func hidesValues() {
    let secret = "hunter2"
    for form in [["--nonsense=*"], ["--json=*"], ["-x*"], ["-e", "*", "-e"]] {
      let arguments = form.map { $0.replacing("*", with: secret) }
      let error = #expect(throws: ClientError.self) { _ = try Self.sorted(arguments) }
      #expect(error?.message.contains(secret) == false)
      #expect(error?.hint?.contains(secret) != true)
    }
  }
}
