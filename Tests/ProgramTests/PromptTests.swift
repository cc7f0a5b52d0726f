import Glibc
import Platform
import TestSupport
import Testing

/// What a person does at a prompt besides typing.
@Suite("Prompts")
struct PromptTests {
  let fixture = VaultFixture()
  static let passphrase = "correct horse"
  static let prompt = "Passphrase of the vault: "

  init() { fixture.initializeLocked(passphrase: Self.passphrase) }

  func unlock(typing lines: [String]) -> (status: Int32, screen: String) {
    let terminal = PseudoTerminal(Programs.client, ["unlock"], environment: fixture.environment)
    var seen = ""
    for line in lines {
      #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
      seen = terminal.text
      terminal.type(line)
    }
    let screen = seen + terminal.readToEnd()
    return (terminal.process.waitForEnd(), screen)
  }

  @Test("an empty line asks again, as a wrong passphrase does") func emptyLine() {
    #expect(unlock(typing: ["\n", "\n", Self.passphrase + "\n"]).status == 0)
  }

  @Test("the last try has no hint to try again, but one to the recovery code") func lastTry() {
    let result = unlock(typing: ["a\n", "b\n", "c\n"])
    #expect(result.status == 1)
    #expect(result.screen.contains("this passphrase does not open the vault"))
    #expect(!result.screen.contains("try again"), "\(result.screen)")
    let hint = "a recovery code, if the vault has one, is typed at the same prompt"
    #expect(result.screen.contains(hint), "\(result.screen)")
  }

