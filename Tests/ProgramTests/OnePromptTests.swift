import Glibc
import Platform
import TestSupport
import Testing

/// Commands that find the vault locked at the same time, of which one asks.
@Suite("One prompt")
struct OnePromptTests {
  let fixture = VaultFixture()
  static let passphrase = "correct horse"
  static let prompt = "Passphrase of the vault: "
  static let waiting = "coffer: waiting for the prompt of another command\r\n"

  init() { fixture.initializeLocked(passphrase: Self.passphrase) }

  /// Runs a command on a terminal of its own.
  func terminal(
    _ words: [String] = ["whoami"], environment: [String: String]? = nil
  ) -> PseudoTerminal {
    PseudoTerminal(Programs.client, words, environment: environment ?? fixture.environment)
  }

  /// Runs a script on a terminal of its own.
  func script(_ text: String) -> PseudoTerminal {
    var environment = fixture.environment
    environment["PATH"] = "\(Programs.directory):/usr/bin:/bin"
    return PseudoTerminal("/bin/sh", ["-c", text], environment: environment)
  }

  /// Takes the terminal that asks out of those where the same command was started.
  func asking(_ terminals: inout [PseudoTerminal]) throws -> PseudoTerminal {
    var index: Int?
    let isFound = eventually {
      index = terminals.firstIndex { $0.waitFor(Self.prompt, seconds: 0.05) }
      return index != nil
    }
    #expect(isFound)
    return terminals.remove(at: try #require(index))
  }

  @Test("of three commands on three terminals one asks, and all three answer") func three() throws {
    var others = (0..<3).map { _ in terminal() }
    let asker = try asking(&others)
    for other in others { try #require(other.waitFor(Self.waiting), "\(other.text)") }
    asker.type(Self.passphrase + "\n")
    for terminal in [asker] + others {
      let screen = terminal.readToEnd()
      #expect(terminal.process.waitForEnd() == 0, "\(screen)")
      #expect(screen.contains("root"), "\(screen)")
      #expect(!screen.contains(Self.prompt), "\(screen)")
      #expect(!screen.contains("waiting"), "told once: \(screen)")
    }
  }

  @Test("unlock and run share the prompt with the others") func allKinds() throws {
    var others = [
      terminal(["unlock"]), terminal(["run", "-k", "me/none", "--", "true"]), terminal(["list"]),
    ]
    let all = others
    let asker = try asking(&others)
    for other in others { try #require(other.waitFor(Self.waiting), "\(other.text)") }
    asker.type(Self.passphrase + "\n")
    for terminal in all { #expect(!terminal.readToEnd().contains(Self.prompt)) }
    #expect(all.map { $0.process.waitForEnd() } == [0, 125, 0])
  }

  @Test("one that waits goes on when the vault is opened in any other way") func otherWay() throws {
    let first = terminal()
    try #require(first.waitFor(Self.prompt))
    let second = terminal()
    try #require(second.waitFor(Self.waiting))
    fixture.coffer(
      ["unlock", "--passphrase-fd", "0"], input: Array(Self.passphrase.utf8),
      environment: fixture.environment)
    // It goes on although the first one still asks.
    try #require(second.process.waitForEnd(seconds: 30) == 0)
    first.type(Self.passphrase + "\n")
    #expect(first.readToEnd().contains("root"))
  }

  @Test("the next one asks when the one that asked is killed, or has tried in vain")
  func successor() throws {
    var others = (0..<3).map { _ in terminal() }
    let killed = try asking(&others)
    killed.process.signal(SIGKILL)
    let failing = try asking(&others)
    for attempt in 1...3 {
      failing.type("wrong\n")
      if attempt < 3 { try #require(failing.waitFor(Self.prompt)) }
    }
    #expect(failing.readToEnd().contains("does not open the vault"))
    #expect(failing.process.waitForEnd() == 1)
    try #require(others[0].waitFor(Self.prompt), "\(others[0].text)")
    // After three wrong ones the next must wait a moment, and may be typed again then.
    others[0].type(Self.passphrase + "\n")
    try #require(others[0].waitFor(Self.prompt), "\(others[0].text)")
    sleep(milliseconds: 2_000)
    others[0].type(Self.passphrase + "\n")
    #expect(others[0].readToEnd().contains("root"))
  }

  @Test("Ctrl-C while waiting ends that command alone; where it asks, another terminal asks next")
  func cancelled() throws {
    var others = (0..<3).map { _ in terminal() }
    let asker = try asking(&others)
    for other in others { try #require(other.waitFor(Self.waiting), "\(other.text)") }
    let waiting = others.removeLast()
    waiting.type("\u{3}")
    _ = waiting.readToEnd()
    #expect(waiting.process.waitForEnd() == 128 + SIGINT)
    #expect(asker.process.waitForEnd(seconds: 0.2) == nil)
    asker.type("\u{3}")
    _ = asker.readToEnd()
    #expect(asker.process.waitForEnd() == 128 + SIGINT)
    try #require(others[0].waitFor(Self.prompt), "\(others[0].text)")
    others[0].type(Self.passphrase + "\n")
    #expect(others[0].readToEnd().contains("root"))
  }

  @Test(
    "a prompt that is cancelled is not followed by those of others on the same terminal",
    arguments: ["\u{3}", "\u{1C}", "\u{4}"])
  func sameTerminal(key: String) throws {
    let jobs = (0..<3).map { "coffer whoami & P\($0)=$!" }.joined(separator: "\n")
    let terminal = script("\(jobs)\nwait $P0 $P1 $P2; echo all ended\ncoffer whoami; echo last $?")
    try #require(terminal.waitFor(Self.prompt))
    sleep(milliseconds: 700)
    terminal.type(key)
    try #require(terminal.waitFor("all ended"), "\(terminal.text)")
    // Only the new command asks again.
    try #require(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    try #require(terminal.waitFor("last 0"), "\(terminal.text)")
  }

  @Test("those that end with a cancelled prompt say so, with exit status 3")
  func cancelledText() throws {
    let terminal = script(
      "coffer whoami & A=$!; coffer whoami & B=$!; wait $A; A=$?; wait $B; echo ends $A $?")
    try #require(terminal.waitFor(Self.prompt))
    sleep(milliseconds: 700)
    terminal.type("\u{3}")
    let text = "coffer: the vault is locked, and its prompt on this terminal was cancelled\r\n"
    let hint = "coffer: hint: 'coffer unlock' asks again\r\n"
    try #require(terminal.waitFor(text + hint, keepsRest: true))
    let screen = terminal.readToEnd()
    #expect(["ends 130 3", "ends 3 130"].contains { screen.contains($0) }, "\(screen)")
    #expect(!screen.contains(Self.prompt), "\(screen)")
  }

  @Test("a command that is stopped at the prompt keeps nobody waiting, and looks when it goes on")
  func stopped() throws {
    let first = script("set -m; coffer unlock; echo stopped; read x; fg; echo status $?")
    try #require(first.waitFor(Self.prompt))
    first.type("\u{1A}")
    try #require(first.waitFor("stopped"), "\(first.text)")
    let second = terminal()
    try #require(second.waitFor(Self.prompt), "\(second.text)")
    second.type(Self.passphrase + "\n")
    #expect(second.readToEnd().contains("root"))
    first.type("\n")
    try #require(first.waitFor("status 0"), "\(first.text)")
  }

  @Test("a job in the background waits, and does not keep others from asking")
  func background() throws {
    let job = script("set -m; coffer whoami & wait $!; echo ended $?")
    try #require(job.waitFor("this command is in the background"), "\(job.text)")
    let other = terminal()
    try #require(other.waitFor(Self.prompt), "\(other.text)")
    other.type(Self.passphrase + "\n")
    #expect(other.readToEnd().contains("root"))
    try #require(job.waitFor("ended 0"), "\(job.text)")
  }

  // MARK: The file

  /// What speaks with the same daemon, but has its state elsewhere.
  private func elsewhere(_ state: String) -> [String: String] {
    fixture.environment.merging(["COFFER_SOCKET": fixture.socketPath, "COFFER_HOME": state]) { $1 }
  }

  @Test("for a daemon of somebody else the file is in the state directory of the user")
  func otherDaemon() throws {
    let state = fixture.directory.path("new/state")
    var others = (0..<2).map { _ in terminal(environment: elsewhere(state)) }
    let asker = try asking(&others)
    try #require(others[0].waitFor(Self.waiting), "\(others[0].text)")
    let directory = try FileStatus.ofFile(at: state, followsLinks: false)
    #expect(directory?.permissions == 0o700)
    let file = try FileStatus.ofFile(at: state + "/prompt", followsLinks: false)
    #expect(file?.kind == .regular)
    #expect(file?.permissions == 0o600)
    asker.type(Self.passphrase + "\n")
    #expect(others[0].readToEnd().contains("root"))
    #expect(Files.read(state + "/prompt") == [])
  }

  @Test(
    "where the file cannot be made, or is not one's own, all ask",
    arguments: ["no directory", "link", "directory of a link", "FIFO", "open to others", "foreign"])
  func withoutFile(kind: String) throws {
    let state = fixture.directory.path("elsewhere")
    let (path, target) = (state + "/prompt", fixture.directory.path("target"))
    if kind != "no directory" { mkdir(state, 0o700) }
    switch kind {
    case "no directory": Files.write([], to: state)
    case "link":
      Files.write(Array("kept".utf8), to: target)
      symlink(target, path)
    case "directory of a link":
      rename(state, target)
      symlink(target, state)
    case "FIFO": mkfifo(path, 0o600)
    case "open to others": Files.write([], to: path, mode: 0o666)
    default:
      guard Programs.isRoot else { return }
      Files.write([], to: path)
      chown(path, 4242, 4242)
    }
    if kind == "open to others" { chmod(path, 0o666) }
    let terminals = (0..<2).map { _ in terminal(environment: elsewhere(state)) }
    for terminal in terminals { try #require(terminal.waitFor(Self.prompt), "\(terminal.text)") }
    for terminal in terminals {
      terminal.type(Self.passphrase + "\n")
      #expect(terminal.readToEnd().contains("root"))
    }
    if kind == "link" { #expect(Files.read(target) == Array("kept".utf8)) }
    if kind == "directory of a link" { #expect(Files.names(in: target).isEmpty) }
  }

  @Test("a prompt that was cancelled before a command was started is no concern of its")
  func formerCancellation() {
    let terminal = script(
      "trap : INT; set -m; coffer unlock; coffer whoami & sleep 0.5; echo waits; fg; echo status $?"
    )
    #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type("\u{3}")
    #expect(terminal.waitFor("waits"), "\(terminal.text)")
    #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.shows("status 0"), "\(terminal.text)")
  }

  @Test("the file is no part of a vault: it stops no init and no restore, and doctor is content")
  func notTheVaults() {
    #expect(terminalUnlocks())
    let backup = fixture.directory.path("backup")
    let key = fixture.directory.path("backup.key")
    let made = fixture.coffer(
      ["backup", backup, "--key-file", key], environment: fixture.environment)
    #expect(made.status == 0, "\(made.errorText)")
    #expect(Files.names(in: fixture.statePath).contains("prompt"))
    let doctor = fixture.coffer(["doctor"], environment: fixture.environment)
    #expect(doctor.status == 0, "\(doctor.outputText)")
    #expect(!doctor.outputText.contains("prompt"))
    for arguments in [
      ["restore", backup, "--key-file", key],
      ["init", "--organization", "b", "--key-file", key, "--no-recovery"],
    ] {
      let other = VaultFixture()
      mkdir(other.statePath, 0o700)
      Files.write([], to: other.statePath + "/prompt")
      let result = other.coffer(arguments, environment: other.environment)
      #expect(result.status == 0, "\(result.errorText)")
    }
  }

  private func terminalUnlocks() -> Bool {
    let terminal = terminal(["unlock"])
    guard terminal.waitFor(Self.prompt) else { return false }
    terminal.type(Self.passphrase + "\n")
    return terminal.readToEnd().contains("the vault is unlocked")
  }
}
