import Glibc
import Platform
import TestSupport
import Testing

/// What was asked, by whom, and what came of it.
@Suite("Audit")
struct AuditTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  struct Act {
    let line: String
    var answer: String?

    /// The code that it is answered with; 0 is OK.
    var code = 0

    /// What the row names as keys, and as what else it was about.
    var on: String?
    var object: String?
  }

  static let acts: [Act] = [
    Act(line: "WORKSPACE ADD api", object: "add api"),
    Act(line: "USER ADD eve --uid=4242", object: "add eve uid 4242"),
    Act(line: "GRANT eve editor api", object: "eve editor api"),
    Act(line: "POLICY SET idle-days 30", object: "idle-days 30"),
    Act(line: "CREATE api/ci --access=editor", on: "api/ci", object: "api/ci"),
    Act(line: "IMPORT api/stripe", answer: "value", on: "api/stripe", object: "api/stripe"),
    Act(line: "REPLACE api/stripe", answer: "second", on: "api/stripe", object: "api/stripe"),
    Act(line: "ROTATE api/ci --grace=1h", on: "api/ci", object: "api/ci"),
    Act(line: "EXPIRE api/ci 2h", on: "api/ci", object: "api/ci"),
    Act(line: "SUSPEND api/ci", on: "api/ci", object: "api/ci"),
    Act(line: "ENV api/ci", code: 156, on: "api/ci", object: "api/ci"),
    Act(line: "RESUME api/ci", on: "api/ci", object: "api/ci"),
    Act(line: "ENV api/ci api/stripe", on: "api/ci,api/stripe"),
    Act(line: "GRANT --unit=a.service api/ci", on: "api/ci", object: "a.service api/ci"),
    Act(
      line: "GRANT --unit=a.service api/stripe --credential=ci", code: 70, on: "api/stripe",
      object: "api/stripe"),
    Act(line: "GRANT --unit=a.service api/ci none", on: "api/ci", object: "a.service api/ci none"),
    Act(line: "SHOW api/none", code: 27, object: "api/none"),
    Act(line: "CREATE api/ci", code: 70, on: "api/ci", object: "api/ci"),
    Act(line: "GRANT root member", code: 156, object: "root"),
    Act(line: "REVOKE api/ci", on: "api/ci", object: "api/ci"),
    Act(line: "USER DISABLE eve", object: "disable eve"),
    Act(line: "USER ENABLE eve", object: "enable eve"),
    Act(line: "USER REBIND eve --uid=4243", object: "rebind eve uid 4243"),
    Act(line: "USER REMOVE eve", object: "remove eve"),
    Act(line: "WORKSPACE ARCHIVE api", on: "api/stripe", object: "archive api"),
  ]

  @Test("every act and refusal has a row, with who, what, on which key, and what came of it")
  func rows() throws {
    let client = try fixture.connect()
    _ = client.ask("OPTION command=tester")
    let start = try fixture.auditRows().count
    for act in Self.acts {
      #expect(client.code(act.line, answering: act.answer) == act.code, "\(act.line)")
    }
    let rows = try fixture.auditRows().dropFirst(start)
    #expect(rows.count == Self.acts.count)
    let words = [0: "ok", 27: "not found", 70: "conflict", 156: "wrong state"]
    for (row, act) in zip(rows, Self.acts) {
      #expect(row["verb"] == act.line.prefix { $0 != " " }.description, "\(row)")
      #expect(row["outcome"] == words[act.code], "\(row)")
      #expect(row["code"] == (act.code == 0 ? nil : "\(act.code)"), "\(row)")
      #expect(row["on"] == act.on && row["object"] == act.object, "\(act.line): \(row)")
      #expect(row["user"] == "root" && row["uid"] == "\(getuid())", "\(row)")
      #expect(row["pid"] == "\(getpid())" && row["command"] == "tester", "\(row)")
      #expect(row["key"] == nil)
    }
    // What only reads, and what changes nothing, has none.
    for line in ["LIST", "SHOW web/stripe", "WHOAMI", "USER LIST", "UNUSED", "WHY web/stripe"] {
      #expect(client.code(line) == 0)
    }
    #expect(client.code("REVOKE id:\(try id(of: "web/deploy"))") == 0)
    #expect(try fixture.auditRows().count == start + Self.acts.count + 1)
  }

  private func id(of name: String) throws -> String {
    let reply = try fixture.connect().ask("SHOW \(name)")
    let line = try #require(reply.first { $0.hasPrefix("S id=") })
    return String(line.dropFirst(5))
  }

  @Test("texts that are presented have rows, and what a key does has its name") func presented()
    throws
  {
    let text = fixture.coffer("create", "web/ci").line
    let dead = fixture.coffer("create", "web/dead").line
    fixture.coffer("revoke", "web/dead")
    let start = try fixture.auditRows().count
    let client = try fixture.connect()
    #expect(client.code("VERIFY", answering: text) == 0)
    #expect(client.code("VERIFY --require=import", answering: text) == 251)
    #expect(client.code("VERIFY", answering: IssuedText.withOtherSecret(text)) == 315)
    #expect(client.code("BURN", answering: dead) == 0)
    #expect(client.code("AUTH", answering: text) == 0)
    #expect(client.code("ENV web/stripe") == 0)
    #expect(client.code("ENV web/deploy") == 251)
    #expect(client.code("ROTATE web/ci") == 251)
    #expect(client.code("AUTH", answering: dead) == 315)
    #expect(client.code("LIST") == 251)
    let told = try fixture.auditRows().dropFirst(start).map { row in
      ["verb", "user", "key", "on", "outcome", "object"].map { row[$0] ?? "-" }
        .joined(separator: " ")
    }
    #expect(
      told == [
        "VERIFY root - web/ci ok -", "VERIFY root - web/ci forbidden no permission",
        "VERIFY root - web/ci denied unknown", "BURN root - web/dead denied dead-key",
        "AUTH - - web/ci ok -", "ENV - web/ci web/stripe ok -",
        "ENV - web/ci web/deploy forbidden web/deploy", "ROTATE - web/ci - forbidden ROTATE",
        "AUTH - - web/dead denied dead-key", "LIST - - - forbidden caller",
      ])
  }

  @Test("a flood of refusals has ten rows and one that counts the others") func flood() throws {
    let client = try fixture.connect()
    let start = try fixture.auditRows().count
    for number in 0..<25 { #expect(client.code("SHOW web/none-\(number)") == 27) }
    #expect(try fixture.auditRows().count == start + 10)
    #expect(client.code("LOCK") == 0)
    // What is refused while it is locked becomes one row.
    for _ in 0..<6 { #expect(client.code("LIST") == 173) }
    let wrong = String(repeating: "w", count: 64)
    #expect(client.code("CHECK --repair=vault --key-file", answering: wrong) == 11)
    fixture.coffer("unlock")
    let rows = try fixture.auditRows().dropFirst(start + 10)
    let told = rows.map { "\($0["verb"] ?? "") \($0["object"] ?? "")" }
    #expect(told == ["REFUSED and 15 more", "LOCK ", "REFUSED 7 while locked", "UNLOCK "])
  }

  @Test("rows are chosen by time, key and user, and printed as lines or as JSON") func filters()
    throws
  {
    fixture.coffer("run", "-k", "web/stripe", "--", "true")
    let key = fixture.coffer("audit", "--key", "web/stripe").outputText.split(separator: "\n")
    #expect(key.count == 3)
    #expect(key[0].hasPrefix("TIME                 WHO         VERB       ON"))
    #expect(key[1].contains("  root        IMPORT     web/stripe               ok"))
    #expect(key[2].contains("  root        ENV        web/stripe               ok"))
    let all = fixture.coffer("audit").outputText.split(separator: "\n")
    #expect(all.count == 6 && all.allSatisfy { $0.count <= 80 }, "\(all)")
    #expect(fixture.coffer("audit", "--user", "root").outputText.split(separator: "\n") == all)
    #expect(fixture.coffer("audit", "--since", "1h").outputText.split(separator: "\n") == all)
    #expect(fixture.coffer("audit", "--until", "1h").output.isEmpty)
    #expect(fixture.coffer("audit", "--since", "2100-01-01T00:00:00Z").output.isEmpty)
    let json = fixture.coffer("audit", "--key", "web/stripe", "--json").outputText
    let last = json.split(separator: "\n").last ?? ""
    #expect(last.hasPrefix(#"{"n":"#), "\(last)")
    #expect(
      last.hasSuffix(
        #""command":"true","verb":"ENV","outcome":"ok","code":null,"on":["web/stripe"],"#
          + #""object":null,"more":null}"#), "\(last)")
    sleep(milliseconds: 1100)
    let moment = Int(time(nil))
    fixture.coffer("verify", input: fixture.coffer("create", "web/ci").line)
    let since = try fixture.auditRows("--since=\(RFC3339.text(moment))")
    #expect(since.map { $0["verb"] } == ["CREATE", "VERIFY"], "\(since)")
    let until = try fixture.auditRows("--until=\(RFC3339.text(moment))")
    #expect(until.last?["verb"] == "ENV")
    for (arguments, message) in [
      (["--key", "web/none"], "coffer: web/none: not found\n"),
      (["--user", "eve"], "coffer: eve: not found\n"),
      (["--since", "lately"], "coffer: "), (["--check", "--key", "web/stripe"], "coffer: "),
    ] {
      let refused = fixture.coffer(["audit"] + arguments)
      #expect([1, 2].contains(refused.status) && refused.output.isEmpty)
      #expect(refused.errorText.hasPrefix(message), "\(refused.errorText)")
    }
  }
}

/// Moments as the protocol writes them.
enum RFC3339 {
  /// A number of seconds since 1970, in UTC.
  static func text(_ seconds: Int) -> String {
    var (clock, parts) = (time_t(seconds), tm())
    gmtime_r(&clock, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
