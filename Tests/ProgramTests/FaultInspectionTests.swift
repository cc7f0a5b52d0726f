import Glibc
import Platform
import TestSupport
import Testing

/// Other processes of the same user, and what they can see.
@Suite("Faults of being looked at")
struct FaultInspectionTests {
  let fixture = VaultFixture()

  // MARK: Crashes

  @Test(
    "fault 40: a daemon that crashes leaves no core and says no secret",
    arguments: [SIGSEGV, SIGABRT, SIGBUS, SIGILL])
  func crash(number: CInt) throws {
    let place = fixture.directory.path("place")
    mkdir(place, 0o700)
    let limit = Programs.find("prlimit").map { "\($0) --pid $$ --core=unlimited; " } ?? ""
    let script =
      "cd '\(place)'; \(limit)exec \(Programs.daemon) --state '\(fixture.statePath)'"
    var environment = ["PATH": "/usr/bin:/bin"]
    // As the units and coffer have it. Without it the runtime of a build for tests tries
    // to tell what it does not get at, and stands still; the shipped one has no such part.
    if !Programs.areShipped { environment["SWIFT_BACKTRACE"] = "enable=no" }
    let daemon = Subprocess(
      "/bin/sh", ["-c", script], environment: environment,
      streams: [.null, .file(fixture.logPath), .file(fixture.logPath)])
    #expect(eventually { fixture.daemonID == daemon.id })
    fixture.initializeWithKeys()
    let issued = fixture.coffer("create", "me/laptop").line
    let client = try fixture.connect()
    _ = client.ask("IMPORT me/half")
    client.send("D a value that is half there\nD more")
    let limits = String(decoding: Files.read("/proc/\(daemon.id)/limits"), as: UTF8.self)
    let core = limits.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
    #expect(core?.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"], "\(core ?? "")")
    daemon.signal(number)
    #expect(daemon.waitForEnd(seconds: 20) == 128 + number)
    #expect(!daemon.hasDumpedCore)
    #expect(Files.names(in: place).isEmpty)
    for secret in [VaultFixture.stripeValue, String(issued.dropFirst(19).prefix(32)), "half there"]
    {
      #expect(SecretSearch(Array(secret.utf8)).found(in: Files.read(fixture.logPath)) == [])
    }
    // What was acknowledged is there.
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    #expect(fixture.coffer("show", "me/laptop").status == 0)
  }

  // MARK: Processes of the same user

  static let canBecomeOther =
    Programs.isRoot && Programs.find("setpriv") != nil && Programs.find("python3") != nil

  @Test(
    "fault 44: a process of the same user sees and traces neither the daemon nor a client",
    .enabled(if: canBecomeOther, "needs root, setpriv and python3"),
    arguments: ["daemon", "client"])
  func sameUser(which: String) throws {
    let script = """
      import ctypes, os, sys
      pid = int(sys.argv[1]); libc = ctypes.CDLL(None, use_errno=True)
      for name in ("mem", "environ", "maps", "fd", "auxv"):
        path = "/proc/%d/%s" % (pid, name)
        try:
          if name == "fd": os.listdir(path)
          else: open(path, "rb").close()
          print(name, "open")
        except OSError as error: print(name, error.errno)
      result = libc.ptrace(16, pid, 0, 0)
      print("ptrace", "attached" if result == 0 else ctypes.get_errno())
      """
    chmod(fixture.directory.path, 0o711)
    let home = fixture.directory.path("home")
    mkdir(home, 0o700)
    chown(home, 4221, 4221)
    let words = ["--reuid", "4221", "--regid", "4221", "--clear-groups", "--"]
    let setpriv = try #require(Programs.find("setpriv"))
    func look(at id: Int32) throws -> [Substring] {
      let result = Subprocess.run(
        setpriv, words + [try #require(Programs.find("python3")), "-c", script, "\(id)"])
      return result.outputText.split(separator: "\n")
    }
    let environment = ["COFFER_HOME": home + "/state", "PATH": "/usr/bin:/bin"]
    // A client that waits for the rest of its standard input holds a passphrase.
    let fifo = fixture.directory.path("fifo")
    mkfifo(fifo, 0o600)
    let writer = open(fifo, O_RDWR | O_CLOEXEC)
    defer { close(writer) }
    let watched =
      which == "daemon"
      ? Subprocess(
        setpriv, words + [Programs.daemon, "--state", home + "/state"], environment: environment,
        streams: [.null, .null, .null])
      : Subprocess(
        setpriv,
        words + [Programs.client, "init", "--organization", "acme", "--passphrase-fd", "0"],
        environment: environment, streams: [.descriptor(writer), .null, .null])
    #expect(
      eventually {
        String(decoding: Files.read("/proc/\(watched.id)/cmdline"), as: UTF8.self)
          .contains(which == "daemon" ? "cofferd\0--state" : "coffer\0init")
      })
    sleep(milliseconds: 300)
    #expect(
      try look(at: watched.id) == [
        "mem 13", "environ 13", "maps 13", "fd 13", "auxv 13", "ptrace 1",
      ])
    // Where nothing keeps them out they see all, so that the look proves something.
    let other = Subprocess(
      setpriv, words + ["/bin/sleep", "100"], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { Files.read("/proc/\(other.id)/cmdline").starts(with: "/bin/sleep".utf8) })
    #expect(try look(at: other.id).prefix(2) == ["mem open", "environ open"])
    watched.signal(SIGKILL)
  }

