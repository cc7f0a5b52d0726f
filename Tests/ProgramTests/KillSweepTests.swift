import Glibc
import TestSupport
import Testing

/// The daemon is killed at each call with which it changes its files.
@Suite(
  "Kill sweep", .enabled(if: Programs.canTrace, "needs strace and root"))
struct KillSweepTests {
  /// The calls with which files are looked at and changed, and answers are sent.
  static let calls = [
    "openat", "pwrite64", "fsync", "fdatasync", "renameat", "unlinkat", "ftruncate", "sendto",
  ]

  /// Whether all of it is done several times.
  static let isFull = getenv("COFFER_TEST_FULL") != nil

  /// Each call has its turn on the programs that are shipped, one in three on others.
  private static let step = isFull || Programs.areShipped ? 1 : 3

  /// How often all of it is done.
  private static let rounds = isFull ? 5 : 1

  @Test(
    "fault 1: wherever it is killed, what was acknowledged is there, and the rest whole or not",
    arguments: SweptOperation.all)
  func kills(_ operation: SweptOperation) throws {
    let base = try Self.base(operation)
    var kills = 0
    for _ in 0..<Self.rounds {
      for call in Self.calls {
        var count = 1
        while try kill(operation, on: base, at: call, count) {
          kills += 1
          count += Self.step
        }
      }
      // Each thread counts its own calls, and the first is that of the records.
      if try kill(operation, on: base, at: "pwrite64", 1, onlyAt: "audit.1") { kills += 1 }
    }
    #expect(kills > 4, "only \(kills) injections killed the daemon")
    TestCounts.add("kills", kills)
  }

  /// A vault that the operation is done to, once for each kill on a copy.
  static func base(_ operation: SweptOperation) throws -> VaultFixture {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initializeWithKeys()
    try operation.prepare(fixture)
    fixture.killDaemon()
    return fixture
  }

  /// A copy with a daemon.
  static func copy(
    of base: VaultFixture, _ operation: SweptOperation
  ) throws -> VaultFixture {
    let fixture = VaultFixture()
    for name in ["key", "backup"] {
      let bytes = Files.read(base.directory.path(name))
      if !bytes.isEmpty { Files.write(bytes, to: fixture.directory.path(name)) }
    }
    Files.copyTree(base.statePath, to: fixture.statePath)
    fixture.startDaemon()
    if !operation.isOfLockedVault { #expect(fixture.coffer("unlock").status == 0) }
    return fixture
  }

  /// - Returns: Whether the daemon was killed; false if it had done all before.
  private func kill(
    _ operation: SweptOperation, on base: VaultFixture, at call: String, _ count: Int,
    onlyAt file: String? = nil
  ) throws -> Bool {
    let fixture = try Self.copy(of: base, operation)
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["\(call):signal=SIGKILL:when=\(count)"],
      onlyAt: file.map { fixture.statePath + "/" + $0 })
    let isAcknowledged = try operation.run(fixture)
    // A connection ends a little before the socket does.
    let isKilled = eventually(seconds: isAcknowledged ? 0.05 : 2) { fixture.daemonID == nil }
    faults.end()
    fixture.killDaemon()
    fixture.startDaemon()
    let place = "\(operation.testDescription): \(call) \(count)"
    try operation.check(fixture, isAcknowledged)
    Self.checkRest(fixture, place)
    return isKilled
  }

  /// What no operation of the sweep may touch is there, and one generation.
  static func checkRest(_ fixture: VaultFixture, _ place: String) {
    #expect(fixture.value(of: "web/stripe") == VaultFixture.stripeValue, "\(place)")
    #expect(fixture.value(of: "web/deploy").utf8.count == 57, "\(place)")
    let names = Files.names(in: fixture.statePath)
    let records = names.filter { $0.hasPrefix("records.") && !$0.contains(".damaged") }
    #expect(records.count == 1, "\(place): \(names)")
    #expect(!names.contains("slots.new") && !names.contains("slots.init"), "\(place): \(names)")
    #expect(fixture.coffer("create", "me/after").status == 0, "\(place)")
    #expect(fixture.coffer("audit", "--check").status == 0, "\(place)")
  }
}
