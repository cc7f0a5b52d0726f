import Glibc
import Platform
import TestSupport
import Testing

/// How the daemon starts, by whomever, and how it ends.
@Suite("Start and end")
struct StartTests {
  let fixture = VaultFixture()

  func cofferd(_ arguments: String...) -> Subprocess.Result {
    Subprocess.run(Programs.daemon, arguments, environment: ["PATH": "/usr/bin:/bin"])
  }

  @Test(
    "fault 45: coffer starts the daemon in a session of its own, with nothing of its caller")
  func startedByClient() throws {
    mkdir(fixture.statePath, 0o700)
    // A script that waits for the end of a pipe must not wait for the daemon.
    let script = "exec 9>\(fixture.directory.path("open")); x=$(coffer status); echo \"$x\""
    let result = Subprocess.run(
      "/bin/sh", ["-c", script],
      environment: fixture.environment.merging([
        "PATH": "\(Programs.directory):/usr/bin:/bin", "SECRET": "of the caller",
      ]) { $1 })
    #expect(result.line == "state  none")
    let id = try #require(fixture.daemonID)
    #expect(getsid(id) == id)
    #expect(getppidOf(id) != getpid())
    let environment = String(
      decoding: Files.read("/proc/\(id)/environ"), as: UTF8.self)
    #expect(!environment.contains("of the caller"))
    guard Programs.isRoot else { return }
    for number in 0...2 {
      #expect(Files.linkTarget(of: "/proc/\(id)/fd/\(number)") == "/dev/null")
    }
    let kinds = Files.names(in: "/proc/\(id)/fd").map {
      Files.linkTarget(of: "/proc/\(id)/fd/\($0)")
    }
    #expect(!kinds.contains { $0.hasPrefix("pipe:") || $0.contains("/open") })
    #expect(Files.linkTarget(of: "/proc/\(id)/cwd") == "/")
  }

