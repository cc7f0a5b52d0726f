import Glibc
import Platform
import TestSupport
import Testing

/// More connections than there is room for, and what may come with one.
@Suite("Faults of connections")
struct FaultConnectionTests {
  let fixture = VaultFixture()

  /// How much of a processor a process has used, in milliseconds.
  private static func processorTime(of id: Int32) -> Int {
    let text = String(decoding: Files.read("/proc/\(id)/stat"), as: UTF8.self)
    // The name of the program, which may hold anything, stands in parentheses.
    guard let end = text.lastIndex(of: ")") else { return 0 }
    let fields = text[end...].split(separator: " ")
    guard fields.count > 13, let user = Int(fields[12]), let system = Int(fields[13]) else {
      return 0
    }
    return (user + system) * 1000 / sysconf(CInt(_SC_CLK_TCK))
  }

  @Test(
    "fault 25: without a descriptor left it waits, costs nothing, serves on, and recovers",
    .enabled(if: Programs.find("prlimit") != nil, "needs prlimit"))
  func exhaustedDescriptors() throws {
    let daemon = Subprocess(
      try #require(Programs.find("prlimit")),
      ["--nofile=96:96", Programs.daemon, "--state", fixture.statePath],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(fixture.logPath)])
    #expect(eventually { fixture.daemonID == daemon.id })
    fixture.initializeWithKeys()
    let served = try fixture.connect()
    let all = try (0..<200).map { _ in try AssuanClient(fixture.socketPath) }
    #expect(eventually { fixture.log.contains("accepting a connection failed: too many open") })
    let before = Self.processorTime(of: daemon.id)
    sleep(milliseconds: 3000)
    let used = Self.processorTime(of: daemon.id) - before
    #expect(used < 150, "\(used) ms in 3000 ms")
    // What was open goes on: reading, and writing files that are open already.
    #expect(served.ask("ENV web/stripe").last == "OK")
    #expect(served.ask("CREATE me/meanwhile").last == "OK")
    #expect(fixture.log.split(separator: "\n").count { $0.contains("accepting a") } == 1)
    // Each that waits is served as soon as others go.
    var greeted = 0
    for client in all {
      #expect(client.readLine(seconds: 10)?.hasPrefix("OK Coffer") == true, "\(greeted)")
      _ = client.ask("BYE")
      greeted += 1
    }
    #expect(greeted == 200)
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0)
  }

  @Test(
    "fault 25: a uid gets 256 connections and no more, and a place that is left is free at once")
  func connectionsOfOneUser() throws {
    fixture.initializeWithKeys()
    let daemon = try #require(fixture.daemonID)
    let other = try fixture.connect()
    var held = try (0..<255).map { _ in try fixture.connect() }
    for client in held { #expect(client.ask("NOP") == ["OK"]) }
    for _ in 0..<3 {
      let refused = try AssuanClient(fixture.socketPath)
      let reply = refused.readReply()
      #expect(AssuanClient.errorCode(of: reply) == 183)
      #expect(reply.last?.contains("uid 0 has 256 connections already") == true, "\(reply)")
      #expect(refused.isClosed())
    }
    _ = held.popLast()?.ask("BYE")
    #expect(
      eventually(seconds: 5) {
        guard let client = try? fixture.connect(), client.ask("NOP") == ["OK"] else { return false }
        held.append(client)
        return true
      })
    // Ten thousand more cost nothing that lasts, and nobody else waits.
    let before = Footprint(of: daemon)
    var (refusals, slowest) = (0, Int64(0))
    for number in 0..<10_000 {
      let client = try AssuanClient(fixture.socketPath)
      if number % 100 == 0 {
        if AssuanClient.errorCode(of: client.readReply()) == 183 { refusals += 1 }
        let asked = BootInstant.now
        #expect(other.ask("ENV web/stripe").last == "OK")
        slowest = max(slowest, BootInstant.now.nanoseconds - asked.nanoseconds)
      }
    }
    #expect(refusals == 100)
    #expect(slowest < 1_000_000_000, "\(slowest) ns")
    // The last one may be on its way still; the process of this test has an entry now.
    var after = Footprint(of: daemon)
    let isBack = eventually {
      after = Footprint(of: daemon)
      return after.descriptors <= before.descriptors + 1
    }
    #expect(isBack, "\(after), before \(before)")
    #expect(after.resident < before.resident + 4_000, "\(after), before \(before)")
  }

  @Test("what is sent ahead, while a command is in work, does not keep the loop busy")
  func sentAhead() throws {
    let fixture = VaultFixture()
    fixture.initializeLocked(passphrase: "open sesame")
    let daemon = try #require(fixture.daemonID)
    let client = try fixture.connect()
    #expect(client.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    let before = try loopNanoseconds(of: daemon)
    // The passphrase takes another thread some tenths of a second.
    client.send("D open sesame\nEND\n")
    sleep(milliseconds: 50)
    client.send("NOP\nNOP\n")
    for _ in 0..<3 { #expect(client.readReply().last == "OK") }
    let spent = try loopNanoseconds(of: daemon) - before
    #expect(spent < 50_000_000, "\(spent) ns")
  }

  /// How long the thread of the loop has had a processor.
  private func loopNanoseconds(of daemon: Int32) throws -> Int64 {
    let text = String(
      decoding: Files.readUnsized("/proc/\(daemon)/task/\(daemon)/schedstat"), as: UTF8.self)
    return try #require(text.split(separator: " ").first.flatMap { Int64($0) })
  }

  // MARK: Descriptors that are passed

  @Test(
    "fault 35: descriptors that come along are dropped",
    .enabled(if: Programs.find("python3") != nil, "needs python3"))
  func passedDescriptors() throws {
    fixture.initializeWithKeys()
    let daemon = try #require(fixture.daemonID)
    let script = """
      import os, socket, sys
      s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
      null = os.open("/dev/null", os.O_RDONLY); heard = b""
      for number in range(20):
        socket.send_fds(s, [b"NOP\\n"], [null] * 253)
      while heard.count(b"OK") < 21: heard += s.recv(1000)
      print(len(os.listdir("/proc/%s/fd" % sys.argv[2])) if os.getuid() == 0 else 0)
      """
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    let before = Footprint(of: daemon)
    let result = Subprocess.run(
      try #require(Programs.find("python3")), ["-c", script, fixture.socketPath, "\(daemon)"])
    #expect(result.status == 0, "\(result.errorText)")
    // The connection itself is one more.
    #expect(Int(result.line) ?? 0 <= before.descriptors + 1, "\(result.line), \(before)")
    #expect(eventually { Footprint(of: daemon).descriptors <= before.descriptors })
  }
}
