import Glibc
import Platform
import TestSupport
import Testing

/// Clients that are gone, in the middle of whatever it was.
@Suite("Faults of clients that are gone")
struct FaultGoneTests {
  let fixture = VaultFixture()

  static let marker = "a marker that was never whole c2f17e"

  @Test(
    "fault 30: of an answer whose client is killed nothing is kept, in memory or in the vault",
    .enabled(
      if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
  func killedInInquiry() throws {
    fixture.initializeWithKeys()
    let daemon = try #require(fixture.daemonID)
    let script = """
      import socket, sys, time
      held = []
      for number in range(16):
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile("rb")
        f.readline(); s.sendall(b"IMPORT me/dead-%d\\n" % number)
        while not f.readline().startswith(b"INQUIRE"): pass
        s.sendall(b"D " + sys.stdin.buffer.read() if number == 0 else b"D x\\nD "); held.append(s)
      print("ready", flush=True); time.sleep(100)
      """
    // It comes by no argument, where the search would find it in the client.
    let (input, output) = (fixture.directory.path("marker"), fixture.directory.path("ready"))
    Files.write(Array((Self.marker + "\nD more").utf8), to: input)
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    let before = Footprint(of: daemon)
    for _ in 0..<3 {
      Files.write([], to: output)
      let client = Subprocess(
        try #require(Programs.find("python3")), ["-c", script, fixture.socketPath],
        environment: [:], streams: [.file(input), .file(output), .null])
      #expect(eventually { !Files.read(output).isEmpty })
      client.signal(SIGKILL)
      client.waitForEnd()
      #expect(eventually { Footprint(of: daemon).descriptors <= before.descriptors })
      #expect(SecretSearch(Array(Self.marker.utf8)).found(inMemoryOf: daemon) == [])
    }
    // All sixteen places are free again.
    let clients = try (0..<16).map { _ in try fixture.connect() }
    for client in clients { #expect(client.ask("IMPORT me/dead-0").last == "INQUIRE VALUE") }
    for client in clients { #expect(AssuanClient.errorCode(of: client.ask("CAN")) == 277) }
    #expect(AssuanClient.errorCode(of: clients[0].ask("SHOW me/dead-0")) == 27)
  }

  @Test("fault 30: a client that goes in the middle of its answer ends nothing but itself")
  func goneInOutput() throws {
    fixture.initialize()
    fixture.coffer("import", "me/long", input: String(repeating: "x", count: 65_536))
    let daemon = try #require(fixture.daemonID)
    let other = try fixture.connect()
    // Behind this answer those who were there before are gone.
    #expect(other.ask("NOP") == ["OK"])
    let before = Footprint(of: daemon)
    for round in 0..<60 {
      let client = try fixture.connect()
      client.send(String(repeating: "ENV me/long\n", count: 20))
      // Some have read a part, some nothing.
      if round % 2 == 0 { _ = client.readLine() }
      if round % 3 == 0 { client.finishSending() }
    }
    #expect(other.ask("ENV me/long").last == "OK")
    // One stays: that of this process, which holds the value.
    #expect(eventually { Footprint(of: daemon).descriptors <= before.descriptors + 1 })
    #expect(Footprint(of: daemon).resident < before.resident + 10_000)
    #expect(fixture.daemonID == daemon)
  }
}
