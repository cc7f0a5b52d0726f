import Glibc
import Platform
import TestSupport
import Testing

/// What the limits of a process do to a daemon.
@Suite("Limits of the process")
struct LimitTests {
  let fixture = VaultFixture()

  /// Starts the daemon under a limit of the shell's, and waits until it listens.
  func startDaemon(limitedBy limit: String) -> Subprocess {
    let script = "\(limit); exec \(Programs.daemon) --state \(fixture.statePath)"
    let daemon = Subprocess(
      "/bin/sh", ["-c", script], environment: [:], streams: [.null, .null, .null])
    #expect(eventually { fixture.daemonID != nil })
    return daemon
  }

  /// Imports values until one is refused; what is said of that one.
  func importUntilRefused() -> Subprocess.Result? {
    let value = String(repeating: "x", count: 4000)
    for number in 0..<30 {
      let result = fixture.coffer("import", "me/key-\(number)", input: value)
      if result.status != 0 { return result }
    }
    return nil
  }

  @Test("a file that may not grow is a write that fails, and the daemon goes on")
  func fileSizeLimit() throws {
    fixture.initialize()
    fixture.killDaemon()
    let daemon = startDaemon(limitedBy: "ulimit -f 64")
    let refused = try #require(importUntilRefused())
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("file too large"), "\(refused.errorText)")
    #expect(try fixture.connect().ask("NOP") == ["OK"])
    #expect(fixture.coffer("run", "-k", "me/key-0", "--", "true").status == 0)
    #expect(fixture.daemonID == daemon.id)
    daemon.signal(SIGKILL)
  }

  @Test("a soft limit on the size of files is raised to the hard one") func softLimit() {
    fixture.initialize()
    fixture.killDaemon()
    let daemon = startDaemon(limitedBy: "ulimit -S -f 1")
    #expect(importUntilRefused() == nil)
    daemon.signal(SIGKILL)
  }
}
