import Glibc
import Platform
import TestSupport
import Testing

/// Each call with which the daemon changes its files fails once.
@Suite("Error sweep", .enabled(if: Programs.canTrace, "needs strace and root"))
struct ErrorSweepTests {
  private static let errors = ["EIO", "ENOSPC", "EDQUOT", "EROFS"]

  private static let calls = [
    "openat", "pwrite64", "fsync", "fdatasync", "renameat", "unlinkat", "ftruncate",
  ]

  @Test(
    "faults 3, 4, 5, 6: whatever call fails, the daemon lives, reads go on, and it comes right",
    arguments: SweptOperation.all)
  func errors(_ operation: SweptOperation) throws {
    let base = try KillSweepTests.base(operation)
    var injected = 0
    for (index, call) in Self.calls.enumerated() {
      for count in 1...(KillSweepTests.isFull ? 4 : 1) {
        let errors = KillSweepTests.isFull ? Self.errors : [Self.errors[index % 4]]
        for error in errors {
          try fail(operation, on: base, "\(call):error=\(error):when=\(count)")
          injected += 1
        }
      }
    }
    // A second call of a kind is often that of the directory.
    for fault in ["fsync:error=EIO:when=2", "fsync:error=EIO:when=3", "fdatasync:error=EIO:when=2"]
    {
      try fail(operation, on: base, fault)
      injected += 1
    }
    TestCounts.add("injected errors", injected)
  }

  private func fail(
    _ operation: SweptOperation, on base: VaultFixture, _ fault: String
  ) throws {
    let place = "\(operation.testDescription): \(fault)"
    let fixture = try KillSweepTests.copy(of: base, operation)
    let daemon = try #require(fixture.daemonID)
    let faults = InjectedFaults(daemon, [fault])
    let isAcknowledged = try operation.run(fixture)
    faults.end()
    #expect(fixture.daemonID == daemon, "\(place): the daemon has ended")
    if !operation.isOfLockedVault {
      #expect(fixture.value(of: "web/stripe") == VaultFixture.stripeValue, "\(place): no reads")
      // It goes on by itself where a file has failed, after a few seconds.
      let isWritable = eventually(seconds: 20) {
        if fixture.coffer("create", "me/again").status == 0 { return true }
        sleep(milliseconds: 300)
        return false
      }
      #expect(isWritable, "\(place): \(fixture.coffer("status").outputText) \(fixture.log)")
    }
    fixture.killDaemon()
    fixture.startDaemon()
    try operation.check(fixture, isAcknowledged)
    KillSweepTests.checkRest(fixture, place)
  }

  @Test("fault 5: other slots whose name cannot be synced are of unknown outcome, and come right")
  func unknownOutcome() throws {
    let fixture = try KillSweepTests.copy(
      of: try KillSweepTests.base(.slotChange), .slotChange)
    let client = try fixture.connect()
    _ = client.ask("SLOT CHANGE 1 --keep-key --key-file")
    _ = client.ask("D \(SweptOperation.key(of: fixture))\nEND")
    // The first is that of the new file, the second that of the directory.
    let faults = InjectedFaults(try #require(fixture.daemonID), ["fsync:error=EIO:when=2"])
    let reply = client.ask("D \(SweptOperation.other)\nEND")
    #expect(
      AssuanClient.errorCode(of: reply) == 1 && reply.last?.contains("outcome unknown") == true)
    #expect(client.ask("STATUS").contains("S writable=no"))
    #expect(AssuanClient.errorCode(of: client.ask("CREATE me/refused")) == 156)
    faults.end()
    #expect(eventually(seconds: 20) { client.ask("STATUS").contains("S writable=yes") })
    #expect(client.ask("CREATE me/taken").last == "OK")
    #expect(Files.names(in: fixture.statePath).contains("records.2"))
  }
}
