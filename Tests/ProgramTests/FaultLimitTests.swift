import Glibc
import Platform
import TestSupport
import Testing

/// A control group that limits the memory of what is put into it.
private final class MemoryGroup {
  private let path: String

  /// Makes a group below the one that the test is in; nil where that is not possible.
  init?(megabytes: Int) {
    let lines = String(decoding: Files.read("/proc/self/cgroup"), as: UTF8.self)
      .split(separator: "\n").map {
        $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      }
    let name = "coffer-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    for line in lines where line.count == 3 {
      let isFirstVersion = line[1].split(separator: ",").contains("memory")
      guard isFirstVersion || line[1].isEmpty else { continue }
      let root = isFirstVersion ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup"
      let limit = isFirstVersion ? "memory.limit_in_bytes" : "memory.max"
      let group = "\(root)\(line[2] == "/" ? "" : line[2])/\(name)"
      guard mkdir(group, 0o755) == 0 else { continue }
      if Self.write("\(megabytes << 20)", to: "\(group)/\(limit)") {
        path = group
        return
      }
      rmdir(group)
    }
    return nil
  }

  deinit { _ = eventually(seconds: 5) { rmdir(path) == 0 } }

  private static func write(_ text: String, to path: String) -> Bool {
    guard let file = try? FileDescriptor.open(path, flags: O_WRONLY) else { return false }
    return (try? file.writeAll(text.utf8.span)) != nil
  }

  static let isPossible = MemoryGroup(megabytes: 100) != nil

  /// Starts the daemon of a vault in the group.
  func startDaemon(of vault: VaultFixture) -> Subprocess {
    let script = "echo $$ > '\(path)/cgroup.procs' && exec \"$0\" \"$@\""
    let daemon = Subprocess(
      "/bin/sh", ["-c", script, Programs.daemon, "--state", vault.statePath],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(vault.logPath)])
    precondition(eventually { vault.daemonID != nil }, vault.log)
    return daemon
  }
}

/// Less than the daemon needs: of memory, of locked memory, of randomness.
@Suite("Faults of limits")
struct FaultLimitTests {
  let fixture = VaultFixture()

  @discardableResult
  private func withPassphrase(_ arguments: String...) -> Subprocess.Result {
    fixture.coffer(
      arguments + ["--passphrase-fd", "0"], input: Array("correct horse".utf8),
      environment: fixture.environment)
  }

  // MARK: Memory

  static let refusal =
    "deriving the key from the passphrase needs 272 MiB of memory, and the control group of "
    + "cofferd allows 100 MiB"

  @Test(
    "fault 52: a passphrase that needs more memory than the control group has is refused in time",
    .enabled(if: MemoryGroup.isPossible, "needs root, and cgroups that limit memory"))
  func memoryLimit() throws {
    let group = try #require(MemoryGroup(megabytes: 100))
    let first = group.startDaemon(of: fixture)
    let making = withPassphrase("init", "--organization", "acme", "--no-recovery")
    #expect(making.status == 1)
    #expect(making.errorText.contains(Self.refusal), "\(making.errorText)")
    #expect(making.errorText.contains("hint: raise that limit"))
    #expect(fixture.coffer(["status"], environment: fixture.environment).line == "state  none")
    first.signal(SIGTERM)
    #expect(first.waitForEnd(seconds: 5) == 0)

    // One that was made elsewhere is not opened there either, but is with more.
    fixture.startDaemon()
    #expect(withPassphrase("init", "--organization", "acme").status == 0)
    fixture.killDaemon()
    let second = group.startDaemon(of: fixture)
    for _ in 0..<2 {
      let opening = withPassphrase("unlock")
      #expect(opening.status == 1)
      #expect(opening.errorText.contains(Self.refusal), "\(opening.errorText)")
    }
    second.signal(SIGTERM)
    #expect(second.waitForEnd(seconds: 5) == 0)
    let larger = try #require(MemoryGroup(megabytes: 320))
    let third = larger.startDaemon(of: fixture)
    #expect(withPassphrase("unlock").status == 0)
    third.signal(SIGTERM)
    #expect(third.waitForEnd(seconds: 5) == 0)
  }

