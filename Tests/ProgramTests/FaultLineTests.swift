import Glibc
import Platform
import TestSupport
import Testing

/// Bytes that a line should not hold, and more of them than there is room for.
@Suite("Faults of lines")
struct FaultLineTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  /// All bytes but the end of a line.
  private static let bytes = (0...255).map { UInt8($0) }.filter { $0 != 0x0A }

  private func ask(_ client: AssuanClient, _ line: [UInt8]) -> [String] {
    client.send(line + [0x0A])
    return client.readReply()
  }

  /// What stands in the log since `start`, without what is printable.
  private func unprintable(_ bytes: [UInt8]) -> [UInt8] {
    bytes.filter { $0 != 0x0A && !(0x20..<0x7F).contains($0) }
  }

  // MARK: Bytes

  @Test("fault 27: any byte in the word of a command is an error, and none is logged or sent back")
  func wordBytes() throws {
    let client = try fixture.connect()
    for byte in Self.bytes {
      for line in [[byte] + "NOP".utf8, "N".utf8 + [byte] + "OP".utf8, "NOP".utf8 + [byte]] {
        let reply = ask(client, line)
        let code = AssuanClient.errorCode(of: reply)
        switch (byte, line.firstIndex(of: byte)) {
        case (0x0D, 3), (0x20, 3): #expect(reply == ["OK"], "\(line)")
        case (0x23, 0): #expect(reply == [], "a comment is not answered")
        case _: #expect(code == 275 || code == 276, "\(line): \(reply)")
        }
        #expect(reply.allSatisfy { unprintable(Array($0.utf8)).isEmpty }, "\(line): \(reply)")
      }
    }
    #expect(client.ask("NOP") == ["OK"])
    #expect(unprintable(Files.read(fixture.logPath)).isEmpty)
  }

  @Test("fault 27: any byte that is no letter of a name is refused in one, raw or escaped")
  func nameBytes() throws {
    let client = try fixture.connect()
    let hexadecimal = Array("0123456789ABCDEF".utf8)
    for byte in 0...255 as ClosedRange<UInt8> {
      let isOfName =
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        || [0x2D, 0x2E, 0x5F].contains(byte)
      let escaped = [0x25, hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
      for (form, isRaw) in [([byte], true), (escaped, false)] where byte != 0x0A || !isRaw {
        let reply = ask(client, Array("SHOW me/a".utf8) + form + Array("b".utf8))
        let code = AssuanClient.errorCode(of: reply)
        let isDivided = isRaw && byte == 0x20
        let expected = isOfName ? [27] : isDivided ? [280, 276] : [55, 276, 27]
        #expect(expected.contains(code ?? 0), "\(byte) \(isRaw): \(reply)")
        #expect(code != 27 || isOfName, "\(byte) \(isRaw): \(reply)")
        #expect(reply.allSatisfy { unprintable(Array($0.utf8)).isEmpty }, "\(byte): \(reply)")
      }
    }
    #expect(client.ask("NOP") == ["OK"])
    #expect(unprintable(Files.read(fixture.logPath)).isEmpty)
    let audit = fixture.coffer("audit").output
    #expect(unprintable(audit).isEmpty)
  }

  @Test("fault 27: data come back byte for byte, raw or escaped in either case")
  func dataBytes() throws {
    let client = try fixture.connect()
    let plain = (1...255).map { UInt8($0) }
    let hexadecimal = (Array("0123456789abcdef".utf8), Array("0123456789ABCDEF".utf8))
    func escaped(_ byte: UInt8, _ digits: [UInt8]) -> [UInt8] {
      [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    let raw = plain.flatMap { byte in
      [0x0A, 0x25].contains(byte) ? escaped(byte, hexadecimal.1) : [byte]
    }
    for (number, data) in [
      raw, plain.flatMap { escaped($0, hexadecimal.0) },
      plain.flatMap { escaped($0, hexadecimal.1) },
    ].enumerated() {
      #expect(client.ask("IMPORT me/bytes-\(number) --env=B\(number)").last == "INQUIRE VALUE")
      // In two lines, cut where it may be.
      let cut = number == 0 ? 100 : 300
      client.send(Array("D ".utf8) + data[..<cut] + Array("\nD ".utf8) + data[cut...])
      client.send("\nEND\n")
      #expect(client.readReply().last == "OK")
      let shell = "printenv B\(number)"
      let value = fixture.coffer(["run", "-k", "me/bytes-\(number)", "--", "sh", "-c", shell])
        .output
      #expect(isSame(value, plain + [0x0A]), "\(number)")
    }
  }

  // MARK: Length

  @Test("fault 26: a mebibyte without a line end is refused at its thousandth byte")
  func endlessLine() throws {
    let daemon = try #require(fixture.daemonID)
    let other = try fixture.connect()
    // Behind this answer those who were there before are gone.
    #expect(other.ask("NOP") == ["OK"])
    let before = Footprint(of: daemon)
    for _ in 0..<20 {
      let client = try fixture.connect()
      client.send([UInt8](repeating: 0x41, count: 1 << 20))
      #expect(AssuanClient.errorCode(of: client.readReply()) == 263)
      #expect(client.isClosed())
    }
    let after = Footprint(of: daemon)
    #expect(after.peak < before.peak + 2_000, "\(after.peak), before \(before.peak)")
    #expect(after.descriptors <= before.descriptors + 1, "\(after), before \(before)")
    #expect(other.ask("NOP") == ["OK"])
  }

  @Test("fault 32: an answer without an end is refused at 128 KiB, in no memory and nobody's time")
  func endlessAnswer() throws {
    let daemon = try #require(fixture.daemonID)
    let other = try fixture.connect()
    let lines = [
      "D " + String(repeating: "x", count: 998) + "\n",
      // What is discarded counts as well.
      "D " + String(repeating: "%G", count: 499) + "\n",
    ]
    _ = try fixture.connect().ask("IMPORT me/first")
    let before = Footprint(of: daemon)
    for line in lines {
      let client = try fixture.connect()
      #expect(client.ask("IMPORT me/endless").last == "INQUIRE VALUE")
      let start = BootInstant.now
      // As much as is taken, and more; behind the end of the connection it is lost.
      _ = client.flood(line, limit: 20_000)
      let reply = client.readReply()
      #expect(AssuanClient.errorCode(of: reply) == 183, "\(reply)")
      #expect(reply.last?.contains("at most 131072 bytes") == true, "\(reply)")
      #expect(client.isClosed())
      #expect(BootInstant.now.seconds(since: start) < 5)
      let asked = BootInstant.now
      #expect(other.ask("ENV web/stripe").last == "OK")
      #expect(BootInstant.now.seconds(since: asked) < 1)
    }
    let after = Footprint(of: daemon)
    #expect(after.peak < before.peak + 2_000, "\(after.peak), before \(before.peak)")
    #expect(AssuanClient.errorCode(of: other.ask("SHOW me/endless")) == 27)
  }
}
