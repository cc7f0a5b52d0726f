import Glibc
import Platform
import TestSupport
import Testing

/// The tab key, in the shells themselves.
@Suite("Completion in shells")
struct ShellCompletionTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  private var environment: [String: String] {
    fixture.environmentWithKeyFile.merging([
      "PATH": Programs.directory + ":/usr/bin:/bin", "TERM": "dumb", "PS1": "> ",
    ]) { $1 }
  }

  /// What the shell shows behind what was typed.
  private func completes(
    _ shell: String, _ options: [String], setUp: String, _ lines: [(typed: String, becomes: String)]
  ) {
    let terminal = PseudoTerminal(shell, options, environment: environment)
    terminal.type(setUp + "; echo 'is' 'ready'\n")
    #expect(terminal.waitFor("is ready"), "\(terminal.text)")
    for (typed, becomes) in lines {
      terminal.type(typed + "\t")
      #expect(terminal.waitFor(becomes), "\(typed): \(terminal.text)")
      // Ctrl-U takes the line back.
      terminal.type("\u{15}")
    }
    terminal.process.signal(SIGKILL)
  }

  private static let lines = [
    ("coffer unu", "coffer unused"), ("coffer show web/st", "coffer show web/stripe"),
    ("coffer list --state=susp", "coffer list --state=suspended"),
    ("coffer run -k web/dep", "coffer run -k web/deploy"),
    ("coffer run -k web/stripe -- sha512s", "-- sha512sum"),
    ("coffer backup /etc/host.c", "coffer backup /etc/host.conf"),
  ]

  @Test("bash completes commands, options, keys, files and the command of run") func bash() {
    completes(
      "/bin/bash", ["--norc", "--noprofile", "-i"], setUp: "source <(coffer completion bash)",
      Self.lines)
  }

  @Test(
    "zsh completes commands, options, keys, files and the command of run",
    .enabled(if: access("/usr/bin/zsh", X_OK) == 0, "zsh is not installed"))
  func zsh() {
    completes(
      "/usr/bin/zsh", ["-fi"],
      setUp: "autoload -Uz compinit; compinit -u -D; source <(coffer completion zsh)", Self.lines)
  }

  @Test(
    "fish completes commands, options, keys, files and the command of run",
    .enabled(if: access("/usr/bin/fish", X_OK) == 0, "fish is not installed"))
  func fish() {
    for (typed, becomes) in Self.lines {
      let result = Subprocess.run(
        "/usr/bin/fish",
        ["--no-config", "-c", "coffer completion fish | source; complete -C \"$argv\"", typed],
        environment: environment)
      // It tells the last word alone.
      let word = becomes.split(separator: " ").last.map(String.init) ?? ""
      let offered = result.outputText.split(separator: "\n")
        .map { String($0.prefix { $0 != "\t" }) }
      #expect(offered.contains(word), "\(typed): \(result.outputText)\(result.errorText)")
    }
  }

  @Test("a locked vault, or no daemon, offers no names, at once and without a question")
  func locked() {
    fixture.coffer("lock")
    let words = ["completion", "--candidates", "--", "show", ""]
    let locked = fixture.coffer(words, environment: fixture.environment)
    #expect((locked.status, locked.outputText, locked.errorText) == (0, "", ""))
    fixture.killDaemon()
    let none = fixture.coffer(words, environment: fixture.environment)
    #expect((none.status, none.outputText, none.errorText) == (0, "", ""))
    #expect(fixture.daemonID == nil)
  }

  @Test("a key that the environment presents sees what it may see") func presentedKey() {
    let text = fixture.coffer("create", "web/reader").line
    let result = fixture.coffer(
      ["completion", "--candidates", "--", "show", "web/s"],
      environment: fixture.environment.merging(["COFFER_API_KEY": text]) { $1 })
    #expect(result.outputText.hasPrefix("web/stripe\t"))
  }
}