  @Test(
    "fault 52: a key file needs no such memory",
    .enabled(if: MemoryGroup.isPossible, "needs root, and cgroups that limit memory"))
  func keyFileUnderLimit() throws {
    let group = try #require(MemoryGroup(megabytes: 100))
    let daemon = group.startDaemon(of: fixture)
    fixture.initializeWithKeys()
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0)
  }

  // MARK: Locked memory

  /// Runs the daemon as a user without any right to lock memory.
  private func daemonWithoutLock(_ options: [String]) throws -> Subprocess {
    let directory = fixture.directory.path("other")
    mkdir(directory, 0o700)
    var words = [try #require(Programs.find("prlimit")), "--memlock=0:0"]
    if Programs.isRoot {
      chmod(fixture.directory.path, 0o755)
      chown(directory, 4242, 4242)
      let setpriv = try #require(Programs.find("setpriv"))
      words += [setpriv, "--reuid", "4242", "--regid", "4242", "--clear-groups"]
    }
    words += [Programs.daemon, "--state", directory + "/state"] + options
    return Subprocess(
      words[0], Array(words.dropFirst()), environment: ["PATH": "/usr/bin:/bin"],
      streams: [.null, .null, .file(fixture.logPath)])
  }

  static let canLimit =
    Programs.find("prlimit") != nil && (!Programs.isRoot || Programs.find("setpriv") != nil)

  @Test(
    "fault 53: where memory cannot be locked the daemon warns and serves, and says so to its users",
    .enabled(if: canLimit, "needs prlimit, and as root setpriv"))
  func warnsOfSwap() throws {
    let daemon = try daemonWithoutLock([])
    let socket = fixture.directory.path("other/state/socket")
    #expect(eventually { (try? UnixSocket.connect(to: socket)) != nil }, "\(fixture.log)")
    #expect(
      fixture.log.contains("the memory for secrets could not be locked, so it may be swapped"))
    #expect(fixture.log.contains("hint: raise the limit on locked memory"))
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd(seconds: 5) == 0)
  }

  @Test(
    "fault 53: with --require-mlock it does not start there",
    .enabled(if: canLimit, "needs prlimit, and as root setpriv"))
  func requiresLock() throws {
    let daemon = try daemonWithoutLock(["--require-mlock"])
    #expect(daemon.waitForEnd(seconds: 5) == 78, "\(fixture.log)")
    #expect(
      fixture.log.contains("the memory for secrets could not be locked, and --require-mlock"))
    #expect(fixture.log.contains("hint: raise the limit on locked memory"))
    #expect(Files.names(in: fixture.directory.path("other")).isEmpty)
  }

  @Test(
    "fault 53: with --require-mlock it serves where memory can be locked",
    .enabled(if: Programs.isRoot, "needs root, whose locks have no limit"))
  func locks() {
    fixture.startDaemon(["--require-mlock"])
    fixture.initialize()
    #expect(fixture.coffer("status").outputText.contains("in memory only"))
  }

  // MARK: Randomness

  @Test(
    "fault 54: a daemon that gets no random bytes ends, and gives no key made without them",
    .enabled(if: Programs.canTrace, "needs strace and root"), arguments: ["EPERM", "ENOSYS"])
  func noRandomness(error: String) throws {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["getrandom:error=\(error)"])
    let client = try fixture.connect()
    client.send("CREATE me/weak\n")
    #expect(client.isClosed(seconds: 5))
    #expect(try #require(fixture.daemon).waitForEnd(seconds: 5) == 128 + SIGABRT)
    faults.end()
    #expect(!fixture.log.contains(VaultFixture.stripeValue))
    fixture.killDaemon()
    fixture.startDaemon()
    let list = fixture.coffer("list").outputText
    #expect(list.contains("web/stripe ") && !list.contains("me/weak"))
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test(
    "fault 54: while the kernel has no random bytes yet, nothing is answered",
    .enabled(if: Programs.canTrace, "needs strace and root"))
  func awaitedRandomness() throws {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let client = try fixture.connect()
    // By count, since a call that the tracer leaves half done fails in another way.
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["getrandom:error=EAGAIN:when=1..50000"])
    client.send("CREATE me/late\n")
    #expect(client.readLine(seconds: 0.1) == nil)
    #expect(client.readReply(seconds: 60).last == "OK")
    faults.end()
    #expect(fixture.coffer("list").outputText.contains("me/late "))
  }

  @Test(
    "fault 54: without any source of randomness no vault is made",
    .enabled(
      if: Programs.canTrace && Programs.find("unshare") != nil, "needs strace, unshare and root"))
  func noSource() {
    let script = """
      mount -t tmpfs none /dev && exec strace -f -o '\(fixture.directory.path("trace"))' \
      -e trace=getrandom -e inject=getrandom:error=EPERM "$0" --state '\(fixture.statePath)'
      """
    let daemon = Subprocess(
      Programs.find("unshare") ?? "", ["-m", "/bin/sh", "-c", script, Programs.daemon],
      environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "SWIFT_BACKTRACE": "enable=no"],
      streams: [.null, .null, .file(fixture.logPath)])
    if eventually(seconds: 2, { fixture.daemonID != nil }) {
      let result = fixture.coffer(
        ["init", "--organization", "acme", "--key-file", fixture.keyFilePath, "--no-recovery"],
        environment: fixture.environment.merging(["COFFER_SOCKET": fixture.socketPath]) { $1 })
      #expect(result.status != 0)
    }
    let status = daemon.waitForEnd(seconds: 5)
    #expect(status != nil && status != 0)
    #expect(!Files.names(in: fixture.statePath).contains("slots"))
    let trace = String(decoding: Files.read(fixture.directory.path("trace")), as: UTF8.self)
    #expect(trace.contains("getrandom(") && trace.contains("(INJECTED)"))
  }
}
