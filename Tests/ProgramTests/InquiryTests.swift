import Platform
import TestSupport
import Testing

/// Questions of the daemon, as they are answered, canceled and broken off.
@Suite("Inquiries")
struct InquiryTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  @Test(
    "fault 28: an answer with a broken escape is a syntax error at once, and the connection goes on",
    arguments: ["D abc%", "D abc%2", "D abc%G1", "D %0", "D %", "D %2g", "D %%"])
  func brokenAnswer(line: String) throws {
    let client = try fixture.connect()
    var fastest = Int64.max
    // The least of them, since a busy machine holds up one or another.
    for _ in 0..<10 {
      #expect(client.ask("IMPORT me/broken").last == "INQUIRE VALUE")
      let start = BootInstant.now
      client.send("\(line)\nD more\nEND\n")
      let reply = client.readReply()
      fastest = min(fastest, BootInstant.now.nanoseconds - start.nanoseconds)
      #expect(AssuanClient.errorCode(of: reply) == 276)
    }
    #expect(fastest < 10_000_000, "\(fastest) ns")
    #expect(client.ask("NOP") == ["OK"])
    #expect(AssuanClient.errorCode(of: client.ask("SHOW me/broken")) == 27)
  }

  @Test("fault 33: an inquiry can be canceled", arguments: ["CAN", "CANCEL", "can", "CANNOT"])
  func cancel(word: String) throws {
    let client = try fixture.connect()
    _ = client.ask("IMPORT me/canceled")
    #expect(AssuanClient.errorCode(of: client.ask(word)) == 277)
    #expect(client.ask("NOP") == ["OK"])
    #expect(AssuanClient.errorCode(of: client.ask("SHOW me/canceled")) == 27)
  }

  @Test("fault 33: another command inside an inquiry fails it when it ends") func commandInside()
    throws
  {
    let client = try fixture.connect()
    _ = client.ask("IMPORT me/inside")
    client.send("NOP\nD value\n")
    #expect(AssuanClient.errorCode(of: client.ask("END")) == 274)
    #expect(AssuanClient.errorCode(of: client.ask("SHOW me/inside")) == 27)
  }

  @Test("a value of 64 KiB is stored, a longer one is refused, a much longer one ends it all")
  func valueLength() throws {
    func importValue(_ name: String, _ count: Int) throws -> (AssuanClient, [String]) {
      let client = try fixture.connect()
      _ = client.ask("IMPORT me/\(name)")
      var rest = count
      while rest > 0 {
        let part = min(rest, 900)
        client.send("D " + String(repeating: "x", count: part) + "\n")
        rest -= part
      }
      return (client, client.ask("END"))
    }
    #expect(try importValue("whole", 65_536).1.last == "OK")
    let (client, refused) = try importValue("longer", 65_537)
    #expect(AssuanClient.errorCode(of: refused) == 183)
    #expect(client.ask("NOP") == ["OK"])
    let (ended, closed) = try importValue("longest", 131_073)
    #expect(AssuanClient.errorCode(of: closed) == 183)
    #expect(ended.isClosed())
    #expect(AssuanClient.errorCode(of: try fixture.connect().ask("SHOW me/longer")) == 27)
  }

  @Test(
    "fault 33: a value that no environment can carry is refused, as one that ends at once",
    arguments: ["D a%00b", "D ", "D"])
  func impossibleValue(line: String) throws {
    let client = try fixture.connect()
    _ = client.ask("IMPORT me/impossible")
    client.send(line == "D" ? "END\n" : "\(line)\nEND\n")
    #expect(AssuanClient.errorCode(of: client.readReply()) == 55)
    #expect(AssuanClient.errorCode(of: client.ask("SHOW me/impossible")) == 27)
  }

  @Test("the text of an issued key is not kept as a vendor's") func ownKey() throws {
    let text = fixture.coffer("create", "me/laptop").line
    let client = try fixture.connect()
    _ = client.ask("IMPORT me/copy")
    client.send("D \(text)\nEND\n")
    let reply = client.readReply()
    #expect(AssuanClient.errorCode(of: reply) == 55)
    #expect(!reply.joined().contains(text.dropFirst(19)))
    // An id that is known tells nothing of a text with another secret.
    let id = text.dropFirst(7).prefix(12)
    _ = client.ask("IMPORT me/lookalike")
    client.send("D cof_uk_\(id)\(String(repeating: "A", count: 38))\nEND\n")
    #expect(client.readReply().last == "OK")
  }
}
