import Testing
import Wire

@Suite("ReplyLine")
struct ReplyLineTests {
  /// Texts that break lines, fill them, or both.
  static let texts: [String] =
    ["", "a", "%", "a\nb", "a\r\nb", "\r", "\0", "a\u{2028}b\u{85}c", "D x\nOK\nERR 1", "OK"]
    + ["a", "%", "\n", " ", "é", "日", "👩🏽", "e\u{301}"].flatMap { character in
      // So that the cut comes at each place in a character.
      (0...4).map {
        String(repeating: "x", count: $0) + String(repeating: character, count: 1200)
      }
    }

  /// The lines of an answer, as a client finds them.
  static func lines(_ answer: [UInt8]) -> [[UInt8]] {
    answer.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map(Array.init)
  }

  /// What is true of each line that a daemon sends.
  static func check(_ answer: [UInt8], lineCount: Int, _ beginnings: [String]) {
    #expect(answer.last == 0x0A)
    let lines = lines(answer)
    #expect(lines.count == lineCount)
    for (line, beginning) in zip(lines, beginnings) {
      #expect(line.count <= 998)
      #expect(!line.contains(0x0D) && !line.contains(0))
      #expect(line.starts(with: beginning.utf8))
      #expect(String(validating: line, as: UTF8.self) != nil, "a character was cut")
    }
  }

  @Test("a failure is one line of at most 998 bytes", arguments: texts)
  func failures(text: String) {
    Self.check(ReplyLine.error(Failure(.failed, text)), lineCount: 1, ["ERR 536870913 "])
  }

  @Test("a hint is a line before the failure's", arguments: texts)
  func hints(text: String) {
    let answer = ReplyLine.error(Failure(.failed, "x", hint: text))
    Self.check(answer, lineCount: 2, ["S HINT ", "ERR 536870913 x"])
  }

  @Test("a status is one line of at most 998 bytes", arguments: texts)
  func statuses(text: String) {
    Self.check(ReplyLine.status([text]), lineCount: 1, ["S "])
    Self.check(ReplyLine.status(["KEY", "note=\(text)", text]), lineCount: 1, ["S KEY note="])
  }

  @Test("a comment is one line of at most 998 bytes", arguments: texts)
  func comments(text: String) {
    Self.check(ReplyLine.comment(text), lineCount: 1, ["# "])
  }

  @Test("a long greeting is cut to 998 bytes") func cutsGreeting() {
    let answer = ReplyLine.ok(String(repeating: "日", count: 400))
    Self.check(answer, lineCount: 1, ["OK 日"])
    // "OK " and 331 characters of three bytes; one more would not fit.
    #expect(answer.count == 3 + 331 * 3 + 1)
  }

  @Test("a line of exactly 998 bytes is not cut") func keepsLongestLine() {
    let text = String(repeating: "a", count: 995)
    #expect(ReplyLine.ok(text) == Array("OK \(text)\n".utf8))
    #expect(ReplyLine.ok(text + "b") == Array("OK \(text)\n".utf8))
  }

  @Test("writes what the protocol says") func writes() {
    func text(_ answer: [UInt8]) -> String { String(decoding: answer, as: UTF8.self) }
    #expect(text(ReplyLine.ok()) == "OK\n")
    #expect(text(ReplyLine.ok("closing connection")) == "OK closing connection\n")
    #expect(
      text(ReplyLine.error(Failure(.notFound, "web/ci: not found")))
        == "ERR 536870939 web/ci: not found\n")
    #expect(
      text(ReplyLine.error(Failure(.locked, "the vault is locked", hint: "100% unlock")))
        == "S HINT 100%25 unlock\nERR 536871085 the vault is locked\n")
    #expect(text(ReplyLine.status(["KEY", "note=a b"])) == "S KEY note=a%20b\n")
    #expect(
      text(ReplyLine.inquire("VALUE", maximumByteCount: 65_536))
        == "S INQUIRE_MAXLEN 65536\nINQUIRE VALUE\n")
    #expect(text(ReplyLine.comment("SHOW KEY")) == "# SHOW KEY\n")
  }

  @Test("a client reads the failure that was written") func roundTripsFailure() throws {
    let failure = Failure(.conflict, "web/ci: conflict: 100% taken", hint: "choose 'web/c%69'")
    let lines = Self.lines(ReplyLine.error(failure))
    try #require(lines.count == 2)
    let (hint, error) = (lines[0], lines[1])
    #expect(try ServerLine(parsing: hint.span) == .hint("choose 'web/c%69'"))
    #expect(
      try ServerLine(parsing: error.span)
        == .error(number: failure.number, message: failure.message))
  }

  @Test("a long status or hint is never cut inside an escape") func keepsEscapes() {
    let text = String(repeating: "%", count: 400)
    let answers = (0...2).flatMap { count in
      let shifted = String(repeating: "x", count: count) + text
      return [
        ReplyLine.status(["KEY", shifted]), ReplyLine.error(Failure(.failed, "x", hint: shifted)),
      ]
    }
    for line in answers.compactMap({ Self.lines($0).first }) {
      #expect(throws: Never.self) { _ = try ServerLine(parsing: line.span) }
    }
  }

  @Test("no line end gets into a greeting or a question") func keepsOneLine() {
    Self.check(ReplyLine.ok("a\nb"), lineCount: 1, ["OK a?b"])
    Self.check(
      ReplyLine.inquire("A\nB", maximumByteCount: 1), lineCount: 2, ["S", "INQUIRE A?B"])
  }
}
