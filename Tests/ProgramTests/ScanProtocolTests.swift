import Glibc
import Platform
import TestSupport
import Testing

/// SCAN on the socket, by clients that want to learn more than they may.
@Suite("SCAN")
struct ScanProtocolTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  static let question = ["S INQUIRE_MAXLEN 65536", "INQUIRE CANDIDATES"]

  /// Sends candidates as one answer, and reads what comes.
  static func answer(_ client: AssuanClient, _ candidates: [String]) -> [String] {
    var lines: [String] = []
    for (index, candidate) in candidates.enumerated() {
      if index > 0 { lines.append("D %00") }
      var rest = candidate[...]
      while !rest.isEmpty {
        lines.append("D " + rest.prefix(900))
        rest = rest.dropFirst(900)
      }
    }
    client.send((lines + ["END"]).map { $0 + "\n" }.joined())
    return client.readReply()
  }

  /// What SCAN tells of candidates that are sent in one answer.
  static func scan(_ client: AssuanClient, _ candidates: [String]) -> [String] {
    guard client.ask("SCAN").last == question.last else { return ["SCAN asks for nothing"] }
    guard answer(client, candidates) == question else { return ["SCAN does not ask again"] }
    return answer(client, [])
  }

  @Test("candidates are counted through all answers, and the finds told at the end")
  func dialogue() throws {
    let key = fixture.coffer("create", "web/ci").line
    let client = try fixture.connect()
    #expect(client.ask("SCAN") == Self.question)
    #expect(Self.answer(client, ["one", VaultFixture.stripeValue, "", "three"]) == Self.question)
    #expect(Self.answer(client, [key, VaultFixture.stripeValue]) == Self.question)
    let reply = Self.answer(client, [])
    let found = reply.dropLast().map { $0.split(separator: " ").map(String.init) }
    #expect(found.map { $0[2] } == ["n=2", "n=5", "n=6"])
    #expect(found.map { $0[3] } == ["name=web/stripe", "name=web/ci", "name=web/stripe"])
    #expect(found.map { $0[5] } == ["origin=imported", "origin=issued", "origin=imported"])
    #expect(found.allSatisfy { $0.prefix(2) == ["S", "STORED"] && $0.count == 6 })
    #expect(reply.last == "OK")
    // Nothing is asked of who has nothing.
    #expect(client.ask("SCAN") == Self.question)
    #expect(Self.answer(client, []) == ["OK"])
  }

  @Test("what is not the whole value is none of it") func parts() throws {
    let client = try fixture.connect()
    let value = VaultFixture.stripeValue
    let parts = [
      String(value.dropLast()), value + "x", value.uppercased(), " " + value, "STRIPE_KEY",
    ]
    #expect(Self.scan(client, parts) == ["OK"])
  }

  @Test("an ended key's value is told no more, a suspended one's still is") func ended() throws {
    let key = fixture.coffer("create", "web/ci").line
    let client = try fixture.connect()
    fixture.coffer("suspend", "web/stripe")
    #expect(Self.scan(client, [VaultFixture.stripeValue]).count == 2)
    fixture.coffer("replace", "web/stripe", input: "another-value")
    #expect(Self.scan(client, [VaultFixture.stripeValue]) == ["OK"])
    #expect(Self.scan(client, ["another-value"]).count == 2)
    fixture.coffer("revoke", "web/stripe")
    #expect(Self.scan(client, ["another-value"]) == ["OK"])
    fixture.coffer("revoke", "web/ci")
    #expect(Self.scan(client, [key]) == ["OK"])
    // That was a search, and nobody has presented the key.
    #expect(!fixture.coffer("audit").outputText.contains("dead-key"))
  }

  @Test("one row tells of a whole scan: which keys, and how often, no value")
  func audit() throws {
    let before = fixture.coffer("audit", "--json").outputText.split(separator: "\n").count
    let client = try fixture.connect()
    #expect(client.ask("SCAN") == Self.question)
    for _ in 0..<5 {
      #expect(Self.answer(client, ["no", VaultFixture.stripeValue, "no"]) == Self.question)
    }
    _ = Self.answer(client, [])
    let rows = fixture.coffer("audit", "--json").outputText.split(separator: "\n").dropFirst(before)
    let scans = rows.filter { $0.contains("\"SCAN\"") }
    try #require(scans.count == 1, "\(rows)")
    #expect(scans.first?.contains("web/stripe") == true)
    #expect(scans.first?.contains("5 of 15 candidates") == true)
    // It is no use of the key.
    #expect(fixture.coffer("show", "web/stripe", "--json").outputText.contains(#""uses":0"#))
  }

  @Test("too many candidates in one answer are refused, and the connection goes on")
  func limit() throws {
    let client = try fixture.connect()
    let most = (0..<1023).map { "x\($0)" } + [VaultFixture.stripeValue]
    #expect(Self.scan(client, most).first?.contains(" n=1024 ") == true)
    _ = client.ask("SCAN")
    #expect(AssuanClient.errorCode(of: Self.answer(client, most + ["y"])) == 183)
    _ = client.ask("SCAN")
    let long = [String(repeating: "a", count: 40_000), String(repeating: "b", count: 40_000)]
    #expect(AssuanClient.errorCode(of: Self.answer(client, long)) == 183)
    #expect(client.ask("NOP") == ["OK"])
  }

  @Test("a command asks 64 times at the most, and ends before when much was found")
  func ends() throws {
    let client = try fixture.connect()
    _ = client.ask("SCAN")
    for _ in 1..<64 { #expect(Self.answer(client, ["nothing"]) == Self.question) }
    #expect(Self.answer(client, [VaultFixture.stripeValue]).count == 2)
    _ = client.ask("SCAN")
    let much = Array(repeating: VaultFixture.stripeValue, count: 1000)
    #expect(Self.answer(client, much).count == 1001)
    #expect(client.ask("NOP") == ["OK"])
  }

  @Test("canceled, it tells nothing; locked, it asks nothing") func canceled() throws {
    let client = try fixture.connect()
    _ = client.ask("SCAN")
    #expect(Self.answer(client, [VaultFixture.stripeValue]) == Self.question)
    #expect(AssuanClient.errorCode(of: client.ask("CAN")) == 277)
    fixture.coffer("lock")
    #expect(AssuanClient.errorCode(of: try fixture.connect().ask("SCAN")) == 173)
  }

  @Test(
    "of a batch that is looked at no copy stays in the daemon's memory",
    .enabled(if: Programs.isRoot, "needs root to read it"))
  func memory() throws {
    let client = try fixture.connect()
    let candidate = "candidate-of-memory-e17b52"
    #expect(Self.scan(client, [candidate, VaultFixture.stripeValue, candidate]).count == 2)
    let id = try #require(fixture.daemonID)
    #expect(SecretSearch(Array(candidate.utf8)).found(inMemoryOf: id).isEmpty)
  }
}

