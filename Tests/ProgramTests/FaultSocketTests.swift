import Glibc
import Platform
import TestSupport
import Testing

/// The place of the socket: what may be there before, and what becomes of it.
@Suite("Faults of the socket")
struct FaultSocketTests {
  let fixture = VaultFixture()

  // MARK: At the start

  /// Starts a daemon that is to be refused, with a state directory of its own.
  private func refused(socket: String) -> Subprocess.Result {
    Subprocess.run(
      Programs.daemon, ["--state", fixture.directory.path("other"), "--socket", socket])
  }

  @Test("fault 16: a socket that a killed daemon left is replaced") func staleSocket() throws {
    fixture.startDaemon()
    fixture.killDaemon()
    #expect(Files.names(in: fixture.statePath).contains("socket"))
    fixture.startDaemon()
    #expect(try fixture.connect().ask("NOP") == ["OK"])
  }

  @Test(
    "fault 16: a socket of somebody else's is not removed, though nobody listens on it",
    .enabled(if: Programs.isRoot, "needs root"))
  func foreignStaleSocket() throws {
    let path = fixture.directory.path("socket")
    fixture.startDaemon(socket: path)
    fixture.killDaemon()
    chown(path, 4242, 4242)
    let before = try FileStatus.ofFile(at: path, followsLinks: false)
    let result = refused(socket: path)
    #expect(result.status == 78)
    #expect(result.errorText.contains("something else is in the place of the socket"))
    #expect(try FileStatus.ofFile(at: path, followsLinks: false) == before)
  }

  @Test("fault 17: the socket of a daemon that lives is not taken, and that one goes on")
  func liveSocket() throws {
    fixture.startDaemon()
    let connection = try fixture.connect()
    let before = try FileStatus.ofFile(at: fixture.socketPath, followsLinks: false)
    let result = refused(socket: fixture.socketPath)
    #expect(result.status == 75)
    #expect(result.errorText.contains("another program listens on this socket"))
    #expect(try FileStatus.ofFile(at: fixture.socketPath, followsLinks: false) == before)
    #expect(connection.ask("NOP") == ["OK"])
    #expect(try fixture.connect().ask("NOP") == ["OK"])
  }

  @Test(
    "fault 18: whatever else is in the place of the socket is refused and left alone",
    arguments: ["file", "directory", "FIFO", "link to a file", "link to a socket", "dead link"])
  func somethingElse(kind: String) throws {
    let (path, target) = (fixture.directory.path("place"), fixture.directory.path("target"))
    switch kind {
    case "file": Files.write([1, 2, 3], to: path)
    case "directory": mkdir(path, 0o700)
    case "FIFO": mkfifo(path, 0o600)
    case "link to a file": Files.write([1, 2, 3], to: target)
    case "link to a socket":
      fixture.startDaemon(socket: target)
      fixture.killDaemon()
    default: break
    }
    if kind.contains("link") { symlink(target, path) }
    let before = try FileStatus.ofFile(at: path, followsLinks: false)
    let targetBefore = try FileStatus.ofFile(at: target, followsLinks: false)
    let result = refused(socket: path)
    #expect(result.status == 78)
    #expect(result.errorText.contains("something else is in the place of the socket"))
    #expect(result.errorText.contains("hint: move it away"))
    #expect(try FileStatus.ofFile(at: path, followsLinks: false) == before)
    #expect(try FileStatus.ofFile(at: target, followsLinks: false) == targetBefore)
    if kind == "file" { #expect(Files.read(path) == [1, 2, 3]) }
  }

  // MARK: While it runs

  static let losses = ["removed", "moved away", "replaced", "its directory moved away"]

  @Test(
    "fault 56: a daemon whose socket is lost locks its vault and ends, and the next is a fresh one",
    arguments: losses)
  func lost(how: String) throws {
    let place = fixture.directory.path("place")
    mkdir(place, 0o700)
    fixture.startDaemon(socket: place + "/socket")
    let environment = fixture.environmentWithKeyFile.merging(
      ["COFFER_SOCKET": fixture.socketPath]) { $1 }
    fixture.coffer(
      [
        "init", "--organization", "acme", "--key-file", fixture.keyFilePath, "--no-recovery",
      ], environment: environment)
    let daemon = try #require(fixture.daemon)
    let connection = try fixture.connect()
    #expect(connection.ask("CREATE me/laptop").last == "OK")
    switch how {
    case "removed": unlink(place + "/socket")
    case "moved away": rename(place + "/socket", place + "/elsewhere")
    case "replaced":
      Files.write([1, 2, 3], to: place + "/new")
      rename(place + "/new", place + "/socket")
    default: rename(place, fixture.directory.path("elsewhere"))
    }
    #expect(daemon.waitForEnd(seconds: 5) == 1, "\(fixture.log)")
    #expect(connection.isClosed(seconds: 1))
    #expect(fixture.log.contains("\(place)/socket: the socket was removed or replaced"))
    // What took its place is none of the daemon's.
    if how == "replaced" { #expect(Files.read(place + "/socket") == [1, 2, 3]) }
    unlink(place + "/socket")
    fixture.startDaemon(socket: place + "/socket")
    #expect(fixture.coffer(["status"], environment: environment).line == "state  locked")
    #expect(
      fixture.coffer(["list"], environment: environment).outputText.contains("me/laptop "))
    let audit = fixture.coffer(["audit"], environment: environment).outputText
    #expect(audit.contains("LOCK"), "\(audit)")
  }

  @Test("fault 56: the next coffer starts a daemon, where the socket was removed")
  func startedByClient() throws {
    fixture.initialize()
    fixture.coffer("create", "me/laptop")
    for number in 0..<10 {
      fixture.coffer("create", "me/\(number)")
      let id = try #require(fixture.daemonID)
      unlink(fixture.socketPath)
      // The former daemon may still be ending; it is waited for.
      let list = fixture.coffer("list")
      #expect(list.outputText.contains("me/\(number) "), "\(list.errorText)")
      #expect(fixture.daemonID != id)
    }
  }

  @Test("fault 56: what else comes and goes beside the socket ends no daemon")
  func othersComeAndGo() throws {
    fixture.startDaemon()
    fixture.initialize()
    for name in ["a", "b"] { Files.write([1], to: fixture.statePath + "/" + name) }
    rename(fixture.statePath + "/a", fixture.statePath + "/b")
    unlink(fixture.statePath + "/b")
    rename(fixture.socketPath, fixture.socketPath)
    #expect(try #require(fixture.daemon).waitForEnd(seconds: 0.5) == nil)
    #expect(fixture.coffer("status").outputText.contains("unlocked"))
  }

  @Test(
    "fault 56: a socket that systemd has passed is not the daemon's to watch",
    .enabled(
      if: Programs.find("systemd-socket-activate") != nil,
      "systemd-socket-activate is not installed"))
  func passedSocket() throws {
    let socket = fixture.directory.path("activated")
    let manager = Subprocess(
      Programs.find("systemd-socket-activate") ?? "",
      ["-l", socket, Programs.daemon, "--state", fixture.statePath],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(fixture.logPath)])
    #expect(eventually { (try? UnixSocket.connect(to: socket)) != nil })
    let client = try AssuanClient(socket)
    #expect(client.readLine()?.hasPrefix("OK Coffer") == true)
    unlink(socket)
    #expect(manager.waitForEnd(seconds: 0.5) == nil)
    #expect(client.ask("NOP") == ["OK"])
    manager.signal(SIGTERM)
    #expect(manager.waitForEnd(seconds: 5) == 0, "\(fixture.log)")
  }
}
