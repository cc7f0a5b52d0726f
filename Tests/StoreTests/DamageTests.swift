import Keyring
import Store
import TestSupport
import Testing

/// What a vault does when its files are not what was written.
@Suite("Damaged files")
struct DamageTests {
  /// A vault with three keys, of which all is on the device but the last rows.
  static func fixture() throws -> (StoreFixture, [String: [UInt8]], StoreFixture.Outcome) {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two", "three"], to: vault)
    return (fixture, fixture.files(), try fixture.outcome())
  }

  @Test(
    "any flipped bit is refused, or was of no consequence",
    arguments: ["slots", "records.1", "audit.1"])
  func flips(name: String) throws {
    let (fixture, files, whole) = try Self.fixture()
    let bytes = try #require(files[name])
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      var damaged = files
      damaged[name] = changed
      fixture.restore(damaged)
      switch try fixture.outcome() {
      case .opened(let organization, let values):
        // Only the end of the audit may be lost, since it was never synced.
        #expect(name == "audit.1", "byte \(position)")
        #expect(.opened(organization, values: values) == whole, "byte \(position)")
      case .refused(let error):
        #expect(Self.isExpected(error, of: name), "byte \(position): \(error)")
        #expect(fixture.files() == damaged, "byte \(position): a refused vault was touched")
      }
    }
  }

  private static func isExpected(_ error: StoreError, of name: String) -> Bool {
    switch error {
    case .damaged: true
    case .unknownVersion(let file, _): file == name
    case .rolledBack(let file): file == "audit.1"
    default: false
    }
  }

  @Test(
    "any cut is refused, or was of no consequence", arguments: ["slots", "records.1", "audit.1"])
  func cuts(name: String) throws {
    let (fixture, files, whole) = try Self.fixture()
    let bytes = try #require(files[name])
    for count in bytes.indices {
      var cut = files
      cut[name] = Array(bytes.prefix(count))
      fixture.restore(cut)
      switch try fixture.outcome() {
      case .opened(let organization, let values):
        #expect(name == "audit.1", "\(count) bytes")
        #expect(.opened(organization, values: values) == whole, "\(count) bytes")
      case .refused(let error):
        #expect(Self.isExpected(error, of: name), "\(count) bytes: \(error)")
        #expect(fixture.files() == cut, "\(count) bytes: a refused vault was touched")
      }
    }
  }

  @Test("a flipped bit in the last acknowledged record is damage, not a torn end")
  func lastRecord() throws {
    let (fixture, files, _) = try Self.fixture()
    var damaged = files
    damaged["records.1"]?[(files["records.1"]?.count ?? 1) - 1] ^= 1
    fixture.restore(damaged)
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("the vault was opened without its last key")
      return
    }
    #expect(error.isDamaged)
    #expect(error.message.contains("record 4 has changed"))
  }

  @Test("the end of a record that nobody was told of is cut off, and logged")
  func tornEnd() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    try fixture.addKeys(["one"], to: vault)
    let before = try fixture.outcome()
    let whole = fixture.read("records.1")
    // A record whose row was never written, at every length that a write can stop at.
    _ = vault.append(
      [.workspaceAdded(Workspace(id: WorkspaceID(number: 1), name: try Name(parsing: "web")))],
      by: StoreFixture.owner, verb: "WORKSPACE", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    let longer = fixture.read("records.1")
    for count in (whole.count + 1)..<longer.count {
      fixture.write(Array(longer.prefix(count)), to: "records.1")
      let opened = try Vault.open(try fixture.directory(), with: try StoreFixture.keyFile())
      #expect(opened.notes.contains { $0.contains("records.1: cut off") }, "\(count) bytes")
      #expect(fixture.read("records.1") == whole, "\(count) bytes")
      #expect(try fixture.outcome() == before, "\(count) bytes")
    }
  }

  @Test("a whole record that nobody was told of is kept, and its row made again")
  func unacknowledgedRecord() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    _ = vault.append(
      [.workspaceAdded(Workspace(id: WorkspaceID(number: 1), name: try Name(parsing: "web")))],
      by: StoreFixture.owner, verb: "WORKSPACE", at: StoreFixture.start)
    try vault.nextBatch()?.write()
    let opened = try Vault.open(try fixture.directory(), with: try StoreFixture.keyFile())
    #expect(opened.vault.organization.workspaces.count == 1)
    #expect(opened.notes.contains { $0.contains("made 1 rows again") })
    // From now on the record counts as acknowledged.
    let bytes = fixture.read("records.1")
    fixture.write(Array(bytes.dropLast()), to: "records.1")
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("a record with a row was cut off")
      return
    }
    #expect(error.isDamaged)
  }

  @Test("appended rubbish is cut off", arguments: ["records.1", "audit.1"])
  func rubbish(name: String) throws {
    let (fixture, files, whole) = try Self.fixture()
    for count in [1, 11, 12, 60, 5000] {
      var longer = files
      longer[name]? += [UInt8](repeating: 0xA5, count: count)
      fixture.restore(longer)
      #expect(try fixture.outcome() == whole, "\(count) bytes")
      #expect(fixture.read(name) == files[name], "\(count) bytes")
    }
  }

  @Test("an audit that was put back from earlier is found") func rolledBackAudit() throws {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    let early = fixture.read("audit.1")
    try fixture.addKeys(["one"], to: vault)
    try StoreFixture.synchronizeAudit(of: vault)
    try fixture.addKeys(["two"], to: vault)
    fixture.write(early, to: "audit.1")
    #expect(try fixture.outcome() == .refused(.rolledBack(file: "audit.1")))
  }

  @Test("records that were put back from earlier are found") func rolledBackRecords() throws {
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

  @Test("a file of another vault is refused", arguments: ["slots", "records.1", "audit.1"])
  func otherVault(name: String) throws {
    let (fixture, _, _) = try Self.fixture()
    let (other, _, _) = try Self.fixture()
    fixture.write(other.read(name), to: name)
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("another vault's \(name) was accepted")
      return
    }
    #expect(error.isDamaged)
  }

  @Test("records that change places, are doubled or left out are refused") func moved() throws {
    let (fixture, files, _) = try Self.fixture()
    let bytes = try #require(files["records.1"])
    var starts = [40]
    while let last = starts.last, last < bytes.count {
      let count = (0..<4).reduce(0) { $0 | Int(bytes[last + $1]) << (8 * $1) }
      starts.append(last + 12 + count)
    }
    let header = Array(bytes.prefix(40))
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
}
