import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// Keys of processes in the files.
@Suite("Keys of processes in a vault")
struct ProcessKeyTests {
  let fixture = StoreFixture()

  static let process = ProcessBinding(
    boot: ProcessBinding.Boot([UInt8](repeating: 3, count: 16)), processID: 17, start: 18)

  /// Issues a key for a process, as the daemon does.
  func bind(in vault: Vault, at now: Instant = StoreFixture.start) throws -> KeyID {
    let id = vault.drawKeyID()
    let plan = KeyPlan(
      reference: KeyReference(
        Organization.nameOfProcessKey(id), inWorkspace: try Name(parsing: "web")),
      terms: .issued(access: nil, custody: .verifyOnly), lifetime: .lasting(Seconds(60)),
      process: Self.process)
    let text = Array("text of \(id.text)".utf8)
    let changes = try vault.organization.decide(
      .addKey(plan, KeyMaterial(id: id, digest: vault.tag(of: text.span), sealedValue: [])),
      by: .user(UserID(number: 1)), at: now)
    try write("CREATE", changes, to: vault, at: now)
    try vault.append([
      AuditRow(
        time: now, actor: StoreFixture.owner, verb: "VERIFY", subjects: [VersionID(id, number: 1)])
    ])
    return id
  }

  func write(
    _ verb: String, _ changes: [Change], to vault: Vault, at now: Instant
  ) throws {
    let record = vault.append(changes, by: StoreFixture.owner, verb: verb, at: now)
    try vault.nextBatch()?.write()
    try vault.append([
      AuditRow(
        time: now, actor: StoreFixture.owner, verb: verb,
        subjects: changes.compactMap(\.subject), record: record)
    ])
  }

  func vault() throws -> Vault {
    let vault = try fixture.create()
    try write(
      "WORKSPACE",
      [.workspaceAdded(Workspace(id: WorkspaceID(number: 1), name: try Name(parsing: "web")))],
      to: vault, at: StoreFixture.start)
    try fixture.addKeys(["one"], to: vault)
    return vault
  }

  func end(_ ids: [KeyID], in vault: Vault, at now: Instant) throws {
    try write(
      "REVOKE", vault.organization.revocations(ofEndedProcessKeys: ids, at: now), to: vault,
      at: now)
  }

  func forget(in vault: Vault, at now: Instant) throws {
    try write("FORGET", vault.organization.forgetting(ofProcessKeysAt: now), to: vault, at: now)
  }

  @Test("a binding survives opening and compaction, and so does forgetting, with the uses")
  func survives() throws {
    let vault = try vault()
    let (first, second) = (try bind(in: vault), try bind(in: vault))
    #expect(vault.uses[first]?.count == 1)
    var again = try fixture.open()
    #expect(again.organization == vault.organization)
    #expect(again.organization.process(of: second) == Self.process)
    try GenerationTests.renew(again, .compaction)
    again = try fixture.open()
    #expect(again.organization == vault.organization)
    let later = StoreFixture.start.advanced(by: Seconds(61))
    try end([first], in: again, at: later)
    try forget(in: again, at: later)
    #expect(again.organization.key(withID: first) == nil)
    #expect(again.uses[first] == nil)
    // The rows that tell of its use are read once more, and count for nobody.
    let reopened = try fixture.open()
    #expect(reopened.organization == again.organization)
    #expect(reopened.uses == again.uses)
    try GenerationTests.renew(reopened, .compaction)
    let last = try fixture.open()
    #expect(last.organization == again.organization)
    #expect(last.uses == again.uses)
    #expect(try last.auditPage(after: 0, count: 100).rows.contains { $0.row.verb == "FORGET" })
  }

  @Test("a torn record of forgetting leaves what was before it, a whole one is made true")
  func torn() throws {
    let vault = try vault()
    let id = try bind(in: vault)
    let before = vault.organization
    let later = StoreFixture.start.advanced(by: Seconds(61))
    // A crash comes before the row is written.
    _ = vault.append(
      vault.organization.forgetting(ofProcessKeysAt: later), by: StoreFixture.owner,
      verb: "FORGET", at: later)
    try vault.nextBatch()?.write()
    let whole = fixture.files()
    for cut in [1, 20, 60] {
      var files = whole
      files["records.1"]?.removeLast(cut)
      fixture.restore(files)
      #expect(try fixture.open().organization == before)
    }
    fixture.restore(whole)
    let opened = try fixture.open()
    #expect(opened.organization.key(withID: id) == nil)
    #expect(opened.organization == vault.organization)
    #expect(opened.uses[id] == nil)
  }

  @Test("thousands of jobs leave files as small as before, at the next compaction")
  func noGrowth() throws {
    let vault = try vault()
    let later = StoreFixture.start.advanced(by: Seconds(61))
    for _ in 0..<2000 {
      let id = try bind(in: vault)
      try end([id], in: vault, at: StoreFixture.start)
    }
    let full = fixture.read("records.1").count
    try forget(in: vault, at: later)
    #expect(vault.organization.keys.count == 1)
    vault.nextEstimate = 0
    #expect(vault.wantsCompaction(at: later))
    try GenerationTests.renew(vault, .compaction)
    let small = fixture.read("records.2").count
    #expect(small < 4096, "\(small) bytes, of \(full)")
    #expect(try fixture.open().organization == vault.organization)
  }
}
