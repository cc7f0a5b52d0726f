import Testing
import Wire

@Suite("Command")
struct CommandTests {
  static func parsed(_ line: String) throws(SyntaxError) -> Command {
    try Command(parsing: line.utf8.span)
  }

  /// What a command consists of, byte by byte: strings are equal too soon.
  static func parts(_ command: Command) -> [[[UInt8]?]] {
    [[Array(command.verb.utf8)]]
      + command.options.map { [Array($0.name.utf8), $0.value.map { Array($0.utf8) }] }
      + command.words.map { [Array($0.utf8)] }
  }

  // MARK: Reading

  struct Case: CustomTestStringConvertible {
    let line: String
    let verb: String
    var options: [(String, String?)] = []
    var words: [String] = []

    var testDescription: String { line.debugDescription }
  }

  static let cases: [Case] = [
    Case(line: "NOP", verb: "NOP"),
    Case(line: "nop", verb: "NOP"),
    Case(line: "gEtInFo pid", verb: "GETINFO", words: ["pid"]),
    Case(line: "NO_SUCH x", verb: "NO_SUCH", words: ["x"]),
    Case(line: "SHOW  web/ci ", verb: "SHOW", words: ["web/ci"]),
    Case(
      line: "CREATE web/ci --expires=30d --process", verb: "CREATE",
      options: [("expires", "30d"), ("process", nil)], words: ["web/ci"]),
    Case(
      line: "CREATE --note=for%20the%20pipeline web/ci", verb: "CREATE",
      options: [("note", "for the pipeline")], words: ["web/ci"]),
    Case(line: "CREATE --note=a=b=c", verb: "CREATE", options: [("note", "a=b=c")]),
    Case(line: "CREATE --note=", verb: "CREATE", options: [("note", "")]),
    Case(line: "ENV -- --a b", verb: "ENV", words: ["--a", "b"]),
    Case(line: "ENV a -- b --", verb: "ENV", words: ["a", "b", "--"]),
    Case(line: "ENV %2D%2Da", verb: "ENV", words: ["--a"]),
    Case(line: "ENV - -a", verb: "ENV", words: ["-", "-a"]),
    Case(line: "SHOW a%00b%0Ac", verb: "SHOW", words: ["a\0b\nc"]),
    Case(line: "SHOW a\tb", verb: "SHOW", words: ["a\tb"]),
    Case(line: "OPTION command = make", verb: "OPTION", words: ["command", "=", "make"]),
    Case(line: "SHOW caf\u{E9}", verb: "SHOW", words: ["caf\u{E9}"]),
    Case(line: "SHOW cafe\u{301}", verb: "SHOW", words: ["cafe\u{301}"]),
  ]

  @Test("reads verb, options and words", arguments: cases)
  func reads(_ test: Case) throws {
    let command = try Self.parsed(test.line)
    let expected =
      [[Array(test.verb.utf8)]]
      + test.options.map { [Array($0.0.utf8), $0.1.map { Array($0.utf8) }] }
      + test.words.map { [Array($0.utf8)] }
    #expect(Self.parts(command) == expected)
  }

  @Test("reads each verb in either case", arguments: Verb.allCases)
  func readsVerb(_ verb: Verb) throws {
    let text = verb.rawValue
    #expect(try Self.parsed(text) == Command(verb))
    #expect(try Self.parsed(text.lowercased()) == Command(verb))
    #expect(Verb(rawValue: text.uppercased()) == verb)
  }

  @Test(
    "refuses what is no command",
    arguments: [
      " NOP", "\tNOP", " ", "   ", "NOP\0", "N-P", "N%4FP", "NOP\t", "1NOP", "n\u{F6}p", "=",
      "SHOW %", "SHOW %4", "SHOW %zz", "CREATE --note=%", "CREATE --note=%F", "SHOW %FF",
      "CREATE --note=%C3", "CREATE --a --a", "CREATE --a=1 x --a=2", "CREATE --a --a=1",
      "[NOP", "NOP@", "{NOP",
    ])
  func refuses(line: String) {
    #expect(throws: SyntaxError.self) { _ = try Self.parsed(line) }
  }

