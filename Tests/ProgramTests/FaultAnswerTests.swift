import Glibc
import Platform
import TestSupport
import Testing

/// Answers that would rest on what is not on the device, or on a right that is gone.
@Suite("Answers under faults", .enabled(if: Programs.canTrace, "needs strace and root"))
struct FaultAnswerTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initializeWithKeys()
  }

  private var audit: String { fixture.statePath + "/audit.1" }

  private func rows(_ verb: String) -> Int {
    fixture.coffer("audit", "--json").outputText.split(separator: "\n")
      .count { $0.contains(#""verb":"\#(verb)""#) }
  }

  @Test("a connection whose AUTH was refused for want of its row acts as nobody")
  func authenticationWithoutRow() throws {
    let text = fixture.coffer("rotate", "web/deploy").line
    let client = try fixture.connect()
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["pwrite64:error=ENOSPC"], onlyAt: audit)
    #expect(client.ask("AUTH").last == "INQUIRE KEY")
    // What comes right behind it does not act as the key either.
    client.send("D \(text)\nEND\nWHOAMI\nLIST\n")
    for _ in 0..<3 {
      let reply = client.readReply()
      #expect(AssuanClient.errorCode(of: reply) != nil, "\(reply)")
      #expect(reply.count <= 2, "\(reply)")
    }
    faults.end()
    #expect(eventually { fixture.isWritable })
    #expect(AssuanClient.errorCode(of: client.ask("WHOAMI")) == 251)
    #expect(AssuanClient.errorCode(of: client.ask("ENV web/stripe")) == 251)
    #expect(client.ask("AUTH", answering: text).last == "OK")
    #expect(client.ask("ENV web/stripe").last == "OK")
  }

  @Test("a change that stands gets its row when the vault is written anew, and keeps it")
  func rowAfterRecovery() throws {
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["pwrite64:error=ENOSPC"], onlyAt: audit)
    let failed = fixture.coffer("revoke", "web/deploy")
    #expect(failed.errorText.contains("the change was written, its audit row was not"))
    faults.end()
    #expect(eventually { fixture.isWritable })
    #expect(fixture.coffer("show", "web/deploy").outputText.contains("revoked"))
    #expect(rows("REVOKE") == 1)
    #expect(rows("REPAIR") == 1)
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(rows("REVOKE") == 1)
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test("a change of unknown outcome that a rewriting has made good has its row with it")
  func rowOfUnknownOutcome() throws {
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:error=EIO"],
      onlyAt: fixture.statePath + "/records.1")
    #expect(fixture.coffer("revoke", "web/deploy").errorText.contains("outcome unknown"))
    #expect(fixture.coffer("doctor", "--repair").status == 0)
    // No row is written behind the rewriting.
    faults.end()
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(fixture.coffer("show", "web/deploy").outputText.contains("revoked"))
    #expect(rows("REVOKE") == 1)
  }

  @Test("a backup of a vault that takes no changes is made, and says what may be in it")
  func backupOfUnknown() throws {
    let faults = InjectedFaults(try #require(fixture.daemonID), ["fdatasync,fsync:error=EIO"])
    #expect(fixture.coffer("create", "web/ghost").errorText.contains("outcome unknown"))
    let path = fixture.directory.path("vault.backup")
    func backup() -> Subprocess.Result {
      fixture.coffer(
        ["backup", path, "--replace", "--passphrase-fd", "0"], input: Array("of the backup".utf8))
    }
    let text = "the vault takes no changes, and those of unknown outcome are in the backup"
    let doubtful = backup()
    #expect(doubtful.status == 0)
    #expect(doubtful.errorText.contains(text), "\(doubtful.errorText)")
    faults.end()
    #expect(eventually { fixture.isWritable })
    let certain = backup()
    #expect(certain.status == 0)
    #expect(!certain.errorText.contains(text), "\(certain.errorText)")
  }

  @Test("a text is accepted only when what makes it so is on the device") func verifyWaits() throws
  {
    let text = fixture.coffer("rotate", "web/deploy").line
    fixture.coffer("suspend", "web/deploy")
    let (resuming, asking) = (try fixture.connect(), try fixture.connect())
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:delay_enter=1000000"])
    let start = BootInstant.now
    resuming.send("RESUME web/deploy\n")
    sleep(milliseconds: 200)
    let verdict = asking.ask("VERIFY", answering: text)
    #expect(BootInstant.now >= start.advanced(byMilliseconds: 900))
    #expect(verdict.last == "OK", "\(verdict)")
    #expect(resuming.readReply().last == "OK")
    faults.end()
  }

  @Test("a compaction is given up when the audit, on which it relies, cannot be synced")
  func compactionAfterFailure() throws {
    let big = Array(repeating: UInt8(ascii: "x"), count: 60_000)
    fixture.coffer(["import", "me/big"], input: big)
    // The audit is synced by that, and the next time 5 s behind: as the fourth, after three
    // changes.
    fixture.coffer("lock")
    fixture.coffer("unlock")
    // It waits for its snapshot while the sync of the audit fails.
    let faults = InjectedFaults(
      try #require(fixture.daemonID),
      ["fsync:delay_enter=9000000:when=1", "fdatasync:error=EIO:when=4"])
    for _ in 0..<3 { #expect(fixture.coffer(["replace", "me/big"], input: big).status == 0) }
    #expect(
      eventually {
        fixture.log.contains("compacting the vault failed: audit.1: syncing failed")
      })
    faults.end()
    #expect(eventually { fixture.isWritable })
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test("clients that come, ask for a change and go leave nothing behind") func comingAndGoing()
    throws
  {
    let daemon = try #require(fixture.daemonID)
    let faults = InjectedFaults(daemon, ["fdatasync:delay_enter=8000000"])
    let first = try fixture.connect()
    first.send("CREATE me/first\n")
    sleep(milliseconds: 100)
    let before = Footprint(of: daemon)
    for round in 0..<4 {
      let clients = try (0..<100).map { _ in try fixture.connect() }
      for (number, client) in clients.enumerated() {
        client.send("CREATE me/key-\(round)-\(number)\n")
      }
      // Each of them is read, and waits for the first.
      #expect(try fixture.connect().ask("NOP") == ["OK"])
    }
    #expect(eventually(seconds: 5) { Footprint(of: daemon).descriptors <= before.descriptors })
    #expect(Footprint(of: daemon).locked <= before.locked)
    let other = try fixture.connect()
    #expect(other.ask("NOP") == ["OK"])
    faults.end()
    #expect(first.readReply().last == "OK")
    // None of them was told anything, and none of it was begun.
    #expect(fixture.coffer("list").outputText.split(separator: "\n").count < 10)
  }

  @Test("a client that goes while its change is on its way to the device gives back what it had")
  func goingInTheMiddle() throws {
    let daemon = try #require(fixture.daemonID)
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    let faults = InjectedFaults(daemon, ["fdatasync:delay_enter=8000000"])
    let before = Footprint(of: daemon).descriptors
    var client: AssuanClient? = try fixture.connect()
    client?.send("CREATE me/gone\n")
    #expect(eventually { Footprint(of: daemon).descriptors > before })
    sleep(milliseconds: 200)
    client = nil
    #expect(eventually(seconds: 5) { Footprint(of: daemon).descriptors <= before })
    faults.end()
    // What was begun is finished.
    #expect(eventually { fixture.coffer("show", "me/gone").status == 0 })
  }

  @Test("who is no Owner any more when the backup begins gets none", .enabled(if: Team.isPossible))
  func backupOfFormerOwner() throws {
    let team = Team()
    team.owner("grant", "eve", "owner")
    let faults = InjectedFaults(
      try #require(team.fixture.daemonID), ["fdatasync:delay_enter=1500000"])
    let granting = Subprocess(
      Programs.find("setpriv") ?? "",
      [
        "--reuid", "\(Team.ada)", "--regid", "\(Team.ada)", "--clear-groups", Programs.client,
        "grant", "eve", "member",
      ], environment: ["COFFER_SOCKET": team.socketPath], streams: [.null, .null, .null])
    sleep(milliseconds: 500)
    let path = "/tmp/coffer-backup-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let refused = team.coffer(
      as: Team.eve, ["backup", path, "--passphrase-fd", "0"], input: "of the backup")
    #expect(granting.waitForEnd() == 0)
    #expect(refused.errorText.contains("this is an Owner's alone"), "\(refused.errorText)")
    #expect(access(path, F_OK) != 0)
    faults.end()
  }
}
