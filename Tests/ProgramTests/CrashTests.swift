import Glibc
import Platform
import TestSupport
import Testing

/// The daemon is killed at each call with which a change reaches the disk.
///
/// strace makes the N-th call of a kind the last thing that the daemon does.
/// What was acknowledged before must be there after, and what was not must be
/// there whole or not at all.
@Suite("Killed while writing", .enabled(if: Programs.canTrace, "needs strace and root"))
struct CrashTests {
  /// Lets the `count`-th `call` from now on, of any one thread, kill the daemon.
  ///
  /// - Returns: The tracer, which ends with the daemon.
  private func kill(_ fixture: VaultFixture, at call: String, _ count: Int) throws -> Subprocess {
    let daemon = try #require(fixture.daemonID)
    let tracer = Subprocess(
      try #require(Programs.find("strace")),
      [
        "-f", "-o", "/dev/null", "-p", String(daemon), "-e", "trace=\(call)",
        "-e", "inject=\(call):signal=SIGKILL:when=\(count)", "-e", "signal=none",
      ], environment: [:], streams: [.null, .null, .null])
    let isTraced = eventually {
      Files.names(in: "/proc/\(daemon)/task").allSatisfy { thread in
        let status = Files.read("/proc/\(daemon)/task/\(thread)/status")
        return String(decoding: status, as: UTF8.self).contains("TracerPid:\t\(tracer.id)\n")
      }
    }
    #expect(isTraced, "strace did not get hold of the daemon")
    // It has hold of it a moment before it sees the first call.
    usleep(100_000)
    return tracer
  }

  /// Runs the client against this daemon and no other one that it might start.
  private func coffer(_ fixture: VaultFixture, _ arguments: [String]) -> Subprocess.Result {
    fixture.coffer(
      arguments,
      environment: fixture.environmentWithKeyFile.merging(["COFFER_SOCKET": fixture.socketPath]) {
        $1
      })
  }

  @Test(
    "no acknowledged key is lost, whatever call was the last", arguments: ["pwrite64", "fdatasync"])
  func create(call: String) throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initialize()
    var known: [String: String] = [:]
    var kills = 0
    for count in 1...12 {
      let tracer = try kill(fixture, at: call, count)
      for number in 0..<20 {
        let name = "me/\(call)-\(count)-\(number)"
        let result = coffer(fixture, ["create", name])
        guard result.status == 0 else { break }
        known[name] = result.line
      }
      kills += eventually(seconds: 2) { fixture.daemonID == nil } ? 1 : 0
      fixture.killDaemon()
      tracer.waitForEnd()
      fixture.startDaemon()
      let list = coffer(fixture, ["list"]).outputText
      for (name, _) in known { #expect(list.contains("\n\(name) "), "\(name) at \(count)") }
      // What was on its way is there whole, or not at all.
      let names = list.split(separator: "\n").dropFirst().map { String($0.prefix { $0 != " " }) }
      for name in names where name.hasPrefix("me/\(call)-\(count)-") {
        let value = coffer(fixture, ["run", "-k", "\(name)=VALUE", "--", "printenv", "VALUE"]).line
        #expect(value.utf8.count == 57, "\(name)")
        #expect(known[name] == nil || known[name] == value, "\(name)")
      }
    }
    #expect(kills == 12, "only \(kills) injections killed the daemon")
    for (name, text) in known {
      let value = coffer(fixture, ["run", "-k", "\(name)=VALUE", "--", "printenv", "VALUE"]).line
      #expect(value == text, "\(name)")
    }
  }