  @Test("refuses words that are not UTF-8", arguments: [0x80, 0xC0, 0xE9, 0xFF] as [UInt8])
  func refusesOtherBytes(byte: UInt8) {
    let bytes = Array("SHOW a".utf8) + [byte]
    #expect(throws: SyntaxError.self) { _ = try Command(parsing: bytes.span) }
    let option = Array("SHOW --note=".utf8) + [byte]
    #expect(throws: SyntaxError.self) { _ = try Command(parsing: option.span) }
    #expect(throws: SyntaxError.self) { _ = try Command(parsing: [byte].span) }
  }

  @Test("refuses exactly the length to which another client cuts a longer command")
  func refusesCutLine() throws {
    for count in [998, 999, 1000] {
      let line = "SHOW " + String(repeating: "a", count: count - 5)
      if count == 999 {
        #expect(throws: SyntaxError.self) { _ = try Self.parsed(line) }
      } else {
        #expect(try Self.parsed(line).words[0].utf8.count == count - 5)
      }
    }
  }

  @Test("tells an option with a value from one without") func tellsOptions() throws {
    let command = try Self.parsed("CREATE --note=x --process --env=")
    #expect(command.value(of: "note") == "x")
    #expect(command.value(of: "env") == "")
    #expect(command.value(of: "process") == nil)
    #expect(command.value(of: "other") == nil)
    #expect(command.hasOption("process"))
    #expect(command.hasOption("note"))
    #expect(!command.hasOption("other"))
    #expect(!command.hasOption("--note"))
  }

  // MARK: Writing

  static let commands: [Command] = [
    Command(.nop),
    Command(.show, words: ["web/ci"]),
    Command(.create, options: [("expires", "30d"), ("process", nil)], words: ["web/ci"]),
    Command(.create, options: [("note", "a b=c%\n\u{7F}é👩‍💻")], words: ["me/a"]),
    Command(.create, options: [("note", "")], words: ["me/a"]),
    Command(.environment, words: ["--", "--a", "-a", "-", "a"]),
    Command(.environment, options: [("workspace", "--")], words: ["--workspace=web"]),
    Command(.show, words: ["\0\u{1}\t\r\n ", "%25", "é", "e\u{301}"]),
    Command(.show, words: ["\u{301}x", "=\u{301}"]),
  ]

  @Test("a written line is read as the same command", arguments: commands)
  func writes(_ command: Command) throws {
    let line = command.line
    #expect(line.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    #expect(Self.parts(try Self.parsed(line)) == Self.parts(command))
  }

  @Test("options stand before words, and '--' only where a word needs it") func writesOrder() {
    let command = Command(.create, options: [("env", "A"), ("process", nil)], words: ["me/a"])
    #expect(command.line == "CREATE --env=A --process me/a")
    #expect(Command(.environment, words: ["a", "--b"]).line == "ENV -- a --b")
  }

  @Test("any words and values come through", arguments: 1...100)
  func writesAnything(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let alphabet = Array(" %=-#aZ09\r\n\0\u{7F}\u{80}é日👩".unicodeScalars)
    func text(_ counts: ClosedRange<Int>) -> String {
      var scalars = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: counts, using: &random) {
        scalars.append(alphabet[Int.random(in: alphabet.indices, using: &random)])
      }
      return String(scalars)
    }
    let command = Command(
      .create, options: [("note", text(0...30)), ("process", nil), ("env", text(0...3))],
      words: (0..<Int.random(in: 0...6, using: &random)).map { _ in text(1...30) })
    #expect(Self.parts(try Self.parsed(command.line)) == Self.parts(command))
  }

  @Test("an empty word, which no line can hold, is a programmer's mistake") func refusesEmptyWords()
    async
  {
    await #expect(processExitsWith: .failure) { _ = Command(.environment, words: ["web/ci", ""]) }
  }

  @Test("a value may begin with a combining character", arguments: ["\u{301}x", "\u{200D}x"])
  func keepsCombinedEquals(value: String) throws {
    let command = Command(.create, options: [("note", value)])
    let read = try Self.parsed(command.line)
    #expect(Self.parts(read) == Self.parts(command))
  }

  @Test("'--' and a combining character is a word like any other") func keepsCombinedHyphens()
    throws
  {
    let command = Command(.show, words: ["--\u{301}x"])
    let read = try Self.parsed(command.line)
    #expect(Self.parts(read) == Self.parts(command))
  }
}
