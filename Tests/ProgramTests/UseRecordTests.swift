import Glibc
import Platform
import TestSupport
import Testing

/// When, how often and by whom keys are used, and which of them could go.
@Suite("Use records")
struct UseRecordTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  /// What SHOW tells of a key, by field.
  private func shown(_ name: String) throws -> [String: String] {
    var fields: [String: String] = [:]
    for line in try fixture.connect().ask("SHOW \(name)") {
      fields.merge(StatusLine.fields(line)) { first, _ in first }
    }
    return fields
  }

  @Test(
    "a use is on record right after its answer, whatever kind it is, through a kill -9",
    arguments: ["VERIFY", "AUTH", "ENV web/stripe"])
  func survivesKill(line: String) throws {
    let text = fixture.coffer("create", "web/ci").line
    let name = line.hasPrefix("ENV") ? "web/stripe" : "web/ci"
    #expect(try shown(name)["uses"] == "0")
    for count in 1...3 {
      let client = try fixture.connect()
      _ = client.ask("OPTION command=deploy.sh")
      #expect(client.code(line, answering: text) == 0)
      fixture.killDaemon()
      #expect(fixture.coffer("unlock").status == 0)
      let fields = try shown(name)
      #expect(fields["uses"] == "\(count)")
      #expect(fields["last_used"] != nil)
      #expect(fields["last_command"] == "deploy.sh")
    }
  }

  @Test("who used a key last is told with the uid and the command") func lastUser() throws {
    fixture.coffer("run", "-k", "web/stripe", "--", "true")
    let fields = try shown("web/stripe")
    #expect(fields["last_uid"] == "\(getuid())", "\(fields)")
    #expect(fields["last_command"] == "true")
    let json = fixture.coffer("show", "web/stripe", "--json").line
    #expect(json.contains(#""last_uid":\#(getuid()),"last_command":"true""#), "\(json)")
  }

  @Test("failures, listing and management are no use") func noUse() throws {
    let text = fixture.coffer("create", "web/ci").line
    fixture.coffer("verify", input: IssuedText.withOtherSecret(text))
    fixture.coffer("verify", "--require", "import", input: text)
    fixture.coffer("list")
    fixture.coffer("show", "web/ci")
    fixture.coffer("suspend", "web/ci")
    fixture.coffer("verify", input: text)
    fixture.coffer("run", "-k", "web/ci", "--", "true")
    fixture.coffer("resume", "web/ci")
    fixture.coffer("expire", "web/ci", "1h")
    fixture.coffer("rotate", "web/ci")
    fixture.coffer("why", "web/ci")
    let fields = try shown("web/ci")
    #expect(fields["uses"] == "0" && fields["last_used"] == nil, "\(fields)")
  }

  @Test("a former text that is still used is told as superseded, and the report goes with it")
  func superseded() {
    let text = fixture.coffer("create", "web/ci").line
    #expect(fixture.coffer("unused").errorText == "coffer: no key in sight seems to be unused\n")
    fixture.coffer("rotate", "web/ci", "--grace", "1h")
    #expect(fixture.coffer("unused", "--class", "superseded").output.isEmpty)
    #expect(fixture.coffer("verify", input: text).status == 0)
    let report = fixture.coffer("unused").outputText
    #expect(report.contains("superseded  web/ci"), "\(report)")
    let json = fixture.coffer("unused", "--json").line
    #expect(json.contains(#""class":"superseded""#) && json.contains(#""name":"web/ci""#))
    #expect(fixture.coffer("list", "--flag", "superseded").outputText.contains("web/ci"))
    #expect(fixture.coffer("list", "--flag", "idle").output.isEmpty)
    fixture.coffer("rotate", "web/ci", "--now")
    #expect(fixture.coffer("unused").output.isEmpty)
    #expect(fixture.coffer("unused", "--class", "lazy").status == 1)
  }

  @Test("--revoke ends just the list that was shown, in one commit") func revokes() throws {
    let texts = ["web/a", "web/b"].map { fixture.coffer("create", $0).line }
    for name in ["web/a", "web/b"] { fixture.coffer("rotate", name, "--grace", "1h") }
    for text in texts { fixture.coffer("verify", input: text) }
    // Without a terminal nobody is asked, and nothing is ended.
    let before = fixture.records
    let asked = fixture.coffer("unused", "--revoke", "superseded")
    #expect(asked.status == 2 && fixture.records == before)
    let client = try fixture.connect()
    let reply = client.ask("UNUSED --class=superseded")
    let token = try #require(StatusLine.first("LIST", of: reply)["token"])
    // Another one comes to be of the class in between.
    let third = fixture.coffer("create", "web/c").line
    fixture.coffer("rotate", "web/c", "--grace", "1h")
    fixture.coffer("verify", input: third)
    let unchanged = fixture.records
    #expect(client.code("UNUSED --revoke=superseded --token=\(token)") == 70)
    #expect(client.code("UNUSED --revoke=superseded --token=none") == 70)
    #expect(client.code("UNUSED --revoke=idle --token=\(token)") == 70)
    #expect(client.code("UNUSED --revoke=superseded") == 280)
    #expect(fixture.records == unchanged)
    let sequence = try fixture.auditRows().count
    let revoked = fixture.coffer("unused", "--revoke", "superseded", "--yes")
    #expect(revoked.status == 0, "\(revoked.errorText)")
    for name in ["web/a", "web/b", "web/c"] {
      #expect(revoked.errorText.contains("coffer: revoked \(name) (id "))
      let shown = fixture.coffer("show", name, "--json").line
      #expect(shown.contains(#""state":"revoked""#))
      #expect(shown.contains(#""reason":"unused: superseded""#))
    }
    let rows = try fixture.auditRows().dropFirst(sequence)
    #expect(rows.count == 1 && rows.first?["on"] == "web/a,web/b,web/c", "\(rows)")
    #expect(fixture.coffer("show", "web/deploy", "--json").line.contains(#""state":"active""#))
  }
}
