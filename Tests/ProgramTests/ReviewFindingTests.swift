import TestSupport
import Testing

/// What a review of the key authority had found, each as it was shown.
@Suite("Findings of a review")
struct ReviewFindingTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initializeWithKeys()
  }

  @Test(
    "no length of time makes a vault that cannot be opened again",
    arguments: ["36500d", "36501d", "99999d", "12725830d", "999999999d"])
  func longTimes(time: String) {
    let isPossible = time == "36500d"
    let imported = fixture.coffer(["import", "me/y", "--expires", time], input: Array("v".utf8))
    #expect((imported.status == 0) == isPossible, "\(imported.errorText)")
    let policy = fixture.coffer("policy", "set", "max-lifetime", time)
    #expect((policy.status == 0) == isPossible, "\(policy.errorText)")
    let replaced = fixture.coffer(
      ["replace", "web/stripe", "--expires", time], input: Array("v".utf8))
    #expect((replaced.status == 0) == isPossible, "\(replaced.errorText)")
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(fixture.coffer("list").status == 0)
  }

  @Test(
    "no number of a row is too great to begin behind",
    arguments: ["18446744073709551615", "18446744073709550592", "9223372036854775807", "1000000"])
  func greatRowNumbers(number: String) throws {
    let client = try fixture.connect()
    #expect(client.ask("AUDIT --after=\(number)") == ["OK"])
    #expect(client.ask("AUDIT --check --after=\(number)") == ["S CHECKED rows=0", "OK"])
    #expect(client.ask("NOP") == ["OK"])
  }

  @Test("a workspace is added where keys reach it already") func reachingKeys() {
    #expect(fixture.coffer("create", "org/ci").status == 0)
    #expect(fixture.coffer("create", "me/all").status == 0)
    #expect(fixture.coffer("create", "me/each", "--scope", "*").status == 0)
    #expect(fixture.coffer("workspace", "add", "second").status == 0)
    #expect(fixture.coffer("workspace", "add", "third").status == 0)
  }

  @Test("other refusals do not hide that an ended text was presented") func hiddenDeadKey() {
    let text = fixture.coffer("create", "web/leaked").line
    fixture.coffer("revoke", "web/leaked")
    for _ in 0..<15 { fixture.coffer("show", "web/never") }
    #expect(fixture.coffer("verify", input: text).status == 1)
    #expect(fixture.coffer("audit").outputText.contains("denied: dead-key"))
  }

  @Test("who calls something dead-key is not taken for a leak, and hides none")
  func calledDeadKey() throws {
    let text = fixture.coffer("create", "web/leaked").line
    fixture.coffer("revoke", "web/leaked")
    for _ in 0..<8 { fixture.coffer("show", "dead-key") }
    #expect(!fixture.coffer("audit").outputText.contains(": dead-key"))
    for _ in 0..<8 { fixture.coffer("show", "dead-key") }
    #expect(fixture.coffer("verify", input: text).status == 1)
    let rows = fixture.coffer("audit").outputText.split(separator: "\n")
    #expect(rows.filter { $0.hasSuffix("denied: dead-key") }.count == 1)
  }

  @Test("an ended text that is brought as a value leaves its row too") func importedDeadKey() {
    let text = fixture.coffer("create", "web/leaked").line
    fixture.coffer("revoke", "web/leaked")
    #expect(fixture.coffer("import", "me/found", input: text).status == 1)
    #expect(fixture.coffer("audit").outputText.contains("dead-key"))
  }

  @Test("a former text that is burned in its grace is called no dead key") func burnedInGrace() {
    let text = fixture.coffer("create", "web/job").line
    fixture.coffer("rotate", "web/job")
    #expect(fixture.coffer("burn", input: text).status == 0)
    #expect(!fixture.coffer("audit").outputText.contains("dead-key"))
    #expect(fixture.coffer("verify", input: text).status == 1)
    #expect(fixture.coffer("audit").outputText.contains("dead-key"))
  }

  @Test("who fails to act as a key in a locked vault acts as nobody behind it")
  func lockedAUTH() throws {
    fixture.coffer("lock")
    let client = try fixture.connect()
    #expect(AssuanClient.errorCode(of: client.ask("AUTH")) == 173)
    fixture.coffer("unlock", "--key-file", fixture.keyFilePath)
    #expect(AssuanClient.errorCode(of: client.ask("LIST")) == 251)
    #expect(AssuanClient.errorCode(of: client.ask("AUTH word")) == 280)
    #expect(AssuanClient.errorCode(of: client.ask("ENV web/stripe")) == 251)
  }

  @Test("a long scope hides nothing else of a key") func longScope() {
    let names = (100..<130).map { "workspace-with-a-long-name-\($0)" }
    for name in names.prefix(20) { fixture.coffer("workspace", "add", name) }
    let scope = names.prefix(20).joined(separator: ",") + ":list"
    #expect(fixture.coffer("create", "me/scoped", "--scope", scope).status == 0)
    let listed = fixture.coffer("list", "--json").outputText.split(separator: "\n").last ?? ""
    #expect(listed.contains("\"created\":\"2") && listed.contains("\"creator\":\"root\""))
    #expect(fixture.coffer("show", "me/scoped").outputText.contains("\(scope)\n"))
  }
}
