import Glibc
import Platform
import TestSupport
import Testing

/// Making and opening a vault, with what a person types.
@Suite("init and unlock")
struct UnlockTests {
  let fixture = VaultFixture()
  static let passphrase = "correct horse battery staple"

  /// Runs `coffer init` on a terminal and types a passphrase; returns standard output.
  func initializeOnTerminal(_ options: [String] = []) -> String {
    let output = fixture.directory.path("stdout")
    let terminal = PseudoTerminal(
      Programs.client, ["init", "--organization", "acme"] + options,
      environment: fixture.environment, output: output)
    #expect(terminal.waitFor("New passphrase for the vault: "))
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.waitFor("The same again: "))
    terminal.type(Self.passphrase + "\n")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(screen)")
    #expect(!screen.contains(Self.passphrase))
    return String(decoding: Files.read(output), as: UTF8.self)
  }

  func unlockOnTerminal(_ typed: [String]) -> (status: Int32, screen: String) {
    let terminal = PseudoTerminal(Programs.client, ["unlock"], environment: fixture.environment)
    for line in typed {
      #expect(terminal.waitFor("Passphrase of the vault: "), "\(terminal.text)")
      terminal.type(line + "\n")
    }
    let screen = terminal.readToEnd()
    return (terminal.process.waitForEnd(), screen)
  }

  @Test("a passphrase is asked for twice, and opens the vault; so does the recovery code")
  func passphrase() {
    let code = initializeOnTerminal()
    #expect(code.utf8.count == 64, "\(code)")
    fixture.coffer(["lock"], environment: fixture.environment)
    #expect(unlockOnTerminal([Self.passphrase]).status == 0)
    fixture.coffer(["lock"], environment: fixture.environment)
    #expect(unlockOnTerminal([String(code.dropLast()).lowercased()]).status == 0)
  }

  @Test("an open vault asks nobody, and a secret that is named is tried") func open() {
    fixture.initialize()
    let again = fixture.coffer(["unlock"], environment: fixture.environment)
    #expect(again.status == 0)
    #expect(again.errorText == "coffer: the vault was unlocked already\n")
    let other = fixture.directory.path("other.key")
    Files.write(Array("another secret that opens nothing".utf8), to: other, mode: 0o600)
    let tried = fixture.coffer(["unlock", "--key-file", other], environment: fixture.environment)
    #expect(tried.status == 1, "\(tried.errorText)")
  }

  @Test("a wrong passphrase is told, and the next try is possible") func wrongPassphrase() {
    _ = initializeOnTerminal(["--no-recovery"])
    fixture.coffer(["lock"], environment: fixture.environment)
    let second = unlockOnTerminal(["wrong", Self.passphrase])
    #expect(second.status == 0)
    fixture.coffer(["lock"], environment: fixture.environment)
    let never = unlockOnTerminal(["one", "two", "three"])
    #expect(never.status == 1)
    #expect(never.screen.contains("this passphrase does not open the vault"))
    #expect(!never.screen.contains("acme"))
  }

  @Test("two passphrases that differ make no vault") func mismatch() {
    let terminal = PseudoTerminal(
      Programs.client, ["init", "--organization", "acme"], environment: fixture.environment)
    for _ in 1...3 {
      #expect(terminal.waitFor("New passphrase for the vault: "))
      terminal.type("one\n")
      #expect(terminal.waitFor("The same again: "))
      terminal.type("other\n")
    }
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 1)
    #expect(screen.contains("no passphrase was chosen"))
    #expect(!Files.names(in: fixture.statePath).contains("slots"))
  }

  @Test("what is typed can be taken back, and is never shown") func editing() {
    _ = initializeOnTerminal(["--no-recovery"])
    fixture.coffer(["lock"], environment: fixture.environment)
    let typed = "rubbish\u{15}" + Self.passphrase + "xü\u{7F}\u{7F}"
    let result = unlockOnTerminal([typed])
    #expect(result.status == 0, "\(result.screen)")
    #expect(!result.screen.contains("rubbish"))
  }

  @Test("Ctrl-C at the prompt ends coffer by SIGINT, and leaves the terminal as it was")
  func interrupt() {
    _ = initializeOnTerminal(["--no-recovery"])
    fixture.coffer(["lock"], environment: fixture.environment)
    let script = "\(Programs.client) unlock; echo status $?; stty -a"
    let terminal = PseudoTerminal(
      "/bin/sh", ["-c", script], environment: fixture.environment)
    #expect(terminal.waitFor("Passphrase of the vault: "))
    terminal.type("half a pass\u{3}")
    let screen = terminal.readToEnd()
    // The shell itself may end by the signal as well; if it goes on, it tells.
    #expect(screen.contains("status 130"), "\(screen)")
    #expect(screen.contains(" echo ") && screen.contains(" icanon "), "\(screen)")
    #expect(!screen.contains("half a pass"))
  }

  @Test("a locked vault is opened on the terminal on the way to a command") func onTheWay() {
    _ = initializeOnTerminal(["--no-recovery"])
    fixture.coffer(["create", "me/laptop"], environment: fixture.environment)
    fixture.coffer(["lock"], environment: fixture.environment)
    let terminal = PseudoTerminal(
      Programs.client, ["run", "-k", "me/laptop", "--", "sh", "-c", "echo got ${#LAPTOP}"],
      environment: fixture.environment)
    #expect(terminal.waitFor("Passphrase of the vault: "))
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.readToEnd().contains("got 57"))
    #expect(terminal.process.waitForEnd() == 0)
  }

  @Test("a passphrase comes from a descriptor as well") func descriptor() {
    let script = """
      printf 'secret phrase' | coffer init --organization acme --passphrase-fd 0 --no-recovery &&
      coffer lock && printf 'secret phrase\\n' | coffer unlock --passphrase-fd 0 && coffer lock &&
      coffer unlock --passphrase-fd 7 7<<EOF
      secret phrase
      EOF
      """
    let result = Subprocess.run(
      "/bin/sh", ["-c", script],
      environment: fixture.environment.merging(["PATH": "\(Programs.directory):/usr/bin:/bin"]) {
        $1
      })
    #expect(result.status == 0, "\(result.errorText)")
    let wrong = fixture.coffer(["unlock", "--passphrase-fd", "0"], input: Array("wrong".utf8))
    #expect(wrong.status == 1)
    #expect(wrong.errorText.contains("this passphrase does not open the vault"))
  }

  @Test("a key file is made for its owner alone, and another one does not open the vault")
  func keyFile() throws {
    fixture.initialize()
    let status = try #require(
      try FileStatus.ofFile(at: fixture.keyFilePath, followsLinks: false))
    #expect(status.permissions == 0o600)
    #expect(status.byteCount == 65)
    fixture.coffer("lock")
    let other = fixture.directory.path("other")
    Files.write([UInt8](repeating: 0x61, count: 64), to: other)
    let wrong = fixture.coffer("unlock", "--key-file", other)
    #expect(wrong.status == 1)
    #expect(wrong.errorText.contains("this key file does not open the vault"))
    chmod(fixture.keyFilePath, 0o644)
    let open = fixture.coffer("unlock", "--key-file", fixture.keyFilePath)
    #expect(open.errorText.contains("the key file is open to others"))
    chmod(fixture.keyFilePath, 0o600)
    // The line end comes and goes in people's hands.
    Files.write(Array(Files.read(fixture.keyFilePath).dropLast()), to: fixture.keyFilePath)
    #expect(fixture.coffer("unlock").status == 0)
  }

  @Test("a wrong key file of the environment is told with its variable, and the way around it")
  func environmentKeyFile() {
    fixture.initialize()
    fixture.coffer("lock")
    let other = fixture.directory.path("other")
    Files.write([UInt8](repeating: 0x61, count: 64), to: other)
    let hint =
      "hint: unset COFFER_KEY_FILE to open it with its passphrase or recovery code, or name "
      + "another key file in it\n"
    Files.write(Array("junk\n".utf8), to: fixture.directory.path("short"))
    for (path, message) in [
      (other, "this key file does not open the vault"),
      (fixture.directory.path("short"), "a key file has at least 32 random bytes"),
      (fixture.directory.path("nothing"), "opening the key file failed: no such file"),
    ] {
      let environment = fixture.environment.merging(["COFFER_KEY_FILE": path]) { $1 }
      let result = fixture.coffer(["unlock"], environment: environment)
      #expect(result.status == 1)
      #expect(result.errorText.hasPrefix("coffer: COFFER_KEY_FILE: \(path): \(message)"))
      #expect(result.errorText.hasSuffix(hint), "\(result.errorText)")
      let repair = fixture.coffer(["doctor", "--repair", "vault"], environment: environment)
      #expect(repair.errorText.contains("COFFER_KEY_FILE: \(path): \(message)"))
    }
    #expect(fixture.coffer("unlock").status == 0)
    let environment = fixture.environment.merging(["COFFER_KEY_FILE": other]) { $1 }
    let add = fixture.coffer(["slot", "add", "recovery"], environment: environment)
    #expect(add.errorText.hasPrefix("coffer: COFFER_KEY_FILE: \(other): this key file does not"))
  }

  @Test("of a vault that no key file opens it is told what does") func noKeyFileSlot() {
    _ = initializeOnTerminal(["--no-recovery"])
    fixture.coffer(["lock"], environment: fixture.environment)
    Files.write([UInt8](repeating: 0x61, count: 64), to: fixture.keyFilePath)
    let result = fixture.coffer(
      ["unlock", "--key-file", fixture.keyFilePath], environment: fixture.environment)
    #expect(
      result.errorText == """
        coffer: the vault has no key file slot
        coffer: hint: open it with its passphrase or recovery code, or name another key file

        """)
  }

  @Test("a key file that is not needed is not left behind") func unusedKeyFile() {
    fixture.initialize()
    let other = fixture.directory.path("other")
    let result = fixture.coffer("init", "--organization", "again", "--key-file", other)
    #expect(result.status == 1)
    #expect(result.errorText.hasPrefix("coffer: there is a vault already\n"))
    let refused = VaultFixture()
    let wrong = refused.coffer("init", "--organization", "A B", "--key-file", refused.keyFilePath)
    #expect(wrong.status == 2)
    #expect(Files.names(in: refused.directory.path).allSatisfy { $0 != "key" })
    #expect(!Files.names(in: fixture.directory.path).contains("other"))
  }

  @Test("without a terminal init says what it needs instead") func noTerminal() {
    let result = fixture.coffer("init", "--organization", "acme")
    #expect(result.status == 2)
    #expect(result.errorText.contains("use --key-file PATH or --passphrase-fd N"))
  }

  @Test("a value is asked for on the terminal without being shown") func importOnTerminal() {
    fixture.initialize()
    let terminal = PseudoTerminal(
      Programs.client, ["import", "me/token"], environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("Value of me/token: "))
    terminal.type("tok_typed_by_hand\n")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    #expect(!screen.contains("tok_typed_by_hand"))
    let result = fixture.coffer("run", "-k", "me/token", "--", "printenv", "TOKEN")
    #expect(result.line == "tok_typed_by_hand")
  }
}
