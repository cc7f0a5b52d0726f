import Glibc
import Platform
import TestSupport
import Testing

/// Signals and time: how the daemon ends, stands still and goes on.
@Suite("Faults of ending and waiting")
struct FaultEndTests {
  let fixture = VaultFixture()

  /// Starts the daemon with a vault that a passphrase opens.
  private func startWithPassphrase() {
    fixture.startDaemon()
    withPassphrase(["init", "--organization", "acme", "--no-recovery", "--passphrase-fd", "0"])
  }

  @discardableResult
  private func withPassphrase(_ arguments: [String]) -> Subprocess.Result {
    fixture.coffer(
      arguments, input: Array("correct horse".utf8), environment: fixture.environment)
  }

  // MARK: SIGTERM

  @Test(
    "fault 36: a change that is being synced when SIGTERM comes is finished and answered, or not there",
    .enabled(if: Programs.canTrace, "needs strace and root"), arguments: [1, 8])
  func duringCommit(seconds: Int) throws {
    fixture.startDaemon()
    fixture.initialize()
    #expect(fixture.coffer("create", "me/first").status == 0)
    let daemon = try #require(fixture.daemon)
    let faults = InjectedFaults(daemon.id, ["fdatasync:delay_enter=\(seconds)000000"])
    let clients = try (0..<3).map { _ in try fixture.connect() }
    for (number, client) in clients.enumerated() { client.send("CREATE me/\(number)\n") }
    sleep(milliseconds: 300)
    daemon.signal(SIGTERM)
    if seconds > 5 {
      #expect(
        eventually(seconds: 5.5) { fixture.log.contains("ending before everything was written") })
      // A thread that the tracer holds cannot end.
      faults.end()
    }
    #expect(daemon.waitForEnd(seconds: 5) == 0, "\(fixture.log)")
    faults.end()
    let answers = clients.map { $0.readReply().last }
    fixture.startDaemon()
    let list = fixture.coffer("list").outputText
    #expect(list.contains("me/first "))
    for (number, answer) in answers.enumerated() {
      #expect(answer == "OK" || answer == nil)
      #expect(seconds > 5 || number > 0 || answer == "OK", "the first was on its way")
      if answer == "OK" { #expect(list.contains("me/\(number) ")) }
    }
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test("fault 36: SIGTERM while a passphrase is tried ends the daemon, and opens nothing")
  func duringDerivation() throws {
    startWithPassphrase()
    #expect(fixture.coffer(["create", "me/first"], environment: fixture.environment).status == 0)
    #expect(fixture.coffer("lock").status == 0)
    let daemon = try #require(fixture.daemon)
    let clients = try (0..<3).map { _ in try fixture.connect() }
    for client in clients {
      client.send("UNLOCK\n")
      #expect(client.readReply().last == "INQUIRE PASSPHRASE")
      client.send("D correct horse\nEND\n")
    }
    sleep(milliseconds: 50)
    let start = BootInstant.now
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0, "\(fixture.log)")
    #expect(BootInstant.now < start.advanced(byMilliseconds: 5000))
    #expect(!Files.names(in: fixture.statePath).contains("socket"))
    fixture.startDaemon()
    #expect(withPassphrase(["unlock", "--passphrase-fd", "0"]).status == 0)
    let list = fixture.coffer(["list"], environment: fixture.environment)
    #expect(list.outputText.contains("me/first "))
  }

  @Test("fault 36: SIGTERM while a vault is being made leaves none, or a whole one")
  func duringInit() throws {
    for milliseconds in [10, 300] {
      let fresh = VaultFixture()
      fresh.startDaemon()
      let daemon = try #require(fresh.daemon)
      let client = try fresh.connect()
      client.send("INIT --organization=acme --no-recovery\n")
      #expect(client.readReply().last == "INQUIRE PASSPHRASE")
      client.send("D correct horse\nEND\n")
      sleep(milliseconds: milliseconds)
      daemon.signal(SIGTERM)
      #expect(daemon.waitForEnd(seconds: 5) == 0, "\(fresh.log)")
      let isAcknowledged = client.readReply().last == "OK"
      fresh.startDaemon()
      let state = fresh.coffer(["status"], environment: fresh.environment).line
      #expect(state == "state  locked" || (!isAcknowledged && state == "state  none"))
    }
  }