  private func getppidOf(_ id: Int32) -> Int32? {
    let status = String(decoding: Files.read("/proc/\(id)/status"), as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
    return line?.split(separator: "\t").last.flatMap { Int32($0) }
  }

  @Test("many clients at once start one daemon") func startedAtOnce() {
    mkdir(fixture.statePath, 0o700)
    let clients = (0..<16).map { _ in
      Subprocess(
        Programs.client, ["status"], environment: fixture.environment,
        streams: [.null, .null, .file(fixture.logPath)])
    }
    for client in clients { #expect(client.waitForEnd() == 0, "\(fixture.log)") }
  }

  @Test("fault 15: a second daemon on the same state directory is refused, the first goes on")
  func secondDaemon() throws {
    fixture.startDaemon()
    let second = cofferd("--state", fixture.statePath, "--socket", fixture.directory.path("s"))
    #expect(second.status == 75)
    #expect(second.errorText.contains("another cofferd uses this state directory"))
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    // A kill -9 gives the directory free.
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(try fixture.connect().ask("NOP") == ["OK"])
  }

  @Test(
    "fault 19: a state directory that is open to others is refused",
    arguments: [0o770, 0o707, 0o755])
  func openDirectory(mode: mode_t) {
    mkdir(fixture.statePath, 0o700)
    chmod(fixture.statePath, mode)
    let result = cofferd("--state", fixture.statePath)
    #expect(result.status == 78)
    let octal = String(mode, radix: 8)
    #expect(result.errorText.contains("is open to others (mode 0\(octal))"))
    #expect(result.errorText.contains("hint: close it with 'chmod go= \(fixture.statePath)'"))
    // The client tells it as well, although the daemon that it starts is mute.
    let client = fixture.coffer("status")
    #expect(client.status == 4)
    #expect(client.errorText.contains("is open to others"))
    #expect(client.errorText.contains("coffer: the daemon could not be started"))
  }

  @Test("fault 19: what is no directory of one's own is refused") func wrongDirectory() {
    let elsewhere = fixture.directory.path("elsewhere")
    mkdir(elsewhere, 0o700)
    symlink(elsewhere, fixture.statePath)
    #expect(cofferd("--state", fixture.statePath).errorText.contains("is a symbolic link"))
    #expect(Files.names(in: elsewhere).isEmpty)
    unlink(fixture.statePath)
    Files.write([], to: fixture.statePath)
    #expect(cofferd("--state", fixture.statePath).errorText.contains("is not a directory"))
    guard Programs.isRoot else { return }
    chown(elsewhere, 12345, 12345)
    let foreign = cofferd("--state", elsewhere)
    #expect(foreign.status == 78)
    #expect(foreign.errorText.contains("belongs to uid 12345, not to uid 0"))
  }

  @Test("fault 23: a socket whose path is too long is refused, by the daemon and by coffer")
  func longSocketPath() {
    let long = "/tmp/" + String(repeating: "x", count: 103)
    let tooLong = cofferd("--state", fixture.statePath, "--socket", long)
    #expect(tooLong.status == 78)
    #expect(tooLong.errorText.contains("the path of a socket has at most 107 bytes"))
    #expect(tooLong.errorText.contains("hint: choose a shorter one with --socket or COFFER_HOME"))
    // '/socket' is what coffer adds.
    for (variable, path) in [("COFFER_HOME", long), ("COFFER_SOCKET", long)] {
      let client = fixture.coffer(
        ["status"], environment: ["PATH": "/usr/bin:/bin", variable: path])
      #expect(client.status == 4)
      #expect(client.errorText.contains("the path of a socket has at most 107 bytes"))
    }
    // One byte less than too long will do.
    let home = fixture.directory.path
    let longest = home + "/" + String(repeating: "x", count: 106 - home.utf8.count)
    #expect(longest.utf8.count == 107)
    fixture.startDaemon(socket: longest)
    #expect(fixture.coffer(["status"], environment: ["COFFER_SOCKET": longest]).status == 0)
  }

  @Test("a COFFER_HOME that is not there is told, and made only for a vault") func mistypedHome() {
    for words in [["list"], ["run", "-k", "web/x", "--", "true"], ["unlock"], ["status"]] {
      let result = fixture.coffer(words)
      #expect(result.status == (words[0] == "run" ? 125 : 1))
      #expect(
        result.errorText.hasPrefix(
          "coffer: COFFER_HOME: \(fixture.statePath): there is no such directory\n"),
        "\(result.errorText)")
    }
    #expect(!Files.names(in: fixture.directory.path).contains("state"))
    fixture.initialize()
    #expect(fixture.coffer("list").status == 0)
  }

  @Test(
    "fault 36: SIGTERM ends the daemon cleanly, and its socket with it",
    arguments: [SIGTERM, SIGINT])
  func terminates(number: CInt) throws {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let daemon = try #require(fixture.daemon)
    daemon.signal(number)
    #expect(daemon.waitForEnd(seconds: 5) == 0, "\(fixture.log)")
    #expect(!Files.names(in: fixture.statePath).contains("socket"))
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
  }

  @Test(
    "fault 20: files and directories are their owner's alone under any umask",
    arguments: [0, 0o777])
  func umask(mask: Int) {
    let script =
      "umask \(String(mask, radix: 8)); exec \(Programs.daemon) --state \(fixture.statePath)"
    let daemon = Subprocess(
      "/bin/sh", ["-c", script], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { fixture.daemonID != nil })
    fixture.initialize()
    #expect(
      (try? FileStatus.ofFile(at: fixture.statePath, followsLinks: false))?.permissions == 0o700)
    for name in Files.names(in: fixture.statePath) {
      let status = try? FileStatus.ofFile(
        at: fixture.statePath + "/" + name, followsLinks: false)
      #expect(status?.permissions == 0o600, "\(name)")
    }
    daemon.signal(SIGKILL)
  }

