import Glibc
import Platform
import TestSupport
import Testing

/// An audit that cannot be written: what needs a row is refused, nobody hangs.
@Suite("Faults of the audit", .enabled(if: Programs.canTrace, "needs strace and root"))
struct FaultAuditTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initialize()
    fixture.coffer("import", "me/stripe", input: VaultFixture.stripeValue)
  }

  private var audit: String { fixture.statePath + "/audit.1" }

  private func expectRecovery() {
    if !eventually(seconds: 2, { fixture.isWritable }) {
      #expect(fixture.coffer("lock").status == 0)
      #expect(fixture.coffer("unlock").status == 0)
    }
    let used = fixture.coffer("run", "-k", "me/stripe=VALUE", "--", "printenv", "VALUE")
    #expect(used.line == VaultFixture.stripeValue)
    #expect(fixture.coffer("create", "me/after").status == 0)
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test(
    "fault 55: what must be audited is refused while it cannot be, and served again later",
    arguments: [
      ("ENOSPC", "no space left on device"), ("EIO", "input/output error"),
      ("EROFS", "read-only file system"),
    ])
  func failingRows(error: String, text: String) throws {
    let other = try fixture.connect()
    let client = try fixture.connect()
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["pwrite64:error=\(error)"], onlyAt: audit)
    let refused = client.ask("ENV me/stripe")
    #expect(
      refused.last?.contains("the audit row could not be written, so this was not done") == true)
    // Not a byte of the value goes out.
    #expect(!refused.contains { $0.hasPrefix("D ") })
    // Who asks for what needs no row is answered, on old and new connections.
    let start = BootInstant.now
    #expect(other.ask("NOP") == ["OK"])
    #expect(other.ask("LIST").last == "OK")
    let status = try fixture.connect().ask("STATUS")
    #expect(status.contains("S writable=no"))
    #expect(status.contains { $0.contains("audit.1") && $0.contains("failed") }, "\(status)")
    #expect(BootInstant.now.seconds(since: start) < 2)
    #expect(fixture.log.contains("the vault is read-only: audit.1: writing failed: \(text)"))
    // A verdict on a text is a read as well, and so is acting as a key.
    client.send("VERIFY\n")
    #expect(client.readReply().last?.hasPrefix("INQUIRE") == true)
    client.send("D ck_user_0123456789\nEND\n")
    _ = client.readReply()
    faults.end()
    expectRecovery()
    // The refused read has left no row, since none could be written.
    let rows = fixture.coffer("audit").outputText.split(separator: "\n")
    #expect(rows.count { $0.contains("ENV") && $0.contains("me/stripe") } == 1, "\(rows)")
  }

  @Test("fault 55: a change whose row cannot be written is of unknown outcome, and is there later")
  func changeWithoutRow() throws {
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["pwrite64:error=ENOSPC"], onlyAt: audit)
    let failed = fixture.coffer("create", "me/written")
    #expect(failed.status == 1)
    #expect(
      failed.errorText.contains("outcome unknown: the change was written, its audit row was not"))
    #expect(failed.output.isEmpty)
    faults.end()
    expectRecovery()
    #expect(fixture.coffer("list").outputText.contains("me/written "))
    let rows = fixture.coffer("audit").outputText
    #expect(rows.contains("CREATE"))
  }

  @Test("fault 55: an audit that cannot be synced stops changes, and no reads") func failingSync()
    throws
  {
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:error=EIO"], onlyAt: audit)
    let client = try fixture.connect()
    #expect(client.ask("ENV me/stripe").last == "OK")
    // Rows are synced some seconds after they were written.
    #expect(
      eventually(seconds: 15) {
        fixture.log.contains("the vault is read-only: audit.1: syncing failed: input/output error")
      })
    #expect(client.ask("ENV me/stripe").last == "OK")
    faults.end()
    expectRecovery()
  }

  @Test("fault 55: while the vault is written anew, too, no value goes out without its row")
  func rowsOfRecovery() throws {
    let clients = try (0..<12).map { _ in try fixture.connect() }
    var answers = 0
    for _ in 0..<3 {
      let name = try #require(
        Files.names(in: fixture.statePath).filter { $0.hasPrefix("audit.") }
          .max { $0.count == $1.count ? $0 < $1 : $0.count < $1.count })
      let faults = InjectedFaults(
        try #require(fixture.daemonID), ["pwrite64:error=EIO"],
        onlyAt: "\(fixture.statePath)/\(name)")
      // The vault is written anew by itself two seconds after the first failure.
      let end = BootInstant.now.advanced(byMilliseconds: 3_500)
      while BootInstant.now < end {
        for client in clients {
          client.send(String(repeating: "ENV me/stripe\n", count: 5))
        }
        for client in clients {
          for _ in 0..<5 where client.readReply().last == "OK" { answers += 1 }
        }
      }
      faults.end()
    }
    #expect(answers > 0, "it came right")
    let rows = fixture.coffer("audit", "--json").outputText.split(separator: "\n")
    let injections = rows.count {
      $0.contains("\"verb\":\"ENV\"") && $0.contains("\"outcome\":\"ok\"")
    }
    #expect(injections == answers)
  }
}
