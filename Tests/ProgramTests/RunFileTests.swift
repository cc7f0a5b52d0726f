import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer run -e")
struct RunFileTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()
  static let password = "p@ss'w\"o\\r$d"

  init() {
    fixture.initializeWithKeys()
    fixture.coffer("import", "web/db-password", input: Self.password)
  }

  func write(_ text: String, to name: String = "x.env") -> String {
    Files.write(Array(text.utf8), to: directory.path(name))
    return directory.path(name)
  }

  func run(
    _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:]
  ) -> Subprocess.Result {
    fixture.coffer(
      ["run"] + arguments, input: input,
      environment: fixture.environmentWithKeyFile.merging(environment) { $1 })
  }

  @Test("keys take the places of references, alone and inside a value") func references() {
    let path = write(
      """
      STRIPE=coffer://web/stripe
      export URL="postgres://app:coffer://web/db-password@host/db?key=coffer://web/stripe"
      PORT = 8080 # plain
      """)
    let result = run([
      "-e", path, "--", "sh", "-c", "printf '%s\\n' \"$STRIPE\" \"$URL\" \"$PORT\"",
    ])
    let url = "postgres://app:\(Self.password)@host/db?key=\(VaultFixture.stripeValue)"
    #expect(result.line == "\(VaultFixture.stripeValue)\n\(url)\n8080", "\(result.errorText)")
    #expect(result.errorText.isEmpty)
  }

  @Test("a later file wins over an earlier one, and -k stands beside them") func several() {
    let first = write("A=1\nB=coffer://web/nothing\n")
    let second = write("B=2\n", to: "y.env")
    let result = run([
      "-e", first, "--env-file", second, "-k", "web/stripe=C", "--", "sh", "-c", "echo $A $B $C",
    ])
    #expect(result.line == "1 2 \(VaultFixture.stripeValue)", "\(result.errorText)")
  }

  @Test("a file replaces a variable that is set to something else") func replaces() {
    let path = write("A=coffer://web/stripe\nB=plain\n")
    let result = run(
      ["-e", path, "--", "sh", "-c", "env | grep -E '^(A|B)=' | sort"],
      environment: ["A": "other", "B": "other"])
    #expect(result.line == "A=\(VaultFixture.stripeValue)\nB=plain")
  }

  @Test("a file without references needs no daemon") func plain() {
    let result = run(
      ["-e", write("A='1 2'\n"), "--", "sh", "-c", "echo $A"],
      environment: ["COFFER_SOCKET": "/nonexistent/socket"])
    #expect(result.line == "1 2", "\(result.errorText)")
  }

  @Test("a file may be a FIFO, or standard input") func streams() {
    let fifo = directory.path("fifo")
    mkfifo(fifo, 0o600)
    let writer = Subprocess(
      "/bin/sh", ["-c", "echo A=coffer://web/stripe > \(fifo)"], environment: [:],
      streams: [.null, .null, .null])
    #expect(run(["-e", fifo, "--", "printenv", "A"]).line == VaultFixture.stripeValue)
    #expect(writer.waitForEnd() == 0)
    let result = run(["-e", "/dev/stdin", "--", "printenv", "A"], input: Array("A=1\n".utf8))
    #expect(result.line == "1")
  }

  @Test("an optional reference to a missing key leaves its variable alone") func optional() {
    let path = write(
      "A=coffer://web/sentry?\nB=\"x coffer://web/sentry?\"\nC=coffer://web/stripe?\n")
    let show = ["sh", "-c", "env | grep -E '^(A|B|C)=' | sort"]
    #expect(run(["-e", path, "--"] + show).line == "C=\(VaultFixture.stripeValue)")
    let inherited = run(["-e", path, "--"] + show, environment: ["A": "kept"])
    #expect(inherited.line == "A=kept\nC=\(VaultFixture.stripeValue)")
    fixture.coffer("import", "web/sentry", input: "dsn")
    #expect(run(["-e", path, "--"] + show).line == "A=dsn\nB=x dsn\nC=\(VaultFixture.stripeValue)")
  }

  @Test("an optional key that is there and cannot be had is refused") func optionalSuspended() {
    fixture.coffer("suspend", "web/stripe")
    let path = write("\nA=coffer://web/stripe?\n")
    let result = run(["-e", path, "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: \(path):2: web/stripe: "))
  }

  @Test("many references are asked for at once, each once") func many() {
    var text = ""
    for number in 0..<60 {
      fixture.coffer("import", "me/key-number-\(number)", input: "value-\(number)")
      text +=
        "K\(number)=coffer://me/key-number-\(number)\nL\(number)=<coffer://me/key-number-\(number)>\n"
    }
    let script =
      "env | grep -c '^K[0-9]*=value-'; env | grep -c '^L[0-9]*=<value-.*>'; echo $K42 $L59"
    let result = run(["-e", write(text), "--", "sh", "-c", script])
    #expect(result.line == "60\n60\nvalue-42 <value-59>", "\(result.errorText)")
  }

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let text: String
    var arguments: [String] = []

    /// What is told behind the name of the file.
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "a key that does not exist",
      text: "A=coffer://web/stripe\nB=hunter2:coffer://web/nothing\nC=coffer://web/deploy\n",
      message: ":2: web/nothing: not found\n"),
    Refused(
      testDescription: "a key of another's workspace", text: "A=coffer://other/x\n",
      message: ":1: other/x: not found\n"),
    Refused(
      testDescription: "a name that steers programs", text: "A=1\nLD_PRELOAD=hunter2\n",
      message: ":2: LD_PRELOAD: invalid: the environment name is reserved"),
    Refused(
      testDescription: "a line that is none", text: "A=1\nhunter2 hunter2\n",
      message: ":2: this is no assignment NAME=value\n"),
    Refused(
      testDescription: "a value that no command takes",
      text: "A='" + String(repeating: "hunter2 ", count: 17_000) + "'\n",
      message: ":1: name and value have more than 128 KiB, which no command takes\n"),
  ]

  @Test("what is wrong names file and line, never the value, and nothing runs", arguments: refused)
  func refuses(_ test: Refused) {
    let path = write(test.text)
    let result = run(["-e", path, "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: \(path)\(test.message)"), "\(result.errorText)")
    #expect(!result.errorText.contains("hunter2"))
  }

  @Test("a name without a value is told, since the command goes without it") func nameAlone() {
    let path = fixture.directory.path("names.env")
    Files.write(Array("STRIPE_KEY\nexport A\nB=1\n".utf8), to: path)
    let result = fixture.coffer("run", "-e", path, "--", "printenv", "B")
    #expect(result.status == 0)
    #expect(result.line == "1")
    for (line, name) in [(1, "STRIPE_KEY"), (2, "A")] {
      let warning = "names.env:\(line): \(name) stands there without a value, and is not set"
      #expect(result.errorText.contains(warning), "\(result.errorText)")
    }
  }

  @Test("a file that is not there is refused, and so is a directory") func missing() {
    let missing = run(["-e", "/nonexistent/x.env", "--", "echo", "ran"])
    #expect(missing.status == 125)
    #expect(
      missing.errorText
        == "coffer: /nonexistent/x.env: opening the file failed: no such file or directory\n")
    #expect(run(["-e", directory.path, "--", "echo", "ran"]).status == 125)
  }

  @Test("more keys than can be asked for at once are refused before any is") func tooMany() {
    let path = write((0...1000).map { "K\($0)=coffer://web/k\($0)\n" }.joined())
    let result = run(
      ["-e", path, "--", "echo", "ran"], environment: ["COFFER_SOCKET": "/nonexistent/socket"])
    #expect(result.status == 125)
    #expect(
      result.errorText
        == "coffer: more than 1000 keys are asked for one by one\n"
        + "coffer: hint: narrow them down with '--only NAME,...'\n")
  }

  @Test("as many keys as can be asked for at once are") func many1000() {
    let path = write((0..<1000).map { "K\($0)=coffer://web/k\($0)?\n" }.joined())
    #expect(run(["-e", path, "--", "echo", "ran"]).line == "ran")
  }

  @Test("two sources of one name are refused, and both are named") func twoSources() {
    let path = write("STRIPE_KEY=plain\n")
    for selection in [["-k", "web/stripe"], ["-k", "web/deploy=STRIPE_KEY"], ["-w", "web"]] {
      let result = run(["-e", path] + selection + ["--", "echo", "ran"])
      #expect(result.status == 125)
      #expect(result.errorText.contains("STRIPE_KEY: "), "\(result.errorText)")
      #expect(result.errorText.contains("\(path):1 would both have this name"))
    }
    let same = write("STRIPE_KEY=coffer://web/stripe\n")
    #expect(
      run(["-e", same, "-k", "web/stripe", "--", "printenv", "STRIPE_KEY"]).line
        == VaultFixture.stripeValue)
  }
}
