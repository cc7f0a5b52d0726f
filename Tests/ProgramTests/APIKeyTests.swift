import Platform
import TestSupport
import Testing

/// What `coffer` does where `COFFER_API_KEY` holds a key, as in a CI job.
@Suite("COFFER_API_KEY")
struct APIKeyTests {
  let fixture = VaultFixture()
  let text: String

  init() {
    fixture.initializeWithKeys()
    fixture.coffer("workspace", "add", "api")
    fixture.coffer("import", "api/stripe", "--env", "API_STRIPE", input: "value-of-api")
    text = fixture.coffer("create", "web/ci").line
  }

  @Test("a job with a workspace key gets just its workspace") func job() {
    let run = fixture.coffer(
      presenting: text, "run", "-w", "web", "--", "sh", "-c",
      "echo $STRIPE_KEY.$DEPLOY.$API_STRIPE.$COFFER_API_KEY")
    #expect(run.line == VaultFixture.stripeValue + "...", "\(run.errorText)")
    let list = fixture.coffer(presenting: text, "list").outputText
    #expect(list.contains("web/stripe") && !list.contains("api/"))
    let other = fixture.coffer(presenting: text, "list", "-w", "api")
    #expect(other.errorText.hasPrefix("coffer: api: not found\n"))
    let whoami = fixture.coffer(presenting: text, "whoami", "--json").line
    #expect(
      whoami.hasSuffix(
        #""key":"web/ci","id":"\#(IssuedText.id(of: text))","type":"workspace","#
          + #""workspaces":[{"name":"web","role":"viewer"}]}"#), "\(whoami)")
    #expect(!whoami.contains(#""user""#))
  }

  @Test("what a scope leaves of a user key is told by whoami") func scope() {
    let scoped = fixture.coffer("create", "me/laptop", "--scope", "web,me:list,use").line
    let whoami = fixture.coffer(presenting: scoped, "whoami").outputText
    #expect(whoami.contains("scope   web,me:list,use\n"), "\(whoami)")
    #expect(whoami.contains("in web") && !whoami.contains("in api"))
  }

  struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let change: @Sendable (String) -> String
    let message: String
  }

  static let refused: [Refused] = [
    Refused(
      testDescription: "a wrong secret", change: { IssuedText.withOtherSecret($0) },
      message: "coffer: COFFER_API_KEY: the key was refused: denied"),
    Refused(
      testDescription: "no key at all", change: { _ in "secret-of-something-else" },
      message: "coffer: COFFER_API_KEY: the key was refused: malformed: "),
    Refused(
      testDescription: "a line end", change: { $0 + "\n" },
      message: "coffer: COFFER_API_KEY: the key was refused: malformed: "),
  ]

  @Test(
    "with a key that is refused no command runs, and nothing is done as the user",
    arguments: refused)
  func refuses(_ test: Refused) {
    let presented = test.change(text)
    let run = fixture.coffer(
      presenting: presented, "run", "-k", "web/stripe", "--", "sh", "-c",
      "echo ran; touch \(fixture.directory.path("ran"))")
    #expect(run.status == 125)
    #expect(run.output.isEmpty)
    #expect(run.errorText.hasPrefix(test.message), "\(run.errorText)")
    #expect(!Files.names(in: fixture.directory.path).contains("ran"))
    let before = fixture.records
    for arguments in [["list"], ["whoami"], ["create", "me/x"], ["lock"], ["show", "web/stripe"]] {
      let result = fixture.coffer(
        arguments,
        environment: fixture.environmentWithKeyFile.merging(["COFFER_API_KEY": presented]) { $1 })
      #expect(result.status == 1, "\(arguments)")
      #expect(result.errorText.hasPrefix(test.message), "\(result.errorText)")
      #expect(!result.errorText.contains(presented))
    }
    #expect(fixture.records == before)
  }

  @Test("a key that has ended does not run the command") func ended() {
    fixture.coffer("revoke", "web/ci")
    let run = fixture.coffer(presenting: text, "run", "-k", "web/stripe", "--", "echo", "ran")
    #expect(run.status == 125)
    #expect(run.output.isEmpty)
    #expect(
      run.errorText.hasPrefix("coffer: COFFER_API_KEY: the key was refused: denied"),
      "\(run.errorText)")
  }

  @Test("what a key may never do is refused with the way out") func managing() {
    let result = fixture.coffer(presenting: text, "create", "web/new")
    #expect(result.status == 1)
    #expect(
      result.errorText
        == "coffer: create: forbidden: a connection that acts as a key never manages\n"
        + "coffer: hint: do it as a user, without COFFER_API_KEY\n", "\(result.errorText)")
    #expect(fixture.coffer("show", "web/new").status == 1)
  }

  @Test("an empty COFFER_API_KEY, as of a runner's missing secret, is refused") func empty() {
    for command in [["whoami"], ["list"], ["run", "-k", "web/stripe", "--", "true"]] {
      let result = fixture.coffer(
        command, environment: fixture.environment.merging(["COFFER_API_KEY": ""]) { $1 })
      #expect(result.status == (command[0] == "run" ? 125 : 1))
      #expect(
        result.errorText
          == "coffer: COFFER_API_KEY is set, and holds no key\n"
          + "coffer: hint: is a secret of the runner not set? Unset it to act as yourself\n")
      #expect(result.outputText == "")
    }
  }

  @Test("a locked vault is opened first, and then the key counts") func locked() {
    fixture.coffer("lock")
    let run = fixture.coffer(
      presenting: text, "run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(run.line == VaultFixture.stripeValue, "\(run.errorText)")
    fixture.coffer("lock")
    let list = fixture.coffer(presenting: text, "list").outputText
    #expect(list.contains("web/stripe") && !list.contains("api/"))
  }
}
