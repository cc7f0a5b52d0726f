import Platform
import TestSupport
import Testing

/// A connection that acts as a key, on the socket itself.
@Suite("AUTH")
struct PresentedKeyTests {
  let fixture = VaultFixture()

  init() {
    fixture.initializeWithKeys()
    fixture.coffer("workspace", "add", "api")
    fixture.coffer("import", "api/stripe", input: "value-of-api")
    fixture.coffer("import", "me/github", input: "value-of-me")
  }

  /// A connection that acts as the key.
  private func connection(presenting text: String) throws -> AssuanClient {
    let client = try fixture.connect()
    #expect(client.ask("AUTH", answering: text) == ["OK"])
    return client
  }

  @Test(
    "a connection acts as nobody behind an AUTH that nobody could read",
    arguments: ["AUTH %zz", "AUTH --a --a", "auth %", "AUTH " + String(repeating: "x", count: 980)])
  func unreadableAuthentication(line: String) throws {
    let client = try fixture.connect()
    #expect(client.ask("WHOAMI").last == "OK")
    #expect(AssuanClient.errorCode(of: client.ask(line)) != nil)
    #expect(AssuanClient.errorCode(of: client.ask("WHOAMI")) == 251)
    // Another verb that begins alike changes nothing.
    let other = try fixture.connect()
    #expect(AssuanClient.errorCode(of: other.ask("AUTHOR %zz")) == 276)
    #expect(other.ask("WHOAMI").last == "OK")
  }

  /// One key of each type, each with all rights that it can have.
  private func mightyKeys() -> [String] {
    [
      ["me/mighty"], ["web/mighty", "--access", "editor"], ["org/mighty", "--access", "editor"],
    ].map { fixture.coffer(["create"] + $0).line }
  }

  /// Every line that manages something, but for what it says of the object.
  static let managing = [
    "CREATE web/new", "CREATE me/new", "CREATE org/new", "ROTATE web/deploy",
    "ROTATE web/mighty", "EXPIRE web/deploy 1h", "SUSPEND web/deploy", "RESUME web/deploy",
    "REVOKE web/deploy", "REVOKE web/stripe", "GRANT root owner", "GRANT root admin web",
    "GRANT --unit=web.service web/stripe", "GRANT --unit=web.service web/stripe none",
    "GRANT --unit=web.service", "SCAN", "HOLDERS", "CREATE --process web",
    "USER ADD eve --uid=77", "USER LIST", "USER DISABLE root", "USER REMOVE root",
    "USER REBIND root --uid=78", "USER REBIND root --uid=78 --key-file", "WORKSPACE ADD new",
    "WORKSPACE LIST", "WORKSPACE ARCHIVE web", "POLICY SHOW", "POLICY SET allow-never true",
    "UNUSED", "UNUSED --revoke=never-used --token=x", "WHY web/stripe", "AUDIT", "AUDIT --check",
    "SLOT LIST", "SLOT ADD recovery", "SLOT REMOVE 1", "SLOT REMOVE 1 --keep-key", "SLOT CHANGE 1",
    "REKEY", "BACKUP", "RESTORE", "RESUME --restored", "CHECK --repair=writing",
    "CHECK --repair=vault", "CHECK", "CHECK --repair=clock", "LOCK", "UNLOCK", "UNLOCK --key-file",
    "INIT --organization=x",
  ]

  /// Example 9.
  @Test("whatever the key, every verb that manages is forbidden, and nothing changes")
  func allowlist() throws {
    for text in mightyKeys() {
      let before = fixture.records
      let client = try connection(presenting: text)
      for line in Self.managing {
        let reply = client.ask(line)
        // Past an inquiry or a lock no other line would mean anything.
        try #require(AssuanClient.errorCode(of: reply) == 251, "\(line): \(reply)")
      }
      for line in ["WHOAMI", "STATUS", "LIST", "SHOW web/stripe", "ENV web/stripe", "NOP"] {
        #expect(client.ask(line).last == "OK", "\(line)")
      }
      #expect(fixture.records == before)
    }
    // All that HELP knows was tried, but for what keys may do.
    let verbs = try fixture.connect().ask("HELP").dropLast().map {
      String($0.dropFirst(2).prefix { $0 != " " })
    }
    let served: Set<String> = [
      "NOP", "BYE", "RESET", "HELP", "OPTION", "CANCEL", "GETINFO", "STATUS", "WHOAMI", "AUTH",
      "LIST", "SHOW", "ENV", "VERIFY", "BURN", "IMPORT", "REPLACE",
    ]
    let tried = Set(Self.managing.map { String($0.prefix { $0 != " " }) })
    #expect(Set(verbs) == served.union(tried))
  }

  /// Example 15.
  @Test("a workspace key sees its workspace, and the rest is as if it were not there")
  func sight() throws {
    let client = try connection(presenting: fixture.coffer("create", "web/ci").line)
    let names = client.ask("LIST").filter { $0.hasPrefix("S KEY ") }
      .compactMap { StatusLine.fields($0)["name"] }
    #expect(names == ["web/stripe", "web/deploy", "web/ci"])
    let workspaces = client.ask("WHOAMI").filter { $0.hasPrefix("S WORKSPACE ") }
      .compactMap { StatusLine.fields($0)["name"] }
    #expect(workspaces == ["web"])
    for (there, nowhere) in [
      ("api/stripe", "aqi/stripe"), ("api/none", "aqi/none"), ("me/github", "me/gothub"),
      ("@root/github", "@toor/github"), ("org/none", "org/some"),
    ] {
      for verb in ["SHOW", "ENV"] {
        let reply = client.ask("\(verb) \(there)")
        #expect(AssuanClient.errorCode(of: reply) == 27)
        let other = client.ask("\(verb) \(nowhere)").map { $0.substituting(nowhere, there) }
        #expect(reply == other)
      }
    }
    for line in ["LIST --workspace=", "ENV --workspace="] {
      let reply = client.ask(line + "api")
      #expect(AssuanClient.errorCode(of: reply) == 27)
      #expect(reply == client.ask(line + "aqi").map { $0.substituting("aqi", "api") })
    }
  }

