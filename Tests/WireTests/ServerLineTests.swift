import Testing
import Wire

@Suite("ServerLine")
struct ServerLineTests {
  static func parsed(_ line: String) throws(SyntaxError) -> ServerLine {
    try ServerLine(parsing: line.utf8.span)
  }

  struct Case: CustomTestStringConvertible {
    let line: String
    let meaning: ServerLine

    init(_ line: String, _ meaning: ServerLine) {
      self.line = line
      self.meaning = meaning
    }

    var testDescription: String { line.debugDescription }
  }

  static let cases: [Case] = [
    Case("OK", .ok("")),
    Case("OK ", .ok("")),
    Case("OK Pleased to meet you, process 32167", .ok("Pleased to meet you, process 32167")),
    Case("OK closing connection", .ok("closing connection")),
    Case("ERR 536870939", .error(number: 536_870_939, message: "")),
    Case("ERR 536870939 ", .error(number: 536_870_939, message: "")),
    Case(
      "ERR 536870939 web/ci: not found",
      .error(number: 536_870_939, message: "web/ci: not found")),
    Case(
      "ERR 83886179 Operation cancelled <Pinentry>",
      .error(number: 83_886_179, message: "Operation cancelled <Pinentry>")),
    Case("ERR 1 100% %zz", .error(number: 1, message: "100% %zz")),
    Case("S", .status([])),
    Case("S KEY", .status(["KEY"])),
    Case("S PROGRESS tick 1 2", .status(["PROGRESS", "tick", "1", "2"])),
    Case("S KEY name=web/ci note=a%20b%25", .status(["KEY", "name=web/ci", "note=a b%"])),
    Case("S INQUIRE_MAXLEN 1024", .status(["INQUIRE_MAXLEN", "1024"])),
    Case("S HINT open it with 'coffer unlock'", .hint("open it with 'coffer unlock'")),
    Case("S HINT a%25%0Ab", .hint("a%\nb")),
    Case("S HINTS x", .status(["HINTS", "x"])),
    Case("S HINT", .status(["HINT"])),
    Case("D ", .data(2..<2)),
    Case("D a%25 b", .data(2..<8)),
    Case("D OK", .data(2..<4)),
    Case("D \0\u{1}", .data(2..<4)),
    Case("INQUIRE PASSPHRASE", .inquire("PASSPHRASE")),
    Case("INQUIRE KEYFILE 12", .inquire("KEYFILE", of: "12")),
    Case("INQUIRE VALUE of web/ci", .inquire("VALUE", of: "of web/ci")),
    Case("# a comment", .comment("a comment")),
    Case("#", .comment("")),
    Case("", .comment("")),
  ]

  @Test("reads what a server sends", arguments: cases)
  func reads(_ test: Case) throws {
    #expect(try Self.parsed(test.line) == test.meaning)
  }

  @Test(
    "refuses what no server sends",
    arguments: [
      "ok", "OKAY", "ERR", "ERR ", "ERR x", "ERR 12x", "ERR 99999999999999999999", "ERRor 1",
      "D", "DATA", "d x", "NOP", " OK", "s KEY", "INQUIRED", "CAN", "S KEY %", "S KEY a%4",
      "S HINT %zz", "S KEY %FF", "S %C3%28", "+OK", "HTTP/1.1 200 OK",
    ])
  func refuses(line: String) {
    #expect(throws: SyntaxError.self) { _ = try Self.parsed(line) }
  }

  @Test("takes data for bytes and everything else for text") func readsAnyBytes() throws {
    let data: [UInt8] = [0x44, 0x20, 0xFF, 0x00, 0xC3]
    #expect(try ServerLine(parsing: data.span) == .data(2..<5))
    let message = Array("OK ".utf8) + [0xFF]
    #expect(try ServerLine(parsing: message.span) == .ok("\u{FFFD}"))
  }

  @Test("a message may begin with a combining character") func readsCombinedMessage() throws {
    let line = try Self.parsed("ERR 536870967 \u{301}x: invalid")
    #expect(line == .error(number: 536_870_967, message: "\u{301}x: invalid"))
  }

  @Test("a word of a status may begin with a combining character") func readsCombinedWord() throws {
    let line = try Self.parsed("S KEY \u{301}x")
    #expect(line == .status(["KEY", "\u{301}x"]))
  }

  @Test("END in the middle of data is passed over") func readsPartialEnd() {
    #expect(throws: Never.self) { _ = try Self.parsed("END") }
  }

  @Test("a comment keeps its first letter") func readsTightComment() throws {
    let line = try Self.parsed("#comment")
    #expect(line == .comment("comment"))
  }
}

@Suite("StatusFields")
struct StatusFieldsTests {
  @Test("tells keywords from fields") func tells() {
    let fields = StatusFields(["KEY", "name=web/ci", "env=CI", "more"])
    #expect(fields.keywords == ["KEY", "more"])
    #expect(fields.fields.map(\.name) == ["name", "env"])
    #expect(fields.fields.map(\.value) == ["web/ci", "CI"])
  }

  @Test("a field's value begins behind the first '='") func readsValue() {
    let fields = StatusFields(["note=a=b", "empty=", "=nameless"])
    #expect(fields["note"] == "a=b")
    #expect(fields["empty"] == "")
    #expect(fields[""] == "nameless")
    #expect(fields["missing"] == nil)
    #expect(fields.keywords.isEmpty)
  }

  @Test("the first field of a name counts") func readsFirst() {
    #expect(StatusFields(["a=1", "a=2"])["a"] == "1")
  }

  @Test("equal means the same keywords and fields in the same order") func compares() {
    let one = StatusFields(["KEY", "a=1", "b=2"])
    #expect(one == StatusFields(["a=1", "KEY", "b=2"]))
    #expect(one != StatusFields(["a=1", "b=2"]))
    #expect(one != StatusFields(["KEY", "b=2", "a=1"]))
    #expect(one != StatusFields(["KEY", "a=1"]))
    #expect(one != StatusFields(["KEY", "a=1", "b=3"]))
    #expect(StatusFields(["a=1"]) == StatusFields(fields: [("a", "1")]))
  }

  @Test("fields survive the way over the wire") func roundTrips() throws {
    let words = ["KEY", "name=web/ci", "note=a b=c%\n\u{7F}é", "empty="]
    let line = ReplyLine.status(words).dropLast()
    guard case .status(let received) = try ServerLine(parsing: Array(line).span) else {
      Issue.record("this is no status line")
      return
    }
    #expect(received == words)
    #expect(StatusFields(received) == StatusFields(words))
  }

  @Test("a value may begin with a combining character") func readsCombinedValue() {
    #expect(StatusFields(["note=\u{301}x"])["note"] == "\u{301}x")
  }
}
