import Glibc
import Platform
import TestSupport
import Testing

/// Each limit at its edge: so much is done, and one more is refused by name.
@Suite("Limits at their edge")
struct LimitEdgeTests {
  let fixture = VaultFixture()

  /// Makes keys of a workspace in a few batches.
  private func makeKeys(_ count: Int) throws {
    fixture.initialize()
    fixture.coffer("workspace", "add", "web")
    let client = try fixture.connect()
    // Few enough at a time that the kernel keeps the answers.
    for first in stride(from: 0, to: count, by: 100) {
      let numbers = first..<min(first + 100, count)
      for number in numbers { client.send("CREATE web/k\(number)\n") }
      for number in numbers { #expect(client.readReply().last == "OK", "\(number)") }
    }
  }

  @Test("one command injects 1000 keys, and no more") func injections() throws {
    try makeKeys(1001)
    let client = try fixture.connect()
    let refused = client.ask("ENV --workspace=web")
    #expect(AssuanClient.errorCode(of: refused) == 183)
    #expect(refused.last?.contains("one command injects at most 1000 keys") == true, "\(refused)")
    #expect(client.ask("REVOKE web/k0").last == "OK")
    let reply = client.ask("ENV --workspace=web")
    #expect(reply.last == "OK")
    #expect(reply.count { $0.hasPrefix("S ENV ") } == 1000)
  }

  @Test("a page has 100 keys unless told, and 1000 at the most") func pages() throws {
    try makeKeys(1001)
    let client = try fixture.connect()
    for (line, count) in [("LIST", 100), ("LIST --limit=1000", 1000), ("LIST --limit=1", 1)] {
      let reply = client.ask(line)
      #expect(reply.last == "OK")
      #expect(reply.count { $0.hasPrefix("S KEY ") } == count)
      #expect(reply.count { $0.hasPrefix("S MORE ") } == 1)
    }
    for line in ["LIST --limit=1001", "LIST --limit=0"] {
      let reply = client.ask(line)
      #expect(AssuanClient.errorCode(of: reply) == 55)
      #expect(reply.last?.contains("a page has 1 to 1000 keys") == true, "\(reply)")
    }
  }

  @Test("one command reads 1024 rows of the audit, and no more") func auditRows() throws {
    try makeKeys(1200)
    let client = try fixture.connect()
    // Some rows are shown to nobody, and are looked at all the same.
    for line in ["AUDIT --after=50", "AUDIT --after=50 --limit=1024"] {
      let reply = client.ask(line)
      #expect(reply.suffix(2) == ["S MORE after=1074", "OK"], "\(reply.suffix(2))")
      #expect((1000...1024).contains(reply.count { $0.hasPrefix("S ROW ") }))
    }
    #expect(client.ask("AUDIT --check --after=50").contains("S CHECKED rows=1024"))
    let refused = client.ask("AUDIT --limit=1025")
    #expect(AssuanClient.errorCode(of: refused) == 55)
    #expect(refused.last?.contains("a page has 1 to 1024 rows") == true, "\(refused)")
  }

  @Test("three secrets of one uid are tried at a time, and further ones refused") func jobs() throws
  {
    let passphrase = "correct horse"
    fixture.coffer(
      ["init", "--organization", "acme", "--passphrase-fd", "0", "--no-recovery"],
      input: Array(passphrase.utf8), environment: fixture.environment)
    let clients = try (0..<5).map { _ in
      let client = try fixture.connect()
      #expect(client.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
      return client
    }
    // All of them arrive at once.
    let daemon = try #require(fixture.daemonID)
    kill(daemon, SIGSTOP)
    for client in clients { client.send("D \(passphrase)\nEND\n") }
    kill(daemon, SIGCONT)
    let replies = clients.map { $0.readReply() }
    #expect(replies.count { $0 == ["OK"] } == 3, "\(replies)")
    let refused = replies.filter { AssuanClient.errorCode(of: $0) == 183 }
    #expect(refused.count == 2)
    #expect(refused.first?.last?.contains("3 secrets of uid 0 are being tried already") == true)
    // The connection stays, and may try again.
    for client in clients { #expect(client.ask("NOP") == ["OK"]) }
  }

  @Test("an answer of 128 KiB is refused when it ends, one byte more at once") func answers() throws
  {
    fixture.initialize()
    let client = try fixture.connect()
    #expect(client.ask("IMPORT me/whole").last == "INQUIRE VALUE")
    for _ in 0..<256 { client.send("D " + String(repeating: "x", count: 512) + "\n") }
    #expect(client.readLine(seconds: 0.3) == nil, "nothing is said before the end")
    let refused = client.ask("END")
    #expect(AssuanClient.errorCode(of: refused) == 183)
    #expect(refused.last?.contains("a value has at most 65536 bytes") == true, "\(refused)")
    #expect(client.ask("IMPORT me/whole").last == "INQUIRE VALUE")
    for _ in 0..<256 { client.send("D " + String(repeating: "x", count: 512) + "\n") }
    client.send("D x\n")
    let ended = client.readReply()
    #expect(AssuanClient.errorCode(of: ended) == 183)
    #expect(ended.last?.contains("this answer has at most 131072 bytes") == true, "\(ended)")
    #expect(client.isClosed())
  }

  @Test("a vault has 16 slots, and no more") func slots() {
    fixture.initialize()
    for number in 2...17 {
      let result = fixture.coffer(
        "slot", "add", "key-file", "--new-key-file", fixture.directory.path("key-\(number)"))
      if number <= 16 {
        #expect(result.status == 0, "\(result.errorText)")
      } else {
        #expect(result.status == 1)
        #expect(result.errorText.contains("the vault has 16 slots, and no more fit"))
      }
    }
    #expect(fixture.coffer("slot", "list").line.split(separator: "\n").count == 17)
  }
}
