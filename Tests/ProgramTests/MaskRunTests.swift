import Glibc
import Platform
import TestSupport
import Testing

/// `coffer run --mask` where no standard stream is a terminal.
@Suite("coffer run --mask")
struct MaskRunTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()
  static let value = VaultFixture.stripeValue

  init() { fixture.initializeWithKeys() }

  func run(_ command: [String], input: [UInt8] = []) -> Subprocess.Result {
    fixture.coffer(["run", "--mask", "-k", "web/stripe", "--"] + command, input: input)
  }

  func run(shell script: String) -> Subprocess.Result { run(["sh", "-c", script]) }

  /// Starts a command, and waits until it has said `ready`.
  func start(shell script: String) -> Subprocess {
    let process = Subprocess(
      Programs.client, ["run", "--mask", "-k", "web/stripe", "--", "sh", "-c", script],
      environment: fixture.environmentWithKeyFile,
      streams: [.null, .file(directory.path("out")), .file(directory.path("err"))],
      ownSession: true)
    #expect(eventually { output.contains("ready") }, "\(output)")
    return process
  }

  var output: String { String(decoding: Files.read(directory.path("out")), as: UTF8.self) }

  @Test("values are replaced on both outputs, in every form") func masks() {
    let result = run(
      shell: """
        echo "value $STRIPE_KEY"; echo "error $STRIPE_KEY" >&2
        printf %s "user:$STRIPE_KEY" | base64
        """)
    #expect(result.outputText == "value <web/stripe>\ndXNlcjp<web/stripe>\n")
    #expect(result.errorText == "error <web/stripe>\n")
    #expect(result.status == 0)
  }

  @Test("a value is replaced though it is written in pieces") func pieces() {
    let result = run(
      shell: """
        for piece in sk_ live_ 4242dead beef4242 cafe; do printf $piece; sleep 0.1; done; echo
        printf sk_live; sleep 0.2; echo
        """)
    #expect(result.outputText == "<web/stripe>\nsk_live\n")
  }

  @Test("of a value that is too short it says that it is not masked") func short() {
    fixture.coffer("import", "web/pin", "--env", "PIN", input: "1234567")
    let result = fixture.coffer(
      "run", "--mask", "-w", "web", "--", "sh", "-c", "echo $PIN $STRIPE_KEY $DEPLOY")
    #expect(result.outputText == "1234567 <web/stripe> <web/deploy>\n")
    #expect(
      result.errorText
        == "coffer: web/pin: the value has fewer than 8 bytes, so it is not masked\n")
  }

  static let canLimit =
    Programs.isRoot && Programs.find("setpriv") != nil && Programs.find("prlimit") != nil

  @Test(
    "values whose forms need too much locked memory are refused, and the command does not run",
    .enabled(if: canLimit))
  func lockedMemory() throws {
    let value = (0..<60_000).map { UInt8(33 + $0 * $0 % 89) }
    fixture.coffer(["import", "web/large", "--env", "LARGE"], input: value)
    // Root may lock all memory, unless that right is taken away.
    let limited = [
      "--memlock=1048576", "setpriv", "--bounding-set=-ipc_lock", Programs.client, "run", "--mask",
    ]
    func run(_ key: String) throws -> Subprocess.Result {
      Subprocess.run(
        try #require(Programs.find("prlimit")), limited + ["-k", key, "--", "echo", "ran"],
        environment: fixture.environmentWithKeyFile)
    }
    let refused = try run("web/large")
    #expect(refused.status == 125)
    #expect(refused.output.isEmpty)
    #expect(
      refused.errorText
        == "coffer: masking needs more locked memory for these values than the system gives\n"
        + "coffer: hint: select fewer or shorter keys, or raise the limit ('ulimit -l')\n")
    #expect(try run("web/stripe").outputText == "ran\n")
  }

  @Test("what holds no value goes through byte for byte") func binary() {
    var state: UInt64 = 1
    let bytes = (0..<1_000_000).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 40)
    }
    let result = run(["cat"], input: bytes)
    #expect(isSame(result.output, bytes))
    #expect(result.status == 0)
  }

  @Test("the exit status is the command's", arguments: [0, 1, 3, 42, 125, 255])
  func exitStatus(status: Int32) {
    #expect(run(shell: "exit \(status)").status == status)
  }

  @Test(
    "a signal that ends the command ends coffer in the same way",
    arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGKILL, SIGUSR1, SIGSEGV, SIGPIPE])
  func endingSignal(number: CInt) {
    let process = start(shell: "echo ready; kill -\(number) $$")
    process.waitForEnd()
    #expect(process.endingSignal == number)
    #expect(!process.hasDumpedCore)
  }

  @Test(
    "a signal that is sent to coffer reaches the command",
    arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT])
  func passesSignals(number: CInt) {
    let process = start(
      shell: "trap 'echo caught; exit 7' \(number); echo ready; while :; do sleep 0.05; done")
    process.signal(number)
    #expect(process.waitForEnd(seconds: 30) == 7)
    #expect(output == "ready\ncaught\n")
  }

  @Test("a command that is not there or cannot be executed is told as without a mask")
  func notExecuted() {
    let missing = run(["no-such-command"])
    #expect(missing.status == 127)
    #expect(missing.errorText == "coffer: no-such-command: no such command\n")
    let denied = run(["/etc/passwd"])
    #expect(denied.status == 126)
    #expect(denied.errorText.hasPrefix("coffer: /etc/passwd: it cannot be executed: "))
  }

  @Test("the command has the descriptors and the signals that it has without a mask")
  func inherits() {
    let script = "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status; ulimit -c"
    let plain = fixture.coffer("run", "-k", "web/stripe", "--", "bash", "-c", script)
    #expect(run(["bash", "-c", script]).outputText == plain.outputText)
    #expect(plain.outputText.split(separator: "\n").count == 5)
  }

  @Test("standard input is passed on as it is") func input() {
    let result = run(["cat"], input: Array("in \(Self.value) \0 out".utf8))
    #expect(result.outputText == "in <web/stripe> \0 out")
    #expect(run(["sh", "-c", "read x; echo $x; cat"], input: Array("a\nb\n".utf8)).line == "a\nb")
  }

  @Test("outputs that go to one file keep their order") func order() {
    let file = directory.path("both")
    let process = Subprocess(
      "/bin/sh",
      [
        "-c",
        "\(Programs.client) run --mask -k web/stripe -- sh -c "
          + "'for i in 1 2 3; do echo out $i; echo err $i >&2; done' >\(file) 2>&1",
      ],
      environment: fixture.environmentWithKeyFile, streams: [.null, .null, .null])
    #expect(process.waitForEnd() == 0)
    let text = String(decoding: Files.read(file), as: UTF8.self)
    #expect(text == "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n")
  }

  @Test("a reader that goes away ends the command by SIGPIPE") func brokenPipe() {
    let script = """
      \(Programs.client) run --mask -k web/stripe -- yes | head -n 1; echo ${PIPESTATUS[0]}
      """
    let result = Subprocess.run(
      "/bin/bash", ["-c", script], environment: fixture.environmentWithKeyFile)
    #expect(result.outputText == "y\n141\n")
    #expect(result.errorText.isEmpty)
  }

  @Test(
    "output that cannot be written is told, and fails, also if the command dies of it",
    arguments: [(["echo", "text"], Int32(125)), (["yes"], 128 + SIGPIPE)])
  func fullDisk(command: [String], status: Int32) {
    let process = Subprocess(
      Programs.client, ["run", "--mask", "-k", "web/stripe", "--"] + command,
      environment: fixture.environmentWithKeyFile,
      streams: [.null, .file("/dev/full"), .file(directory.path("err"))], ownSession: true)
    #expect(process.waitForEnd() == status)
    let error = String(decoding: Files.read(directory.path("err")), as: UTF8.self)
    #expect(error == "coffer: standard output: writing failed: no space left on device\n")
  }

  @Test("what a command leaves running does not keep coffer waiting") func background() {
    let result = run(shell: "echo before; sleep 600 & echo $!")
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.first == "before")
    let left = lines.last.flatMap { Int32($0) }
    #expect(left != nil, "\(result.outputText)")
    if let left, left > 0 { kill(left, SIGKILL) }
    #expect(result.status == 0)
  }

  @Test("all that was printed before the end comes out, however slowly it is read")
  func slowReader() {
    let script = """
      \(Programs.client) run --mask -k web/stripe -- sh -c \
      'sleep 600 & echo $! >&2; head -c 60000 /dev/zero; echo $STRIPE_KEY' | { sleep 0.5; head -c 60013 | wc -c; }
      """
    let result = Subprocess.run(
      "/bin/sh", ["-c", script], environment: fixture.environmentWithKeyFile)
    #expect(result.line.hasSuffix("60013"), "\(result.outputText)")
    if let left = Int32(result.errorText.dropLast()), left > 0 { kill(left, SIGKILL) }
  }

  @Test("100 MB go through without making coffer larger") func large() {
    // 100,000,000 bytes and what the shell says of coffer, which is its parent.
    let file = directory.path("memory")
    let script = """
      \(Programs.client) run --mask -k web/stripe -- sh -c \
      'head -c 1000000 /dev/zero; grep VmHWM /proc/$PPID/status >\(file); \
      head -c 99000000 /dev/zero; grep VmHWM /proc/$PPID/status >>\(file)' | wc -c
      """
    let result = Subprocess.run(
      "/bin/sh", ["-c", script], environment: fixture.environmentWithKeyFile)
    #expect(result.line == "100000000")
    let peaks = String(decoding: Files.read(file), as: UTF8.self).split(separator: "\n")
      .compactMap { Int($0.filter(\.isNumber)) }
    #expect(peaks.count == 2)
    // Kilobytes.
    if peaks.count == 2 { #expect(peaks[1] - peaks[0] < 1000, "\(peaks)") }
  }

  @Test("the command ends with coffer, even if that is killed") func killed() {
    let process = start(shell: "echo $$; echo ready; exec sleep 600")
    let command = output.split(separator: "\n").first.flatMap { Int32($0) } ?? 0
    #expect(command > 0)
    process.signal(SIGKILL)
    process.waitForEnd()
    #expect(eventually { Process.hasEnded(command) })
  }

  @Test("a stop of the command stops coffer, and both go on together") func stops() {
    let process = start(shell: "echo ready; kill -STOP $$; echo on")
    func isStopped() -> Bool {
      String(decoding: Files.readUnsized("/proc/\(process.id)/stat"), as: UTF8.self)
        .contains(") T ")
    }
    #expect(eventually(isStopped))
    process.signal(SIGCONT)
    #expect(process.waitForEnd(seconds: 30) == 0)
    #expect(output == "ready\non\n")
  }

  @Test("coffer mask is the same as a filter") func filter() {
    let text = "a \(Self.value)\nb c2tfbGl2ZV80MjQyZGVhZGJlZWY0MjQyY2FmZQ==\n\0\u{FF}"
    let result = fixture.coffer(["mask", "-w", "web"], input: Array(text.utf8))
    #expect(result.outputText == "a <web/stripe>\nb <web/stripe>==\n\0\u{FF}")
    #expect(result.status == 0)
    #expect(fixture.coffer("mask", "-k", "web/stripe", input: "").output.isEmpty)
    let nothing = fixture.coffer("mask", input: "text")
    #expect(nothing.status == 2)
    #expect(nothing.errorText.hasPrefix("coffer: no key is selected\n"))
  }

  @Test("coffer mask passes on nothing if a key cannot be had") func filterFails() {
    let result = fixture.coffer(["mask", "-k", "web/nothing"], input: Array(Self.value.utf8))
    #expect(result.status == 1)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: web/nothing: not found\n"))
  }
}
