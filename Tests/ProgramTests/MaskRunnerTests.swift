import Glibc
import Platform
import TestSupport
import Testing

/// `--ci`, which tells a runner of CI jobs what to mask.
@Suite("--ci")
struct MaskRunnerTests {
  let fixture = VaultFixture()

  init() {
    fixture.initializeWithKeys()
    fixture.coffer(
      "import", "web/multi", "--env", "MULTI",
      input: "-----BEGIN A KEY-----\nfirst 100% line\r\n}\n  second line \n-----END A KEY-----\n")
  }

  func coffer(_ arguments: [String], isJob: Bool = true) -> Subprocess.Result {
    fixture.coffer(
      arguments,
      environment: fixture.environmentWithKeyFile.merging(
        isJob ? ["GITHUB_ACTIONS": "true"] : [:]
      ) { $1 })
  }

  static let commands = """

    ::add-mask::first 100%25 line
    ::add-mask::second line

    """

  @Test("GitHub's runner is told each line of a value before the command runs") func github() {
    let result = coffer(
      [
        "run", "--ci", "github", "-k", "web/multi", "--", "sh", "-c",
        "echo \"$MULTI\" | grep first",
      ])
    #expect(result.outputText == Self.commands + "first 100% line\r\n")
    #expect(result.errorText.isEmpty)
    #expect(result.status == 0)
  }

  @Test("with --mask coffer masks too, but for the commands to the runner") func both() {
    let result = coffer(
      ["run", "--mask", "--ci", "github", "-k", "web/multi", "--", "sh", "-c", "echo \"$MULTI\""])
    #expect(result.outputText == Self.commands + "<web/multi>\n\n")
  }

  @Test("coffer mask tells the runner, and reads nothing") func filter() {
    let result = coffer(["mask", "--ci", "github", "-k", "web/multi"])
    #expect(result.outputText == Self.commands)
    #expect(result.status == 0)
  }

  @Test("a value without a line of 8 bytes is told to be none that is masked") func short() {
    fixture.coffer("import", "web/short", "--env", "SHORT", input: "1234567\n1234567\n")
    let result = coffer(["mask", "--ci", "github", "-k", "web/short"])
    #expect(result.outputText == "\n")
    #expect(
      result.errorText
        == "coffer: web/short: the value has no line of 8 bytes, so it is not masked\n")
  }

  @Test("values are printed for a runner of GitHub only", arguments: [["run"], ["mask"]])
  func noRunner(command: [String]) {
    let result = coffer(
      command + ["--ci", "github", "-k", "web/multi"] + (command == ["run"] ? ["true"] : []),
      isJob: false)
    #expect(result.output.isEmpty)
    #expect(result.status == (command == ["run"] ? 125 : 1))
    #expect(
      result.errorText.hasPrefix(
        "coffer: --ci github: no runner of GitHub would take the values, so they would be shown\n"))
  }

  @Test("values are never printed to a terminal", arguments: [["run"], ["mask"]])
  func terminal(command: [String]) {
    let terminal = PseudoTerminal(
      Programs.client,
      command + ["--ci", "github", "-k", "web/multi"] + (command == ["run"] ? ["true"] : []),
      environment: fixture.environmentWithKeyFile.merging(["GITHUB_ACTIONS": "true"]) { $1 })
    let screen = terminal.readToEnd()
    #expect(screen.contains("--ci github: standard output is a terminal, and would show values"))
    #expect(!screen.contains("add-mask"))
    #expect(terminal.process.waitForEnd() == (command == ["run"] ? 125 : 1))
  }

  @Test("for GitLab, whose runner takes no commands, coffer masks itself") func gitlab() {
    let result = coffer(
      ["run", "--ci", "gitlab", "-k", "web/stripe", "--", "sh", "-c", "echo $STRIPE_KEY"])
    #expect(result.outputText == "<web/stripe>\n")
  }

  struct Misuse: CustomTestStringConvertible {
    let arguments: [String]
    let message: String

    var testDescription: String { arguments.joined(separator: " ") }
  }

  static let misuses: [Misuse] = [
    Misuse(
      arguments: ["run", "--mask", "--ci", "gitlab", "-k", "web/stripe", "true"],
      message: "--mask and --ci gitlab exclude each other"),
    Misuse(
      arguments: ["run", "--ci", "jenkins", "-k", "web/stripe", "true"],
      message: "--ci takes github or gitlab"),
    Misuse(
      arguments: ["mask", "--ci", "gitlab", "-k", "web/stripe"],
      message: "--ci gitlab: its runner takes no commands to mask values"),
    Misuse(
      arguments: ["mask", "-k", "web/stripe=NAME"], message: "-k KEY=NAME is of 'coffer run'"),
    Misuse(arguments: ["mask"], message: "no key is selected"),
  ]

  @Test("options that make no sense together are refused, and named", arguments: misuses)
  func misuse(_ misuse: Misuse) {
    let result = coffer(misuse.arguments)
    #expect(result.status == (misuse.arguments[0] == "run" ? 125 : 2))
    #expect(result.errorText.hasPrefix("coffer: \(misuse.message)\n"), "\(result.errorText)")
    #expect(result.output.isEmpty)
  }
}
