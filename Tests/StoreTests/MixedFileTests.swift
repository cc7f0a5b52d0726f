import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// Files that were all written by this version, and do not belong together.
@Suite("Mixed files")
struct MixedFileTests {
  @Test("fault 11: an audit that was put back from earlier is found") func rolledBackAudit() throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let early = fixture.read("audit.1")
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two"], to: vault)
    fixture.write(early, to: "audit.1")
    #expect(try fixture.outcome() == .refused(.rolledBack(file: "audit.1")))
  }

  @Test("fault 11: records that were put back from earlier are found") func rolledBackRecords()
    throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let early = fixture.read("records.1")
    try fixture.addKeys(["two"], to: vault)
    fixture.write(early, to: "records.1")
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("older records were accepted")
      return
    }
    #expect(error.message.contains("record 3 is missing"))
  }

  @Test(
    "fault 10: a file of another vault is refused", arguments: ["slots", "records.1", "audit.1"])
  func otherVault(name: String) throws {
    let (fixture, _, _) = try DamageTests.fixture()
    let (other, _, _) = try DamageTests.fixture()
    fixture.write(other.read(name), to: name)
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("another vault's \(name) was accepted")
      return
    }
    #expect(error.isDamaged)
  }

  @Test("fault 10: records that change places, are doubled or left out are refused") func moved()
    throws
  {
    let (fixture, files, _) = try DamageTests.fixture()
    let bytes = try #require(files["records.1"])
    var starts = [72]
    while let last = starts.last, last < bytes.count {
      let count = (0..<4).reduce(0) { $0 | Int(bytes[last + $1]) << (8 * $1) }
      starts.append(last + 12 + count)
    }
    let header = Array(bytes.prefix(72))
    let frames = zip(starts, starts.dropFirst()).map { Array(bytes[$0..<$1]) }
    #expect(frames.count == 4)
    let orders = [
      [0, 2, 1, 3], [0, 1, 1, 2, 3], [0, 1, 3], [1, 2, 3], [0, 1, 2, 3, 3].reversed(),
    ]
    for order in orders {
      fixture.restore(files)
      fixture.write(header + order.flatMap { frames[$0] }, to: "records.1")
      guard case .refused(let error) = try fixture.outcome() else {
        Issue.record("records in the order \(order) were accepted")
        continue
      }
      #expect(error.isDamaged)
    }
  }

  // MARK: Generations

  /// The files of one vault at the end of one of its generations, and what they open to.
  private struct Generation {
    let number: Int
    let files: [String: [UInt8]]
    let whole: StoreFixture.Outcome

    /// The last file of a kind.
    func last(_ kind: String) throws -> (name: String, bytes: [UInt8]) {
      let name = try #require(files.keys.filter { $0.hasPrefix(kind) }.max())
      return (name, files[name] ?? [])
    }
  }

  /// Every generation of a vault, with every other.
  private static func pairs(in fixture: StoreFixture) throws -> [(Generation, Generation)] {
    let vault = try fixture.create()
    try fixture.addKeys(["one", "two"], to: vault)
    var states = [fixture.files()]
    let secret = SlotSecret(try StoreFixture.keyFile(), of: 1, isNew: false)
    let key = try vault.keySlots.newKey(opening: [secret], removing: nil)
    for (name, cause) in [
      ("three", .compaction), ("four", .rekey(key)), ("five", .recovery),
    ] as [(String, GenerationCause)] {
      try GenerationTests.renew(vault, cause)
      try fixture.addKeys([name], to: vault)
      try StoreFixture.synchronizeAudit(of: vault)
      states.append(fixture.files())
    }
    let generations = try states.enumerated().map { index, files in
      fixture.restore(files)
      return Generation(number: index + 1, files: files, whole: try fixture.outcome())
    }
    return generations.flatMap { one in
      generations.filter { $0.number != one.number }.map { (one, $0) }
    }
  }

  @Test("fault 12: the header of one generation with the body of another is refused")
  func spliced() throws {
    let fixture = StoreFixture()
    let headerByteCount = 72
    for (one, other) in try Self.pairs(in: fixture) {
      for kind in ["records", "audit"] {
        let (name, own) = try one.last(kind)
        let foreign = try other.last(kind).bytes
        // A file of the audit goes on through compactions, with the same header.
        guard own.prefix(headerByteCount) != foreign.prefix(headerByteCount) else { continue }
        for bytes in [
          own.prefix(headerByteCount) + foreign.dropFirst(headerByteCount),
          foreign.prefix(headerByteCount) + own.dropFirst(headerByteCount),
        ] {
          var mixed = one.files
          mixed[name] = Array(bytes)
          // A file of the audit may have begun just before a power failure.
          try expectRefusal(
            of: mixed, in: fixture, or: kind == "audit" ? one.whole : nil,
            "\(name) of \(one.number) and \(other.number)")
        }
      }
    }
  }

  @Test("fault 12: files of another generation beside one's own are refused, or of no consequence")
  func beside() throws {
    let fixture = StoreFixture()
    for (one, other) in try Self.pairs(in: fixture) {
      for kinds in [["slots"], ["records"], ["audit"], ["slots", "records"], ["slots", "audit"]] {
        var mixed = one.files
        for (name, bytes) in other.files where kinds.contains(where: { name.hasPrefix($0) }) {
          mixed[name] = bytes
        }
        // Later slots and records beside an audit that has lost the rows since are whole.
        let isLater = other.number > one.number && kinds == ["slots", "records"]
        try expectRefusal(
          of: mixed, in: fixture, or: isLater ? other.whole : one.whole,
          "\(kinds) of \(other.number) beside \(one.number)")
      }
    }
  }

  @Test("fault 12: the records of another generation under the name of this one are refused")
  func renamed() throws {
    let fixture = StoreFixture()
    for (one, other) in try Self.pairs(in: fixture) {
      var mixed = one.files
      mixed[try one.last("records").name] = try other.last("records").bytes
      try expectRefusal(
        of: mixed, in: fixture, "records of \(other.number) as those of \(one.number)")
    }
  }

  /// Expects that these files open nothing and stay as they are, or come to `outcome`.
  private func expectRefusal(
    of files: [String: [UInt8]], in fixture: StoreFixture, or outcome: StoreFixture.Outcome? = nil,
    _ note: String
  ) throws {
    fixture.restore(files)
    let found = try fixture.outcome()
    guard case .refused(let error) = found else {
      let isRight = found == outcome
      #expect(isRight, "\(note): was accepted")
      return
    }
    #expect(error.isDamaged || error.isRolledBack, "\(note): \(error)")
    #expect(fixture.files() == files, "\(note): a refused vault was touched")
  }

  @Test(
    "fault 11: slots and records put back beside a later file of the audit are found, and repaired")
  func laterAudit() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    let early = fixture.files()
    let earlyWhole = try fixture.outcome()
    try GenerationTests.renew(vault, .recovery)
    try fixture.addKeys(["two"], to: vault)
    let late = fixture.files()
    // The first file of the audit is as it was, the second is not named by these slots.
    #expect(late["audit.1"] == early["audit.1"])
    let mixed = late.merging(early) { $1 }
    fixture.restore(mixed)
    #expect(try fixture.outcome() == .refused(.rolledBack(file: "slots")))
    #expect(fixture.files() == mixed)
    if SecondReader.isPossible {
      let secret = SecondReader.Secret.keyFile([UInt8](repeating: 7, count: 40))
      let other = SecondReader.run(
        "keys", fixture.path, secret, at: StoreFixture.start.secondsSinceEpoch)
      #expect(MalformedFile.kind(ofError: other.errorText) == "rolled back", "\(other.errorText)")
    }
    let plan = try RepairPlan(for: try fixture.directory(), with: try StoreFixture.keyFile())
    #expect(plan.problems == [.rolledBack(file: "slots")])
    #expect(plan.losses.map(\.object) == ["me/two"])
    _ = try plan.carryOut(by: StoreFixture.owner, at: StoreFixture.start)
    #expect(fixture.read("audit.2.damaged") == late["audit.2"])
    #expect(fixture.read("records.2.damaged") == late["records.2"])
    #expect(try fixture.outcome() == earlyWhole)
  }
}
