import TestSupport
import Testing

extension PseudoTerminal {
  /// A shell whose jobs a test starts, with `run` for what has a mask.
  static func maskingShell(_ fixture: VaultFixture) -> PseudoTerminal {
    let terminal = PseudoTerminal(
      "/bin/bash", ["--norc", "--noprofile", "--noediting", "-i"],
      environment: fixture.environmentWithKeyFile.merging(
        ["TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "% "]) { $1 },
      size: (80, 24))
    #expect(terminal.waitFor("% "), "\(terminal.text)")
    terminal.type("run() { \(Programs.client) run --mask -k web/stripe -- \"$@\"; }\n")
    #expect(terminal.waitFor("\r\n% "), "\(terminal.text)")
    return terminal
  }
}
