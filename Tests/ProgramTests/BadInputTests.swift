import Glibc
import Platform
import TestSupport
import Testing

/// What people type wrong, and what they are told.
@Suite("Bad input")
struct BadInputTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  struct Case: CustomTestStringConvertible {
    let arguments: [String]
    var input = ""
    let status: Int32
    let message: String

    var testDescription: String { arguments.joined(separator: " ") }
  }

  static let cases: [Case] = [
    // Words that are not known.
    Case(
      arguments: ["lst"], status: 2,
      message: "coffer: unknown command lst\ncoffer: hint: did you mean 'coffer list'?\n"),
    Case(
      arguments: ["frobnicate"], status: 2,
      message:
        "coffer: unknown command frobnicate\ncoffer: hint: 'coffer help' lists the commands\n"),
    Case(
      arguments: ["--verbose"], status: 2, message: "coffer: unknown option --verbose\n"),
    Case(
      arguments: ["list", "--jsn"], status: 2,
      message: "coffer: unknown option --jsn\ncoffer: hint: did you mean --json?\n"),
    Case(arguments: ["list", "-q"], status: 2, message: "coffer: unknown option -q\n"),
    Case(
      arguments: ["list", "--json=yes"], status: 2, message: "coffer: --json takes no value\n"),
    Case(
      arguments: ["create", "me/x", "--env"], status: 2,
      message: "coffer: --env needs a value behind it: NAME\n"),
    Case(
      arguments: ["create", "me/x", "--env", "A", "--env", "B"], status: 2,
      message: "coffer: --env was given twice\n"),
    Case(
      arguments: ["workspace", "remove", "web"], status: 2,
      message: "coffer: workspace has no action remove\n"),
    Case(
      arguments: ["user", "lst"], status: 2,
      message: "coffer: user has no action lst\ncoffer: hint: did you mean 'coffer user list'?\n"),
    Case(
      arguments: ["help", "rnu"], status: 2,
      message: "coffer: unknown command rnu\ncoffer: hint: did you mean 'coffer help run'?\n"),
    Case(arguments: ["show"], status: 2, message: "coffer: too few arguments: coffer show KEY"),
    Case(
      arguments: ["import", "me/x", "sk_live_value"], status: 2,
      message: "coffer: too many arguments: coffer import\n"
        + "coffer: hint: 'coffer import --help' explains it; a secret is never given as an argument\n"
    ),
    Case(
      arguments: ["user", "add", "bob"], status: 2, message: "coffer: the uid is missing\n"),
    Case(arguments: ["init"], status: 2, message: "coffer: the organization is missing\n"),
    Case(
      arguments: ["init", "--organization", "a", "--key-file", "/x", "--passphrase-fd", "0"],
      status: 2, message: "coffer: --key-file and --passphrase-fd exclude each other\n"),
    Case(
      arguments: ["unlock", "--passphrase-fd", "77"], status: 2,
      message: "coffer: --passphrase-fd: descriptor 77 is not open\n"),
    Case(
      arguments: ["unlock", "--key-file", "/no/such/file"], status: 1,
      message: "coffer: /no/such/file: opening the key file failed: no such file or directory\n"),

    // Names and rules.
    Case(
      arguments: ["create", "web/a b"], status: 1, message: "coffer: web/a b: invalid: a name has"),
    Case(arguments: ["create", "web/"], status: 1, message: "coffer: web/: invalid: a name has"),
    Case(
      arguments: ["create", "web/\(String(repeating: "x", count: 65))"], status: 1,
      message: "coffer: web/\(String(repeating: "x", count: 65)): invalid: a name has 1 to 64"),
    Case(
      arguments: ["create", "laptop"], status: 1,
      message: "coffer: laptop: invalid: it says no place for a new key\n"
        + "coffer: hint: write me/NAME, WORKSPACE/NAME or org/NAME\n"),
    Case(
      arguments: ["create", "me/\u{1B}[31m"], status: 1,
      message: "coffer: me/?[31m: invalid: a name"),
    Case(
      arguments: ["workspace", "add", "org"], status: 1,
      message: "coffer: org: invalid: me, org and id are reserved"),
    Case(
      arguments: ["workspace", "add", "web"], status: 1,
      message: "coffer: web: conflict: a workspace has this name\n"),
    Case(
      arguments: ["user", "add", "eve", "--uid", "65534"], status: 1,
      message: "coffer: uid 65534: invalid: "),
    Case(
      arguments: ["user", "add", "eve", "--uid", "abc"], status: 1,
      message: "coffer: --uid: a uid is a number"),
    Case(
      arguments: ["grant", "nobody-here", "viewer", "web"], status: 1,
      message: "coffer: nobody-here: not found\n"),
    Case(
      arguments: ["grant", "root", "viewer", "nowhere"], status: 1,
      message: "coffer: nowhere: not found\n"),
    Case(
      arguments: ["grant", "root", "boss"], status: 1,
      message: "coffer: role: invalid: a role in the organization is owner or member\n"),
    Case(
      arguments: ["grant", "root", "member"], status: 1,
      message: "coffer: root: wrong state: the last active Owner stays one\n"),
    Case(
      arguments: ["create", "web/stripe"], status: 1,
      message: "coffer: web/stripe: conflict: a live key has this name\n"),
    Case(
      arguments: ["create", "web/other", "--env", "STRIPE_KEY"], status: 1,
      message: "coffer: web/other: conflict: web/stripe has the environment name STRIPE_KEY\n"),
    Case(
      arguments: ["create", "web/other", "--env", "LD_PRELOAD"], status: 1,
      message: "coffer: LD_PRELOAD: invalid: the environment name is reserved"),
    Case(
      arguments: ["create", "me/path"], status: 1,
      message: "coffer: PATH: invalid: the environment name is reserved"),
    Case(
      arguments: ["create", "web/other", "--env", "9LIVES"], status: 1,
      message: "coffer: 9LIVES: invalid: an environment name has"),
    Case(
      arguments: ["create", "me/x", "--expires", "366d"], status: 1,
      message: "coffer: me/x: invalid: the lifetime is over the policy's maximum of 365d\n"),
    Case(
      arguments: ["create", "me/x", "--expires", "never"], status: 1,
      message: "coffer: me/x: invalid: an issued key must expire, within 365d by the policy\n"),
    Case(
      arguments: ["create", "me/x", "--expires", "2020-01-01T00:00:00Z"], status: 1,
      message: "coffer: me/x: invalid: the expiry 2020-01-01T00:00:00Z is not in the future\n"),
    Case(
      arguments: ["create", "me/x", "--expires", "soon"], status: 1,
      message: "coffer: --expires: invalid: a time is written as 90d"),
    Case(
      arguments: ["create", "me/x", "--access", "editor"], status: 1,
      message: "coffer: me/x: invalid: a user key has no access of its own"),
    Case(
      arguments: ["create", "web/x", "--access", "admin"], status: 1,
      message: "coffer: --access: invalid: access is viewer or editor\n"),
    Case(
      arguments: ["create", "me/x", "--note", String(repeating: "n", count: 201)], status: 1,
      message: "coffer: note: invalid: a note has at most 200 bytes\n"),

    // Values.
    Case(
      arguments: ["import", "me/x"], input: "", status: 1,
      message: "coffer: me/x: the value is empty, so nothing was stored\n"),
    Case(
      arguments: ["import", "me/x"], input: "\n", status: 1,
      message: "coffer: me/x: the value is empty, so nothing was stored\n"),
    Case(
      arguments: ["import", "me/x"], input: "a\0b", status: 1,
      message: "coffer: me/x: invalid: the value holds a NUL byte"),
    Case(
      arguments: ["import", "me/x"], input: String(repeating: "x", count: 65_537), status: 1,
      message: "coffer: me/x: what was given has more than 65536 bytes\n"),
    Case(
      arguments: ["import", "nowhere/x"], input: "value", status: 1,
      message: "coffer: nowhere/x: not found\n"),
    Case(
      arguments: ["import", "web/x", "--use-role", "owner"], input: "value", status: 1,
      message:
        "coffer: web/x: invalid: the role for use in a workspace is viewer, editor or admin\n"),

    Case(
      arguments: ["user", "add", "eve", "--uid", "+5"], status: 1,
      message: "coffer: --uid: a uid is a number from 0 to 4294967294\n"),
    Case(
      arguments: ["policy", "set", "idle-days", "+5"], status: 1,
      message: "coffer: idle-days: invalid: it is a number of days from 1 to 36500\n"),

    // Keys that are not there.
    Case(arguments: ["show", "web/none"], status: 1, message: "coffer: web/none: not found\n"),
    Case(arguments: ["show", "none"], status: 1, message: "coffer: none: not found\n"),
    Case(
      arguments: ["show", "id:000000000000"], status: 1,
      message: "coffer: id:000000000000: not found\n"),
    Case(
      arguments: ["show", "id:short"], status: 1,
      message: "coffer: id:short: invalid: an id has 12 letters and digits\n"),
    Case(arguments: ["revoke", "@eve/key"], status: 1, message: "coffer: @eve/key: not found\n"),
    Case(arguments: ["list", "-w", "nowhere"], status: 1, message: "coffer: nowhere: not found\n"),
    Case(
      arguments: ["list", "--state", "asleep"], status: 1,
      message:
        "coffer: --state: invalid: a key's state is one of active, suspended, expired, revoked\n"),
  ]

  @Test(
    "what is wrong is told with the object and the rule, and nothing is stored", arguments: cases)
  func refuses(_ test: Case) {
    let before = Files.read(fixture.statePath + "/records.1")
    let result = fixture.coffer(test.arguments, input: Array(test.input.utf8))
    #expect(result.status == test.status, "\(result.errorText)")
    #expect(result.output.isEmpty)
    #expect(result.errorText.hasPrefix(test.message), "\(result.errorText)")
    #expect(Files.read(fixture.statePath + "/records.1") == before)
  }

  @Test("a name that several keys bear is refused with their list") func ambiguous() {
    fixture.coffer("create", "me/stripe")
    let result = fixture.coffer("show", "stripe")
    #expect(
      result.errorText
        == "coffer: stripe: invalid: 2 keys bear this name: me/stripe, web/stripe\n"
        + "coffer: hint: write the whole name\n")
  }

  @Test("every command explains itself") func help() {
    let overview = fixture.coffer("help")
    #expect(overview.status == 0)
    let commands = overview.outputText.split(separator: "\n").filter { $0.hasPrefix("  ") }
      .map { String($0.dropFirst(2).prefix { $0 != " " }) }
    #expect(commands.count >= 33)
    let everyday = fixture.coffer([String]()).outputText.split(separator: "\n")
    #expect(everyday.filter { $0.hasPrefix("  ") }.allSatisfy { overview.outputText.contains($0) })
    for command in commands {
      let help = fixture.coffer(command, "--help")
      #expect(help.status == 0)
      #expect(help.outputText.hasPrefix("Usage: coffer \(command)"))
      #expect(help.outputText.contains("Examples:"))
      #expect(help.outputText == fixture.coffer("help", command).outputText)
      for line in help.outputText.split(separator: "\n") {
        #expect(line.count <= 92, "\(command): \(line)")
      }
    }
    #expect(fixture.coffer("version").line == fixture.coffer("--version").line)
  }

  @Test("output that cannot be written is a failure") func fullOutput() {
    let result = Subprocess.run(
      "/bin/sh", ["-c", "exec \(Programs.client) list > /dev/full"],
      environment: fixture.environmentWithKeyFile)
    #expect(result.status == 1)
    #expect(result.errorText.contains("standard output: writing failed: no space left on device"))
  }
}