  /// Example 32.
  @Test("a key injects imported keys of its workspace, and never an issued one") func injection()
    throws
  {
    let text = fixture.coffer("create", "web/ci", "--access", "editor").line
    let client = try connection(presenting: text)
    let stripe = client.ask("ENV web/stripe")
    #expect(stripe.contains("D STRIPE_KEY=\(VaultFixture.stripeValue)\0"), "\(stripe)")
    for name in ["web/deploy", "web/ci", "id:\(IssuedText.id(of: text))", "deploy"] {
      let reply = client.ask("ENV \(name)")
      #expect(AssuanClient.errorCode(of: reply) == 251, "\(name): \(reply)")
      #expect(!reply.contains { $0.hasPrefix("D ") })
    }
    // All of a workspace leaves out what may not be used.
    let all = client.ask("ENV --workspace=web")
    #expect(all.filter { $0.hasPrefix("S ENV ") } == ["S ENV key=web/stripe name=STRIPE_KEY"])
    #expect(client.code("IMPORT web/new", answering: "value") == 0)
    #expect(client.code("REPLACE web/new", answering: "another") == 0)
    #expect(client.code("IMPORT api/new", answering: "value") == 27)
    #expect(client.code("IMPORT org/new", answering: "value") == 251)
    #expect(client.code("REPLACE api/stripe", answering: "value") == 27)
    // Of a viewer key neither.
    let viewer = try connection(presenting: fixture.coffer("create", "web/viewer").line)
    #expect(viewer.code("IMPORT web/newer", answering: "value") == 251)
    #expect(viewer.code("REPLACE web/stripe", answering: "value") == 251)
    #expect(viewer.code("ENV web/stripe") == 0)
    // A user key injects its owner's imported keys, and no issued one.
    let user = try connection(presenting: fixture.coffer("create", "me/laptop").line)
    #expect(user.code("ENV me/github api/stripe") == 0)
    for name in ["me/laptop", "web/deploy"] { #expect(user.code("ENV \(name)") == 251) }
  }

  @Test("after a failed AUTH a connection acts as nobody, until one succeeds") func failedAuth()
    throws
  {
    let text = fixture.coffer("create", "web/ci").line
    let failures: [(AssuanClient) -> Int] = [
      { $0.code("AUTH", answering: "no key") },
      { $0.code("AUTH", answering: IssuedText.withOtherSecret(text)) },
      { client in
        _ = client.ask("AUTH")
        return client.code("CAN")
      },
    ]
    for (fail, expected) in zip(failures, [79, 315, 277]) {
      for startsAsKey in [false, true] {
        let client = try startsAsKey ? connection(presenting: text) : fixture.connect()
        #expect(client.code("LIST") == 0)
        #expect(fail(client) == expected)
        for line in ["LIST", "WHOAMI", "SHOW web/stripe", "ENV web/stripe", "CREATE me/x", "LOCK"] {
          #expect(client.code(line) == 251, "\(line)")
        }
        #expect(client.code("AUTH", answering: text) == 0)
        #expect(client.code("LIST") == 0)
      }
    }
  }

  struct End: CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]

    /// Whether it takes until a second has passed.
    var takesTime = false
  }

  static let ends: [End] = [
    End(testDescription: "revoked", arguments: ["revoke", "web/ci"]),
    End(testDescription: "rotated with --now", arguments: ["rotate", "web/ci", "--now"]),
    End(testDescription: "suspended", arguments: ["suspend", "web/ci"]),
    End(testDescription: "expired", arguments: ["expire", "web/ci", "1s"], takesTime: true),
    End(
      testDescription: "rotated with a grace that is over",
      arguments: ["rotate", "web/ci", "--grace", "1s"], takesTime: true),
  ]

  @Test("a key that ends while it acts is refused at the next request", arguments: ends)
  func endsMeanwhile(_ end: End) throws {
    let text = fixture.coffer("create", "web/ci", "--access", "editor").line
    let client = try connection(presenting: text)
    let waiting = try connection(presenting: text)
    #expect(waiting.ask("IMPORT web/late").last == "INQUIRE VALUE")
    #expect(client.code("LIST") == 0)
    #expect(fixture.coffer(end.arguments).status == 0)
    if end.takesTime { #expect(eventually { client.code("LIST") != 0 }) }
    for line in ["LIST", "WHOAMI", "SHOW web/stripe", "ENV web/stripe"] {
      #expect(client.code(line) == 315, "\(line)")
    }
    // What it had begun is not done either.
    waiting.send("D value\nEND\n")
    #expect(AssuanClient.errorCode(of: waiting.readReply()) == 315)
    #expect(fixture.coffer("show", "web/late").status == 1)
    #expect(client.code("AUTH", answering: text) == 315)
  }
}
