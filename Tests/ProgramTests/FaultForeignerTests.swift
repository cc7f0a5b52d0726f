import Glibc
import Platform
import TestSupport
import Testing

/// Who is at the other end: of the daemon's socket, and of the client's.
@Suite(
  "Faults of who is there",
  .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
struct FaultForeignerTests {
  static let uid = 4211

  let fixture: VaultFixture
  var socketPath: String { fixture.directory.path("socket") }

  init() {
    fixture = VaultFixture()
    chmod(fixture.directory.path, 0o755)
  }

  private init(of fixture: VaultFixture) { self.fixture = fixture }

  /// What another uid hears that connects so often and sends nothing, a line each
  /// time; `prefix` is what its program is run by.
  private func listen(_ count: Int = 1, by prefix: [String] = []) throws -> [Substring] {
    let script = """
      import socket, sys
      for _ in range(int(sys.argv[2])):
        s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1]); heard = b""
        while True:
          part = s.recv(1000)
          if not part: break
          heard += part
        print(heard.decode().replace("\\n", "|"))
      """
    let python = try #require(Programs.find("python3"))
    let words =
      ["--reuid", "\(Self.uid)", "--regid", "\(Self.uid)", "--clear-groups", "--"] + prefix
      + [python, "-c", script, fixture.socketPath, "\(count)"]
    let result = Subprocess.run(try #require(Programs.find("setpriv")), words)
    #expect(result.status == 0, "\(result.errorText)")
    return result.outputText.split(separator: "\n")
  }

  private static let refusal = "ERR 536871163 this daemon serves uid 0 only|"

  private func noted(_ text: String) -> Int {
    fixture.log.split(separator: "\n").count { $0.contains(text) }
  }

  @Test(
    "fault 21: another uid is told that it is not served, and is closed, logged and counted",
    .enabled(if: Programs.find("python3") != nil, "needs python3"))
  func otherUID() throws {
    fixture.startDaemon(socket: socketPath)
    chmod(socketPath, 0o666)
    let own = try fixture.connect()
    let heard = try listen(40)
    #expect(heard.count == 40)
    for line in heard { #expect(line == Self.refusal) }
    // The administrator is told, but no log is filled.
    let lines = noted("refused a connection of uid \(Self.uid) (process ")
    #expect((10...20).contains(lines), "\(lines)")
    #expect(own.ask("NOP") == ["OK"])
  }

  @Test(
    "fault 21: of many refusals the number is logged a minute later",
    .enabled(
      if: ClockFixture.isInstalled && Programs.find("python3") != nil,
      "needs clang on the PATH, and python3"))
  func counted() throws {
    let clock = ClockFixture()
    let other = FaultForeignerTests(of: clock.vault)
    chmod(clock.vault.socketPath, 0o666)
    chmod(clock.vault.directory.path, 0o711)
    chmod(clock.vault.statePath, 0o711)
    #expect(try other.listen(30).count == 30)
    let logged = other.noted("refused a connection of uid")
    clock.set(61)
    #expect(try other.listen().count == 1)
    #expect(other.noted("refused \(30 - logged) more connections of uid \(Self.uid)") == 1)
  }

  // MARK: Namespaces

  static let canUnshare =
    Programs.find("python3") != nil
    && Programs.find("unshare").map {
      Subprocess.run($0, ["-U", "-r", "true"], environment: ["PATH": "/usr/bin:/bin"]).status == 0
    } == true

  @Test(
    "fault 22: root of a user namespace of its own is who it is outside",
    .enabled(if: canUnshare, "needs user namespaces, and python3"))
  func rootOfNamespace() throws {
    fixture.startDaemon(socket: socketPath)
    chmod(socketPath, 0o666)
    let heard = try listen(by: [try #require(Programs.find("unshare")), "-U", "-r"])
    #expect(heard == [Self.refusal[...]])
    #expect(noted("refused a connection of uid \(Self.uid) (process ") == 1, "\(fixture.log)")
  }

  @Test(
    "fault 22: a uid that the daemon's namespace does not know is nobody's",
    .enabled(if: canUnshare, "needs user namespaces, and python3"))
  func unmappedUID() throws {
    let daemon = Subprocess(
      try #require(Programs.find("unshare")),
      ["-U", "-r", Programs.daemon, "--state", fixture.statePath, "--socket", socketPath],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(fixture.logPath)])
    #expect(eventually { (try? UnixSocket.connect(to: socketPath)) != nil }, "\(fixture.log)")
    fixture.socketPath = socketPath
    chmod(socketPath, 0o666)
    #expect(try listen() == [Self.refusal[...]])
    #expect(noted("refused a connection of uid 65534 (process ") == 1, "\(fixture.log)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0)
  }

  @Test(
    "fault 22: with --system such a uid is a stranger, whom no user can be",
    .enabled(if: canUnshare, "needs user namespaces, and python3"))
  func unmappedStranger() throws {
    fixture.startDaemon(["--system"], socket: socketPath)
    let environment = ["COFFER_SOCKET": socketPath]
    let made = fixture.coffer(
      [
        "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "0", "--key-file",
        fixture.keyFilePath, "--no-recovery",
      ], environment: environment)
    #expect(made.status == 0, "\(made.errorText)")
    for uid in [65_534, 4_294_967_295] {
      let added = fixture.coffer(
        ["user", "add", "nobody", "--uid", "\(uid)"], environment: environment)
      #expect(added.status == 1)
      #expect(added.errorText.contains("uid \(uid): invalid"), "\(added.errorText)")
    }
    let list = Subprocess.run(
      try #require(Programs.find("setpriv")),
      ["--reuid", "65534", "--regid", "65534", "--clear-groups", Programs.client, "list"],
      environment: environment)
    #expect(list.errorText.hasPrefix("coffer: caller: forbidden: this uid is no user"))
  }
}
