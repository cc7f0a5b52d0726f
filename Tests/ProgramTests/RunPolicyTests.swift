import TestSupport
import Testing

@Suite("What coffer run replaces, keeps and leaves out")
struct RunPolicyTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  func run(_ arguments: [String], environment: [String: String] = [:]) -> Subprocess.Result {
    fixture.coffer(
      ["run"] + arguments,
      environment: fixture.environmentWithKeyFile.merging(environment) { $1 })
  }

  private static let show = ["--", "sh", "-c", "env | grep -E '^(STRIPE_KEY|DEPLOY|PAY)=' | sort"]

  @Test("--override lets a name of the vault replace a variable") func override() {
    let result = run(
      ["-k", "web/stripe", "--override"] + Self.show, environment: ["STRIPE_KEY": "other"])
    #expect(result.line == "STRIPE_KEY=\(VaultFixture.stripeValue)")
  }

  @Test("--keep leaves what is set, and does not ask for its key") func keep() {
    let result = run(
      ["-w", "web", "-k", "web/nothing=PAY", "--keep"] + Self.show,
      environment: ["DEPLOY": "mine", "PAY": "mine"])
    #expect(
      result.line == "DEPLOY=mine\nPAY=mine\nSTRIPE_KEY=\(VaultFixture.stripeValue)",
      "\(result.errorText)")
    #expect(fixture.coffer("show", "web/deploy", "--json").outputText.contains("\"uses\":0"))
  }

  @Test("--keep needs no daemon where all is set") func keepsAll() {
    let result = run(
      ["-k", "web/stripe=PAY", "--keep"] + Self.show,
      environment: ["PAY": "mine", "COFFER_SOCKET": "/nonexistent/socket"])
    #expect(result.line == "PAY=mine", "\(result.errorText)")
  }

  @Test("--keep asks for what is not set, also of the vault's names") func keepsNothing() {
    let result = run(["-w", "web", "--keep"] + Self.show)
    #expect(result.line.split(separator: "\n").count == 2, "\(result.errorText)")
  }

  @Test("--only takes no more than the named variables, and asks for no other key") func only() {
    let result = run(
      ["-w", "web", "-k", "web/nothing=PAY", "--only", "STRIPE_KEY"] + Self.show)
    #expect(result.line == "STRIPE_KEY=\(VaultFixture.stripeValue)", "\(result.errorText)")
    #expect(fixture.coffer("show", "web/deploy", "--json").outputText.contains("\"uses\":0"))
  }

  @Test(
    "a name of --only that is not selected is refused",
    arguments: [["-w", "web"], ["-k", "web/stripe=A"]])
  func unknownOnly(_ selection: [String]) {
    for policy in [[], ["--keep"]] {
      let result = run(selection + policy + ["--only", "NOTHING", "--", "echo", "ran"])
      #expect(result.status == 125)
      #expect(result.output.isEmpty)
      #expect(
        result.errorText.hasPrefix("coffer: --only: NOTHING is not among what is selected\n"),
        "\(result.errorText)")
    }
  }

  @Test("--clean leaves what a login sets, and nothing else") func clean() {
    let environment = [
      "USER": "u", "LOGNAME": "u", "SHELL": "/bin/sh", "TERM": "dumb", "LANG": "C",
      "LC_ALL": "C", "TZ": "UTC", "TMPDIR": "/tmp", "STRIPE_KEY": "other", "EDITOR": "vi",
    ]
    let result = run(["-k", "web/stripe", "--clean", "--", "env"], environment: environment)
    let names = result.line.split(separator: "\n").map { String($0.prefix { $0 != "=" }) }
    #expect(
      Set(names) == [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "LC_ALL", "TZ", "TMPDIR",
        "STRIPE_KEY",
      ])
    #expect(result.line.contains("STRIPE_KEY=\(VaultFixture.stripeValue)"))
  }

  @Test("--keep-login leaves the login to Coffer to the command, also with --clean")
  func keepLogin() {
    for options in [["--keep-login"], ["--keep-login", "--clean"]] {
      let result = run(["-k", "web/stripe"] + options + ["--", "printenv", "COFFER_KEY_FILE"])
      #expect(result.line == fixture.keyFilePath)
    }
    #expect(run(["-k", "web/stripe", "--clean", "--", "printenv", "COFFER_KEY_FILE"]).status == 1)
  }

  @Test("the key that a command may log in with is masked in what it prints")
  func masksLogin() {
    let key = fixture.coffer("create", "me/laptop").line
    let environment = fixture.environmentWithKeyFile.merging(["COFFER_API_KEY": key]) { $1 }
    let result = fixture.coffer(
      [
        "run", "--mask", "--keep-login", "-k", "web/stripe", "--", "sh", "-c",
        "echo $COFFER_API_KEY $STRIPE_KEY",
      ], environment: environment)
    #expect(result.line == "<COFFER_API_KEY> <web/stripe>", "\(result.errorText)")
  }

  static let senseless: [[String]] = [
    ["--keep", "--override"], ["--clean", "--keep"], ["--clean", "--override"],
    ["--profile=x", "--key=web/stripe"], ["--profile=x", "--workspace=web"],
    ["--profile=x", "--env-file=/dev/null"], ["--profile=x", "--file=web/stripe"],
    ["--profile=x", "--stdin=web/stripe"],
  ]

  @Test(
    "options that contradict each other are a usage error, which names both", arguments: senseless)
  func refusesPairs(_ options: [String]) {
    for pair in [options, options.reversed()] {
      let result = run(pair + ["--", "echo", "ran"])
      #expect(result.status == 125)
      #expect(result.output.isEmpty)
      for option in options {
        let name = option.prefix { $0 != "=" }
        #expect(result.errorText.contains("\(name) "), "\(result.errorText)")
      }
      #expect(result.errorText.contains(" exclude each other\n"))
    }
  }

  struct Wrong: CustomTestStringConvertible {
    let testDescription: String
    let arguments: [String]
    let message: String
  }

  static let wrong: [Wrong] = [
    Wrong(
      testDescription: "two keys on standard input",
      arguments: ["--stdin", "web/stripe", "--stdin", "web/deploy"],
      message: "--stdin was given twice\n"),
    Wrong(
      testDescription: "JSON of nothing", arguments: ["-k", "web/stripe", "--json"],
      message: "--json is of --explain\n"),
    Wrong(
      testDescription: "a name of --only that is none",
      arguments: ["-w", "web", "--only", "A,,B"],
      message: "--only: '' is no name of a variable\n"),
    Wrong(
      testDescription: "a profile that is a path", arguments: ["--profile", "../x"],
      message: "--profile: ../x: a name has 1 to 64 of"),
    Wrong(
      testDescription: "a file that is named by nothing", arguments: ["-e", ""],
      message: "-e names nothing\n"),
    Wrong(
      testDescription: "--stdin of nothing", arguments: ["--stdin", ""],
      message: "--stdin names nothing\n"),
    Wrong(
      testDescription: "--file of a reserved name", arguments: ["--file", "web/stripe=PATH"],
      message: "PATH: invalid: "),
    Wrong(
      testDescription: "a key that is no reference", arguments: ["-k", "web/Stripe"],
      message: "web/Stripe: invalid: "),
  ]

  @Test("what makes no sense is refused before anything is asked", arguments: wrong)
  func refuses(_ test: Wrong) {
    let result = run(
      test.arguments + ["--", "echo", "ran"],
      environment: ["COFFER_SOCKET": "/nonexistent/socket"])
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: \(test.message)"), "\(result.errorText)")
  }

  @Test("a variable that is set is refused with all ways out") func waysOut() {
    let result = run(["-k", "web/stripe", "--", "true"], environment: ["STRIPE_KEY": "other"])
    for way in ["'-k web/stripe=STRIPE_KEY'", "--override", "--keep", "unset"] {
      #expect(result.errorText.contains(way), "\(result.errorText)")
    }
  }
}
