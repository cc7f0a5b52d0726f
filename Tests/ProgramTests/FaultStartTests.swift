import Glibc
import Platform
import TestSupport
import Testing

/// What starts the daemon has brought much along that is not the daemon's.
@Suite("Faults of the start")
struct FaultStartTests {
  let fixture = VaultFixture()

  /// Runs a line of the shell in which `$0` is the daemon; it ends in `exec "$0" ...`.
  func start(_ script: String, environment: [String: String] = [:]) -> Subprocess {
    let shell = Subprocess(
      "/bin/sh", ["-c", script, Programs.daemon], environment: environment,
      streams: [.null, .null, .file(fixture.logPath)], ownSession: true)
    #expect(eventually { fixture.daemonID != nil }, "\(fixture.log)")
    return shell
  }

  var command: String { "exec \"$0\" --state '\(fixture.statePath)'" }

  /// What the process has in /proc; its user's alone, so that root is needed.
  func contents(_ name: String) throws -> String {
    String(decoding: Files.read("/proc/\(try #require(fixture.daemonID))/\(name)"), as: UTF8.self)
  }

  @Test(
    "fault 46: a library that the environment names is not in the daemon",
    .enabled(
      if: PreloadedLibrary.isPossible && Programs.isRoot, "needs clang on the PATH, and root"))
  func preload() throws {
    let library = PreloadedLibrary("int coffer_intruder = 1;", in: fixture.directory)
    let variables = [
      "LD_PRELOAD": library.path, "LD_LIBRARY_PATH": fixture.directory.path, "LD_DEBUG": "all",
      "LD_DEBUG_OUTPUT": fixture.directory.path("debug"), "MALLOC_TRACE": "/dev/null",
      "SWIFT_BACKTRACE": "enable=yes", "GLIBC_TUNABLES": "glibc.malloc.check=3",
    ]
    let daemon = start(command, environment: variables)
    defer { daemon.signal(SIGKILL) }
    #expect(!(try contents("maps")).contains("library.so"))
    #expect(try contents("environ") == "SWIFT_BACKTRACE=enable=no\0")
    #expect(try contents("comm").hasPrefix("cofferd"))
    #expect(fixture.daemonID == daemon.id, "it stays the same process")
  }

  @Test("fault 46: whatever else is in the environment, nothing of it stays with the daemon")
  func environment() throws {
    let huge = String(repeating: "x", count: 100_000)
    let daemon = start(
      command,
      environment: [
        "COFFER_API_KEY": "cof_uk_secret", "HUGE": huge, "BROKEN": "\u{1}\n", "PATH": "/",
      ])
    defer { daemon.signal(SIGKILL) }
    fixture.initialize()
    #expect(fixture.coffer("list").status == 0)
    if Programs.isRoot { #expect(try contents("environ") == "SWIFT_BACKTRACE=enable=no\0") }
  }

  @Test("fault 46: it works without HOME, and says so where that is all it could go by")
  func homeless() {
    let daemon = start(command, environment: [:])
    fixture.initialize()
    daemon.signal(SIGTERM)
    daemon.waitForEnd()
    let lost = Subprocess.run(Programs.daemon, [], environment: [:])
    #expect(lost.status == 2)
    #expect(lost.errorText.contains("HOME is not set; use --state DIR or set COFFER_HOME"))
  }

  @Test("fault 46: the variables that it reads are read after all") func keptVariables() throws {
    let shell = Subprocess(
      "/bin/sh", ["-c", "exec \"$0\"", Programs.daemon],
      environment: ["COFFER_HOME": fixture.statePath, "OTHER": "1"],
      streams: [.null, .null, .file(fixture.logPath)], ownSession: true)
    defer { shell.signal(SIGKILL) }
    #expect(eventually { fixture.daemonID == shell.id }, "\(fixture.log)")
  }

  @Test(
    "fault 45: what it inherits is closed, and its input is nothing",
    .enabled(if: Programs.isRoot, "needs root"))
  func descriptors() throws {
    let file = fixture.directory.path("inherited")
    let daemon = start("exec 3<>'\(file)' 4<>'\(file)' 9<>'\(file)' <'\(file)'; " + command)
    defer { daemon.signal(SIGKILL) }
    let id = try #require(fixture.daemonID)
    let directory = "/proc/\(id)/fd/"
    let links = Files.names(in: directory).map { Files.linkTarget(of: directory + $0) }
    #expect(!links.isEmpty && !links.contains { $0.hasSuffix("inherited") }, "\(links)")
    #expect(Files.linkTarget(of: directory + "0") == "/dev/null")
  }
}

/// What a service manager passes wrongly.
@Suite(
  "Faults of socket activation",
  .enabled(if: Programs.find("python3") != nil, "needs python3"))
struct FaultActivationTests {
  let fixture = VaultFixture()

