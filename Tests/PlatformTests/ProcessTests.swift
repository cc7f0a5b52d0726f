import Glibc
import Platform
import TestSupport
import Testing

@Suite("Process")
struct ProcessTests {
  // MARK: This process

  @Test("knows who and what it is") func knowsItself() throws {
    #expect(Process.id == getpid())
    #expect(Process.userID == geteuid())
    let program = try #require(Process.programPath)
    let own = try FileStatus.ofFile(at: "/proc/self/exe", followsLinks: true)
    #expect(program.hasPrefix("/"))
    #expect(try FileStatus.ofFile(at: program, followsLinks: true) == own)
    #expect(Process.argumentByteLimit >= 4096)
  }

  @Test("inspection is denied from when it is told so") func deniesInspection() async {
    await #expect(processExitsWith: .success) {
      #expect(!Process.deniesInspection)
      try Process.denyInspection()
      #expect(Process.deniesInspection)
      // Source: proc(5): the files of such a process belong to root.
      let status = try FileStatus.ofFile(at: "/proc/self/environ", followsLinks: true)
      #expect(status?.owner == 0)
    }
  }

  @Test("no core is dumped, and the limit cannot be raised again") func forbidsCores() async {
    await #expect(processExitsWith: .success) {
      try Process.forbidCoreDumps()
      let line = ProcessMemory.lines(of: "/proc/self/limits").first {
        $0.hasPrefix("Max core file size")
      }
      let limits = try #require(line).split(separator: " ").dropFirst(4)
      #expect(limits.prefix(2) == ["0", "0"])
    }
  }

  @Test("takes the places of standard streams that are closed") func occupiesStreams() async {
    await #expect(processExitsWith: .exitCode(42)) {
      let before = Self.openNullDevices
      for closed in [[0], [1], [2], [0, 1, 2], []] as [[CInt]] {
        for stream in closed { close(stream) }
        guard (try? Process.occupyStandardStreams()) != nil else { Process.exit(1) }
        for stream in 0...2 as ClosedRange<CInt> where fcntl(stream, F_GETFD) == -1 {
          Process.exit(2)
        }
        guard Self.openNullDevices == before else { Process.exit(3) }
      }
      Process.exit(42)
    }
  }

  /// How many descriptors behind the standard streams are open on /dev/null.
  static var openNullDevices: Int {
    let device = try? FileStatus.ofFile(at: "/dev/null", followsLinks: true)
    return (3..<100).count { descriptor in
      let path = "/proc/self/fd/\(descriptor)"
      return (try? FileStatus.ofFile(at: path, followsLinks: true)) == device
    }
  }

  @Test("sets the mask of new files") func setsMask() async {
    await #expect(processExitsWith: .success) {
      Process.setFileCreationMask(0o077)
      #expect(umask(0o022) == 0o077)
    }
  }

  @Test("exits without running handlers") func exits() async {
    await #expect(processExitsWith: .exitCode(3)) {
      atexit { _exit(4) }
      Process.exit(3)
    }
  }

  // MARK: Other processes

  static func run(_ script: String) throws -> Int32 {
    try Process.runToEnd(
      "/bin/sh", arguments: ["sh", "-c", script, "word"], environment: ["A=x y"])
  }

  @Test("runs a program to its end, and tells how it ended") func runsToEnd() throws {
    #expect(try Self.run("exit 0") == 0)
    #expect(try Self.run("exit 7") == 7)
    let script = "test \"$A\" = 'x y' && test $0 = word && test -z \"$HOME\" && exit 9"
    #expect(try Self.run(script) == 9)
    #expect(throws: Errno.notFound) {
      _ = try Process.runToEnd("/nonexistent", arguments: ["x"], environment: [])
    }
  }

  @Test("tells of the signal that ended a program") func tellsSignal() async {
    await #expect(processExitsWith: .exitCode(42)) {
      SignalQueueTests.unblockSignals()
      let status = try Self.run("kill -TERM $$")
      Process.exit(status == 128 + SIGTERM ? 42 : 1)
    }
  }

  @Test("starts a program that has nothing of this process") func startsDetached() throws {
    let directory = TemporaryDirectory()
    let inherited = try FileDescriptor.open("/dev/zero", flags: O_RDONLY)
    inherited.withRawValue { _ = fcntl($0, F_SETFD, 0) }
    let script = """
      exec 9> "$1/out"
      env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= >&9
      pwd >&9
      (readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2; ls /proc/$$/fd) >&9
      test "$(cut -d' ' -f6 /proc/$$/stat)" = $$ && echo leader >&9
      while read -r name value; do
        case $name in SigBlk:|SigIgn:) echo "$name $value" >&9;; esac
      done < /proc/$$/status
      mv "$1/out" "$1/done"
      """
    // What is ignored and blocked here must not be there.
    signal(SIGURG, SIG_IGN)
    let id = try SignalQueueTests.withBlockedSignal(SIGURG) {
      try Process.startDetached(
        "/bin/sh", arguments: ["sh", "-c", script, "sh", directory.path], environment: ["A=x y"])
    }
    #expect(id > 0 && id != getpid())
    for _ in 0..<1000 where Files.read(directory.path("done")).isEmpty { sleep(milliseconds: 10) }
    var lines = ProcessMemory.lines(of: directory.path("done"))
    let ignored = try #require(lines.popLast()?.split(separator: " ").last)
    #expect(
      lines == [
        "A=x y", "/", "/dev/null", "/dev/null", "/dev/null", "0", "1", "2", "9", "leader",
        "SigBlk: 0000000000000000",
      ])
    // Signals 32 and 33 are libc's own.
    #expect(UInt64(ignored, radix: 16).map { $0 & 0x7FFF_FFFF } == 0)
    // It has another parent, so it is not for this process to wait for it.
    #expect(waitpid(id, nil, WNOHANG) == -1)
  }

  @Test("reports a program that cannot be started") func reportsMissing() {
    #expect(throws: Errno.notFound) {
      _ = try Process.startDetached("/nonexistent", arguments: ["x"], environment: [])
    }
    #expect(throws: Errno.permissionDenied) {
      _ = try Process.startDetached("/etc/passwd", arguments: ["x"], environment: [])
    }
  }

  @Test("tells whether a process has ended, also while nobody has waited for it")
  func tellsEnded() throws {
    #expect(!Process.hasEnded(getpid()))
    #expect(!Process.hasEnded(1))
    #expect(Process.hasEnded(4_000_000))
    let child = Subprocess("/bin/true", [], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { Process.hasEnded(child.id) })
    #expect(child.waitForEnd() == 0)
    let running = Subprocess(
      "/bin/sleep", ["100"], environment: [:], streams: [.null, .null, .null])
    #expect(!Process.hasEnded(running.id))
  }

  @Test("tells the login names that the system knows") func tellsLoginName() {
    #expect(Process.loginName(ofUser: 0) == "root")
    #expect(Process.loginName(ofUser: 4_000_000_000) == nil)
  }
}

