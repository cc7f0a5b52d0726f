import Platform
import TestSupport
import Testing

/// New texts for old ones, in real time.
@Suite("coffer rotate")
struct RotationTests {
  let fixture = VaultFixture()
  let first: String

  init() {
    fixture.initializeWithKeys()
    first = fixture.coffer("create", "web/ci").line
  }

  private func isValid(_ text: String) -> Bool {
    fixture.coffer("verify", "--quiet", input: text).status == 0
  }

  private func injected(_ name: String) -> String {
    fixture.coffer("run", "-k", "\(name)=VALUE", "--", "printenv", "VALUE").line
  }

  @Test("in its grace both texts are valid, then the old one dies at its time and leaves a trace")
  func grace() throws {
    let rotated = fixture.coffer("rotate", "web/ci", "--grace", "2s")
    let second = rotated.line
    #expect(IssuedText.id(of: second) == IssuedText.id(of: first))
    #expect(second != first && second.utf8.count == 57)
    #expect(!rotated.errorText.contains(second.dropFirst(19)))
    let client = try fixture.connect()
    let before = client.ask("VERIFY", answering: first)
    let ends = try #require(StatusLine.first("VALID", of: before)["ends"], "\(before)")
    #expect(rotated.errorText.contains("the former text (version 1) is accepted until \(ends)\n"))
    #expect(StatusLine.first("VALID", of: client.ask("VERIFY", answering: second))["ends"] == nil)
    // What is injected is the new one, from now on.
    #expect(injected("web/ci") == second)
    let start = BootInstant.now
    #expect(eventually { client.code("VERIFY", answering: first) == 315 })
    let seconds = BootInstant.now.seconds(since: start)
    #expect(seconds <= 2, "it lived for \(seconds) seconds")
    // By the clock on the wall it died in the very second that was told.
    let row = try #require(try fixture.auditRows("--key=web/ci").last)
    #expect(row["time"] == ends && row["outcome"] == "denied", "\(row)")
    #expect(row["object"] == "dead-key" && row["uid"] == "\(Process.userID)", "\(row)")
    #expect(row["pid"] == "\(Process.id)", "\(row)")
    #expect(isValid(second))
  }

  @Test("--now ends the former text at once, and a grace that ran as well") func now() {
    let second = fixture.coffer("rotate", "web/ci", "--now").line
    #expect(!isValid(first) && isValid(second))
    let third = fixture.coffer("rotate", "web/ci").line
    #expect(isValid(second) && isValid(third))
    let fourth = fixture.coffer("rotate", "web/ci", "--now").line
    #expect(!isValid(second) && !isValid(third) && isValid(fourth))
  }

  @Test("while a former text lives another rotation is refused, unless --end-grace is said")
  func endGrace() {
    let second = fixture.coffer("rotate", "web/ci", "--grace", "1h").line
    let before = fixture.records
    let refused = fixture.coffer("rotate", "web/ci")
    #expect(refused.status == 1 && refused.output.isEmpty)
    #expect(
      refused.errorText.hasPrefix(
        "coffer: web/ci: wrong state: its former version is still accepted, until 20"))
    #expect(refused.errorText.hasSuffix("coffer: hint: say '--end-grace' to end that one now\n"))
    #expect(fixture.records == before)
    let third = fixture.coffer("rotate", "web/ci", "--end-grace").line
    // Never more than two.
    #expect(!isValid(first) && isValid(second) && isValid(third))
  }

  @Test("a former text does not outlive its own expiry") func ownExpiry() throws {
    let short = fixture.coffer("create", "web/short", "--expires", "3s").line
    fixture.coffer("rotate", "web/short", "--grace", "24h")
    let client = try fixture.connect()
    let shown = client.ask("SHOW web/short").filter { $0.hasPrefix("S VERSION ") }
      .map { StatusLine.fields($0) }
    #expect(shown.count == 2)
    #expect(eventually { client.code("VERIFY", answering: short) == 315 })
    let row = try #require(try fixture.auditRows("--key=web/short").last)
    #expect(row["time"] == shown.first?["expires"], "\(row) \(shown)")
  }

  @Test("what was rotated lives through a kill -9: both texts, and no older one") func survives() {
    let second = fixture.coffer("rotate", "web/ci", "--now").line
    let third = fixture.coffer("rotate", "web/ci", "--grace", "1h").line
    fixture.killDaemon()
    #expect(!isValid(first) && isValid(second) && isValid(third))
    #expect(injected("web/ci") == third)
    let dead = fixture.coffer("verify", input: first).errorText
    #expect(dead == "coffer: denied: the text is that of a version which has been retired\n")
  }

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    var before: [[String]] = []
    let arguments: [String]
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "a grace above the policy's", arguments: ["web/ci", "--grace", "31d"],
      message: "coffer: web/ci: invalid: "),
    Refused(
      testDescription: "a grace that is no time", arguments: ["web/ci", "--grace", "long"],
      message: "coffer: --grace: invalid: a time is written as 90d, 12h, 30m or 2s\n"),
    Refused(
      testDescription: "a suspended key", before: [["suspend", "web/ci"]], arguments: ["web/ci"],
      message: "coffer: web/ci: wrong state: the key is suspended\n"),
    Refused(
      testDescription: "a revoked key", before: [["revoke", "web/ci"]], arguments: ["web/ci"],
      message: "coffer: web/ci: wrong state: the key is revoked\n"),
    Refused(
      testDescription: "an imported key", arguments: ["web/stripe"],
      message: "coffer: web/stripe: invalid: an imported key is not rotated here, its vendor"),
    Refused(
      testDescription: "a key that is not there", arguments: ["web/none"],
      message: "coffer: web/none: not found\n"),
  ]

  @Test("what cannot be rotated is told why, gives no text, and stays as it is", arguments: refused)
  func refuses(_ test: Refused) {
    for arguments in test.before { #expect(fixture.coffer(arguments).status == 0) }
    let before = fixture.records
    let result = fixture.coffer(["rotate"] + test.arguments)
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix(test.message), "\(result.errorText)")
    #expect(fixture.records == before)
  }

  @Test("--now and --grace exclude each other") func exclude() {
    #expect(fixture.coffer("rotate", "web/ci", "--now", "--grace", "1h").status == 2)
  }
}