  /// Puts what a line of Python makes at descriptor 3 and on, and executes the daemon.
  func activate(_ making: String, names: String = "", options: [String] = []) -> Int32? {
    let script = """
      import os, socket, sys
      d = '\(fixture.directory.path)'
      def listening(name, kind=socket.SOCK_STREAM):
        s = socket.socket(socket.AF_UNIX, kind); s.bind(d + '/' + name)
        if kind != socket.SOCK_DGRAM: s.listen(8)
        return s
      made = \(making)
      for i, s in enumerate(made): os.dup2(s.fileno(), 20 + i)
      for i in range(len(made)): os.dup2(20 + i, 3 + i)
      os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(made)))
      if '\(names)': os.environ['LISTEN_FDNAMES'] = '\(names)'
      os.execv(sys.argv[1], sys.argv[1:])
      """
    let daemon = Subprocess(
      Programs.find("python3") ?? "",
      ["-c", script, Programs.daemon, "--state", fixture.statePath] + options, environment: [:],
      streams: [.null, .null, .file(fixture.logPath)])
    return daemon.waitForEnd(seconds: 10)
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let making: String
    var names = ""
    var options: [String] = []
    var message = "what systemd passed is no listening AF_UNIX stream socket"
  }

  static let cases: [Case] = [
    Case(
      testDescription: "none", making: "[]",
      message: "systemd passed 0 sockets, cofferd wants one"),
    Case(
      testDescription: "three",
      making: "[listening('a'), listening('b'), listening('c')]",
      message: "systemd passed 3 sockets, cofferd wants one"),
    Case(
      testDescription: "two that their names do not tell apart",
      making: "[listening('a'), listening('b')]", names: "main:other",
      message: "what systemd passed is not one main socket"),
    Case(
      testDescription: "that for credentials alone", making: "[listening('a')]",
      names: "credential", options: ["--system"],
      message: "what systemd passed is not one main socket"),
    Case(
      testDescription: "one for credentials, of a daemon that serves one user",
      making: "[listening('a'), listening('b')]", names: "main:credential",
      message: "which only a daemon with --system serves"),
    Case(testDescription: "a TCP socket", making: "[socket.create_server(('127.0.0.1', 0))]"),
    Case(testDescription: "a datagram socket", making: "[listening('a', socket.SOCK_DGRAM)]"),
    Case(testDescription: "a packet socket", making: "[listening('a', socket.SOCK_SEQPACKET)]"),
    Case(testDescription: "one that does not listen", making: "[socket.socket(socket.AF_UNIX)]"),
    Case(testDescription: "a file", making: "[open('/dev/null')]"),
    Case(
      testDescription: "a second that is of another kind",
      making: "[listening('a'), listening('b', socket.SOCK_DGRAM)]", names: "main:credential",
      options: ["--system"]),
  ]

  @Test(
    "fault 59: what systemd cannot have meant is refused, and not tried again", arguments: cases)
  func refused(_ wrong: Case) {
    #expect(
      activate(wrong.making, names: wrong.names, options: wrong.options) == 78, "\(fixture.log)")
    #expect(fixture.log.contains(wrong.message), "\(fixture.log)")
    #expect(fixture.log.contains("hint: "))
  }
}
