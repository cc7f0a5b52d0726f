import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer run --file and --stdin")
struct RunDeliveryTests {
  let fixture = VaultFixture()

  /// Where the files are made: on a tmpfs, and this test's alone.
  let runtime = TemporaryDirectory(in: "/dev/shm")
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  var environment: [String: String] {
    fixture.environmentWithKeyFile.merging(["XDG_RUNTIME_DIR": runtime.path]) { $1 }
  }

  func run(
    _ arguments: [String], input: [UInt8] = [], environment more: [String: String] = [:]
  ) -> Subprocess.Result {
    fixture.coffer(["run"] + arguments, input: input, environment: environment.merging(more) { $1 })
  }

  /// Starts a command that waits until it is killed.
  func start(_ arguments: [String], environment more: [String: String] = [:]) -> Subprocess {
    let output = directory.path("out")
    unlink(output)
    let process = Subprocess(
      Programs.client,
      ["run"] + arguments + ["--", "sh", "-c", "echo $CREDENTIALS_DIRECTORY; exec sleep 300"],
      environment: environment.merging(more) { $1 },
      streams: [.null, .file(output), .file(directory.path("error"))])
    #expect(eventually { Files.read(output).last == 0x0A })
    return process
  }

  /// The directory that the command of ``start(_:environment:)`` has.
  var made: String { String(decoding: Files.read(directory.path("out")).dropLast(), as: UTF8.self) }

  /// The process that looks after `path`.
  static func keeper(of path: String) -> Int32? {
    Files.names(in: "/proc").compactMap { Int32($0) }.first { id in
      let line = String(decoding: Files.readUnsized("/proc/\(id)/cmdline"), as: UTF8.self)
      return line == "coffer\0--keep-directory\0\(path)\0"
    }
  }

  private func isGone(_ path: String) -> Bool {
    (try? FileStatus.ofFile(at: path, followsLinks: false)) == .some(nil)
  }

  // MARK: Files

