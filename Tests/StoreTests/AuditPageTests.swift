import Keyring
import Platform
import Testing

@testable import Store

/// Reading the audit of an open vault, and what follows from its rows.
@Suite("Audit of an open vault")
struct AuditPageTests {
  static func row(_ seconds: Int64, _ verb: String = "ENV", _ object: String = "") -> AuditRow {
    AuditRow(
      time: StoreFixture.start.advanced(by: Seconds(seconds)), actor: StoreFixture.owner,
      verb: verb, object: object)
  }

  /// A vault with `count` rows besides that of its making, one a second.
  static func vault(_ fixture: StoreFixture, rows count: Int64) throws -> Vault {
    let vault = try fixture.create()
    for start in stride(from: Int64(1), through: count, by: 100) {
      try vault.append((start...min(start + 99, count)).map { row($0) })
    }
    return vault
  }

  @Test(
    "pages lead through all rows, each once and in order", arguments: [1, 7, 255, 256, 257, 5000])
  func pages(count: Int) throws {
    let fixture = StoreFixture()
    let vault = try Self.vault(fixture, rows: 1000)
    var numbers: [UInt64] = []
    var last: UInt64 = 0
    var hasMore = true
    while hasMore {
      let page = try vault.auditPage(after: last, count: count)
      #expect(page.rows.count <= count)
      numbers += page.rows.map(\.number)
      (last, hasMore) = (page.last, page.hasMore)
    }
    #expect(numbers == Array(1...1001))
  }

  @Test("a page begins behind any row", arguments: [0, 1, 255, 256, 257, 511, 512, 1000, 1001])
  func beginsAnywhere(after: UInt64) throws {
    let fixture = StoreFixture()
    let vault = try Self.vault(fixture, rows: 1000)
    let page = try vault.auditPage(after: after, count: 3)
    #expect(page.rows.map(\.number) == Array((after + 1)...(after + 3)).filter { $0 <= 1001 })
    #expect(page.rows.allSatisfy { $0.row.verb == ($0.number == 1 ? "INIT" : "ENV") })
  }

  @Test(
    "no row of a time is passed over", arguments: [1, 255, 256, 257, 700, 999, 1000] as [Int64])
  func since(seconds: Int64) throws {
    let fixture = StoreFixture()
    let vault = try Self.vault(fixture, rows: 1000)
    let time = StoreFixture.start.advanced(by: Seconds(seconds))
    let page = try vault.auditPage(after: 0, since: time, count: 5000)
    let wanted = page.rows.filter { $0.row.time >= time }
    #expect(wanted.count == Int(1000 - seconds + 1))
    #expect(page.rows.count < wanted.count + 257)
  }

  @Test("pages are the same after opening again") func reopened() throws {
    let fixture = StoreFixture()
    var vault: Vault? = try Self.vault(fixture, rows: 600)
    let before = try vault?.auditPage(after: 0, count: 5000).rows.map(\.row)
    let index = vault?.auditIndex
    vault = nil
    let opened = try fixture.open()
    #expect(try opened.auditPage(after: 0, count: 5000).rows.map(\.row) == before)
    #expect(opened.auditIndex == index)
  }

  @Test("a long row is read whole") func longRow() throws {
    let fixture = StoreFixture()
    let vault = try Self.vault(fixture, rows: 3)
    let subjects = (0..<30_000).map { VersionID(vault.drawKeyID(), number: $0) }
    try vault.append([
      AuditRow(
        time: StoreFixture.start, actor: StoreFixture.owner, verb: "UNUSED", subjects: subjects)
    ])
    try vault.append([Self.row(9)])
    let page = try vault.auditPage(after: 3, count: 10)
    #expect(page.rows.map(\.number) == [4, 5, 6])
    #expect(page.rows[1].row.subjects == subjects)
  }

  @Test("a byte that changes under an open vault is found, with the row's number")
  func changedByte() throws {
    let fixture = StoreFixture()
    let vault = try Self.vault(fixture, rows: 400)
    var bytes = fixture.read("audit.1")
    let position = bytes.count * 3 / 4
    bytes[position] ^= 4
    fixture.write(bytes, to: "audit.1")
    let error = #expect(throws: StoreError.self) { try vault.auditPage(after: 0, count: 5000) }
    guard case .damaged("audit.1", let reason) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    let number = try #require(reason.split(separator: " ").compactMap { Int($0) }.first)
    #expect((295...310).contains(number), "\(reason)")
    #expect(try vault.auditPage(after: 0, count: number - 1).rows.count == number - 1)
  }

  @Test("uses and values that people had follow from the rows, also after opening again")
  func uses() throws {
    let fixture = StoreFixture()
    var vault: Vault? = try fixture.create()
    if let vault { try fixture.addKeys(["one", "two"], to: vault) }
    let keys = try #require(vault?.organization.keys)
    let first = VersionID(keys[0].id, number: 1)
    try vault?.append([
      AuditRow(
        time: Self.row(5).time, actor: StoreFixture.owner, verb: "ENV", subjects: [first]),
      AuditRow(
        time: Self.row(6).time, actor: StoreFixture.owner, verb: "ENV", outcome: 251,
        subjects: [VersionID(keys[1].id, number: 0)]),
      AuditRow(
        time: Self.row(7).time,
        actor: Actor(user: nil, key: keys[1].id, uid: 7, processID: 1, command: "job"),
        verb: "ENV", subjects: [first]),
    ])
    let uses = try #require(vault?.uses)
    #expect(uses[keys[0].id]?.count == 2)
    #expect(uses[keys[0].id]?.uid == 7)
    #expect(uses[keys[0].id]?.command == "job")
    #expect(uses[keys[0].id]?.last == Self.row(7).time)
    #expect(uses[keys[1].id] == nil)
    vault = nil
    let opened = try fixture.open()
    #expect(opened.uses == uses)
    let seen = opened.uses.liveValues(
      seenBy: UserID(number: 1), in: opened.organization, at: StoreFixture.start)
    #expect(seen.map(\.exposure) == [.injected, .supplied])
    #expect(seen.map(\.version.key) == keys.map(\.id))
  }

  @Test("the time of the last row is the mark, unless the clock was set after it") func mark()
    throws
  {
    let fixture = StoreFixture()
    var vault: Vault? = try Self.vault(fixture, rows: 500)
    vault = nil
    #expect(try fixture.open().mark == Self.row(500).time)
    vault = try fixture.open()
    let moment = Self.row(100).time
    let record = try #require(
      vault?.append(
        [.clockSet(moment)], by: StoreFixture.owner, verb: "CHECK", at: Self.row(501).time))
    try vault?.nextBatch()?.write()
    // A row that was on its way meanwhile has the former time.
    try vault?.append([
      Self.row(501),
      AuditRow(
        time: Self.row(502).time, actor: StoreFixture.owner, verb: "CHECK", record: record),
    ])
    vault = nil
    #expect(try fixture.open().mark == moment)
    vault = try fixture.open()
    try vault?.append([Self.row(120)])
    vault = nil
    #expect(try fixture.open().mark == Self.row(120).time)
  }
}
