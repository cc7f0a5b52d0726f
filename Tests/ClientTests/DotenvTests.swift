import Platform
import TestSupport
import Testing

@testable import Client

/// An assignment as tests compare it: the value with `<KEY>` for each reference, and
/// `<KEY?>` for an optional one; nil for a name alone.
struct ReadAssignment: Equatable {
  let name: String
  let value: String?

  init(_ name: String, _ value: String?) { (self.name, self.value) = (name, value) }

  /// Reads a whole file.
  static func read(_ text: String) throws(ClientError) -> [ReadAssignment] {
    let file = try dotenvFile(text)
    return file.assignments.map { assignment in
      let parts = assignment.pieces.map { piece in
        switch piece {
        case .text(let range):
          file.withText(range) { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
          }
        case .reference(let reference):
          "<\(reference.text.dropFirst(DotenvReference.scheme.count))>"
        }
      }
      return ReadAssignment(
        assignment.name, assignment.valueRange == nil ? nil : parts.joined())
    }
  }
}

func dotenvFile(_ text: String, named name: String = "x.env") throws(ClientError) -> DotenvFile {
  try DotenvFile(parsing: try SecretBufferTests.buffer(text), named: name)
}

@Suite("Dotenv files")
struct DotenvTests {
  struct Row: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let expected: [ReadAssignment]

