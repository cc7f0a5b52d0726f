import Glibc
import Platform
import TestSupport
import Testing

/// When an open vault is locked without anybody asking for it.
@Suite("Locking by itself")
struct LockingTests {
  let fixture = VaultFixture()

  var isLocked: Bool {
    fixture.coffer(["status"], environment: fixture.environment).outputText.contains("locked")
      && !fixture.coffer(["status"], environment: fixture.environment).outputText
        .contains("unlocked")
  }

  /// The last row that tells of a lock.
  var lastLock: String {
    fixture.coffer("unlock")
    let rows = fixture.coffer("audit").outputText.split(separator: "\n")
    return rows.last { $0.contains("LOCK") && !$0.contains("UNLOCK") }.map(String.init) ?? ""
  }

  @Test("SIGUSR1 locks an open vault, and leaves the daemon and its connections")
  func signal() throws {
    fixture.startDaemon()
    fixture.initialize()
    let connection = try fixture.connect()
    kill(try #require(fixture.daemonID), SIGUSR1)
    #expect(eventually { isLocked })
    #expect(AssuanClient.errorCode(of: connection.ask("LIST")) == 173)
    // One that is locked already stays so.
    kill(try #require(fixture.daemonID), SIGUSR1)
    #expect(connection.ask("NOP") == ["OK"])
    #expect(fixture.log.contains("SIGUSR1 has come: locking the vault"))
    #expect(lastLock.contains("SIGUSR1"))
  }

  @Test("a vault that was open for --max-unlock is locked, though it is used") func longest() {
    fixture.startDaemon(["--max-unlock", "2s"])
    fixture.initialize()
    #expect(
      eventually(seconds: 10) {
        fixture.coffer(["list"], environment: fixture.environment).status == 3
      })
    #expect(fixture.log.contains("the vault was open for 2s: locking it"))
    #expect(lastLock.contains("max-unlock"))
  }

  @Test("the status tells when: after so long without use, and in any case") func status() {
    fixture.startDaemon(["--idle-lock", "30m", "--max-unlock", "2h"])
    fixture.initialize()
    let text = fixture.coffer("status").outputText
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains { ["29m", "30m"].map { "locks after \($0) without use" }.contains($0) })
    #expect(lines.contains { ["1h59m", "2h0m"].map { "locks anyway in \($0)" }.contains($0) })
    let json = fixture.coffer("status", "--json").outputText
    #expect(json.contains("\"locks_in\":1") && json.contains("\"locks_anyway_in\":7"), "\(json)")
  }

  @Test("a vault that nothing locks says nothing of it") func never() {
    fixture.startDaemon(["--idle-lock", "0", "--max-unlock", "0"])
    fixture.initialize()
    #expect(!fixture.coffer("status").outputText.contains("locks"))
  }

  /// Makes a vault that a passphrase opens, which takes a while to try.
  private func startWithPassphrase() {
    fixture.startDaemon()
    fixture.coffer(
      ["init", "--organization", "acme", "--no-recovery", "--passphrase-fd", "0"],
      input: Array("correct horse".utf8), environment: fixture.environment)
  }

  @Test("a signal that comes while a passphrase is tried counts for more than what opens")
  func signalWhileOpening() throws {
    startWithPassphrase()
    fixture.coffer(["lock"], environment: fixture.environment)
    let client = try fixture.connect()
    #expect(client.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    client.send("D correct horse\nEND\n")
    sleep(milliseconds: 50)
    kill(try #require(fixture.daemonID), SIGUSR1)
    #expect(AssuanClient.errorCode(of: client.readReply()) == 173)
    #expect(isLocked)
  }

  @Test("a lock that comes while another one is under way counts for what came between")
  func lockAfterUnlock() throws {
    startWithPassphrase()
    let (first, between, second) = (
      try fixture.connect(), try fixture.connect(), try fixture.connect()
    )
    #expect(between.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    let daemon = try #require(fixture.daemonID)
    #expect(first.ask("CREATE me/key").last == "OK")
    // All arrives at once, in this order, and the first lock takes a while.
    kill(daemon, SIGSTOP)
    first.send("LOCK\n")
    between.send("D correct horse\nEND\n")
    second.send("LOCK\n")
    kill(daemon, SIGCONT)
    let replies = [first, between, second].map { $0.readReply() }
    #expect(replies[0] == ["OK"])
    if replies[2] == ["OK"] {
      #expect(AssuanClient.errorCode(of: replies[1]) == 173, "\(replies[1])")
      #expect(isLocked)
    }
  }

  @Test("what was tried on the open vault before it was locked does not open it again")
  func checksBeforeLock() throws {
    startWithPassphrase()
    let clients = try (0..<3).map { _ in try fixture.connect() }
    for client in clients { #expect(client.ask("UNLOCK").last == "INQUIRE PASSPHRASE") }
    for client in clients { client.send("D correct horse\nEND\n") }
    sleep(milliseconds: 20)
    #expect(try fixture.connect().ask("LOCK") == ["OK"])
    for client in clients { _ = client.readReply() }
    #expect(isLocked)
    // What comes behind the lock opens it.
    let later = try fixture.connect()
    #expect(later.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    later.send("D correct horse\nEND\n")
    #expect(later.readReply() == ["OK"])
  }
}

@Suite("Locking after sleep", .enabled(if: ClockFixture.isInstalled, "needs clang on the PATH"))
struct SleepTests {
  let fixture = VaultFixture()

  /// Starts a daemon whose clock that counts sleep is ahead by what a file says.
  func start() -> String {
    let path = fixture.directory.path("sleep")
    Files.write(Array("0\n".utf8), to: path)
    let library = PreloadedLibrary(
      ClockFixture.source("CLOCK_BOOTTIME", path: path), in: fixture.directory)
    fixture.startDaemon(preloading: library.path)
    fixture.initializeWithKeys()
    return path
  }

  @Test("once the machine has slept the vault is locked before anybody is served")
  func sleeps() throws {
    let path = start()
    let connection = try fixture.connect()
    #expect(connection.ask("ENV web/stripe").last == "OK")
    Files.write(Array("3\n".utf8), to: path)
    #expect(AssuanClient.errorCode(of: connection.ask("ENV web/stripe")) == 173)
    #expect(fixture.log.contains("the machine has slept: locking the vault"))
    #expect(fixture.coffer("unlock").status == 0)
    #expect(connection.ask("ENV web/stripe").last == "OK")
    #expect(fixture.coffer("audit").outputText.contains("sleep"))
  }
}
