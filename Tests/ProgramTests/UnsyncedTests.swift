import Glibc
import Platform
import TestSupport
import Testing

/// What is not on the disk yet, or never gets there, counts for nobody.
@Suite(
  "Changes on their way",
  .enabled(if: Team.isPossible && Programs.find("strace") != nil, "needs root, setpriv and strace"))
struct UnsyncedTests {
  /// Lets calls of a daemon be slow, or fail.
  private func trace(_ daemon: Int32, _ injection: String) throws -> Subprocess {
    let tracer = Subprocess(
      try #require(Programs.find("strace")),
      [
        "-f", "-o", "/dev/null", "-p", String(daemon), "-e", "trace=fdatasync", "-e",
        "inject=fdatasync:\(injection)", "-e", "signal=none",
      ], environment: [:], streams: [.null, .null, .null])
    usleep(500_000)
    return tracer
  }

  @Test("a version that a crash may still undo is handed to nobody") func awaited() throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let rotating = try fixture.connect()
    let asking = try fixture.connect()
    let tracer = try trace(try #require(fixture.daemonID), "delay_enter=1000000")
    let start = BootInstant.now
    rotating.send("ROTATE web/deploy --now\n")
    usleep(200_000)
    // Another key's value does not wait.
    #expect(asking.ask("ENV web/stripe").last == "OK")
    #expect(BootInstant.now < start.advanced(byMilliseconds: 900))
    let handed = asking.ask("ENV web/deploy")
    #expect(BootInstant.now >= start.advanced(byMilliseconds: 900))
    let text = rotating.readReply().first { $0.hasPrefix("D ") }?.dropFirst(2) ?? "none"
    #expect(handed.contains { $0.hasPrefix("D DEPLOY=\(text)") }, "\(handed.count) lines")
    tracer.signal(SIGKILL)
  }

  @Test("who was added by a change that failed is nobody, and the audit can be read")
  func ghost() throws {
    let team = Team()
    let daemon = try #require(team.fixture.daemonID)
    let tracer = try trace(daemon, "error=EIO:when=1+")
    let added = team.owner("user", "add", "ghost", "--uid", "\(Team.stranger)")
    #expect(added.status == 1 && added.errorText.contains("outcome unknown"), "\(added.errorText)")
    let refused = team.coffer(as: Team.stranger, ["show", "web/stripe"])
    #expect(refused.errorText.contains("this uid is no user"), "\(refused.errorText)")
    tracer.signal(SIGKILL)
    tracer.waitForEnd()
    team.owner("lock")
    #expect(
      team.root("unlock", "--key-file", team.fixture.keyFilePath).status == 0)
    #expect(team.owner("audit").status == 0)
    // The number goes to somebody else, and with it no deed of the ghost's.
    team.owner("user", "add", "innocent", "--uid", "4999")
    let deeds = team.owner("audit", "--user", "innocent")
    #expect(deeds.output.isEmpty, "\(deeds.outputText)")
    #expect(team.owner("audit", "--check").status == 0)
  }
}