  @Test("Ctrl-D in place of a line ends the command, and changes nothing") func endOfInput() {
    let ended = unlock(typing: ["\u{4}"])
    #expect(ended.status == 1)
    #expect(ended.screen.contains("the input ended at the prompt, so nothing was changed"))
    let other = VaultFixture()
    let terminal = PseudoTerminal(
      Programs.client, ["init", "--organization", "acme"], environment: other.environment)
    #expect(terminal.waitFor("New passphrase for the vault: "))
    terminal.type("\u{4}")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 1)
    #expect(screen.contains("the input ended at the prompt, so nothing was changed"), "\(screen)")
    #expect(!Files.names(in: other.statePath).contains("slots"))
  }

  @Test("nobody types a value for a command that is refused", arguments: ["import", "replace"])
  func refusedFirst(verb: String) {
    let fixture = VaultFixture()
    fixture.initializeWithKeys()
    let refusals = [
      ["nowhere/x"]: "nowhere/x: not found", ["web/UPPER"]: "web/UPPER: invalid",
      ["web/x", "--expires", "soon"]: "--expires: invalid",
    ]
    for (words, message) in refusals {
      let terminal = PseudoTerminal(
        Programs.client, [verb] + words, environment: fixture.environmentWithKeyFile)
      let screen = terminal.readToEnd()
      #expect(screen.contains(message), "\(screen)")
      #expect(!screen.contains("Value of"), "\(screen)")
      #expect(terminal.process.waitForEnd() == 1)
    }
    let terminal = PseudoTerminal(
      Programs.client, ["replace", "web/stripe"], environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("Value of web/stripe: "), "\(terminal.text)")
    terminal.type("the new one\n")
    #expect(terminal.readToEnd().contains("replaced the value"), "\(terminal.text)")
    let printed = fixture.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(printed.line == "the new one")
  }

  @Test("what is for good is asked about on a terminal, with the keys that it ends")
  func forGood() {
    let fixture = VaultFixture()
    fixture.initializeWithKeys()
    func archive(_ options: String..., typing answer: String?) -> String {
      let terminal = PseudoTerminal(
        Programs.client, ["workspace", "archive", "web"] + options,
        environment: fixture.environmentWithKeyFile)
      if let answer {
        #expect(terminal.shows("for good? [y/N] "), "\(terminal.text)")
        terminal.type(answer)
      }
      return terminal.readToEnd()
    }
    let kept = archive(typing: "\n")
    #expect(kept.contains("web/stripe"), "\(kept)")
    #expect(kept.contains("coffer: nothing was changed"), "\(kept)")
    #expect(fixture.coffer("workspace", "list").outputText.contains("web"))
    #expect(archive(typing: "y\n").contains("archived the workspace web"))
    // Nothing is left to be asked about.
    #expect(archive(typing: nil).contains("is archived already"))
    fixture.coffer("user", "add", "ada", "--uid", "4301")
    let removed = PseudoTerminal(
      Programs.client, ["user", "remove", "ada", "--yes"],
      environment: fixture.environmentWithKeyFile)
    #expect(removed.readToEnd().contains("removed ada"), "\(removed.text)")
  }

  @Test("a new passphrase that is empty is told before it is asked for again") func newEmpty() {
    let other = VaultFixture()
    let terminal = PseudoTerminal(
      Programs.client, ["init", "--organization", "acme", "--no-recovery"],
      environment: other.environment)
    #expect(terminal.waitFor("New passphrase for the vault: "))
    terminal.type("\n")
    let again = "a passphrase is not empty\r\nNew passphrase for the vault: "
    #expect(terminal.waitFor(again), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.waitFor("The same again: "))
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.readToEnd().contains("made the vault"))
    #expect(terminal.process.waitForEnd() == 0)
  }

  @Test("Ctrl-W takes back a word") func word() {
    #expect(unlock(typing: ["correct wrong \u{17}horse\n"]).status == 0)
  }

  @Test(
    "an arrow key is refused, unless it is taken back", arguments: ["\u{1B}[A", "\u{16}", "\0"])
  func controls(key: String) {
    let refused = unlock(typing: ["\(Self.passphrase)\(key)\n"])
    #expect(refused.status == 1, "\(refused.screen)")
    #expect(refused.screen.contains("a control character was typed"), "\(refused.screen)")
    #expect(unlock(typing: ["\(key)\u{15}\(Self.passphrase)\n"]).status == 0)
  }

  @Test("Ctrl-Z stops with the echo on, and asks anew when continued", arguments: [false, true])
  func suspend(bySignal: Bool) throws {
    // The shell has job control, so the job can be stopped, and fg goes on.
    let script = """
      set -m; \(Programs.client) unlock; echo stopped; sleep 0.5; stty -a; sleep 0.5; fg; echo status $?
      """
    let terminal = PseudoTerminal("/bin/sh", ["-c", script], environment: fixture.environment)
    #expect(terminal.waitFor(Self.prompt))
    if bySignal {
      kill(-(try #require(foregroundGroup(of: terminal))), SIGTSTP)
    } else {
      terminal.type("half\u{1A}")
    }
    #expect(terminal.waitFor("stopped"), "\(terminal.text)")
    #expect(terminal.waitFor(" echo "), "\(terminal.text)")
    #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.waitFor("status 0"), "\(terminal.text)")
  }

  @Test("what a shell does to the terminal of a prompt that was stopped is undone by fg")
  func stopped() throws {
    let script = """
      set -m; \(Programs.client) unlock; stty echo icanon isig; echo stopped; sleep 0.3; fg
      echo status $?
      """
    let terminal = PseudoTerminal("/bin/sh", ["-c", script], environment: fixture.environment)
    #expect(terminal.waitFor(Self.prompt))
    terminal.type("half")
    kill(-(try #require(foregroundGroup(of: terminal))), SIGSTOP)
    #expect(terminal.waitFor("stopped"), "\(terminal.text)")
    #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.shows("status 0"), "\(terminal.text)")
    #expect(!terminal.text.contains(Self.passphrase), "\(terminal.text)")
  }

  @Test(
    "a signal that ends the command leaves the echo on", arguments: [SIGALRM, SIGUSR1, SIGTERM])
  func ended(signal: Int32) throws {
    let script = "set -m; \(Programs.client) unlock; stty -a"
    let terminal = PseudoTerminal("/bin/sh", ["-c", script], environment: fixture.environment)
    #expect(terminal.waitFor(Self.prompt))
    kill(-(try #require(foregroundGroup(of: terminal))), signal)
    #expect(terminal.waitFor(" echo "), "\(terminal.text)")
  }

  /// The process group in the foreground of a terminal: the eighth field.
  ///
  /// Source: proc_pid_stat(5), `tpgid`.
  private func foregroundGroup(of terminal: PseudoTerminal) -> Int32? {
    let status = String(
      decoding: Files.read("/proc/\(terminal.process.id)/stat"), as: UTF8.self)
    let fields = status.split(separator: " ")
    return fields.count > 7 ? Int32(fields[7]) : nil
  }
}