  @Test(
    "an interrupted init leaves no vault, or a whole one",
    arguments: ["openat", "write", "pwrite64", "fsync", "fdatasync", "renameat"])
  func initialize(call: String) throws {
    var kills = 0
    for count in 1...8 {
      let fixture = VaultFixture()
      Files.write(Array(String(repeating: "k", count: 64).utf8), to: fixture.keyFilePath)
      fixture.startDaemon()
      let tracer = try kill(fixture, at: call, count)
      let arguments = [
        "init", "--organization", "acme", "--key-file", fixture.keyFilePath, "--no-recovery",
      ]
      let result = coffer(fixture, arguments)
      let wasAcknowledged = result.status == 0
      if !wasAcknowledged, eventually(seconds: 5, { fixture.daemonID == nil }) { kills += 1 }
      fixture.killDaemon()
      tracer.waitForEnd()
      fixture.startDaemon()
      let state = coffer(fixture, ["status"]).line
      #expect(["state  none", "state  locked"].contains(state), "\(call) \(count): \(state)")
      #expect(!wasAcknowledged || state == "state  locked", "\(call) \(count)")
      if state == "state  none" { #expect(coffer(fixture, arguments).status == 0) }
      #expect(coffer(fixture, ["create", "me/first"]).status == 0, "\(call) \(count)")
    }
    #expect(kills > 0, "no injection killed the daemon at \(call)")
  }

  @Test("a lock waits for what was accepted before it, and for nothing else") func lockInTurn()
    throws
  {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initialize()
    #expect(coffer(fixture, ["create", "me/gone"]).status == 0)
    #expect(coffer(fixture, ["revoke", "me/gone"]).status == 0)
    let tracer = Subprocess(
      try #require(Programs.find("strace")),
      [
        "-f", "-o", "/dev/null", "-p", String(try #require(fixture.daemonID)), "-e",
        "trace=fdatasync", "-e", "inject=fdatasync:delay_enter=500000", "-e", "signal=none",
      ], environment: [:], streams: [.null, .null, .null])
    sleep(milliseconds: 500)
    let clients = try (0..<3).map { _ in try fixture.connect() }
    let start = BootInstant.now
    clients[0].send("CREATE me/slow\n")
    sleep(milliseconds: 100)
    // These wait for the sync: one that changes nothing, and the lock behind it.
    clients[1].send("REVOKE me/gone\n")
    sleep(milliseconds: 100)
    clients[2].send("LOCK\n")
    for client in clients { #expect(client.readReply().last == "OK") }
    #expect(BootInstant.now.seconds(since: start) < 4)
    #expect(coffer(fixture, ["list"]).outputText.contains("me/slow "))
    tracer.signal(SIGKILL)
  }

  @Test("after an unclean end the logs' ends are written again, after a clean one not")
  func writtenAgain() throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initialize()
    #expect(coffer(fixture, ["create", "me/first"]).status == 0)
    for isClean in [true, false, true] {
      if isClean { #expect(coffer(fixture, ["lock"]).status == 0) }
      fixture.killDaemon()
      fixture.startDaemon()
      let trace = fixture.directory.path("trace")
      Files.removeTree(trace)
      let tracer = Subprocess(
        try #require(Programs.find("strace")),
        [
          "-f", "-y", "-o", trace, "-p", String(try #require(fixture.daemonID)), "-e",
          "trace=pwrite64,fdatasync", "-e", "signal=none",
        ], environment: [:], streams: [.null, .null, .null])
      sleep(milliseconds: 500)
      #expect(coffer(fixture, ["unlock"]).status == 0)
      tracer.signal(SIGTERM)
      tracer.waitForEnd()
      let calls = String(decoding: Files.read(trace), as: UTF8.self)
      #expect(calls.contains("audit.1>"), "nothing was traced")
      #expect(calls.contains("records.1>") != isClean, "\(calls)")
    }
  }

  @Test("a change is answered when its record is synced and its audit row written, not before")
  func order() throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initialize()
    let trace = fixture.directory.path("trace")
    let tracer = Subprocess(
      try #require(Programs.find("strace")),
      [
        "-f", "-y", "-o", trace, "-p", String(try #require(fixture.daemonID)), "-e",
        "trace=pwrite64,fdatasync,sendto", "-e", "signal=none",
      ], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { Files.names(in: fixture.directory.path).contains("trace") })
    sleep(milliseconds: 200)
    #expect(coffer(fixture, ["create", "me/laptop"]).status == 0)
    fixture.killDaemon()
    tracer.waitForEnd()
    let lines = String(decoding: Files.read(trace), as: UTF8.self).split(separator: "\n")
    func position(after start: Int, where isWanted: (Substring) -> Bool) throws -> Int {
      let found = lines.indices.dropFirst(start).first { isWanted(lines[$0]) }
      return try #require(found, "\(lines.joined(separator: "\n"))")
    }
    let record = try position(after: 0) { $0.contains("pwrite64(") && $0.contains("records.1>") }
    let sync = try position(after: record + 1) {
      $0.contains("fdatasync") && $0.hasSuffix("= 0")
    }
    let row = try position(after: sync + 1) {
      $0.contains("pwrite64(") && $0.contains("audit.1>")
    }
    let answer = try position(after: 0) { $0.contains("sendto(") && $0.contains("S KEY id=") }
    #expect(answer > row, "\(lines.joined(separator: "\n"))")
  }
}
