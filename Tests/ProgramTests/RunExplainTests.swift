import TestSupport
import Testing

@Suite("coffer run --explain")
struct RunExplainTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  func write(_ text: String) -> String {
    Files.write(Array(text.utf8), to: directory.path("x.env"))
    return directory.path("x.env")
  }

  func explain(
    _ arguments: [String], environment: [String: String] = [:]
  ) -> Subprocess.Result {
    fixture.coffer(
      ["run", "--explain"] + arguments,
      environment: fixture.environmentWithKeyFile.merging(environment) { $1 })
  }

  @Test("the same command line with --explain in it is explained: a mask, a key of its own")
  func whole() {
    let result = explain(["--mask", "-k", "web/stripe", "--issue", "web", "--", "echo", "ran"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(
      result.outputText == """
        NAME            VALUE       SELECTED BY    EFFECT
        STRIPE_KEY      web/stripe  -k web/stripe  inject
        COFFER_API_KEY  web/...     --issue        inject

        """)
    #expect(!fixture.coffer("list", "--json").outputText.contains("process"))
  }

  @Test("what was meant to be a reference is told, and passes as the text that it is")
  func misspelled() {
    let path = write(
      "A=coffer:web/stripe\nB=coffer:/web/stripe\nC=Coffer://web/stripe\nD=coffer:latest\n"
        + "E=coffer://web/stripe\n")
    let result = explain(["-e", path])
    #expect(result.status == 0)
    for (name, line) in [("A", 1), ("B", 2), ("C", 3)] {
      #expect(
        result.errorText.contains(
          "warning: \(path):\(line): \(name) is text, and looks like a reference\n"),
        "\(result.errorText)")
    }
    #expect(result.errorText.split(separator: "\n").count == 6)
    let run = fixture.coffer("run", "-e", path, "--", "printenv", "A")
    #expect(run.line == "coffer:web/stripe")
  }

  @Test("tells names, keys, places and effects, uses no key, and runs nothing") func tells() {
    let path = write("A=coffer://web/stripe\nB=hunter2:coffer://web/deploy\nC=hunter2\n")
    let result = explain(["-w", "web", "-e", path, "--", "echo", "ran"])
    #expect(
      result.outputText == """
        NAME        VALUE             SELECTED BY\(String(repeating: " ", count: path.count - 7))EFFECT
        STRIPE_KEY  web/stripe        -w web\(String(repeating: " ", count: path.count - 2))inject
        DEPLOY      web/deploy        -w web\(String(repeating: " ", count: path.count - 2))inject
        A           web/stripe        \(path):1  inject
        B           web/deploy, text  \(path):2  inject
        C           text              \(path):3  inject

        """, "\(result.errorText)")
    #expect(result.status == 0)
    #expect(!result.outputText.contains("hunter2"))
    #expect(fixture.coffer("show", "web/stripe", "--json").outputText.contains("\"uses\":0"))
  }

  @Test("tells of each key whether it can be had, and fails if one cannot") func cannot() {
    fixture.coffer("suspend", "web/deploy")
    let path = write("A=coffer://web/nothing\nB=coffer://web/sentry?\nC=coffer://web/stripe\n")
    let result = explain([
      "-e", path, "-k", "web/deploy", "--file", "me/x", "--stdin", "web/stripe",
    ])
    #expect(result.status == 125)
    let lines = result.line.split(separator: "\n").map { line in
      line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
    #expect(
      lines.dropFirst() == [
        "web/deploy -k web/deploy refuse: web/deploy: wrong state: the key is suspended",
        "A web/nothing \(path):1 refuse: web/nothing: not found",
        "B web/sentry \(path):2 leave-out: web/sentry: not found",
        "C web/stripe \(path):3 inject", "me/x --file refuse: me/x: not found",
        "web/stripe --stdin inject",
      ])
  }

  @Test("tells what becomes of variables that are set") func set() {
    let set = ["STRIPE_KEY": "other", "A": "other"]
    let path = write("A=1\nB=2\n")
    func effects(_ options: [String]) -> [String] {
      explain(["-k", "web/stripe", "-e", path] + options, environment: set).line
        .split(separator: "\n").dropFirst().map { line in
          line.split(separator: " ").first { word in
            ["inject", "replace", "keep", "conflict:"].contains(word)
          }.map(String.init) ?? ""
        }
    }
    #expect(effects([]) == ["conflict:", "replace", "inject"])
    #expect(effects(["--override"]) == ["replace", "replace", "inject"])
    #expect(effects(["--keep"]) == ["keep", "keep", "inject"])
    #expect(effects(["--clean"]) == ["inject", "inject", "inject"])
    #expect(explain(["-k", "web/stripe"], environment: set).status == 125)
    #expect(explain(["-k", "web/stripe", "--keep"], environment: set).status == 0)
  }

  @Test("tells of two sources of one name, and of a name that nobody knows") func names() {
    let path = write("STRIPE_KEY=1\n")
    let twice = explain(["-w", "web", "-e", path])
    #expect(twice.status == 125)
    #expect(twice.outputText.contains("refuse: -w web sets it as well"), "\(twice.outputText)")
    let unknown = explain(["-w", "web", "--only", "STRIPE_KEY,NOTHING"])
    #expect(unknown.status == 125)
    #expect(unknown.outputText.contains("refuse: it is not among what is selected"))
    #expect(!unknown.outputText.contains("DEPLOY"))
  }

  @Test("tells what the command would be refused for besides keys") func refusals() {
    let path = write("A=1\nLD_PRELOAD=hunter2\n")
    let reserved = explain(["-e", path])
    #expect(reserved.status == 125)
    #expect(reserved.outputText.contains("refuse: \(path):2: LD_PRELOAD: invalid: "))
    #expect(!reserved.outputText.contains("hunter2"))
    let file = ["--file", "web/stripe"]
    for name in ["CREDENTIALS_DIRECTORY", "STRIPE_KEY_FILE"] {
      let result = explain(file, environment: [name: "/x"])
      #expect(result.status == 125)
      #expect(result.outputText.contains("refuse: \(name) is set already"))
      #expect(explain(file + ["--override"], environment: [name: "/x"]).status == 0)
    }
  }

  @Test("--json prints an object a line") func json() {
    let path = write("A=x:coffer://web/nothing\n")
    let result = explain(["--json", "-k", "web/stripe", "-e", path])
    #expect(
      result.outputText == """
        {"name":"STRIPE_KEY","keys":["web/stripe"],"text":false,"source":"-k web/stripe",\
        "effect":"inject","problem":null}
        {"name":"A","keys":["web/nothing"],"text":true,"source":"\(path):1","effect":"refuse",\
        "problem":"web/nothing: not found"}

        """)
    #expect(result.status == 125)
  }

  @Test("explains a coffer.env that is not trusted, and says so") func untrusted() {
    Files.write(Array("A=coffer://web/stripe\n".utf8), to: directory.path("coffer.env"))
    let result = Subprocess.run(
      "/bin/sh", ["-c", "cd \(directory.path) && exec \(Programs.client) run --explain"],
      environment: fixture.environmentWithKeyFile)
    #expect(result.outputText.contains("web/stripe"), "\(result.errorText)")
    #expect(
      result.errorText
        == "coffer: \(directory.path)/coffer.env is not trusted: 'coffer run' asks for that on a terminal\n"
    )
    #expect(result.status == 125)
  }

  @Test("without a key it needs no daemon; without a daemon it fails") func daemon() {
    let gone = ["COFFER_SOCKET": "/nonexistent/socket"]
    #expect(explain(["-e", write("A=1\n")], environment: gone).status == 0)
    let result = explain(["-k", "web/stripe"], environment: gone)
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
  }
}
