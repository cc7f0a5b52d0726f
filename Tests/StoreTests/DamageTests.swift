import Keyring
import Platform
import Sodium
@testable import Store
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

  /// The bytes of the fixture's audit that are known to have been on the device.
  static let knownAuditByteCount: Int = {
    let fixture = StoreFixture()
    guard let vault = try? fixture.create(), (try? fixture.addKeys(["one"], to: vault)) != nil
    else { return 0 }
    return fixture.read("audit.1").count
  }()

  @Test(
    "fault 8: any flipped bit is refused, or was of no consequence",
    arguments: ["slots", "records.1", "audit.1"])
  func flips(name: String) throws {
    let (fixture, files, whole) = try Self.fixture()
    let bytes = try #require(files[name])
    TestCounts.add("flips", bytes.count)
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1 << UInt8(position % 8)
      var damaged = files
      damaged[name] = changed
      fixture.restore(damaged)
      switch try fixture.outcome() {
      case .opened(let organization, let values):
        // Only the end of the audit may be lost, since it was never synced.
        #expect(name == "audit.1" && position >= Self.knownAuditByteCount, "byte \(position)")
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
    "fault 9: any cut is refused, or was of no consequence",
    arguments: ["slots", "records.1", "audit.1"])
  func cuts(name: String) throws {
    let (fixture, files, whole) = try Self.fixture()
    let bytes = try #require(files[name])
    TestCounts.add("cuts", bytes.count)
    for count in bytes.indices {
      var cut = files
      cut[name] = Array(bytes.prefix(count))
      fixture.restore(cut)
      switch try fixture.outcome() {
      case .opened(let organization, let values):
        #expect(name == "audit.1" && count >= Self.knownAuditByteCount, "\(count) bytes")
        #expect(.opened(organization, values: values) == whole, "\(count) bytes")
      case .refused(let error):
        #expect(Self.isExpected(error, of: name), "\(count) bytes: \(error)")
        #expect(fixture.files() == cut, "\(count) bytes: a refused vault was touched")
      }
    }
  }

  @Test("fault 8: a flipped bit in the last acknowledged record is damage, not a torn end")
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
    #expect(opened.notes.contains { $0.contains("made 1 row again") })
    // From now on the record counts as acknowledged.
    let bytes = fixture.read("records.1")
    fixture.write(Array(bytes.dropLast()), to: "records.1")
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("a record with a row was cut off")
      return
    }
    #expect(error.isDamaged)
  }

  @Test("fault 10: appended rubbish is cut off", arguments: ["records.1", "audit.1"])
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

  @Test("a changed row is damage if a later row tells that it was on the device") func knownRows()
    throws
  {
    let fixture = StoreFixture()
    let vault = try fixture.create()
    func row() -> AuditRow {
      AuditRow(time: StoreFixture.start, actor: StoreFixture.owner, verb: "ENV")
    }
    try vault.append([row()])
    let start = fixture.read("audit.1").count
    try vault.append([row()])
    let end = fixture.read("audit.1").count
    try vault.append([row(), row()])
    let unsynced = fixture.read("audit.1")
    try StoreFixture.synchronizeAudit(of: vault)
    try vault.append([row(), row()])
    let bytes = fixture.read("audit.1")
    for position in start..<end {
      var changed = bytes
      changed[position] ^= 0x10
      fixture.write(changed, to: "audit.1")
      guard case .refused(let error) = try fixture.outcome() else {
        Issue.record("byte \(position) of a row that was on the device changed unseen")
        continue
      }
      #expect(error.isDamaged, "byte \(position): \(error)")
      // Without the later rows it is the torn end of an audit.
      fixture.write(Array(changed.prefix(unsynced.count)), to: "audit.1")
      guard case .opened = try fixture.outcome() else {
        Issue.record("byte \(position) of a torn end was taken for damage")
        continue
      }
    }
  }

  @Test("slots that somebody without the key has written are refused") func forgedSlots() throws {
    let (fixture, files, _) = try Self.fixture()
    let text = String(decoding: try #require(files["slots"]), as: UTF8.self)
    let body = text.split(separator: "\n").dropLast().map { line in
      line == "number 1" ? "number 2" : line
    }.map { $0 + "\n" }.joined()
    let bytes = Array(body.utf8)
    let sum = Hash.digest(of: bytes.span, byteCount: 16)
    fixture.write(bytes + Array("sum \(Hex.text(sum))\n".utf8), to: "slots")
    guard case .refused(.damaged(_, let reason)) = try fixture.outcome() else {
      Issue.record("a forged slots file was accepted")
      return
    }
    #expect(reason == "its MAC does not fit the vault key")
  }

  @Test(
    "fault 14: a slot asks for no more than 1 GiB and 10 passes",
    arguments: [
      ("4398046511104", "3"), ("268435456", "4294967295"), ("1024", "1"), ("268435456", "0"),
    ])
  func absurdCost(memory: String, passes: String) throws {
    let fixture = StoreFixture()
    _ = try Vault.create(
      in: try fixture.directory(), try StoreFixture.founding(),
      secret: try StoreFixture.passphrase("secret"), by: StoreFixture.owner,
      at: StoreFixture.start)
    let text = String(decoding: fixture.read("slots"), as: UTF8.self)
    let body = text.split(separator: "\n").dropLast().map { line in
      line.split(separator: " 8388608 1 ").joined(separator: " \(memory) \(passes) ") + "\n"
    }.joined()
    let bytes = Array(body.utf8)
    let sum = Hash.digest(of: bytes.span, byteCount: 16)
    fixture.write(bytes + Array("sum \(Hex.text(sum))\n".utf8), to: "slots")
    #expect(throws: StoreError.self) {
      _ = try Vault.open(try fixture.directory(), with: try StoreFixture.passphrase("secret"))
    }
  }

  @Test(
    "fault 13: a later format is read if it names this version as good enough, and left alone if not"
  )
  func versions() throws {
    let (fixture, files, _) = try Self.fixture()
    let audit = try #require(files["audit.1"])
    var later = audit
    later[8] = 2
    fixture.write(later, to: "audit.1")
    // The header is bound to the frames, so this is no file of a later format.
    guard case .refused(let error) = try fixture.outcome() else {
      Issue.record("a changed header was accepted")
      return
    }
    #expect(error.isRolledBack || error.isDamaged)
    later[10] = 2
    fixture.write(later, to: "audit.1")
    #expect(try fixture.outcome() == .refused(.unknownVersion(file: "audit.1", version: 2)))
    #expect(fixture.read("audit.1") == later)
    let log = SealedLog(
      kind: .audit, format: 2, vault: VaultID(), number: 1, made: StoreFixture.start)
    let read = try SealedLog(
      kind: .audit, vault: log.vault, number: 1, readingHeaderOf: log.header)
    #expect(read == log)
  }
}
