import Glibc
import TestSupport
import Testing

/// The protocol on the socket, with clients that do what they should not.
@Suite("Protocol")
struct ProtocolTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  @Test("the greeting comes first, and commands are answered in turn") func greeting() throws {
    let client = try AssuanClient(fixture.socketPath)
    #expect(client.readLine()?.hasPrefix("OK Coffer ") == true)
    client.send("NOP\nGETINFO protocol\nGETINFO state\r\nnop\n# comment\n\nBYE\n")
    #expect(client.readReply() == ["OK"])
    #expect(client.readReply() == ["D 1", "OK"])
    #expect(client.readReply() == ["D unlocked", "OK"])
    #expect(client.readReply() == ["OK"])
    #expect(client.readReply() == ["OK closing connection"])
    #expect(client.isClosed())
  }

  struct Wrong: CustomTestStringConvertible {
    let testDescription: String
    let line: String
    let code: Int
  }

  static let wrong: [Wrong] = [
    Wrong(testDescription: "an unknown command", line: "FROBNICATE now", code: 275),
    Wrong(testDescription: "leading white space", line: " NOP", code: 276),
    Wrong(testDescription: "a broken escape", line: "SHOW web%2", code: 276),
    Wrong(testDescription: "an escape that is none", line: "SHOW web%G1x", code: 276),
    Wrong(testDescription: "a word that is not UTF-8", line: "SHOW web%FF", code: 276),
    Wrong(testDescription: "an unknown option", line: "SHOW --loud web/stripe", code: 174),
    Wrong(testDescription: "an option without its value", line: "CREATE me/x --env", code: 280),
    Wrong(testDescription: "too many words", line: "SHOW web/stripe web/deploy", code: 280),
    Wrong(testDescription: "too few words", line: "SHOW", code: 280),
    Wrong(testDescription: "an option twice", line: "LIST --limit=1 --limit=2", code: 276),
    Wrong(testDescription: "an option of OPTION", line: "OPTION display=:0", code: 174),
    Wrong(testDescription: "OPTION alone", line: "OPTION", code: 280),
    Wrong(testDescription: "data that nobody asked for", line: "D x", code: 274),
    Wrong(testDescription: "an end that nobody waits for", line: "END", code: 274),
    Wrong(testDescription: "unknown information", line: "GETINFO weather", code: 280),
    Wrong(testDescription: "help on nothing", line: "HELP FROBNICATE", code: 27),
    Wrong(testDescription: "a name that is none", line: "SHOW web/Stripe", code: 55),
    Wrong(testDescription: "a key that is not there", line: "SHOW web/nothing", code: 27),
    Wrong(testDescription: "a name that is taken", line: "CREATE web/stripe", code: 70),
    Wrong(testDescription: "a page that is too long", line: "LIST --limit=1001", code: 55),
    Wrong(testDescription: "a vault that is there", line: "INIT --organization=x", code: 156),
    Wrong(testDescription: "ENV of nothing", line: "ENV", code: 280),
    Wrong(testDescription: "ENV of nobody's names", line: "ENV --only= web/stripe", code: 55),
    Wrong(testDescription: "a dry run of what is not there", line: "ENV --dry-run web/x", code: 27),
  ]

  @Test("what is wrong gets its error, and the connection goes on", arguments: wrong)
  func errors(_ test: Wrong) throws {
    let client = try fixture.connect()
    let reply = client.ask(test.line)
    #expect(AssuanClient.errorCode(of: reply) == test.code, "\(reply)")
    #expect(client.ask("NOP") == ["OK"])
  }

  @Test("CANCEL outside an inquiry is OK, every verb has help") func standardCommands() throws {
    let client = try fixture.connect()
    for line in ["CANCEL", "RESET", "OPTION command=x", "OPTION command = x", "OPTION --command=x"]
    {
      #expect(client.ask(line) == ["OK"], "\(line)")
    }
    let verbs = client.ask("HELP").dropLast().map { $0.dropFirst(2).prefix { $0 != " " } }
    #expect(verbs.contains("ENV"))
    for verb in verbs {
      let help = client.ask("HELP \(verb)")
      #expect(help.last == "OK")
      #expect(help.count > 2, "\(verb) is not explained")
    }
  }

  @Test(
    "fault 26: lines up to 1000 bytes are taken, a longer one ends the connection",
    arguments: [
      (1000, "\n", true), (1000, "\r\n", true), (1001, "\n", false), (1001, "\r\n", false),
      (1003, "\n", false), (1002, "", false), (100_000, "", false),
    ])
  func lineLength(count: Int, end: String, isTaken: Bool) throws {
    let client = try fixture.connect()
    let other = try fixture.connect()
    client.send("NOP" + String(repeating: " ", count: count - 3) + end)
    let reply = client.readReply()
    if isTaken {
      #expect(reply == ["OK"])
      #expect(client.ask("NOP") == ["OK"])
    } else {
      #expect(AssuanClient.errorCode(of: reply) == 263)
      #expect(client.isClosed())
    }
    #expect(other.ask("NOP") == ["OK"])
  }

  @Test("fault 34: a thousand commands in one write are answered in order") func pipelined() throws
  {
    let client = try fixture.connect()
    client.send((0..<1000).map { "SHOW me/none-\($0)\n" }.joined())
    for number in 0..<1000 {
      #expect(client.readReply().last?.hasSuffix("me/none-\(number): not found") == true)
    }
  }

  @Test("bytes of any kind on the socket disturb nobody else") func garbage() throws {
    let good = try fixture.connect()
    var state: UInt64 = 42
    for round in 0..<200 {
      let client = try AssuanClient(fixture.socketPath)
      let bytes = (0..<(round * 7)).map { _ -> UInt8 in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
      }
      client.send(bytes)
      if round % 3 == 0 { client.finishSending() }
    }
    #expect(good.ask("NOP") == ["OK"])
    #expect(fixture.daemonID != nil)
  }

  @Test("faults 29, 30: a client that dies anywhere leaves nothing half done") func dyingClients()
    throws
  {
    let dialogue =
      "OPTION command=x\nCREATE me/dying\nIMPORT me/dead\nD value\nEND\nENV web/stripe\n"
    for count in 0...dialogue.utf8.count {
      let client = try AssuanClient(fixture.socketPath)
      client.send(Array(dialogue.utf8.prefix(count)))
    }
    // A command that was whole may have been done, even if nobody saw its end.
    let client = try fixture.connect()
    for name in ["me/dying", "me/dead"] {
      let reply = client.ask("SHOW \(name)")
      let code = AssuanClient.errorCode(of: reply)
      #expect(code == nil || code == 27, "\(reply)")
    }
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
  }

  @Test("fault 29: after the client has sent all, it still gets its answers") func halfClosed()
    throws
  {
    let client = try fixture.connect()
    client.send("SHOW web/stripe\nCREATE me/late\nENV web/str")
    client.finishSending()
    #expect(client.readReply().last == "OK")
    #expect(client.readReply().last == "OK")
    // The last line was never whole.
    #expect(client.readLine() == nil)
    #expect(client.isClosed())
  }

  @Test("fault 34: who does not read answers is not given more, and costs no memory")
  func unreadAnswers()
    throws
  {
    func residentKilobytes() -> Int {
      Footprint(of: fixture.daemonID ?? 0).resident
    }
    let before = residentKilobytes()
    let clients = try (0..<4).map { _ in try fixture.connect() }
    var sent: [Int] = []
    for client in clients { sent.append(client.flood("HELP\n", limit: 200_000)) }
    #expect(sent.allSatisfy { $0 < 200_000 }, "the daemon took all")
    #expect(residentKilobytes() - before < 10_000)
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    // What was taken is answered, every command of it.
    for (client, count) in zip(clients, sent) {
      for number in 0..<count {
        guard client.readReply().last == "OK" else {
          Issue.record("answer \(number) of \(count) is missing")
          break
        }
      }
    }
  }

  @Test("inquiries that end badly give their places back") func places() throws {
    let long = String(repeating: "x", count: 1200)
    for round in 0..<60 {
      let client = try fixture.connect()
      #expect(client.ask("IMPORT me/place-\(round)").last == "INQUIRE VALUE", "\(round)")
      switch round % 4 {
      case 0: client.send("D \(long)\n")
      case 1: client.finishSending()
      case 2: client.send("D abc")
      default: client.send("D abc%\nCAN\n")
      }
      if round % 4 != 2 { _ = client.readReply() }
    }
    #expect(fixture.coffer("import", "me/at-last", input: "value").status == 0)
  }

  @Test("secrets that are tried do not hold up the rest, and few of one uid wait")
  func manyUnlocks() throws {
    let clients = try (0..<12).map { _ in try fixture.connect() }
    for client in clients { #expect(client.ask("UNLOCK").last == "INQUIRE PASSPHRASE") }
    // A key file has no such slot, so each of them is refused after its turn.
    for client in clients { client.send("D wrong\nEND\n") }
    #expect(fixture.coffer("create", "me/meanwhile").status == 0)
    let codes = clients.map { AssuanClient.errorCode(of: $0.readReply()) }
    #expect(codes.allSatisfy { $0 == 11 || $0 == 183 }, "\(codes)")
    #expect(codes.contains(11))
  }

  @Test("a lock ends the connections that have a question open or answers unread")
  func lockEndsConnections() throws {
    let asked = try fixture.connect()
    #expect(asked.ask("IMPORT me/asked").last == "INQUIRE VALUE")
    let unread = try fixture.connect()
    _ = unread.flood("LIST\nHELP\n", limit: 2_000_000)
    let idle = try fixture.connect()
    #expect(try fixture.connect().ask("LOCK") == ["OK"])
    #expect(asked.isClosed(seconds: 5))
    #expect(idle.ask("NOP") == ["OK"])
    // What was sent before is there still, but behind it there is an end.
    while unread.readLine(seconds: 5) != nil {}
    #expect(unread.isClosed(seconds: 5))
  }

  @Test("gpg-connect-agent drives every command") func agent() throws {
    let agent = try #require(Programs.find("gpg-connect-agent"))
    let value = fixture.directory.path("value")
    Files.write((1...255).map { UInt8($0) }, to: value)
    let received = fixture.directory.path("received")
    Files.write(
      Array(fixture.coffer("create", "me/job").line.utf8), to: fixture.directory.path("job"))
    let result = Subprocess.run(
      agent,
      [
        "-S", fixture.socketPath, "/definqfile VALUE \(value)",
        "/definqfile KEYFILE \(fixture.keyFilePath)", "NOP", "OPTION command=test", "WHOAMI",
        "STATUS", "WORKSPACE ADD api", "WORKSPACE LIST", "USER ADD bob --uid=4242", "USER LIST",
        "GRANT bob editor api", "CREATE api/ci --access=editor", "IMPORT api/all --env=ALL", "LIST",
        "SHOW api/all", "ROTATE api/ci --grace=1h", "SUSPEND api/ci", "RESUME api/ci",
        "EXPIRE api/ci 1d", "REVOKE api/ci --reason=test", "REPLACE api/all", "UNUSED",
        "WHY api/all", "POLICY SHOW", "POLICY SET max-grace 10d", "CHECK --repair=clock",
        "USER DISABLE bob", "USER ENABLE bob", "USER REBIND bob --uid=4243",
        "USER REMOVE bob --dry-run", "WORKSPACE ADD old", "WORKSPACE ARCHIVE old", "LOCK",
        "UNLOCK --key-file", "AUDIT --limit=5", "AUDIT --check", "/datafile \(received)",
        "ENV api/all", "/datafile",
        "/definqfile KEY \(fixture.directory.path("job"))", "VERIFY", "RESET", "GETINFO pid",
        "AUTH",
        "BURN", "/bye",
      ], environment: fixture.environment)
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.allSatisfy { !$0.hasPrefix("ERR") }, "\(result.outputText)")
    #expect(lines.filter { $0 == "OK" }.count == 40, "\(result.outputText)")
    #expect(Files.read(received) == Array("ALL=".utf8) + (1...255).map { UInt8($0) } + [0])
  }
}