  @Test("a socket that systemd passes is used, and readiness is told") func activation() throws {
    guard let activate = Programs.find("systemd-socket-activate") else {
      print("skipped: systemd-socket-activate is not installed")
      return
    }
    let socket = fixture.directory.path("activated")
    let manager = Subprocess(
      activate, ["-l", socket, Programs.daemon, "--state", fixture.statePath],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(fixture.logPath)])
    // The name is there before anybody listens.
    #expect(eventually { (try? UnixSocket.connect(to: socket)) != nil })
    let client = try AssuanClient(socket)
    #expect(client.readLine()?.hasPrefix("OK Coffer") == true)
    #expect(!Files.names(in: fixture.statePath).contains("socket"))
    manager.signal(SIGTERM)
    #expect(manager.waitForEnd(seconds: 5) == 0, "\(fixture.log)")
    // The socket is the manager's, so it stays.
    #expect(Files.names(in: fixture.directory.path).contains("activated"))
  }

  @Test("--check says what is wrong, and changes nothing") func check() {
    fixture.initialize()
    fixture.killDaemon()
    let before = Files.read(fixture.statePath + "/slots")
    #expect(cofferd("--check", "--state", fixture.statePath).status == 0)
    Files.write(Array(before.dropLast()), to: fixture.statePath + "/slots")
    let result = cofferd("--check", "--state", fixture.statePath)
    #expect(result.status == 1)
    #expect(
      result.outputText.contains("wrong    slots: the vault is damaged: slots: it is no text of"))
    #expect(result.outputText.contains("         hint: nothing was changed; "))
    #expect(Files.read(fixture.statePath + "/slots") == Array(before.dropLast()))
  }

  @Test("a damaged vault is served as damaged, and not touched") func damaged() throws {
    fixture.initialize()
    fixture.killDaemon()
    var bytes = Files.read(fixture.statePath + "/slots")
    bytes[100] ^= 1
    Files.write(bytes, to: fixture.statePath + "/slots")
    #expect(fixture.coffer("status").outputText.contains("damaged"))
    let list = fixture.coffer("list")
    #expect(list.status == 1)
    #expect(list.errorText.contains("the vault is damaged: slots: its checksum is wrong"))
    #expect(fixture.coffer("unlock").errorText.contains("the vault is damaged"))
    #expect(fixture.coffer("init", "--organization", "x").status == 1)
    #expect(Files.read(fixture.statePath + "/slots") == bytes)
  }

  @Test("a vault of an unknown version is left alone") func unknownVersion() {
    fixture.initialize()
    fixture.killDaemon()
    let text = String(decoding: Files.read(fixture.statePath + "/slots"), as: UTF8.self)
    let newer = Array(("coffer slots 9 9" + text.dropFirst("coffer slots 1 1".count)).utf8)
    Files.write(newer, to: fixture.statePath + "/slots")
    let result = fixture.coffer("unlock")
    #expect(
      result.errorText.contains("slots wants a reader of version 9, which this cofferd is not"))
    #expect(Files.read(fixture.statePath + "/slots") == newer)
  }

  @Test("COFFER_SOCKET that nobody answers on starts no daemon") func socketVariable() {
    let result = fixture.coffer(
      ["status"],
      environment: fixture.environment.merging(["COFFER_SOCKET": fixture.directory.path("none")]) {
        $1
      })
    #expect(result.status == 4)
    #expect(result.errorText.contains("no daemon listens there"))
    #expect(!Files.names(in: fixture.directory.path).contains("state"))
  }

  @Test("lock starts no daemon only to lock it") func lockWithoutDaemon() {
    let result = fixture.coffer("lock")
    #expect(result.status == 0)
    #expect(result.errorText.contains("no daemon runs, so nothing is unlocked"))
    #expect(fixture.daemonID == nil)
  }

  @Test(
    "usage errors of cofferd are told",
    arguments: [
      ["--sokcet", "/tmp/x"], ["--state", "relative"], ["--idle-lock", "soon"], ["word"],
      ["--state"],
    ])
  func usage(arguments: [String]) {
    let result = Subprocess.run(Programs.daemon, arguments)
    #expect(result.status == 2)
    #expect(result.errorText.contains("'cofferd --help' lists the options"))
  }
}
