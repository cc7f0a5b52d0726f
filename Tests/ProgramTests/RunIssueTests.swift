import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer run --issue")
struct RunIssueTests {
  let fixture = VaultFixture()

  init() {
    fixture.initializeWithKeys()
  }

  func run(_ arguments: String..., key: String? = nil) -> Subprocess.Result {
    var environment = fixture.environmentWithKeyFile
    environment["COFFER_API_KEY"] = key
    return fixture.coffer(["run"] + arguments, environment: environment)
  }

  func isValid(_ text: String) -> Bool { fixture.coffer("verify", input: text).status == 0 }

  var processKeys: [String] {
    fixture.coffer("list").outputText.split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix("web/process-") }
  }

  @Test("the command has a key of its own, which ends with it, also when it is killed")
  func endsWithCommand() {
    let output = fixture.directory.path("text")
    let job = Subprocess(
      Programs.client,
      [
        "run", "--issue", "web", "--", "sh", "-c",
        "echo $COFFER_API_KEY > \(output); exec sleep 1000",
      ],
      environment: fixture.environmentWithKeyFile, streams: [.null, .null, .null])
    #expect(eventually { Files.read(output).count == 58 })
    let text = String(decoding: Files.read(output).dropLast(), as: UTF8.self)
    #expect(isValid(text))
    let listed = fixture.coffer("ps").outputText
    #expect(listed.contains("\(job.id) "), "\(listed)")
    job.signal(SIGKILL)
    job.waitForEnd()
    #expect(eventually(seconds: 10) { !isValid(text) })
    #expect(processKeys.isEmpty)
  }

  @Test("the key does what it is for: a job that is another's command uses the vault by it")
  func usesVault() {
    let inner = "\(Programs.client) run -k web/stripe -- printenv STRIPE_KEY"
    #expect(run("--issue", "web", "--", "sh", "-c", inner).line == VaultFixture.stripeValue)
    let importing = "printf new | \(Programs.client) import web/new"
    #expect(run("--issue", "web", "--", "sh", "-c", importing).status == 1)
    #expect(
      run("--issue", "web", "--access", "editor", "--", "sh", "-c", importing).status == 0)
    #expect(eventually(seconds: 10) { processKeys.isEmpty })
  }

  @Test("it stands beside what else is selected, and in a clean environment") func combines() {
    let result = run(
      "--issue", "web", "-k", "web/stripe", "--clean", "--", "sh", "-c",
      "echo ${#COFFER_API_KEY} $STRIPE_KEY")
    #expect(result.line == "57 \(VaultFixture.stripeValue)")
    #expect(result.errorText.isEmpty)
  }

  @Test("with --mask its text is masked as well, and it lives as long as the command")
  func masked() {
    let script = "echo $COFFER_API_KEY; \(Programs.client) list | grep -c process-"
    let result = run("--issue", "web", "--mask", "--", "sh", "-c", script)
    #expect(!result.outputText.contains("cof_wk_"), "\(result.outputText)")
    #expect(result.outputText.hasPrefix("<web/process-"), "\(result.outputText)")
    #expect(eventually(seconds: 10) { processKeys.isEmpty })
  }

  @Test("a locked vault is opened for it") func locked() {
    fixture.coffer("lock")
    #expect(run("--issue", "web", "--", "sh", "-c", "echo ${#COFFER_API_KEY}").line == "57")
  }

  @Test("where something else fails no key is issued") func nothingLeft() {
    #expect(run("--issue", "web", "-k", "web/nothing", "--", "true").status == 125)
    #expect(processKeys.isEmpty)
    let audit = fixture.coffer("audit").outputText
    #expect(!audit.contains("process-"), "\(audit)")
    #expect(run("--issue", "web", "--", "/nonexistent/command").status == 127)
    #expect(eventually(seconds: 10) { processKeys.isEmpty })
  }

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "access without a key", arguments: ["--access", "editor", "--", "true"],
      message: "coffer: --access is of --issue\n"),
    Refused(
      testDescription: "what is no workspace", arguments: ["--issue", "web/x", "--", "true"],
      message: "coffer: --issue: web/x is no name of a workspace\n"),
    Refused(
      testDescription: "an empty name", arguments: ["--issue", "", "--", "true"],
      message: "coffer: --issue:"),
    Refused(
      testDescription: "a workspace that is not there",
      arguments: ["--issue", "nowhere", "--", "true"], message: "coffer: nowhere: not found\n"),
    Refused(
      testDescription: "an access that there is not",
      arguments: ["--issue", "web", "--access", "admin", "--", "true"], message: "coffer: "),
    Refused(
      testDescription: "another key of this name",
      arguments: ["--issue", "web", "-k", "web/stripe=COFFER_API_KEY", "--", "true"],
      message: "coffer: COFFER_API_KEY: invalid"),
  ]

  @Test("what makes no sense is refused, and the command does not run", arguments: refused)
  func refuses(_ refused: Refused) {
    let result = fixture.coffer(["run"] + refused.arguments)
    #expect(result.status == 125)
    #expect(result.errorText.hasPrefix(refused.message), "\(result.errorText)")
    #expect(processKeys.isEmpty)
  }

  @Test("who acts as a key is issued none, and is told so before anything is asked")
  func actingAsKey() {
    let text = fixture.coffer("create", "web/bot", "--access", "editor").line
    let result = run("--issue", "web", "--", "echo", "ran", key: text)
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: COFFER_API_KEY is set, and who acts as a key"))
    #expect(!result.errorText.contains(text))
    // An empty one is none.
    #expect(run("--issue", "web", "--", "true", key: "").status == 0)
  }
}
