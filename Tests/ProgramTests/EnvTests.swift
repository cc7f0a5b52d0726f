import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer env")
struct EnvTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  static let values: [String] = [
    "plain", "two words", "it's", "'", "''", "\\", "\\'", "a\\nb", "$HOME", "`id`", "$(id)", "!!",
    "\"", "\t", "a\nb\n", "\n\n", "\r\n\n", "*", "~", "#x", "-n", "%s", "gr\u{FC}n \u{1F511}",
    "a;b&c|d",
    "\u{1}\u{1B}[0m\u{7F}", "\\\\", "end\\",
  ]

  init() { fixture.initializeWithKeys() }

  static let shells: [(name: String, path: String)] = ["sh", "bash", "zsh", "fish"].compactMap {
    name in
    Programs.find(name).map { (name, $0) }
  }

  @Test("every value comes out of every shell as it went in", arguments: shells.map(\.name))
  func quotes(shell: String) throws {
    let path = try #require(Self.shells.first { $0.name == shell }?.path)
    for (number, value) in Self.values.enumerated() {
      fixture.coffer("import", "me/v\(number)", "--env", "V\(number)", input: value)
    }
    let keys = Self.values.indices.flatMap { ["-k", "me/v\($0)"] }
    let options = (["env"] + keys + ["--shell", shell]).joined(separator: " ")
    let script =
      shell == "fish"
      ? "\(Programs.client) \(options) | source; env -0"
      : "eval \"$(\(Programs.client) \(options))\"; env -0"
    let result = Subprocess.run(path, ["-c", script], environment: fixture.environmentWithKeyFile)
    let entries = Set(result.outputText.split(separator: "\0").map(String.init))
    for (number, value) in Self.values.enumerated() {
      #expect(entries.contains("V\(number)=\(value)"), "\(value.debugDescription)")
    }
    #expect(result.errorText.isEmpty, "\(result.errorText)")
  }

  @Test("prints lines for a shell, of all that run can select") func prints() {
    Files.write(Array("A=x:coffer://web/stripe\nB=2\n".utf8), to: directory.path("x.env"))
    let result = fixture.coffer(
      "env", "-k", "web/stripe=C", "-e", directory.path("x.env"), "--only", "A,C")
    #expect(
      result.outputText
        == "export C='\(VaultFixture.stripeValue)'\nexport A='x:\(VaultFixture.stripeValue)'\n",
      "\(result.errorText)")
    let fish = fixture.coffer("env", "-k", "web/stripe", "--shell=fish")
    #expect(fish.outputText == "set -gx STRIPE_KEY '\(VaultFixture.stripeValue)'\n")
  }

  @Test("prints no value unless every key can be had, and lets the eval fail")
  func allOrNothing() {
    let result = fixture.coffer("env", "-k", "web/stripe", "-k", "web/nothing")
    #expect(result.status == 1)
    #expect(result.outputText == "false\n")
    #expect(result.errorText.hasPrefix("coffer: web/nothing: not found\n"))
    let shell = Subprocess.run(
      "/bin/sh", ["-ec", "eval \"$(\(Programs.client) env -k web/nothing)\"; echo went on"],
      environment: fixture.environmentWithKeyFile)
    #expect(shell.status == 1)
    #expect(shell.output.isEmpty)
  }

  @Test("refuses to print to a terminal, and asks for nothing then") func terminal() {
    let terminal = PseudoTerminal(
      Programs.client, ["env", "-k", "web/stripe"], environment: fixture.environmentWithKeyFile)
    let text = terminal.readToEnd()
    #expect(text.contains("standard output is a terminal"))
    #expect(!text.contains(VaultFixture.stripeValue))
    #expect(terminal.process.waitForEnd() == 1)
    #expect(fixture.coffer("show", "web/stripe", "--json").outputText.contains("\"uses\":0"))
  }

  @Test("a variable that is set to something else is refused, as by run") func set() {
    let environment = fixture.environmentWithKeyFile.merging(["STRIPE_KEY": "other"]) { $1 }
    #expect(fixture.coffer(["env", "-k", "web/stripe"], environment: environment).status == 1)
    let replaced = fixture.coffer(
      ["env", "-k", "web/stripe", "--override"], environment: environment)
    #expect(replaced.status == 0)
    let kept = fixture.coffer(["env", "-k", "web/stripe", "--keep"], environment: environment)
    #expect(kept.status == 0)
    #expect(kept.output.isEmpty)
  }

  @Test(
    "what makes no sense is a usage error",
    arguments: [
      (["-k", "web/stripe", "--shell", "cmd"], "--shell: cmd is none that is known\n"),
      (["-w", "web", "--profile", "x"], "--profile and --workspace exclude each other\n"),
      (["-w", "web", "--keep", "--override"], "--keep and --override exclude each other\n"),
      (["-w", "web", "--file", "web/stripe"], "unknown option --file\n"),
      (["-w", "web", "make"], "too many arguments: "),
    ])
  func usage(arguments: [String], message: String) {
    let result = fixture.coffer(["env"] + arguments)
    #expect(result.status == 2)
    #expect(result.outputText == "false\n")
    #expect(result.errorText.hasPrefix("coffer: \(message)"), "\(result.errorText)")
  }

  /// The lines of the help that make the function.
  private var direnvFunction: String {
    let lines = fixture.coffer("env", "--help").outputText.split(separator: "\n").map(String.init)
    let start = lines.firstIndex { $0.contains("use_coffer()") } ?? 0
    let end = lines[start...].firstIndex { $0 == "  }" } ?? start
    return lines[start...end].map { $0.dropFirst(2) + "\n" }.joined()
  }

  @Test(
    "direnv loads a project's keys with the function of the help, and nothing if one is missing",
    .enabled(if: Programs.find("direnv") != nil, "direnv is not installed"))
  func direnv() throws {
    let direnv = try #require(Programs.find("direnv"))
    let project = directory.path("project")
    try? Directory.create(project, permissions: 0o700)
    try? Directory.create(directory.path("config/direnv"), permissions: 0o700)
    Files.write(Array(direnvFunction.utf8), to: directory.path("config/direnv/direnvrc"))
    Files.write(Array("use coffer -e coffer.env\n".utf8), to: project + "/.envrc")
    let environment = fixture.environmentWithKeyFile.merging([
      "PATH": "\(Programs.directory):/usr/bin:/bin", "XDG_CONFIG_HOME": directory.path("config"),
      "XDG_DATA_HOME": directory.path("data"), "XDG_CACHE_HOME": directory.path("cache"),
    ]) { $1 }
    func exec(_ command: String...) -> Subprocess.Result {
      Subprocess.run(direnv, ["exec", project] + command, environment: environment)
    }
    Files.write(Array("A=coffer://web/stripe\nB=\"it's\"\n".utf8), to: project + "/coffer.env")
    #expect(
      Subprocess.run(direnv, ["allow", project + "/.envrc"], environment: environment).status == 0)
    let result = exec("sh", "-c", "echo $A $B")
    #expect(result.line == "\(VaultFixture.stripeValue) it's", "\(result.errorText)")
    Files.write(Array("A=coffer://web/nothing\nB=1\n".utf8), to: project + "/coffer.env")
    let refused = exec("sh", "-c", "echo $A $B")
    #expect(!refused.outputText.contains("1"))
    #expect(
      refused.errorText.contains("coffer.env:1: web/nothing: not found"), "\(refused.errorText)")
  }
}