    init(_ testDescription: String, _ text: String, _ expected: (String, String?)...) {
      self.testDescription = testDescription
      self.text = text
      self.expected = expected.map { ReadAssignment($0.0, $0.1) }
    }
  }

  static let rows: [Row] = [
    Row("an empty file", ""),
    Row("blank lines and comments", "\n  \n# A=1\n\t# B=2\n"),
    Row("an assignment", "A=1\n", ("A", "1")),
    Row("the last line without an end", "A=1\nB=2", ("A", "1"), ("B", "2")),
    Row("CRLF", "A=1\r\nB=2\r\n", ("A", "1"), ("B", "2")),
    Row("CR alone", "A=1\rB=2\r", ("A", "1"), ("B", "2")),
    Row("a byte order mark", "\u{FEFF}A=1\n", ("A", "1")),
    Row("blanks before, and around the equals sign", "  A \t=  1 \t\n", ("A", "1")),
    Row("export", "export A=1\nexport\tB=2\n", ("A", "1"), ("B", "2")),
    Row(
      "a variable that is called export", "export=1\nexported=2\n", ("export", "1"),
      ("exported", "2")),
    Row("an empty value", "A=\nB= \nC=''\nD=\"\"\n", ("A", ""), ("B", ""), ("C", ""), ("D", "")),
    Row("a name alone", "A\nexport B\nC # c\n", ("A", nil), ("B", nil), ("C", nil)),
    Row("names of all characters", "_a9Z=1\n", ("_a9Z", "1")),
    Row("blanks in an unquoted value", "A=a  b\tc\n", ("A", "a  b\tc")),
    Row("equals signs in a value", "A=b=c==\n", ("A", "b=c==")),
    Row("quotes inside an unquoted value", "A=a'b\"c`d\n", ("A", "a'b\"c`d")),
    Row("backslashes in an unquoted value", "A=a\\nb\\\\\n", ("A", "a\\nb\\\\")),
    Row("a comment behind an unquoted value", "A=1 # one\nB=2\t#two\n", ("A", "1"), ("B", "2")),
    Row("a hash inside an unquoted value", "A=a#b\nB=#b\n", ("A", "a#b"), ("B", "#b")),
    Row("a comment in place of a value", "A= # b\nB=1\n", ("A", ""), ("B", "1")),
    Row("single quotes", "A='a b # c \"d\" `e` \\n $x'\n", ("A", "a b # c \"d\" `e` \\n $x")),
    Row(
      "a backslash before a closing single quote", "A='C:\\'\nB='x'\n", ("A", "C:\\"), ("B", "x")),
    Row("double quotes", "A=\"a b # c 'd' `e` $x\"\n", ("A", "a b # c 'd' `e` $x")),
    Row(
      "the escapes of double quotes", "A=\"\\n\\r\\t\\a\\b\\f\\v\\\\\\\"\\'\"\n",
      ("A", "\n\r\t\u{7}\u{8}\u{C}\u{B}\\\"'")),
    Row("other backslashes in double quotes", "A=\"\\d\\$\\\u{E9}\"\n", ("A", "\\d\\$\\\u{E9}")),
    Row("an escaped backslash at the end", "A=\"a\\\\\"\nB=\"x\"\n", ("A", "a\\"), ("B", "x")),
    Row("backquotes", "A=`a 'b' \"c\" \\n`\n", ("A", "a 'b' \"c\" \\n")),
    Row(
      "several lines", "A=\"1\n2\n\n3\"\nB='1\n2'\nC=`1\n2`\n", ("A", "1\n2\n\n3"), ("B", "1\n2"),
      ("C", "1\n2")),
    Row(
      "several lines that end with CRLF", "A=\"1\r\n2\r3\"\r\nB=4\r\n", ("A", "1\n2\n3"), ("B", "4")
    ),
    Row(
      "a comment behind quotes", "A='1' # one\nB=\"2\"#two\nC=3\n", ("A", "1"), ("B", "2"),
      ("C", "3")),
    Row(
      "nothing is expanded", "A=1\nB=${A}\nC=\"${A} $A\"\n", ("A", "1"), ("B", "${A}"),
      ("C", "${A} $A")),
    Row("a name that stands twice", "A=1\nA=2\n", ("A", "1"), ("A", "2")),
    Row(
      "text that is not ASCII", "A=gr\u{FC}n\nB='\u{1F511}'\n", ("A", "gr\u{FC}n"),
      ("B", "\u{1F511}")),

    Row("a reference", "A=coffer://web/stripe\n", ("A", "<web/stripe>")),
    Row(
      "references of all forms",
      "A=coffer://me/x\nB=coffer://org/x\nC=coffer://@ann/x\nD=coffer://id:0123456789Az\n",
      ("A", "<me/x>"), ("B", "<org/x>"), ("C", "<@ann/x>"), ("D", "<id:0123456789Az>")),
    Row(
      "references in all quotes", "A='coffer://a/b'\nB=\"coffer://a/b\"\nC=`coffer://a/b`\n",
      ("A", "<a/b>"), ("B", "<a/b>"), ("C", "<a/b>")),
    Row(
      "references inside a value",
      "A=postgres://coffer://web/user:coffer://web/db-password@host:5432/db\n",
      ("A", "postgres://<web/user>:<web/db-password>@host:5432/db")),
    Row("one reference behind another", "A=coffer://a/bcoffer://c/d\n", ("A", "<a/bcoffer>://c/d")),
    Row("a path behind a reference", "A=coffer://a/b/c\n", ("A", "<a/b>/c")),
    Row("text behind an id", "A=coffer://id:0123456789Az@x\n", ("A", "<id:0123456789Az>@x")),
    Row("an optional reference", "A=coffer://web/sentry?\n", ("A", "<web/sentry?>")),
    Row(
      "an optional reference with more around it", "A=\"x coffer://a/b?\" # c\n", ("A", "x <a/b?>")),
    Row("a question mark elsewhere", "A=coffer://a/b?x=1\n", ("A", "<a/b>?x=1")),
    Row("another scheme", "A=coffers://x coffer:/x\n", ("A", "coffers://x coffer:/x")),
  ]

  @Test("are read", arguments: rows)
  func reads(_ row: Row) throws {
    #expect(try ReadAssignment.read(row.text) == row.expected)
  }

  struct Error: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let line: Int
    let problem: String

    init(_ testDescription: String, _ text: String, line: Int, _ problem: String) {
      (self.testDescription, self.text, self.line) = (testDescription, text, line)
      self.problem = problem
    }
  }

  static let noAssignment = "this is no assignment NAME=value"
  static let behindQuote = "only a comment may stand behind the closing quote"
  static let notClosed = "the value begins with a quote that is not closed"
  static let noKey = "behind coffer:// no key is named"

  static let errors: [Error] = [
    Error("words", "A=1\n\nhunter2 hunter2\n", line: 3, noAssignment),
    Error("a name with a hyphen", "A=1\r\nhunter2-hunter2=1\r\n", line: 2, noAssignment),
    Error("a name with a letter of another script", "h\u{FC}nter2=1\n", line: 1, noAssignment),
    Error("a colon", "hunter2: hunter2\n", line: 1, noAssignment),
    Error("no name", "=hunter2\n", line: 1, noAssignment),
    Error("no name behind export", "export =hunter2\n", line: 1, noAssignment),
    Error(
      "a name that begins with a digit", "2hunter2=1\n", line: 1, "the name is none of a variable"),
    Error(
      "a name that is too long", "hunter2" + String(repeating: "x", count: 58) + "=\n", line: 1,
      "the name is none of a variable"),
    Error("a key in lines, unquoted", "A=-----BEGIN\nhunter2/hunter2+\n", line: 2, noAssignment),
    Error("single quotes that stay open", "\nA='hunter2\nB=1\n", line: 2, notClosed),
    Error("double quotes that stay open", "A=\"hunter2\\\"\nB=1\n", line: 1, notClosed),
    Error("backquotes that stay open", "A=`hunter2", line: 1, notClosed),
    Error("text behind quotes", "A='1\n2'hunter2\n", line: 1, behindQuote),
    Error("an escaped single quote", "A='hunter2\\'s'\n", line: 1, behindQuote),
    Error("a NUL", "A=1\nB=hunter2\0\n", line: 2, "the value holds a NUL"),
    Error("a reference without a key", "A=coffer://\n", line: 1, noKey),
    Error("a bare name", "A=coffer://hunter2\n", line: 1, noKey),
    Error("a name in upper case", "A=coffer://web/Hunter2\n", line: 1, noKey),
    Error("a name that becomes upper case", "A=coffer://web/hunter2X\n", line: 1, noKey),
    Error("an id that is too short", "A=coffer://id:hunter2\n", line: 1, noKey),
    Error("an id that is too long", "A=coffer://id:hunter2hunter2\n", line: 1, noKey),
    Error("a name behind nobody", "A=coffer://@/hunter2\n", line: 1, noKey),
  ]

  @Test("are refused with the line, and never with what stands there", arguments: errors)
  func refuses(_ error: Error) throws {
    let thrown = #expect(throws: ClientError.self) { try ReadAssignment.read(error.text) }
    #expect(thrown?.message.hasPrefix("x.env:\(error.line): \(error.problem)") == true)
    #expect(thrown?.message.contains("unter2") == false)
    #expect(thrown?.hint?.contains("unter2") != true)
  }

  @Test("tell where an assignment and its value stand") func ranges() throws {
    let text = "# c\n export A = \"x\ny\" # c\nB=1\r\nC\nD= # c\n"
    let file = try dotenvFile(text)
    func part(_ range: Range<Int>?) -> String? {
      range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }
    #expect(file.assignments.map(\.line) == [2, 4, 5, 6])
    #expect(file.assignments.map { part($0.range) } == ["export A = \"x\ny\"", "B=1", "C", "D="])
    #expect(file.assignments.map { part($0.valueRange) } == ["\"x\ny\"", "1", nil, ""])
    #expect(file.assignments.map { file.place(of: $0) }.last == "x.env:6")
    #expect(file.assignments.map(\.holdsText) == [true, true, false, false])
  }

  @Test("are read up to a limit") func limit() throws {
    let directory = TemporaryDirectory()
    let path = directory.path("big.env")
    let line = Array("A=0123456789abcd\n".utf8)
    var bytes = Array(repeatElement(line, count: DotenvFile.maximumByteCount / line.count).joined())
    bytes += repeatElement(UInt8(ascii: "#"), count: DotenvFile.maximumByteCount - bytes.count)
    Files.write(bytes, to: path)
    let count = try DotenvFile(reading: path).assignments.count
    #expect(count == DotenvFile.maximumByteCount / line.count)
    Files.write(bytes + [0x23], to: path)
    let thrown = #expect(throws: ClientError.self) { _ = try DotenvFile(reading: path).name }
    #expect(thrown?.message == "\(path): it has more than 1048576 bytes")
  }
}
