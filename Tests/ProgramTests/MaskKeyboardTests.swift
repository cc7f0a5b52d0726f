import Glibc
import Platform
import TestSupport
import Testing

/// Who gets the keys while a command behind `coffer run --mask` shares the terminal.
@Suite("The keyboard behind coffer run --mask")
struct MaskKeyboardTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  func shell() -> PseudoTerminal { .maskingShell(fixture) }

  // MARK: Commands that are not stopped when they read

  @Test("in a command substitution of an interactive shell a password is asked for")
  func substitution() {
    let shell = shell()
    let before = shell.mode
    shell.type("x=$(run bash -c 'read -s -p pw: y; echo v$y-$?'); echo [$x]\n")
    #expect(shell.waitFor("]\r\npw:"), "\(shell.text)")
    shell.type("typed\n")
    #expect(shell.waitFor("[vtyped-0]\r\n% "), "\(shell.text)")
    shell.type("y=$(run bash -c 'read y; echo v$y-$?'); echo [$y]\n")
    #expect(shell.waitFor("]\r\n"), "\(shell.text)")
    shell.type("more\n")
    #expect(shell.waitFor("[vmore-0]\r\n% "), "\(shell.text)")
    #expect(shell.mode == before)
  }

  @Test("a command reads where the signals that would stop it are ignored") func ignored() {
    let file = directory.path("out")
    let terminal = PseudoTerminal(
      "/bin/bash",
      [
        "-c",
        "trap '' TTIN TTOU TSTP; exec \(Programs.client) run --mask -k web/stripe -- "
          + "bash -c 'echo ready >&2; read -s y; echo v$y-$?' >\(file)",
      ],
      environment: fixture.environmentWithKeyFile, size: (80, 24))
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    terminal.type("typed\n")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    #expect(String(decoding: Files.read(file), as: UTF8.self) == "vtyped-0\n")
  }

  @Test("a job in the background that is not to be stopped reads nothing, as without a mask")
  func ignoredInBackground() {
    let shell = shell()
    shell.type("(trap '' TTIN; run bash -c 'read y; echo rc-$?' 2>&1 </dev/tty | cat) & wait\n")
    #expect(shell.waitFor("rc-1\r\n"), "\(shell.text)")
  }

  // MARK: Commands that wait before they read

  /// Where one of the three streams goes that the command does not need.
  static let redirections = ["| cat", "2>/dev/null", "2>&1 | cat"]

  /// A shell in which a masked command runs that has said that it is ready.
  private func start(_ command: String) -> PseudoTerminal {
    let shell = shell()
    shell.type("run \(command)\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    return shell
  }

  @Test("a command that waits for a line before it reads gets it", arguments: redirections)
  func waiting(redirection: String) {
    let shell = start(
      "bash -c 'echo ready; read -t 60 y; echo v$y; read z; echo v$z' \(redirection)")
    shell.type("typed\n")
    // The line is shown once, though two terminals could show it.
    #expect(shell.shows("vtyped"), "\(shell.text)")
    #expect(shell.text.hasPrefix("typed\r\nvtyped"), "\(shell.text)")
    #expect(shell.waitFor("vtyped"), "\(shell.text)")
    shell.type("more\n")
    #expect(shell.shows("vmore"), "\(shell.text)")
    #expect(shell.waitFor("% "), "\(shell.text)")
  }

  @Test("a command that waits for input is told of its end") func waitingForEnd() {
    let shell = start(
      "bash -c 'echo ready; read -t 60 y; echo rc-$?-$y' | cat")
    shell.type("\u{4}")
    #expect(shell.shows("rc-1-"), "\(shell.text)")
    #expect(shell.waitFor("% "), "\(shell.text)")
    shell.type("run bash -c 'echo ready; read -t 60 y; echo rc-$?-$y' | cat\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    shell.type("half\u{4}")
    _ = shell.readUntilQuiet()
    shell.type("\u{4}")
    #expect(shell.waitFor("rc-1-half"), "\(shell.text)")
  }

  @Test("a command in a session of its own gets line after line") func ownSession() {
    let shell = start(
      "setsid -w bash -c 'echo ready; read x; echo v$x; read y; echo v$y' | cat")
    shell.type("one\ntwo\n")
    #expect(shell.waitFor("vone\r\nvtwo\r\n% "), "\(shell.text)")
  }

  // MARK: Keys that are not the command's

  @Test(
    "a pager at the end of a pipeline keeps its keys", .enabled(if: Programs.find("less") != nil))
  func pager() {
    let shell = shell()
    shell.type("run bash -c 'seq 1 200; read -t 60 y; exec sleep 60' | LESS= less\n")
    #expect(shell.waitFor("\r\n23\r\n"), "\(shell.text)")
    for line in 24...27 {
      shell.type("\n")
      #expect(shell.waitFor("\(line)"), "\(shell.text)")
      _ = shell.readUntilQuiet()
    }
    shell.type("q")
    _ = shell.readUntilQuiet()
    shell.type("\u{3}")
    #expect(shell.waitFor("% "), "\(shell.text)")
  }

  @Test("a program that has the terminal in a mode of its own may leave keys unread")
  func unreadKeys() {
    let shell = shell()
    shell.type(
      "run sh -c 'echo ready; sleep 60' | { read x; stty -icanon </dev/tty; echo $x; "
        + "sleep 2; head -c 4 </dev/tty | tr a-z A-Z; stty icanon </dev/tty; }\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    shell.type("abc\n")
    #expect(shell.waitFor("ABC\r\n"), "\(shell.text)")
    shell.type("\u{3}")
    _ = shell.readUntilQuiet()
  }

  @Test("another program of a pipeline that reads lines gets them all") func otherReader() {
    let shell = shell()
    shell.type(
      "run sh -c 'echo ready; sleep 60' | { read x; echo $x; "
        + "read a </dev/tty; read b </dev/tty; echo $a-$b; }\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    for line in ["one\n", "two\n"] {
      shell.type(line)
      _ = shell.readUntilQuiet()
    }
    #expect(shell.text.contains("one-two"), "\(shell.text)")
    shell.type("\u{3}")
    _ = shell.readUntilQuiet()
  }

  @Test("what is typed ahead for the shell reaches it, but for one line that was finished")
  func typedAhead() {
    let shell = start(
      "sh -c 'echo ready; sleep 2; echo done' | cat")
    shell.type("echo first-$((6 * 7))\necho second-$((6 * 7))\necho third-$((6 * 7))")
    #expect(shell.waitFor("done\r\n", keepsRest: true), "\(shell.text)")
    #expect(shell.waitFor("second-42\r\n"), "\(shell.text)")
    shell.type("\n")
    #expect(shell.waitFor("third-42\r\n"), "\(shell.text)")
    // One whose standard input is no terminal takes nothing.
    shell.type("run sh -c 'echo ready; sleep 2; echo done' </dev/null | cat\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    shell.type("echo first-$((6 * 8))\necho second-$((6 * 8))\n")
    #expect(shell.shows("first-48\r\n"), "\(shell.text)")
    #expect(shell.shows("second-48\r\n"), "\(shell.text)")
  }

  @Test("lines that nobody takes keep no loop busy") func idle() throws {
    let shell = shell()
    let file = directory.path("id")
    shell.type("run sh -c 'ps -o ppid= $PPID >\(file); echo ready; sleep 60' | cat\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    let text = String(decoding: Files.read(file), as: UTF8.self)
    let id = try #require(Int32(text.filter(\.isNumber)))
    shell.type("one\ntwo\nthree\n")
    _ = shell.readUntilQuiet()
    let before = switches(of: id)
    sleep(milliseconds: 2000)
    // Five times a second; a busy loop would make thousands.
    #expect(before > 0)
    #expect(switches(of: id) - before < 100)
    shell.type("\u{3}")
    #expect(shell.waitFor("% "), "\(shell.text)")
  }

  /// How often a process has waited.
  func switches(of id: Int32) -> Int {
    let status = String(decoding: Files.readUnsized("/proc/\(id)/status"), as: UTF8.self)
    let lines = status.split(separator: "\n").filter { $0.contains("ctxt_switches") }
    return lines.compactMap { Int($0.filter(\.isNumber)) }.reduce(0, +)
  }

  // MARK: Stops that nothing foresees

  @Test("after SIGSTOP and bg the command prints lines as any other")
  func stoppedFromOutside() throws {
    let shell = shell()
    let file = directory.path("id")
    let go = directory.path("go")
    shell.type(
      "run sh -c 'ps -o ppid= $PPID >\(file); echo ready; "
        + "while ! test -e \(go); do sleep 0.05; done; echo one; echo two'\n")
    #expect(shell.waitFor("ready\r\n"), "\(shell.text)")
    let text = String(decoding: Files.read(file), as: UTF8.self)
    let id = try #require(Int32(text.filter(\.isNumber)))
    kill(id, SIGSTOP)
    #expect(shell.waitFor("Stopped"), "\(shell.text)")
    _ = shell.readUntilQuiet()
    shell.type("bg\n")
    #expect(shell.waitFor("&\r\n"), "\(shell.text)")
    _ = shell.readUntilQuiet()
    Files.write([], to: go)
    #expect(shell.shows("two"), "\(shell.text)")
    #expect(shell.readUntilQuiet().contains("one\r\ntwo\r\n"), "\(shell.text)")
  }
}
