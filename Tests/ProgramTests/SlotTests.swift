import Glibc
import Platform
import TestSupport
import Testing

/// What opens the vault, and how that is changed.
@Suite("coffer slot")
struct SlotTests {
  let fixture = VaultFixture()
  var other: String { fixture.directory.path("other") }

  init() { fixture.initializeWithKeys() }

  /// Adds a slot for a key file of its own.
  func addOther() {
    let result = fixture.coffer("slot", "add", "key-file", "--new-key-file", other)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("made the key file \(other)"))
  }

  func unlocks(_ arguments: String..., input: String = "") -> Bool {
    fixture.coffer("lock")
    let result = fixture.coffer(["unlock"] + arguments, input: Array(input.utf8))
    return result.status == 0
  }

  @Test("each kind is added and listed, and opens the vault") func kinds() {
    addOther()
    let code = fixture.coffer("slot", "add", "recovery").line
    #expect(code.utf8.count == 63, "\(code)")
    let passphrase = fixture.coffer(
      "slot", "add", "passphrase", "--new-passphrase-fd", "0", input: "a new phrase\n")
    #expect(passphrase.status == 0, "\(passphrase.errorText)")
    let credential = fixture.coffer(
      "slot", "add", "credential", "--new-key-file", fixture.directory.path("credential"))
    #expect(credential.status == 0, "\(credential.errorText)")
    let table = """
      SLOT  KIND        COST OF A TRY
      1     key-file
      2     key-file
      3     recovery
      4     passphrase  256 MiB, 3 passes
      5     credential
      """
    #expect(fixture.coffer("slot", "list").line == table)
    let json = fixture.coffer("slot", "list", "--json").outputText.split(separator: "\n")
    #expect(json.count == 5)
    #expect(
      json[3] == #"{"number":4,"kind":"passphrase","memory":268435456,"passes":3}"#, "\(json)")
    #expect(unlocks("--key-file", other))
    #expect(unlocks("--passphrase-fd", "0", input: code))
    #expect(unlocks("--passphrase-fd", "0", input: "a new phrase"))
    #expect(unlocks("--key-file", fixture.directory.path("credential")))
    #expect(unlocks())
  }

  @Test("what a removed slot was opened with opens neither the vault nor its former slots")
  func removed() {
    addOther()
    let former = Files.read(fixture.statePath + "/slots")
    let result = fixture.coffer("slot", "remove", "2")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("the vault has a new key"))
    #expect(result.errorText.contains("copies of the vault from before still open"))
    #expect(fixture.coffer("slot", "list").outputText == "SLOT  KIND\n1     key-file\n")
    #expect(!unlocks("--key-file", other))
    #expect(unlocks())
    let value = fixture.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY").line
    #expect(value == VaultFixture.stripeValue)
    fixture.killDaemon()
    Files.write(former, to: fixture.statePath + "/slots")
    for path in [other, fixture.keyFilePath] {
      #expect(fixture.coffer("unlock", "--key-file", path).status == 1)
      #expect(!fixture.coffer("status", "--json").line.contains("unlocked"))
    }
  }

  @Test("with --keep-key it asks nothing, says what stays open, and former slots are refused")
  func keepsKey() {
    addOther()
    let former = Files.read(fixture.statePath + "/slots")
    let result = fixture.coffer(
      ["slot", "remove", "1", "--keep-key"], environment: fixture.environment)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("a copy of the former slots still opens the vault"))
    #expect(!unlocks())
    #expect(unlocks("--key-file", other))
    fixture.killDaemon()
    Files.write(former, to: fixture.statePath + "/slots")
    let refused = fixture.coffer("unlock")
    #expect(refused.status == 1)
    #expect(fixture.coffer("list").status != 0)
  }

  @Test(
    "a changed slot keeps its number, and opens with the new secret only", arguments: [true, false])
  func changed(keepsKey: Bool) {
    addOther()
    let new = fixture.directory.path("new")
    let flags = keepsKey ? ["--keep-key"] : []
    let result = fixture.coffer(["slot", "change", "2", "--new-key-file", new] + flags)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(fixture.coffer("slot", "list").outputText.contains("2     key-file\n"))
    #expect(!unlocks("--key-file", other))
    #expect(unlocks("--key-file", new))
    #expect(unlocks())
  }

  struct Refusal: CustomTestStringConvertible {
    let arguments: [String]
    let status: Int32
    let message: String
    var testDescription: String { arguments.joined(separator: " ") }

    init(_ arguments: String, _ status: Int32, _ message: String) {
      self.arguments = arguments.split(separator: " ").map(String.init)
      self.status = status
      self.message = message
    }
  }

  static let refusals = [
    Refusal("slot remove 1", 1, "slot 1 is the last that opens the vault"),
    Refusal("slot remove 1 --keep-key", 1, "slot 1 is the last that opens the vault"),
    Refusal("slot remove 9", 1, "slot 9: not found"),
    Refusal("slot change 9 --keep-key", 1, "slot 9: not found"),
    Refusal("slot change 1", 2, "the new key file of slot 1 is not named"),
    Refusal("slot remove one", 2, "one is no number of a slot"),
    Refusal("slot add", 2, "too few or too many arguments"),
    Refusal("slot add yubikey", 2, "yubikey is no kind of slot"),
    Refusal("slot add key-file", 2, "the new key file is not named"),
    Refusal("slot add passphrase", 2, "there is no terminal to ask for a passphrase on"),
    Refusal("slot add recovery --new-key-file x", 2, "--new-key-file is no option of"),
    Refusal("slot list --keep-key", 2, "--keep-key is no option of 'slot list'"),
    Refusal("slot lost", 2, "slot has no action lost"),
  ]

  @Test("what cannot be done is refused, and changes nothing", arguments: refusals)
  func refuses(_ test: Refusal) {
    let former = Files.read(fixture.statePath + "/slots")
    let result = fixture.coffer(test.arguments)
    #expect(result.status == test.status, "\(result.errorText)")
    #expect(result.errorText.contains(test.message), "\(result.errorText)")
    #expect(Files.read(fixture.statePath + "/slots") == former)
    #expect(unlocks())
  }

  /// What a command says on a terminal, where it must not ask for anything.
  func screen(_ arguments: String...) -> String {
    let terminal = PseudoTerminal(Programs.client, arguments, environment: fixture.environment)
    let asks = terminal.waitFor("Passphrase", seconds: 1)
    #expect(!asks, "\(arguments)")
    if asks { terminal.type("\u{3}") }
    return terminal.readToEnd().split(separator: "\r\n").joined(separator: "\n")
  }

  @Test("before anything is typed all key files are named that are missing") func missing() {
    addOther()
    fixture.coffer("slot", "add", "credential", "--new-key-file", fixture.directory.path("third"))
    fixture.coffer("slot", "add", "passphrase", "--new-passphrase-fd", "0", input: "a phrase")
    let all = "--key-file 1=PATH --key-file 2=PATH --key-file 3=PATH"
    let rekey = screen("rekey")
    #expect(
      rekey.contains(
        "coffer: the key files of slots 1, 2 and 3 are not named\ncoffer: hint: use \(all)"),
      "\(rekey)")
    #expect(!rekey.contains("--keep-key"))
    let remove = screen("slot", "remove", "4", "--key-file", "2=\(other)")
    #expect(remove.contains("the key files of slots 1 and 3 are not named"), "\(remove)")
    #expect(remove.contains("use --key-file 1=PATH --key-file 3=PATH; or say --keep-key"))
    let change = screen("slot", "change", "2", "--key-file", "1=\(fixture.keyFilePath)")
    #expect(
      change.contains("the key file of slot 3 and the new key file of slot 2 are not named"),
      "\(change)")
    #expect(change.contains("use --key-file 3=PATH --new-key-file PATH; the new one is made"))
    let keeping = screen("slot", "change", "2", "--keep-key")
    #expect(keeping.contains("the new key file of slot 2 is not named"), "\(keeping)")
    #expect(!keeping.contains("say --keep-key"))
    #expect(unlocks())
  }

  @Test("what cannot be done at all is refused as such, and not for a key file") func impossible() {
    addOther()
    #expect(fixture.coffer("slot", "add", "recovery").status == 0)
    #expect(screen("slot", "change", "3").contains("a recovery code is drawn, not chosen"))
    #expect(screen("slot", "remove", "9").contains("slot 9: not found"))
  }

  @Test("whoever cannot open the vault adds nothing to it, though it is open") func wrongSecret() {
    Files.write([UInt8](repeating: 0x61, count: 64), to: fixture.directory.path("wrong"))
    for kind in ["key-file", "recovery"] {
      var arguments = ["slot", "add", kind, "--key-file", fixture.directory.path("wrong")]
      if kind == "key-file" { arguments += ["--new-key-file", other] }
      let result = fixture.coffer(arguments)
      #expect(result.status == 1)
      #expect(result.output.isEmpty)
      #expect(result.errorText.contains("this key file does not open the vault"))
    }
    #expect(fixture.coffer("slot", "list").outputText.split(separator: "\n").count == 2)
  }

  @Test("a second recovery code is refused, and one that cannot be shown is not made")
  func recovery() {
    let closed = Subprocess.run(
      "/bin/sh", ["-c", "\(Programs.client) slot add recovery >&-"],
      environment: fixture.environmentWithKeyFile)
    #expect(closed.status == 1)
    #expect(closed.errorText.contains("standard output is closed, so nothing was done"))
    #expect(fixture.coffer("slot", "add", "recovery").status == 0)
    let second = fixture.coffer("slot", "add", "recovery")
    #expect(second.status == 1)
    #expect(second.errorText.contains("that of a recovery code already"))
  }

  @Test("a locked vault without anybody to ask is exit 3, a key that acts is refused")
  func locked() {
    let text = fixture.coffer("create", "me/laptop").line
    let acting = fixture.environment.merging(["COFFER_API_KEY": text]) { $1 }
    for arguments in [["slot", "list"], ["rekey"], ["backup", fixture.directory.path("b")]] {
      let result = fixture.coffer(arguments, environment: acting)
      #expect(result.status == 1)
      #expect(result.errorText.contains("a connection that acts as a key never manages"))
    }
    fixture.coffer("lock")
    for arguments in [["slot", "list"], ["rekey"], ["backup", fixture.directory.path("b")]] {
      #expect(fixture.coffer(arguments, environment: fixture.environment).status == 3)
    }
    #expect(!Files.names(in: fixture.directory.path).contains("b"))
  }

  @Test("of slots that are added at once none is lost that was acknowledged") func atOnce() {
    let count = 8
    let clients = (0..<count).map { number in
      Subprocess(
        Programs.client,
        ["slot", "add", "key-file", "--new-key-file", fixture.directory.path("key-\(number)")],
        environment: fixture.environmentWithKeyFile,
        streams: [.null, .null, .file(fixture.directory.path("error-\(number)"))])
    }
    let statuses = clients.map { $0.waitForEnd() }
    let added = statuses.indices.filter { statuses[$0] == 0 }
    #expect(!added.isEmpty)
    let lines = fixture.coffer("slot", "list").outputText.split(separator: "\n")
    #expect(lines.count == 2 + added.count, "\(statuses) \(lines)")
    for number in added {
      #expect(unlocks("--key-file", fixture.directory.path("key-\(number)")), "\(number)")
    }
  }
}