/// SCAN by people who may use different things.
@Suite("SCAN by several people", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct ScanTeamTests {
  let team = Team()

  /// What `coffer scan` tells somebody of a file with all values.
  private func finds(_ uid: Int, _ values: [String]) -> [String] {
    let path = team.fixture.directory.path("all.txt")
    Files.write(Array(values.joined(separator: "\n").utf8), to: path, mode: 0o644)
    chmod(path, 0o644)
    return team.coffer(as: uid, ["scan", path]).outputText.split(separator: "\n").map {
      String($0.dropFirst(path.utf8.count + 1))
    }
  }

  @Test("each is told of what they may use, and of nothing else") func rights() throws {
    team.owner("import", "web/admin", "--use-role", "admin", input: "value-of-admins")
    team.editor("import", "web/edit", "--use-role", "editor", input: "value-of-editors")
    team.editor("import", "me/own", input: "value-of-eve-alone")
    team.owner("import", "org/billing", input: "value-of-owners")
    team.owner("import", "api/other", input: "value-of-api")
    let issued = team.editor("create", "web/deploy", "--access", "editor").line
    let values = [
      VaultFixture.stripeValue, "value-of-editors", "value-of-admins", "value-of-eve-alone",
      "value-of-owners", "value-of-api", issued,
    ]
    let key =
      "an issued key cof_wk_\(IssuedText.id(of: issued))... (id \(IssuedText.id(of: issued)))"
    #expect(
      finds(Team.ada, values) == [
        "1: web/stripe (stored value)", "2: web/edit (stored value)",
        "3: web/admin (stored value)", "5: org/billing (stored value)",
        "6: api/other (stored value)", "7: web/deploy, \(key)",
      ])
    #expect(
      finds(Team.eve, values) == [
        "1: web/stripe (stored value)", "2: web/edit (stored value)",
        "4: me/own (stored value)", "7: web/deploy, \(key)",
      ])
    #expect(finds(Team.vic, values) == ["1: web/stripe (stored value)", "7: \(key)"])
    #expect(finds(Team.max, values) == ["7: \(key)"])
  }

  @Test("two keys with one value: only the one that the caller may use is named")
  func sameValue() throws {
    team.owner("import", "api/stripe", input: VaultFixture.stripeValue)
    #expect(finds(Team.vic, [VaultFixture.stripeValue]) == ["1: web/stripe (stored value)"])
    #expect(
      finds(Team.ada, [VaultFixture.stripeValue]) == [
        "1: web/stripe (stored value)", "1: api/stripe (stored value)",
      ])
  }

  @Test("who is no user, and who acts as a key, are told nothing of values") func others() throws {
    let path = team.fixture.directory.path("file")
    Files.write(Array(VaultFixture.stripeValue.utf8), to: path, mode: 0o644)
    let key = team.editor("create", "web/ci", "--access", "editor").line
    for result in [
      team.coffer(as: Team.stranger, ["scan", path]),
      team.coffer(as: Team.eve, ["scan", path], key: key),
    ] {
      #expect(result.outputText == "")
      #expect(result.status == 3)
      #expect(result.errorText.contains("stored values were not looked for: "))
    }
  }
}
