import Glibc
import Platform
import TestSupport
import Testing

/// Daemons that listen and do not answer: one that is stopped is as silent as one that
/// a manager starts again and again.
@Suite("A silent daemon")
struct SilentDaemonTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initializeWithKeys()
  }

  /// Runs `body` while the daemon stands still.
  func whileStopped<Result>(_ body: (Int32) throws -> Result) throws -> Result {
    let id = try #require(fixture.daemonID)
    kill(id, SIGSTOP)
    defer { kill(id, SIGCONT) }
    return try body(id)
  }

  @Test("a greeting that does not come is given up after 10 seconds, and says where to look")
  func noGreeting() throws {
    try whileStopped { id in
      let begin = BootInstant.now
      let jobs = [["list"], ["run", "-k", "web/stripe", "--", "true"], ["lock"], ["doctor"]].map {
        Subprocess(
          Programs.client, $0, environment: fixture.environmentWithKeyFile,
          streams: [.null, .file(fixture.directory.path("doctor")), .file(fixture.logPath)],
          ownSession: true)
      }
      #expect(jobs.map { $0.waitForEnd(seconds: 30) } == [4, 125, 4, 1])
      let passed = BootInstant.now.seconds(since: begin)
      #expect((9...20).contains(passed), "\(passed)")
      let text = """
        coffer: \(fixture.socketPath): somebody listens, but has not greeted within 10 seconds
        coffer: hint: 'ps -p \(id) -o pid,stat,args' shows whether it is stopped; if it is ended, the next coffer starts another

        """
      #expect(fixture.log.contains(text), "\(fixture.log)")
      // The rest of what it finds is worth telling still.
      let findings = String(decoding: Files.read(fixture.directory.path("doctor")), as: UTF8.self)
      #expect(findings.contains("has not greeted within 10 seconds"), "\(findings)")
      #expect(findings.contains("files"), "\(findings)")
    }
    #expect(fixture.coffer("list").status == 0)
  }

  @Test("the tab key waits no longer than a second or two") func completion() throws {
    try whileStopped { _ in
      let begin = BootInstant.now
      let result = fixture.coffer("completion", "--candidates", "--", "show", "")
      #expect(result.output.isEmpty)
      #expect(BootInstant.now.seconds(since: begin) < 6)
    }
  }

  @Test("the same of a daemon of somebody else's names what to look at there") func otherDaemon()
    throws
  {
    let environment = fixture.environmentWithKeyFile.merging(
      ["COFFER_SOCKET": fixture.socketPath]) { $1 }
    let result = try whileStopped { _ in fixture.coffer(["list"], environment: environment) }
    #expect(result.status == 4)
    let hint = "hint: is COFFER_SOCKET the socket of a cofferd, and does that run?"
    #expect(result.errorText.contains(hint), "\(result.errorText)")
  }

  @Test("one that falls silent in what it answers at once is given up, at the end of a waiting")
  func silentAnswer() throws {
    fixture.coffer("lock")
    let job = Subprocess(
      Programs.client, ["list", "--wait", "3s"], environment: fixture.environment,
      streams: [.null, .null, .file(fixture.directory.path("err"))], ownSession: true)
    func error() -> String {
      String(decoding: Files.read(fixture.directory.path("err")), as: UTF8.self)
    }
    #expect(eventually { error().contains("waiting") })
    try whileStopped { _ in
      #expect(job.waitForEnd(seconds: 20) == 4)
      #expect(error().contains("the daemon has not answered for "), "\(error())")
    }
  }

  @Test("a command that may take long is not cut") func longCommand() throws {
    let fixture = VaultFixture()
    fixture.initializeLocked(passphrase: "phrase")
    let terminal = PseudoTerminal(Programs.client, ["unlock"], environment: fixture.environment)
    #expect(terminal.waitFor("Passphrase of the vault: "))
    let id = try #require(fixture.daemonID)
    kill(id, SIGSTOP)
    defer { kill(id, SIGCONT) }
    terminal.type("phrase\n")
    #expect(terminal.process.waitForEnd(seconds: 12) == nil)
    kill(id, SIGCONT)
    #expect(terminal.readToEnd().contains("the vault is unlocked"))
    #expect(terminal.process.waitForEnd() == 0)
  }
}