  @Test("a file holds the value and nothing else, and only its user may read it") func file() {
    let script = """
      cat "$STRIPE_KEY_FILE"; echo; stat -c '%a %n' $CREDENTIALS_DIRECTORY "$STRIPE_KEY_FILE"
      echo ${STRIPE_KEY-unset}; ls $CREDENTIALS_DIRECTORY
      """
    let result = run(["--file", "web/stripe", "--", "sh", "-c", script])
    let lines = result.line.split(separator: "\n").map(String.init)
    #expect(lines.count == 5, "\(result.errorText)")
    let path = lines[1].dropFirst(4)
    #expect(path.hasPrefix(runtime.path + "/coffer."))
    #expect(
      lines == [
        VaultFixture.stripeValue, "700 \(path)", "400 \(path)/stripe", "unset", "stripe",
      ])
    #expect(eventually { Files.names(in: runtime.path).isEmpty })
  }

  @Test("a name that is told is that of the file and of the variable") func named() {
    let result = run(
      [
        "--file", "web/stripe=PAY", "-k", "web/deploy", "--", "sh", "-c",
        "echo ${PAY_FILE#$CREDENTIALS_DIRECTORY/} ${#DEPLOY}; cat $PAY_FILE",
      ])
    #expect(result.line == "PAY 57\n\(VaultFixture.stripeValue)", "\(result.errorText)")
  }

  @Test("where the user's directory is not in memory, that of all is taken") func shared() {
    let result = run(
      ["--file", "web/stripe", "--", "printenv", "CREDENTIALS_DIRECTORY"],
      environment: ["XDG_RUNTIME_DIR": "/proc"])
    #expect(result.line.hasPrefix("/dev/shm/coffer."), "\(result.line)")
    #expect(eventually { isGone(result.line) })
  }

  @Test("the files are gone when the command has ended, also after a kill -9") func killed() {
    let process = start(["--file", "web/stripe"])
    #expect(Files.names(in: made) == ["stripe"])
    process.signal(SIGKILL)
    process.waitForEnd()
    #expect(eventually { isGone(made) })
    #expect(eventually { Self.keeper(of: made) == nil })
  }

  @Test("what the command has made beside them is gone as well") func additions() {
    let script = "mkdir $CREDENTIALS_DIRECTORY/more && echo x > $CREDENTIALS_DIRECTORY/more/file"
    #expect(run(["--file", "web/stripe", "--", "sh", "-c", script]).status == 0)
    #expect(eventually { Files.names(in: runtime.path).isEmpty })
  }

  @Test("nothing is left of a command that could not be executed") func notExecuted() {
    #expect(run(["--file", "web/stripe", "--", "no-such-command"]).status == 127)
    #expect(eventually { Files.names(in: runtime.path).isEmpty })
  }

  @Test("the command has no child that it has not started") func children() {
    let result = run(["--file", "web/stripe", "--", "cat", "/proc/thread-self/children"])
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
  }

  @Test(
    "the keeper has a session of its own, and nothing of the command's",
    .enabled(if: Programs.isRoot, "needs root"))
  func keeper() throws {
    let process = start(["--file", "web/stripe"])
    let id = try #require(Self.keeper(of: made))
    #expect(getsid(id) == id)
    #expect(Files.linkTarget(of: "/proc/\(id)/cwd") == "/")
    var links: [String] = []
    _ = eventually {
      links = ["0", "1", "2", "3", "4"].map { Files.linkTarget(of: "/proc/\(id)/fd/\($0)") }
      return links[3].hasPrefix("anon_inode")
    }
    #expect(links[..<3] == ["/dev/null", "/dev/null", "/dev/null"])
    #expect(links[3] == "anon_inode:[pidfd]")
    #expect(links[4].isEmpty)
    #expect(Files.readUnsized("/proc/\(id)/environ").isEmpty)
    for signal in [SIGTERM, SIGHUP, SIGINT] { kill(id, signal) }
    #expect(Self.keeper(of: made) == id)
    process.signal(SIGTERM)
    #expect(eventually { isGone(made) })
  }

  @Test("the keeper has no secret in its memory", .enabled(if: Programs.isRoot, "needs root"))
  func keeperMemory() throws {
    let text = fixture.coffer("create", "web/job").line
    let process = start(["--file", "web/stripe"], environment: ["COFFER_API_KEY": text])
    let id = try #require(Self.keeper(of: made))
    let search = SecretSearch(Array(VaultFixture.stripeValue.utf8))
    #expect(search.found(inMemoryOf: id) == [])
    #expect(SecretSearch(Array(text.utf8)).found(inMemoryOf: id) == [])
    process.signal(SIGKILL)
    #expect(eventually { isGone(made) })
  }

  @Test("what a killed keeper has left is removed by the next command, but not before its own ends")
  func swept() throws {
    let process = start(["--file", "web/stripe"])
    let left = made
    let id = try #require(Self.keeper(of: left))
    kill(id, SIGKILL)
    #expect(eventually { Self.keeper(of: left) == nil })
    #expect(run(["--file", "web/stripe", "--", "true"]).status == 0)
    #expect(Files.names(in: left) == ["stripe"])
    process.signal(SIGKILL)
    process.waitForEnd()
    #expect(Files.names(in: left) == ["stripe"])
    #expect(run(["--file", "web/stripe", "--", "true"]).status == 0)
    #expect(isGone(left))
  }

  @Test("what is of another namespace, of another user or of no process is not removed")
  func notSwept() throws {
    let own = try #require(ProcessIdentity.current)
    var names = [
      "coffer.4194303.1.\(own.namespace + 1).0", "coffer.4194303.x.\(own.namespace).0", "coffer.",
      "other.4194303.1.\(own.namespace).0",
    ]
    let foreign = "coffer.4194303.1.\(own.namespace).0"
    if Programs.isRoot { names.append(foreign) }
    for name in names { mkdir(runtime.path(name), 0o700) }
    chown(runtime.path(foreign), 12345, 12345)
    mkdir(runtime.path("coffer.4194303.1.\(own.namespace).1"), 0o700)
    #expect(run(["--file", "web/stripe", "--", "true"]).status == 0)
    #expect(eventually { Files.names(in: runtime.path).count == names.count })
    #expect(Files.names(in: runtime.path) == names.sorted())
  }

  @Test(
    "a keeper leaves alone what is no directory of a command", arguments: ["plain", "coffer.1.2.3"])
  func noKeeper(name: String) {
    let path = runtime.path(name)
    mkdir(path, 0o700)
    let result = Subprocess.run(Programs.client, ["--keep-directory", path])
    #expect(result.status == 2)
    #expect(!isGone(path))
  }

  // MARK: Refusals

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]
    var environment: [String: String] = [:]
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "two keys of one name",
      arguments: ["--file", "web/stripe", "--file", "me/stripe"],
      message: "--file: web/stripe and me/stripe would both be called stripe\n"),
    Refused(
      testDescription: "two keys for one variable",
      arguments: ["--file", "web/deploy=STRIPE_KEY", "--file", "web/stripe"],
      message: "--file: web/deploy and web/stripe would both be called STRIPE_KEY_FILE\n"),
    Refused(
      testDescription: "a variable that steers programs",
      arguments: ["--file", "web/stripe=SSL_CERT"],
      message: "--file web/stripe: no variable may be called SSL_CERT_FILE\n"),
    Refused(
      testDescription: "a variable that is set already",
      arguments: ["--file", "web/stripe"], environment: ["STRIPE_KEY_FILE": "/x"],
      message: "STRIPE_KEY_FILE is set already, to something else than the file of web/stripe\n"),
    Refused(
      testDescription: "the directory of a unit",
      arguments: ["--file", "web/stripe"], environment: ["CREDENTIALS_DIRECTORY": "/x"],
      message: "CREDENTIALS_DIRECTORY is set already, as for a unit of systemd\n"),
    Refused(
      testDescription: "a variable that another option sets",
      arguments: ["--file", "web/stripe=A", "-k", "web/deploy=A_FILE"],
      message: "A_FILE: '--file' and another option would both set it\n"),
    Refused(
      testDescription: "a key that does not exist", arguments: ["--file", "web/nothing"],
      message: "web/nothing: not found\n"),
  ]

  @Test("what cannot be given is refused, and nothing is made", arguments: refused)
  func refuses(_ test: Refused) {
    fixture.coffer("import", "me/stripe", "--env", "MINE", input: "x")
    let result = run(test.arguments + ["--", "echo", "ran"], environment: test.environment)
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: \(test.message)"), "\(result.errorText)")
    #expect(Files.names(in: runtime.path).isEmpty)
  }

  @Test("--override replaces the variables, and --keep leaves them") func policies() {
    let set = ["CREDENTIALS_DIRECTORY": "/x", "STRIPE_KEY_FILE": "/y"]
    let show = ["--", "sh", "-c", "echo $CREDENTIALS_DIRECTORY $STRIPE_KEY_FILE"]
    let replaced = run(["--file", "web/stripe", "--override"] + show, environment: set)
    #expect(replaced.line.contains("/coffer."), "\(replaced.errorText)")
    let kept = run(["--file", "web/stripe", "--keep"] + show, environment: set)
    #expect(kept.line == "/x /y", "\(kept.errorText)")
  }

  // MARK: Standard input

  @Test("--stdin gives the value, and nothing else, on standard input") func standardInput() {
    let result = run(["--stdin", "web/stripe", "--", "cat"], input: Array("mine".utf8))
    #expect(result.outputText == VaultFixture.stripeValue)
    let size = run(["--stdin", "web/stripe", "--", "sh", "-c", "wc -c; env | grep -c STRIPE"])
    #expect(size.line == "\(VaultFixture.stripeValue.utf8.count)\n0")
  }

  @Test("a long value on standard input comes whole, and nobody can change it") func sealed() {
    fixture.coffer("import", "me/long", input: String(repeating: "0123456789abcdef", count: 4096))
    let script = "echo x >> /proc/self/fd/0 || echo sealed; wc -c"
    let result = run(["--stdin", "me/long", "--", "sh", "-c", script])
    #expect(result.line == "sealed\n65536", "\(result.errorText)")
  }

  @Test("file, standard input and variables go together") func together() {
    let result = run([
      "--stdin", "web/stripe", "--file", "web/stripe=A", "-k", "web/stripe=B", "--", "sh", "-c",
      "cat - $A_FILE; echo $B",
    ])
    #expect(result.line == String(repeating: VaultFixture.stripeValue, count: 3))
  }
}
