import Glibc
import Platform
import TestSupport
import Testing

/// What programs print that a command behind `coffer run --mask` has left running.
@Suite("What is left running behind coffer run --mask")
struct MaskRemainderTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  /// Runs a script of bash with a mask, and what follows it in its line.
  func bash(_ script: String, _ rest: String) -> Subprocess.Result {
    Subprocess.run(
      "/bin/bash",
      ["-c", "\(Programs.client) run --mask -k web/stripe -- bash -c '\(script)' \(rest)"],
      environment: fixture.environmentWithKeyFile)
  }

  /// Starts a command whose output goes to a file.
  func start(_ script: String) -> Subprocess {
    Subprocess(
      Programs.client, ["run", "--mask", "-k", "web/stripe", "--", "sh", "-c", script],
      environment: fixture.environmentWithKeyFile,
      streams: [.null, .file(directory.path("out")), .file(directory.path("err"))],
      ownSession: true)
  }

  var output: String { String(decoding: Files.read(directory.path("out")), as: UTF8.self) }

  @Test("what goes through a program of the command's own is not cut off") func substitution() {
    let copied = bash(
      "exec > >(while read l; do sleep 0.3; echo $l; done); echo last words", "| cat")
    #expect(copied.outputText == "last words\n")
    let log = directory.path("log")
    let logged = bash("exec > >(sleep 0.2; tee \(log)) 2>&1; echo out; echo err >&2", "| cat")
    #expect(logged.outputText == "out\nerr\n")
    #expect(Files.read(log) == Array("out\nerr\n".utf8))
  }

  @Test("values are replaced after the command's end, too, and where that cuts them")
  func masks() {
    let script = """
      (sleep 0.3; echo ${STRIPE_KEY:12}; sleep 0.3; echo late $STRIPE_KEY) & printf %s ${STRIPE_KEY:0:12}
      """
    #expect(bash(script, "| cat").outputText == "<web/stripe>\nlate <web/stripe>\n")
  }

  @Test("coffer ends with the command, and ends nothing that is left running") func outlives() {
    let process = start(
      "(while ! test -e \(directory.path("go")); do sleep 0.05; done; echo one; echo two >&2; "
        + "sleep 0.2; echo three; echo $? >\(directory.path("status"))) & echo zero; exit 3")
    #expect(process.waitForEnd(seconds: 60) == 3)
    #expect(output == "zero\n")
    Files.write([], to: directory.path("go"))
    #expect(eventually { output == "zero\none\nthree\n" }, "\(output)")
    #expect(eventually { Files.read(directory.path("status")) == Array("0\n".utf8) })
    #expect(Files.read(directory.path("err")) == Array("two\n".utf8))
  }

  @Test("a signal ends coffer as the command, whatever is left running") func signal() {
    let process = start("(sleep 0.5; echo late) & kill -TERM $$")
    process.waitForEnd()
    #expect(process.endingSignal == SIGTERM)
    #expect(eventually { output == "late\n" }, "\(output)")
  }

  @Test("the process that masks on has its values locked, no other files, and ends at last")
  func process() throws {
    let process = start("sleep 600 >&2 & echo $!")
    #expect(process.waitForEnd(seconds: 60) == 0)
    let left = try #require(Int32(output.filter(\.isNumber)))
    defer { kill(left, SIGKILL) }
    func masker() -> Int32? {
      Processes.ids.first {
        Processes.group(of: $0) == process.id && Processes.name(of: $0) == "coffer"
      }
    }
    let id = try #require(masker())
    let file = "/proc/\(id)/fd"
    // The three standard streams, the pipe and the file.
    #expect(eventually { Processes.names(in: file).count == 5 }, "\(Processes.names(in: file))")
    let status = String(decoding: Files.readUnsized("/proc/\(id)/status"), as: UTF8.self)
    let locked = status.split(separator: "\n").first { $0.hasPrefix("VmLck:") }
    #expect((locked.flatMap { Int($0.filter(\.isNumber)) } ?? 0) > 0, "\(status)")
    kill(id, SIGINT)
    kill(id, SIGHUP)
    sleep(milliseconds: 100)
    #expect(!Process.hasEnded(id))
    kill(left, SIGKILL)
    #expect(eventually { masker() == nil })
  }

  @Test("on a terminal it comes behind the prompt, as without a mask") func terminal() {
    let shell = PseudoTerminal.maskingShell(fixture)
    let go = directory.path("go")
    shell.type(
      "run sh -c '(while ! test -e \(go); do sleep 0.05; done; echo late $STRIPE_KEY; echo more) & "
        + "echo now'\n")
    #expect(shell.waitFor("now\r\n% "), "\(shell.text)")
    Files.write([], to: go)
    #expect(shell.waitFor("late <web/stripe>\r\nmore\r\n"), "\(shell.text)")
    shell.type("echo on\n")
    #expect(shell.waitFor("on\r\n% "), "\(shell.text)")
  }
}

/// The processes of the system.
private enum Processes {
  static var ids: [Int32] { names(in: "/proc").compactMap { Int32($0) } }

  static func names(in directory: String) -> [String] {
    guard let entries = opendir(directory) else { return [] }
    defer { closedir(entries) }
    var names: [String] = []
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  static func name(of id: Int32) -> String {
    String(decoding: Files.readUnsized("/proc/\(id)/comm").dropLast(), as: UTF8.self)
  }

  static func group(of id: Int32) -> Int32 { getpgid(id) }
}
