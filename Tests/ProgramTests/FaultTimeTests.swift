import Glibc
import Platform
import TestSupport
import Testing

/// Clients that take their time: each patience ends, and not before its time.
@Suite("Faults of slowness")
struct FaultTimeTests {
  // MARK: Lines

  @Test("fault 24: lines that come a byte a second end after 10 s, and nobody else notices")
  func slowLines() throws {
    let fixture = VaultFixture()
    fixture.initializeWithKeys()
    let other = try fixture.connect()
    let start = BootInstant.now
    var slow: [AssuanClient] = []
    for _ in 0..<200 { slow.append(try fixture.connect()) }
    while BootInstant.now.seconds(since: start) < 9 {
      for client in slow { client.send("N") }
      let asked = BootInstant.now
      #expect(other.ask("ENV web/stripe").last == "OK")
      #expect(BootInstant.now.seconds(since: asked) < 1)
      sleep(milliseconds: 900)
    }
    for client in slow {
      let reply = client.readReply()
      #expect(AssuanClient.errorCode(of: reply) == 62, "\(reply)")
      #expect(reply.last?.contains("a line must be complete within 10 seconds") == true)
      #expect(client.isClosed())
    }
    let took = BootInstant.now.nanoseconds - start.nanoseconds
    #expect(took >= 9_900_000_000, "\(took) ns")
    #expect(other.ask("NOP") == ["OK"])
  }

  @Test(
    "a line that is whole in time is done, and the next has as long again",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func wholeInTime() throws {
    let clock = FastClock(pace: 5)
    let client = try clock.vault.connect()
    for _ in 0..<3 {
      client.send("NO")
      clock.wait(seconds: 5)
      #expect(client.ask("P") == ["OK"])
    }
    // Between lines there is time without an end.
    clock.wait(seconds: 12)
    #expect(client.ask("NOP") == ["OK"])
  }

  // MARK: Inquiries

  private func expectTimeout(_ client: AssuanClient, _ message: String) {
    let reply = client.readReply()
    #expect(AssuanClient.errorCode(of: reply) == 62, "\(reply)")
    #expect(reply.last?.contains(message) == true, "\(reply)")
    #expect(client.isClosed())
  }

  @Test(
    "fault 30: an inquiry waits 60 s, for a passphrase 120 s, however the answer trickles",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func inquiries() throws {
    let clock = FastClock(pace: 20)
    clock.vault.initializeWithKeys()
    let start = BootInstant.now
    let (trickling, slow) = (try clock.vault.connect(), try clock.vault.connect())
    #expect(trickling.ask("IMPORT me/trickling").last == "INQUIRE VALUE")
    #expect(slow.ask("IMPORT me/slow").last == "INQUIRE VALUE")
    let typing = try clock.vault.connect()
    #expect(typing.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    while clock.seconds(since: start) < 30 {
      trickling.send("D x\n")
      slow.send("D y\n")
      clock.wait(seconds: 2)
    }
    slow.send("END\n")
    #expect(slow.readReply().last == "OK")
    while clock.seconds(since: start) < 58 {
      trickling.send("D x\n")
      clock.wait(seconds: 2)
    }
    expectTimeout(trickling, "VALUE was not answered within 60 seconds")
    #expect(clock.seconds(since: start) >= 60)
    expectTimeout(typing, "PASSPHRASE was not answered within 120 seconds")
    #expect(clock.seconds(since: start) >= 120)
    // What was not whole is nowhere.
    let client = try clock.vault.connect()
    #expect(AssuanClient.errorCode(of: client.ask("SHOW me/trickling")) == 27)
    #expect(client.ask("SHOW me/slow").last == "OK")
  }

  @Test(
    "the bytes of a backup may take 900 s",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func stream() throws {
    let clock = FastClock(pace: 150)
    let client = try clock.vault.connect()
    #expect(client.ask("RESTORE").last == "INQUIRE PASSPHRASE")
    #expect(client.ask("D a passphrase\nEND").last == "INQUIRE BACKUP")
    let start = BootInstant.now
    while clock.seconds(since: start) < 870 {
      client.send("D x\n")
      clock.wait(seconds: 20)
    }
    expectTimeout(client, "BACKUP was not answered within 900 seconds")
    #expect(clock.seconds(since: start) >= 890)
    #expect(try clock.vault.connect().ask("STATUS") == ["S state=none", "OK"])
  }

  @Test(
    "an answer waits 10 s for a place, then its command fails, and the connection stays",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func places() throws {
    let clock = FastClock(pace: 5)
    clock.vault.initialize()
    let holders = try (0..<16).map { number in
      let client = try clock.vault.connect()
      #expect(client.ask("IMPORT me/held-\(number)").last == "INQUIRE VALUE")
      return client
    }
    let (early, late) = (try clock.vault.connect(), try clock.vault.connect())
    let start = BootInstant.now
    early.send("IMPORT me/early\n")
    #expect(early.readLine(seconds: 0.2) == nil)
    late.send("IMPORT me/late\n")
    // The first to wait is the first to get a place that becomes free.
    #expect(AssuanClient.errorCode(of: holders[0].ask("CAN")) == 277)
    #expect(early.readReply().last == "INQUIRE VALUE")
    let refused = late.readReply()
    #expect(clock.seconds(since: start) >= 10)
    #expect(AssuanClient.errorCode(of: refused) == 183)
    #expect(refused.last?.contains("32 answers are in the making, 16 of one uid") == true)
    #expect(late.ask("NOP") == ["OK"])
    early.send("D value\nEND\n")
    #expect(early.readReply().last == "OK")
    #expect(late.ask("IMPORT me/late").last == "INQUIRE VALUE")
  }

  // MARK: Answers

  @Test(
    "fault 31: who takes no answers for 10 s is ended, and nobody else waits for it",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func unread() throws {
    let clock = FastClock(pace: 4)
    clock.vault.initialize()
    let long = String(repeating: "x", count: 65_536)
    #expect(clock.vault.coffer("import", "me/long", input: long).status == 0)
    let daemon = try #require(clock.vault.daemonID)
    let other = try clock.vault.connect()
    // Behind these answers those who were there before are gone, and the process of this
    // test is one that holds a value.
    #expect(other.ask("ENV me/long").last == "OK")
    #expect(other.ask("NOP") == ["OK"])
    let before = Footprint(of: daemon)
    let start = BootInstant.now
    // A mebibyte of values each, of which the kernel takes a part.
    let deaf = try (0..<20).map { _ in
      let client = try clock.vault.connect()
      client.send(String(repeating: "ENV me/long\n", count: 16))
      return client
    }
    while clock.seconds(since: start) < 9 {
      let asked = BootInstant.now
      #expect(other.ask("ENV me/long").last == "OK")
      #expect(BootInstant.now.seconds(since: asked) < 1)
    }
    let during = Footprint(of: daemon)
    #expect(during.descriptors == before.descriptors + 20)
    #expect(during.resident < before.resident + 10_000, "\(during), before \(before)")
    #expect(eventually { Footprint(of: daemon).descriptors == before.descriptors })
    #expect(clock.seconds(since: start) >= 10)
    // What the kernel had taken can be read, and then there is an end.
    for client in deaf { #expect(client.isClosed(seconds: 5)) }
    #expect(other.ask("NOP") == ["OK"])
  }
}
