import Glibc
import Platform
import TestSupport
import Testing

/// `coffer run --mask` on a terminal.
@Suite("coffer run --mask on a terminal")
struct MaskTerminalTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()
  static let value = VaultFixture.stripeValue

  init() { fixture.initializeWithKeys() }

  var environment: [String: String] {
    fixture.environmentWithKeyFile.merging(["TERM": "xterm", "LC_ALL": "C.UTF-8"]) { $1 }
  }

  func terminal(
    _ command: [String], output: String? = nil, error: String? = nil,
    size: (columns: Int, rows: Int)? = (80, 24)
  ) -> PseudoTerminal {
    PseudoTerminal(
      Programs.client, ["run", "--mask", "-k", "web/stripe", "--"] + command,
      environment: environment, output: output, error: error, size: size)
  }

  func terminal(shell script: String) -> PseudoTerminal { terminal(["sh", "-c", script]) }

  /// A shell whose jobs a test starts, with `run` for what has a mask.
  func shell() -> PseudoTerminal { .maskingShell(fixture) }

  /// Asks a shell until the job that it has in the background is stopped.
  func waitUntilStopped(_ shell: PseudoTerminal) {
    let isStopped = eventually {
      shell.type("jobs\n")
      return shell.waitFor("Stopped", seconds: 1)
    }
    #expect(isStopped, "\(shell.text)")
    _ = shell.readUntilQuiet()
  }

  @Test("each stream that is a terminal is one for the command, and no other")
  func streams() {
    let script = """
      for n in 0 1 2; do if test -t $n; then all="$all$n yes,"; else all="$all$n no,"; fi; done
      printf %s "$all" >\(directory.path("streams"))
      """
    func streams(output: String? = nil, error: String? = nil) -> String {
      let terminal = terminal(["sh", "-c", script], output: output, error: error)
      _ = terminal.readToEnd()
      #expect(terminal.process.waitForEnd() == 0)
      return String(decoding: Files.read(directory.path("streams")), as: UTF8.self)
    }
    #expect(streams() == "0 yes,1 yes,2 yes,")
    #expect(streams(output: directory.path("out")) == "0 yes,1 no,2 yes,")
    #expect(streams(error: directory.path("err")) == "0 yes,1 yes,2 no,")
    #expect(
      streams(output: directory.path("out"), error: directory.path("err"))
        == "0 yes,1 no,2 no,")
  }

  @Test("values are replaced on the terminal and beside it") func masks() {
    let file = directory.path("err")
    let script = "echo out $STRIPE_KEY; echo err $STRIPE_KEY >&2; tty"
    let terminal = terminal(["sh", "-c", script], error: file)
    let screen = terminal.readToEnd()
    #expect(screen.hasPrefix("out <web/stripe>\r\n/dev/pts/"), "\(screen)")
    #expect(Files.read(file) == Array("err <web/stripe>\n".utf8))
  }

  @Test("the command knows the size of the window, and when it changes") func windowSize() {
    let script = "trap 'stty size' WINCH; stty size; while :; do sleep 0.05; done"
    let terminal = terminal(["sh", "-c", script], size: (111, 33))
    #expect(terminal.waitFor("33 111"), "\(terminal.text)")
    terminal.resize(columns: 99, rows: 22)
    #expect(terminal.waitFor("22 99"), "\(terminal.text)")
    terminal.type("\u{3}")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 128 + SIGINT)
  }

  @Test("keys go to the command: a line, Ctrl-D, Ctrl-C, Ctrl-\\") func keys() {
    let terminal = terminal(["cat"])
    terminal.type("hello\n")
    #expect(terminal.waitFor("hello\r\nhello\r\n"), "\(terminal.text)")
    terminal.type("\u{4}")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    for (key, signal) in [("\u{3}", SIGINT), ("\u{1C}", SIGQUIT)] {
      let other = self.terminal(shell: "echo ready; exec sleep 600")
      #expect(other.waitFor("ready"), "\(other.text)")
      other.type(key)
      _ = other.readToEnd()
      other.process.waitForEnd()
      #expect(other.process.endingSignal == signal)
    }
  }

  @Test(
    "the terminal is left as it was found, however the command ends",
    arguments: ["exit 3", "stty raw -echo; exit 0", "stty raw -echo; kill -9 $$", "kill -TERM $$"])
  func restoresMode(script: String) {
    let terminal = terminal(shell: "echo ready; read go; \(script)")
    let before = terminal.mode
    #expect(before != nil)
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    #expect(terminal.mode != before)
    terminal.type("go\n")
    _ = terminal.readToEnd()
    terminal.process.waitForEnd()
    #expect(terminal.mode == before)
  }

  @Test(
    "the terminal is left as it was found, whatever ends coffer",
    arguments: [
      SIGTERM, SIGHUP, SIGINT, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR, SIGXCPU, SIGSEGV,
      SIGUSR1, 34, 64,
    ])
  func restoresModeAfterSignal(number: CInt) {
    let terminal = terminal(shell: "echo ready; exec sleep 600")
    let before = terminal.mode
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    #expect(eventually { terminal.mode != before })
    terminal.process.signal(number)
    _ = terminal.readToEnd()
    terminal.process.waitForEnd()
    #expect(terminal.process.endingSignal == number)
    #expect(terminal.mode == before)
  }

  @Test("a shell stops, lists, continues and ends the job as any other") func jobControl() {
    let shell = shell()
    let before = shell.mode
    shell.type("run sh -c 'echo one; read x; echo got $x; exec sleep 600'\n")
    #expect(shell.waitFor("one\r\n"), "\(shell.text)")
    shell.type("\u{1A}")
    #expect(shell.waitFor("Stopped"), "\(shell.text)")
    _ = shell.readUntilQuiet()
    #expect(shell.mode == before)
    shell.type("jobs\n")
    #expect(shell.waitFor("Stopped"), "\(shell.text)")
    shell.type("fg\n")
    #expect(shell.waitFor("run "), "\(shell.text)")
    #expect(eventually { shell.mode != before })
    shell.type("word\n")
    #expect(shell.waitFor("got word"), "\(shell.text)")
    shell.type("\u{1A}")
    #expect(shell.waitFor("Stopped"), "\(shell.text)")
    shell.type("bg\n")
    #expect(shell.waitFor("&"), "\(shell.text)")
    shell.type("jobs\n")
    #expect(shell.waitFor("Running"), "\(shell.text)")
    shell.type("fg\n")
    #expect(shell.waitFor("run "), "\(shell.text)")
    _ = shell.readUntilQuiet()
    shell.type("\u{3}")
    #expect(shell.waitFor("% "), "\(shell.text)")
    shell.type("echo status $?\n")
    #expect(shell.waitFor("status 130"), "\(shell.text)")
    #expect(shell.mode == before)
  }

  @Test("a job in the background stops when it reads, and reads in the foreground")
  func backgroundReads() {
    let shell = shell()
    shell.type("run sh -c 'echo begun; read x; echo got $x' &\n")
    #expect(shell.waitFor("begun"), "\(shell.text)")
    waitUntilStopped(shell)
    shell.type("fg\n")
    #expect(shell.waitFor("run "), "\(shell.text)")
    _ = shell.readUntilQuiet()
    shell.type("word\n")
    #expect(shell.waitFor("got word\r\n% "), "\(shell.text)")
  }

  @Test("a job that comes to the foreground does not stop again, however late its monitor is")
  func lateMonitor() throws {
    let file = directory.path("ids")
    let shell = shell()
    shell.type("run sh -c 'echo $PPID >\(file); read x; echo got $x' &\n")
    waitUntilStopped(shell)
    let monitor = try #require(numbers(in: file).first)
    kill(monitor, SIGSTOP)
    shell.type("fg\n")
    _ = shell.readUntilQuiet()
    kill(monitor, SIGCONT)
    _ = shell.readUntilQuiet()
    shell.type("word\n")
    #expect(shell.waitFor("got word\r\n% "), "\(shell.text)")
  }

  @Test("kill ends a stopped job, and a job in the background prints") func backgroundPrints() {
    let shell = shell()
    shell.type("run sh -c 'sleep 0.3; echo $STRIPE_KEY; exec sleep 600' &\n")
    #expect(shell.waitFor("<web/stripe>\r\n"), "\(shell.text)")
    shell.type("kill %1; wait; echo waited $?\n")
    #expect(shell.waitFor("waited"), "\(shell.text)")
    _ = shell.readUntilQuiet()
  }

  @Test("another program of a pipeline has the keyboard, until the command reads")
  func pipeline() {
    let shell = shell()
    shell.type(
      "run sh -c 'echo $STRIPE_KEY; sleep 600' | { read x; read y </dev/tty; echo $x $y; }\n")
    _ = shell.readUntilQuiet()
    shell.type("typed\n")
    #expect(shell.waitFor("<web/stripe> typed"), "\(shell.text)")
    shell.type("\u{3}")
    _ = shell.readUntilQuiet()
    shell.type("run sh -c 'read x; echo got $x; echo $x >&2' | cat\n")
    _ = shell.readUntilQuiet()
    shell.type("more\n")
    #expect(shell.waitFor("got more"), "\(shell.text)")
    _ = shell.readUntilQuiet()
  }

  @Test("what looks like the beginning of a value is shown to one who waits") func prompt() {
    let terminal = terminal(shell: "printf 'Say sk_'; read x; echo; printf 'sk_live_4'; read y")
    #expect(terminal.waitFor("Say sk_"), "\(terminal.text)")
    terminal.type("x\n")
    // Of a longer one only three bytes, until it is clear that it is none.
    #expect(terminal.waitFor("\r\nsk_"), "\(terminal.text)")
    #expect(!terminal.readUntilQuiet().contains("live"))
    terminal.type("y\n")
    #expect(terminal.readToEnd().hasPrefix("live_4y\r\n"), "\(terminal.text)")
  }

  @Test("a value that comes in pieces with pauses shows no more than three bytes")
  func slowValue() {
    let script = "for p in sk_l ive_4242d eadbeef4242ca fe; do printf $p; sleep 0.3; done; echo"
    let screen = terminal(shell: script).readToEnd()
    #expect(screen == "sk_<web/stripe>\r\n")
  }

  @Test("what a command leaves on its terminal does not keep coffer waiting") func background() {
    let terminal = terminal(shell: "trap '' HUP; sleep 600 & echo $! ready")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    let left = screen.split(separator: " ").first.flatMap { Int32($0) } ?? 0
    #expect(left > 0, "\(screen)")
    if left > 0 { kill(left, SIGKILL) }
  }

  @Test("all that was printed before the end is on the screen") func lastWords() {
    let screen = terminal(shell: "seq 1 20000; printf end-$STRIPE_KEY").readToEnd()
    #expect(screen.hasSuffix("20000\r\nend-<web/stripe>"), "\(screen.suffix(60))")
    #expect(screen.count == (1...20000).reduce(0) { $0 + "\($1)\r\n".utf8.count } + 16 - 20000)
  }
}
