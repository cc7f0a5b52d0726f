import Glibc
import Platform
import TestSupport
import Testing

/// What a person sees while something takes long.
@Suite("Progress")
struct ProgressTests {
  let fixture = VaultFixture()
  static let passphrase = "correct horse"
  static let activity = "coffer: sealing everything anew: 2 s"

  init() {
    fixture.initializeLocked(passphrase: Self.passphrase)
    fixture.coffer(
      ["unlock", "--passphrase-fd", "0"], input: Array(Self.passphrase.utf8),
      environment: fixture.environment)
  }

  /// Rekeys with a daemon that stands still for a while once it has all that it needs.
  private func rekey(error: String? = nil, _ body: (PseudoTerminal) -> Void) throws {
    let terminal = PseudoTerminal(
      Programs.client, ["rekey"], environment: fixture.environment, error: error)
    try #require(terminal.waitFor("Passphrase of slot 1: "), "\(terminal.text)")
    let daemon = try #require(fixture.daemonID)
    kill(daemon, SIGSTOP)
    terminal.type(Self.passphrase + "\n")
    body(terminal)
    kill(daemon, SIGCONT)
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(screen)")
    #expect(!screen.contains("\(Self.passphrase)"))
  }

  @Test("a terminal shows what takes long, and a line that is taken away at the end")
  func shows() throws {
    try rekey { terminal in
      #expect(terminal.waitFor(Self.activity), "\(terminal.text)")
    }
  }

  @Test("what goes to a file has nothing of it") func silent() throws {
    let file = fixture.directory.path("error")
    try rekey(error: file) { _ in sleep(milliseconds: 2_500) }
    let text = String(decoding: Files.read(file), as: UTF8.self)
    #expect(text.hasPrefix("coffer: the vault has a new key; one slot opens it\n"), "\(text)")
    #expect(!text.contains("\r"))
  }
}
