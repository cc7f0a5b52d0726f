import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer run")
struct RunTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  func run(
    _ arguments: String..., environment: [String: String] = [:], input: String = ""
  ) -> Subprocess.Result {
    fixture.coffer(
      ["run"] + arguments, input: Array(input.utf8),
      environment: fixture.environmentWithKeyFile.merging(environment) { $1 })
  }

  @Test("a command finds the value under the key's environment name") func injects() {
    let result = run("-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(result.line == VaultFixture.stripeValue)
    #expect(result.status == 0)
    #expect(result.errorText.isEmpty)
  }

  @Test("a key can have another name, and -w takes all of a workspace") func selects() {
    let script = "echo $PAY $STRIPE_KEY ${#DEPLOY}"
    let result = run("-k", "web/stripe=PAY", "-w", "web", "--", "sh", "-c", script)
    #expect(result.line == "\(VaultFixture.stripeValue) \(VaultFixture.stripeValue) 57")
  }

  @Test("a bare name will do where one key bears it") func bareName() {
    #expect(run("-k", "stripe", "printenv", "STRIPE_KEY").line == VaultFixture.stripeValue)
  }

  @Test("the command has the process id of coffer, and its parent") func processID() {
    let directory = TemporaryDirectory()
    let process = Subprocess(
      Programs.client,
      ["run", "-k", "web/stripe", "--", "sh", "-c", "echo $$ $PPID"],
      environment: fixture.environmentWithKeyFile,
      streams: [.null, .file(directory.path("out")), .null])
    process.waitForEnd()
    let output = String(decoding: Files.read(directory.path("out")), as: UTF8.self)
    #expect(output == "\(process.id) \(getpid())\n")
  }

  @Test("fault 63: the exit status is the command's", arguments: [0, 1, 3, 42, 125, 255])
  func exitStatus(status: Int32) {
    #expect(run("-k", "web/stripe", "--", "sh", "-c", "exit \(status)").status == status)
  }

  @Test(
    "fault 63: a signal reaches the command itself", arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
  func signals(number: CInt) {
    let directory = TemporaryDirectory()
    let process = Subprocess(
      Programs.client,
      ["run", "-k", "web/stripe", "--", "sh", "-c", "echo ready; exec sleep 100"],
      environment: fixture.environmentWithKeyFile,
      streams: [.null, .file(directory.path("out")), .null])
    #expect(eventually { !Files.read(directory.path("out")).isEmpty })
    process.signal(number)
    #expect(process.waitForEnd(seconds: 10) == 128 + number)
  }

  @Test("signal dispositions and mask are as they were") func dispositions() {
    let show = ["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"]
    let plain = Subprocess.run("/usr/bin/env", show, environment: fixture.environment)
    let injected = run("-k", "web/stripe", "--", show[0], show[1], show[2], show[3])
    #expect(injected.output == plain.output)
  }

  @Test("fault 45: the command inherits no descriptor of coffer") func descriptors() {
    let result = run("-k", "web/stripe", "--", "ls", "/proc/self/fd")
    // The fourth is the directory that ls reads.
    #expect(result.line.split(separator: "\n") == ["0", "1", "2", "3"])
  }

  @Test("standard input is the command's, all of it") func standardInput() {
    #expect(run("-k", "web/stripe", "--", "cat", input: "one\ntwo\n").outputText == "one\ntwo\n")
  }

  @Test("on a terminal the command has the terminal") func terminal() {
    let terminal = PseudoTerminal(
      Programs.client,
      [
        "run", "-k", "web/stripe", "--", "sh", "-c",
        "tty && test -t 0 -a -t 1 -a -t 2 && echo whole",
      ],
      environment: fixture.environmentWithKeyFile)
    let text = terminal.readToEnd()
    #expect(text.contains("/dev/pts/"))
    #expect(text.contains("whole"))
    #expect(terminal.process.waitForEnd() == 0)
  }

  @Test("the rest of the environment stays, but for what logs in to Coffer") func environment() {
    let text = fixture.coffer("create", "web/job").line
    let result = run(
      "-k", "web/stripe", "--", "env", environment: ["KEEP": "this", "COFFER_API_KEY": text])
    let lines = result.line.split(separator: "\n")
    #expect(lines.contains("KEEP=this"))
    #expect(!lines.contains { $0.hasPrefix("COFFER_API_KEY=") || $0.hasPrefix("COFFER_KEY_FILE=") })
  }

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]
    var environment: [String: String] = [:]
    var status: Int32 = 125
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "a key that does not exist",
      arguments: ["-k", "web/stripe", "-k", "web/nothing", "--", "echo", "ran"],
      message: "coffer: web/nothing: not found\n"),
    Refused(
      testDescription: "a workspace without a key",
      arguments: ["-w", "empty", "--", "echo", "ran"],
      message: "coffer: what was selected holds no key that you may use\n"),
    Refused(
      testDescription: "a workspace that does not exist",
      arguments: ["-w", "nowhere", "--", "echo", "ran"], message: "coffer: nowhere: not found\n"),
    Refused(
      testDescription: "a variable that is set to something else",
      arguments: ["-k", "web/stripe", "--", "echo", "ran"], environment: ["STRIPE_KEY": "other"],
      message: "coffer: STRIPE_KEY is set already, to something else than web/stripe\n"),
    Refused(
      testDescription: "a reserved name",
      arguments: ["-k", "web/stripe=PATH", "--", "echo", "ran"],
      message: "coffer: PATH: invalid: the environment name is reserved"),
    Refused(
      testDescription: "a name that no shell accepts",
      arguments: ["-k", "web/stripe=A-B", "--", "echo", "ran"], message: "coffer: A-B: invalid: "),
    Refused(
      testDescription: "an empty name", arguments: ["-k", "web/stripe=", "--", "echo", "ran"],
      message: "coffer: '': invalid: an environment name has"),
    Refused(
      testDescription: "a name with an equals sign",
      arguments: ["-k", "web/stripe=A=B", "--", "echo", "ran"], message: "coffer: A=B: invalid: "),
    Refused(
      testDescription: "a name that begins with a digit",
      arguments: ["-k", "web/stripe=1A", "--", "echo", "ran"], message: "coffer: 1A: invalid: "),
    Refused(
      testDescription: "a selection that names nothing",
      arguments: ["-k", "", "--", "echo", "ran"],
      message: "coffer: -k names nothing\n"),
    Refused(
      testDescription: "no daemon", arguments: ["-k", "web/stripe", "--", "echo", "ran"],
      environment: ["COFFER_SOCKET": "/nonexistent/socket"],
      message: "coffer: /nonexistent/socket: no daemon listens there\n"),
    Refused(
      testDescription: "two keys for one name",
      arguments: ["-k", "web/stripe=A", "-k", "web/deploy=A", "--", "echo", "ran"],
      message: "coffer: A: web/stripe and web/deploy would both have this name\n"),
    Refused(
      testDescription: "two keys for one name, of which one comes with a workspace",
      arguments: ["-w", "web", "-k", "web/deploy=STRIPE_KEY", "--", "echo", "ran"],
      message: "coffer: STRIPE_KEY: web/stripe and web/deploy would both have this name\n"),
    Refused(
      testDescription: "nothing selected", arguments: ["--", "echo", "ran"],
      message: "coffer: nothing is selected\n"),
    Refused(
      testDescription: "no command", arguments: ["-k", "web/stripe"],
      message: "coffer: no command is named\n"),
    Refused(
      testDescription: "an unknown option",
      arguments: ["--kee", "web/stripe", "--", "echo", "ran"],
      message: "coffer: unknown option --kee\ncoffer: hint: did you mean --key?\n"),
    Refused(
      testDescription: "a command that is not there",
      arguments: ["-k", "web/stripe", "--", "no-such-command"], status: 127,
      message: "coffer: no-such-command: no such command\n"),
    Refused(
      testDescription: "a command that cannot be executed",
      arguments: ["-k", "web/stripe", "--", "/etc/passwd"], status: 126,
      message: "coffer: /etc/passwd: it cannot be executed: permission denied\n"),
  ]

  @Test("fault 63: nothing runs unless all is right", arguments: refused)
  func refuses(_ test: Refused) {
    fixture.coffer("workspace", "add", "empty")
    let result = fixture.coffer(
      ["run"] + test.arguments,
      environment: fixture.environmentWithKeyFile.merging(test.environment) { $1 })
    #expect(result.status == test.status)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix(test.message), "\(result.errorText)")
  }

  @Test("fault 63: with a locked vault and nobody to ask nothing runs") func locked() {
    fixture.coffer("lock")
    let result = fixture.coffer(
      ["run", "-k", "web/stripe", "--", "echo", "ran"], environment: fixture.environment)
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: the vault is locked, and there is no terminal"))
  }

  @Test("fault 63: a value that others would cut at its NUL is kept by nobody")
  func valueWithNUL() {
    let refused = fixture.coffer(["import", "web/nul"], input: [0x61, 0, 0x62])
    #expect(refused.status == 1)
    #expect(run("-k", "web/nul", "--", "echo", "ran").output.isEmpty)
  }

  @Test("a variable that has the key's value already is no conflict") func sameValue() {
    let result = run(
      "-k", "web/stripe", "--", "printenv", "STRIPE_KEY",
      environment: ["STRIPE_KEY": VaultFixture.stripeValue])
    #expect(result.line == VaultFixture.stripeValue)
  }

  @Test("a name that the command line chooses replaces a variable") func chosenName() {
    let result = run(
      "-k", "web/stripe=STRIPE_KEY", "--", "sh", "-c", "env | grep ^STRIPE_KEY=",
      environment: ["STRIPE_KEY": "other"])
    #expect(result.line == "STRIPE_KEY=\(VaultFixture.stripeValue)")
  }

  @Test("fault 63: more than the system takes is refused with a way out") func tooMuch() {
    fixture.coffer("import", "me/long", input: String(repeating: "x", count: 65_536))
    // The kernel lets coffer itself start with so much, but not the command with
    // the value besides.
    let word = String(repeating: "x", count: 120_000)
    let result = fixture.coffer(
      ["run", "-k", "me/long", "--", "true"] + Array(repeating: word, count: 17))
    #expect(result.status == 125)
    #expect(result.errorText.contains("the system takes"), "\(result.errorText.prefix(200))")
  }

  @Test("a script without #! is run by the shell, as execvp does it") func script() {
    let directory = TemporaryDirectory()
    Files.write(Array("echo $STRIPE_KEY $1\n".utf8), to: directory.path("script"), mode: 0o700)
    chmod(directory.path("script"), 0o700)
    let result = run("-k", "web/stripe", "--", directory.path("script"), "word")
    #expect(result.line == "\(VaultFixture.stripeValue) word")
  }

  @Test("fifty keys come in one go, and a long value whole") func many() {
    let fixture = VaultFixture()
    fixture.initialize()
    let long = String(repeating: "0123456789abcdef", count: 4096)
    fixture.coffer("import", "me/long", input: long)
    var selection: [String] = ["-k", "me/long"]
    for number in 0..<50 {
      fixture.coffer(
        "import", "me/a-rather-long-name-for-a-key-\(number)", input: "value-\(number)")
      selection += ["-k", "me/a-rather-long-name-for-a-key-\(number)=K\(number)"]
    }
    let result = fixture.coffer(
      ["run"] + selection + ["--", "sh", "-c", "echo ${#LONG}; env | grep -c '^K[0-9]*=value-'"])
    #expect(result.line == "65536\n50", "\(result.errorText)")
  }
}