  // MARK: Streams and arguments

  @Test(
    "fault 47: whatever standard streams are closed at the start, no file of the vault becomes one",
    arguments: ["<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"])
  func closedStreams(how: String) throws {
    let script = "exec \(Programs.daemon) --state \(fixture.statePath) \(how)"
    let daemon = Subprocess(
      "/bin/sh", ["-c", script], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { fixture.daemonID == daemon.id })
    fixture.initializeWithKeys()
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    if Programs.isRoot {
      for number in 0...2 {
        let link = Files.linkTarget(of: "/proc/\(daemon.id)/fd/\(number)")
        #expect(link == "/dev/null", "\(number): \(link)")
      }
    }
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0)
  }

  static let commandsWithSecret = [
    ["import", "me/x"], ["replace", "web/stripe"], ["verify"], ["burn"],
    ["unlock", "--passphrase"], ["unlock"], ["init", "--organization", "x", "--passphrase"],
    ["slot", "add", "passphrase"], ["run", "-k", "web/stripe", "--value"],
  ]

  @Test(
    "fault 48: no command takes a secret as an argument, and none repeats it",
    arguments: commandsWithSecret)
  func secretArgument(words: [String]) {
    fixture.initializeWithKeys()
    let secret = "sk_live_on_the_command_line_4242"
    var forms = [words + [secret]]
    if let option = words.last, option.hasPrefix("--") {
      forms.append(words.dropLast() + ["\(option)=\(secret)"])
    }
    for arguments in forms {
      let result = fixture.coffer(arguments)
      #expect([1, 2, 125].contains(result.status), "\(arguments)")
      #expect(!result.outputText.contains(secret))
      let message = result.errorText
      #expect(!message.contains(secret), "\(message)")
    }
  }

  @Test("fault 48: while commands work, no list of processes shows a value or a text")
  func processList() throws {
    fixture.initializeWithKeys()
    let issued = fixture.coffer("create", "me/laptop").line
    let search = SecretSearch(Array(VaultFixture.stripeValue.utf8))
    let searchOfText = SecretSearch(Array(issued.utf8.dropFirst(19).prefix(32)))
    let running = Subprocess(
      Programs.client, ["run", "-k", "web/stripe", "-k", "web/deploy", "--", "sleep", "100"],
      environment: fixture.environmentWithKeyFile, streams: [.null, .null, .null])
    let job = Subprocess(
      Programs.client, ["run", "-k", "web/stripe", "--", "sh", "-c", "sleep 100"],
      environment: fixture.environmentWithKeyFile.merging(["COFFER_API_KEY": issued]) { $1 },
      streams: [.null, .null, .null])
    #expect(
      eventually {
        Files.read("/proc/\(running.id)/cmdline").starts(with: "sleep".utf8)
      })
    var count = 0
    for _ in 0..<20 {
      for name in Files.names(in: "/proc") where Int(name) != nil {
        let line = Files.read("/proc/\(name)/cmdline")
        count += 1
        #expect(search.found(in: line) == [] && searchOfText.found(in: line) == [])
      }
      _ = fixture.coffer(["verify"], input: Array(issued.utf8))
    }
    #expect(count > 20)
    // It is where it belongs.
    #expect(search.found(in: Files.read("/proc/\(running.id)/environ")) != [])
    running.signal(SIGKILL)
    job.signal(SIGKILL)
  }
}