  // MARK: Other signals

  @Test("fault 37: SIGHUP leaves an open vault and its connections as they are") func hangUp()
    throws
  {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let client = try fixture.connect()
    for _ in 0..<20 {
      try #require(fixture.daemon).signal(SIGHUP)
      #expect(client.ask("ENV web/stripe").last == "OK")
    }
    #expect(fixture.coffer("status").outputText.contains("unlocked"))
  }

  // MARK: Time

  @Test("fault 38: time in which the daemon stands still counts for the lock of an unused vault")
  func stopped() throws {
    fixture.startDaemon(["--idle-lock", "6s"])
    fixture.initializeWithKeys()
    let daemon = try #require(fixture.daemon)
    let client = try fixture.connect()
    #expect(client.ask("ENV web/stripe").last == "OK")
    // By then the rows of that are on the device, and a lock waits for nothing.
    sleep(milliseconds: 5500)
    daemon.signal(SIGSTOP)
    client.send("ENV web/stripe\nSTATUS\n")
    sleep(milliseconds: 1000)
    daemon.signal(SIGCONT)
    let answer = client.readReply()
    #expect(answer.last?.contains("the vault is locked") == true, "\(answer.count) lines")
    #expect(client.readReply().contains("S state=locked"))
    #expect(fixture.log.contains("nobody has used the vault for 6s: locking it"))
  }

  @Test(
    "fault 38: timers go by the clock that counts sleep of the machine",
    .enabled(if: Programs.isRoot, "needs root"))
  func bootTime() throws {
    fixture.startDaemon()
    fixture.initialize()
    let id = try #require(fixture.daemonID)
    let timers = Files.names(in: "/proc/\(id)/fdinfo")
      .map { String(decoding: Files.read("/proc/\(id)/fdinfo/\($0)"), as: UTF8.self) }
      .filter { $0.contains("clockid:") }
    // CLOCK_BOOTTIME; time by that clock goes on while the machine sleeps. And one that
    // never goes off, but tells of waking (TFD_TIMER_CANCEL_ON_SET).
    let deadlines = timers.filter { !$0.contains("settime flags: 03\n") }
    #expect(deadlines.count == 1 && timers.count == 2, "\(timers)")
    #expect(deadlines.allSatisfy { $0.contains("clockid: 7\n") }, "\(timers)")
  }
}

@Suite("Faults of the clock", .enabled(if: ClockFixture.isInstalled, "needs clang on the PATH"))
struct FaultClockTests {
  static let decade = 10 * 365 * 86_400

  @Test(
    "fault 39: a clock that goes wrong by ten years ends no key, revives none, and locks nothing",
    arguments: [decade, -decade])
  func tenYears(difference: Int) throws {
    let fixture = ClockFixture()
    let vault = fixture.vault
    vault.coffer("create", "me/long", "--expires", "30d")
    vault.coffer("create", "me/short", "--expires", "2s")
    #expect(fixture.isActive("me/long") && fixture.isActive("me/short"))
    fixture.set(difference)
    // Neither the idle lock nor a deadline of a connection goes by that clock.
    let client = try vault.connect()
    #expect(client.ask("NOP") == ["OK"])
    #expect(vault.coffer("status").outputText.contains("unlocked"))
    #expect(fixture.isActive("me/long"))
    vault.coffer("create", "me/made")
    // Expiry goes on by the clock that nobody sets.
    #expect(eventually(seconds: 5) { !fixture.isActive("me/short") })
    fixture.set(0)
    vault.coffer("create", "me/later")
    #expect(fixture.isActive("me/long") && fixture.isActive("me/made"))
    #expect(!fixture.isActive("me/short"))
    let times = vault.coffer("audit", "--json").outputText.split(separator: "\n").map { line in
      String(line.split(separator: "\"time\":\"").last?.prefix { $0 != "\"" } ?? "")
    }
    #expect(times.count >= 5 && times.allSatisfy { $0.hasPrefix("20") }, "\(times)")
    #expect(times == times.sorted())
    // Within the hour that all of this has taken.
    #expect(Set(times.map { $0.prefix(10) }).count <= 2, "\(times)")
    #expect(vault.coffer("audit", "--check").status == 0)
    fixture.restart()
    #expect(fixture.isActive("me/long") && !fixture.isActive("me/short"))
  }
}
