import Glibc
import Platform
import TestSupport
import Testing

/// What others can see and take of a client while it runs.
@Suite("Faults of the client")
struct FaultClientTests {
  let fixture = VaultFixture()
  static let value = "sk_live_of_a_vendor_b80c44_marker"

  // MARK: Inspection

  static let asUser = ["--reuid", "4242", "--regid", "4242", "--clear-groups"]

  /// Whether another process of the same uid can open a file of a process, or trace it.
  private func canOpen(_ file: String, of id: Int32, _ setpriv: String) -> Bool {
    let script = "exec 3</proc/\(id)/\(file) && head -c 1 <&3"
    let result = Subprocess.run(
      setpriv, Self.asUser + ["/bin/sh", "-c", file == "mem" ? "exec 3</proc/\(id)/mem" : script],
      environment: ["PATH": "/usr/bin:/bin"])
    return result.status == 0 && (file == "mem" || !result.output.isEmpty)
  }

  @Test(
    "fault 44: a process of the same user reads neither memory nor environment of coffer",
    .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
  func inspection() throws {
    let setpriv = try #require(Programs.find("setpriv"))
    chmod(fixture.directory.path, 0o755)
    let home = fixture.directory.path("home")
    mkdir(home, 0o700)
    chown(home, 4242, 4242)
    let environment = ["COFFER_HOME": home + "/state", "COFFER_API_KEY": "cof_not_to_be_seen"]
    let terminal = PseudoTerminal(
      setpriv, Self.asUser + [Programs.client, "init", "--organization", "acme"],
      environment: environment)
    #expect(terminal.waitFor("New passphrase for the vault: "), "\(terminal.text)")
    let id = terminal.process.id
    // What is not ours can be read, so the refusals are no accident of this system.
    let other = Subprocess(
      setpriv, Self.asUser + ["/bin/sleep", "100"], environment: environment,
      streams: [.null, .null, .null])
    #expect(eventually { canOpen("environ", of: other.id, setpriv) })
    for file in ["environ", "maps", "mem", "auxv"] {
      #expect(!canOpen(file, of: id, setpriv), "\(file)")
    }
    if let strace = Programs.find("strace") {
      let traced = Subprocess.run(
        setpriv, Self.asUser + ["/usr/bin/timeout", "5", strace, "-p", "\(id)"],
        environment: ["PATH": "/usr/bin:/bin"])
      #expect(traced.errorText.contains("Operation not permitted"), "\(traced.errorText)")
    }
    terminal.type("\u{3}")
    _ = terminal.readToEnd()
    other.signal(SIGKILL)
    endDaemon(at: home + "/state/socket")
  }

  private func endDaemon(at path: String) { fixture.endDaemon(at: path) }

  /// Ends what a script has become by SIGSEGV, where cores are allowed.
  private func dumpsCore(_ command: String, whenShown text: String?) -> Bool {
    let script = "cd \(fixture.directory.path) && ulimit -c unlimited && exec \(command)"
    // The runtime of a program that is not shipped would print where it crashed.
    let environment = fixture.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    let terminal = PseudoTerminal("/bin/sh", ["-c", script], environment: environment)
    if let text { #expect(terminal.waitFor(text), "\(terminal.text)") }
    sleep(milliseconds: 100)
    terminal.process.signal(SIGSEGV)
    #expect(terminal.process.waitForEnd() == 128 + SIGSEGV)
    return terminal.process.hasDumpedCore
  }

  @Test("fault 44: a crash of coffer leaves no core, and the command's limit is its own")
  func noCore() {
    if !dumpsCore("sleep 100", whenShown: nil) { print("skipped: this system dumps no cores") }
    let command = "\(Programs.client) init --organization acme"
    #expect(!dumpsCore(command, whenShown: "New passphrase for the vault: "))
    fixture.initializeWithKeys()
    let result = Subprocess.run(
      "/bin/sh",
      ["-c", "ulimit -Sc 7 && \(Programs.client) run -k web/stripe -- sh -c 'ulimit -Sc'"],
      environment: fixture.environmentWithKeyFile)
    #expect(result.line == "7", "\(result.errorText)")
  }

  // MARK: The daemon that it starts

  @Test(
    "fault 45: the daemon that coffer starts has nothing of its caller",
    .enabled(if: Programs.isRoot, "needs root"))
  func startedDaemon() throws {
    let open = fixture.directory.path("open")
    mkdir(fixture.statePath, 0o700)
    let script = """
      exec 7>\(open) 8</etc/passwd 9<>\(open); trap '' HUP INT USR1
      coffer status | cat
      """
    let result = Subprocess.run(
      "/bin/sh", ["-c", script],
      environment: fixture.environment.merging([
        "PATH": "\(Programs.directory):/usr/bin:/bin", "COFFER_API_KEY": "", "LD_BIND_NOW": "1",
        "SECRET": "of the caller",
      ]) { $1 })
    #expect(result.line == "state  none", "\(result.errorText)")
    let id = try #require(fixture.daemonID)
    #expect(getsid(id) == id)
    #expect(Files.read("/proc/\(id)/environ") == Array("SWIFT_BACKTRACE=enable=no\0".utf8))
    for number in Files.names(in: "/proc/\(id)/fd") {
      let target = Files.linkTarget(of: "/proc/\(id)/fd/\(number)")
      if ["0", "1", "2"].contains(number) { #expect(target == "/dev/null", "\(number)") }
      #expect(!target.hasPrefix("pipe:") && !target.contains("/dev/pts"), "\(target)")
      #expect(target != open && target != "/etc/passwd", "\(target)")
    }
    let status = String(decoding: Files.read("/proc/\(id)/status"), as: UTF8.self)
    let ignored = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
    let mask = ignored.flatMap { UInt64($0.suffix(16), radix: 16) } ?? .max
    #expect(mask & (1 << (UInt64(SIGUSR1) - 1)) == 0, "\(mask)")
  }

  // MARK: Command lines

  @Test("fault 48: a value on the command line is refused with a hint, and not repeated")
  func valueAsArgument() {
    fixture.initializeWithKeys()
    for arguments in [
      ["import", "web/other", Self.value], ["replace", "web/stripe", Self.value],
      ["verify", Self.value], ["burn", Self.value], ["unlock", Self.value],
      ["create", "me/x", Self.value], ["rotate", "web/deploy", Self.value],
    ] {
      let result = fixture.coffer(arguments)
      #expect(result.status == 2, "\(arguments[0])")
      #expect(result.errorText.contains("a secret is never given as an argument"))
      #expect(SecretSearch(Array(Self.value.utf8)).found(in: result.output + result.error) == [])
    }
    for option in ["--value", "--passphrase", "--secret", "--key"] {
      let result = fixture.coffer(["import", "web/other", "\(option)=\(Self.value)"])
      #expect(result.status == 2)
      #expect(!result.errorText.contains(Self.value), "\(result.errorText)")
    }
    #expect(fixture.coffer("show", "web/other").status == 1)
  }

  /// The command lines of all processes that hold one of `secrets`.
  private static func commandLines(with secrets: [SecretSearch]) -> [String] {
    Files.names(in: "/proc").filter { Int32($0) != nil }.compactMap { id in
      let line = Files.readUnsized("/proc/\(id)/cmdline")
      let isFound = secrets.contains { !$0.found(in: line).isEmpty }
      return isFound ? String(decoding: line, as: UTF8.self) : nil
    }
  }

  @Test("fault 48: no secret is in a command line while it is typed, sent and used")
  func commandLines() {
    // Others than those of the tests that run beside this one.
    let (passphrase, value) = ("correct horse battery staple 4711", "of a vendor c5d17f marker")
    let searches = [passphrase, value].map { SecretSearch(Array($0.utf8)) }
    let story: [(words: [String], prompts: [String], secret: String)] = [
      (
        ["init", "--organization", "acme", "--no-recovery"],
        ["New passphrase for the vault: ", "The same again: "], passphrase
      ),
      (["import", "me/vendor"], ["Value of me/vendor: "], value),
      (["lock"], [], ""),
      (["unlock"], ["Passphrase of the vault: "], passphrase),
      (["run", "-k", "me/vendor", "--", "sleep", "0.2"], [], ""),
    ]
    var looks = 0
    for step in story {
      let terminal = PseudoTerminal(
        Programs.client, step.words, environment: fixture.environment)
      for prompt in step.prompts {
        #expect(terminal.waitFor(prompt), "\(terminal.text)")
        terminal.type(step.secret + "\n")
      }
      while terminal.process.waitForEnd(seconds: 0.005) == nil {
        #expect(Self.commandLines(with: searches) == [])
        looks += 1
      }
      #expect(terminal.process.waitForEnd() == 0, "\(step.words): \(terminal.readToEnd())")
    }
    #expect(looks > 5)
    let visible = Subprocess(
      "/usr/bin/tail", ["-f", "/dev/null", value], environment: [:],
      streams: [.null, .null, .null])
    #expect(eventually { Self.commandLines(with: searches).count == 1 })
    visible.signal(SIGKILL)
  }

  // MARK: After an exec that failed

  /// Runs `coffer run` with a standard error that takes nothing, so that it stands
  /// still where it tells what has failed.
  private func memory(after words: [String], environment: [String: String] = [:]) -> [String] {
    var ends: [CInt] = [-1, -1]
    #expect(pipe(&ends) == 0)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
    defer { for end in ends { close(end) } }
    let filler = [UInt8](repeating: 0x2E, count: 4096)
    while write(ends[1], filler, filler.count) > 0 {}
    while write(ends[1], filler, 1) > 0 {}
    _ = fcntl(ends[1], F_SETFL, 0)
    let process = Subprocess(
      Programs.client, ["run", "-k", "me/vendor"] + words,
      environment: fixture.environmentWithKeyFile.merging(environment) { $1 },
      streams: [.null, .null, .descriptor(ends[1])], ownSession: true)
    let isWaiting = eventually(seconds: 10) {
      String(decoding: Files.readUnsized("/proc/\(process.id)/wchan"), as: UTF8.self)
        .contains("pipe") || Self.isWriting(process.id)
    }
    #expect(isWaiting, "it does not stand still")
    let known = SecretSearch(Array("me/vendor".utf8)).found(inMemoryOf: process.id)
    #expect(known.contains { $0.hasPrefix("plain") }, "the search finds what is there")
    return SecretSearch(Array(Self.value.utf8)).found(inMemoryOf: process.id)
  }

  /// Whether a process is in write(2) on its standard error.
  ///
  /// Source: proc_pid_syscall(5).
  private static func isWriting(_ id: Int32) -> Bool {
    String(decoding: Files.readUnsized("/proc/\(id)/syscall"), as: UTF8.self).hasPrefix("1 0x2 ")
  }

  @Test(
    "fault 63: after an exec that failed no value is left in the memory of coffer",
    .enabled(if: Programs.isRoot, "needs root"),
    arguments: ["/nonexistent/command", "/etc/passwd", "/"])
  func failedExec(command: String) {
    fixture.initialize()
    fixture.coffer("import", "me/vendor", input: Self.value)
    #expect(memory(after: ["--", command]) == [])
  }

  @Test(
    "fault 63: after a refusal of what was fetched no value is left in the memory of coffer",
    .enabled(if: Programs.isRoot, "needs root"))
  func refusedName() {
    fixture.initialize()
    fixture.coffer("import", "me/vendor", input: Self.value)
    #expect(memory(after: ["--", "true"], environment: ["VENDOR": "something else"]) == [])
  }

  // MARK: The socket

  @Test(
    "fault 64: coffer sends nothing through a socket, or a link to one, of another user's",
    .enabled(if: Programs.isRoot, "needs root"), arguments: [false, true])
  func foreignNode(isLink: Bool) {
    fixture.startDaemon()
    fixture.initialize()
    var path = fixture.socketPath
    if isLink {
      path = fixture.directory.path("link")
      symlink(fixture.socketPath, path)
    }
    let environment = fixture.environmentWithKeyFile.merging(["COFFER_SOCKET": path]) { $1 }
    #expect(fixture.coffer(["list"], environment: environment).status == 0)
    lchown(path, 4242, 4242)
    let result = fixture.coffer(["list"], environment: environment)
    #expect(result.status == 4)
    #expect(result.errorText.contains("it belongs to uid 4242, neither you nor root"))
    #expect(result.errorText.contains("hint: nothing was sent; find out who made this socket"))
  }
}