@Suite("SignalQueue")
struct SignalQueueTests {
  /// Undoes what the test library's threads have: all signals blocked.
  static func unblockSignals() {
    var none = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, nil)
  }

  /// Runs `body` with one more signal blocked.
  static func withBlockedSignal<Result>(
    _ number: CInt, _ body: () throws -> Result
  ) rethrows -> Result {
    var set = sigset_t()
    var former = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    pthread_sigmask(SIG_BLOCK, &set, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    return try body()
  }

  @Test("signals are queued while it is there, and act again behind it") func queues() async {
    await #expect(processExitsWith: .signal(SIGHUP)) {
      Self.unblockSignals()
      do {
        let queue = try SignalQueue([.hangUp, .terminate])
        guard queue.next() == nil else { Process.exit(1) }
        pthread_kill(pthread_self(), SIGHUP)
        pthread_kill(pthread_self(), SIGTERM)
        guard queue.withRawValue({ Sockets.isReadable($0, within: 1000) }) else { Process.exit(2) }
        let both = [queue.next(), queue.next()]
        guard Set(both) == [.hangUp, .terminate], queue.next() == nil else { Process.exit(3) }
      }
      pthread_kill(pthread_self(), SIGHUP)
      Process.exit(4)
    }
  }

  @Test("an ignored signal does nothing") func ignores() async {
    await #expect(processExitsWith: .success) {
      Signal.brokenPipe.ignore()
      raise(SIGPIPE)
    }
  }

  @Test("a process can end as a signal ends it, ignored or not") func endsProcess() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      Self.unblockSignals()
      Signal.terminate.ignore()
      Signal.terminate.endProcess()
    }
    await #expect(processExitsWith: .signal(SIGINT)) {
      Self.unblockSignals()
      Signal.interrupt.endProcess()
    }
  }

  @Test("knows the signals that a service handles") func knowsNumbers() {
    #expect(Signal.hangUp.number == SIGHUP)
    #expect(Signal.interrupt.number == SIGINT)
    #expect(Signal.quit.number == SIGQUIT)
    #expect(Signal.terminate.number == SIGTERM)
    #expect(Signal.brokenPipe.number == SIGPIPE)
  }
}
