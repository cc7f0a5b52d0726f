import Keyring
import Testing

@Suite("Keys of processes")
struct ProcessKeyTests {
  static let process = ProcessBinding(
    boot: ProcessBinding.Boot([UInt8](repeating: 1, count: 16)), processID: 4211, start: 99)

  /// The plan of a key of a process, whose id is that number.
  static func plan(
    _ number: Int, in workspace: String = "w1", access: Access? = nil, expires: String? = nil
  ) throws(Refusal) -> KeyPlan {
    KeyPlan(
      reference: KeyReference(
        Organization.nameOfProcessKey(KeyID(numbered: number)),
        inWorkspace: try Name(parsing: workspace)),
      terms: .issued(access: access, custody: .verifyOnly),
      lifetime: try expires.map { (text) throws(Refusal) in try Lifetime(parsing: text) },
      process: process)
  }

  /// What a snapshot of it comes to.
  static func restored(_ organization: Organization) throws -> Organization {
    var restored = Organization()
    try organization.forEachPart { part in try restored.restore(part) }
    try restored.finishRestoring()
    return restored
  }

  // MARK: Making

  @Test("is named by its id, lives a day unless told, and is bound to the process") func making()
    throws
  {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1), by: .editor)
    #expect(key.name.text == "process-000000000001")
    #expect(key.currentVersion.expires == Acme.start.advanced(by: .days(1)))
    #expect(key.currentVersion.sealedValue == nil)
    #expect(acme.organization.process(of: key.id) == Self.process)
    let longer = try acme.add(try Self.plan(2, expires: "30d"), by: .admin)
    #expect(longer.currentVersion.expires == Acme.start.advanced(by: .days(30)))
    let name = Organization.nameOfProcessKey(try #require(KeyID("ABCdef123XYZ")))
    #expect(name.text == "process-abcdef123xyz")
    #expect(try Self.restored(acme.organization) == acme.organization)
  }

  @Test("the policy bounds its life, and it always has one") func lifetimes() throws {
    var acme = try Acme()
    try acme.perform(.setPolicy(.allowsNever, "true"), by: .owner)
    #expect(throws: Refusal.self) { try acme.add(try Self.plan(1, expires: "never"), by: .editor) }
    #expect(throws: Refusal.self) { try acme.add(try Self.plan(1, expires: "366d"), by: .editor) }
    try acme.perform(.setPolicy(.maximumLifetime, "1h"), by: .owner)
    let key = try acme.add(try Self.plan(1), by: .editor)
    #expect(key.currentVersion.expires == Acme.start.advanced(by: Seconds(3600)))
  }

  @Test("is made by whoever may make a key of the workspace, and by no key") func rights() throws {
    for person in Person.allCases {
      var acme = try Acme()
      let mayCreate = [Person.owner, .admin, .editor].contains(person)
      let key = try? acme.add(try Self.plan(1), by: person)
      #expect((key != nil) == mayCreate, "\(person)")
    }
    var acme = try Acme()
    let text = try acme.create("w1/bot", by: .owner, access: .editor)
    let caller = Caller.key(VersionID(text.id, number: 1))
    let request = Request.addKey(try Self.plan(9), KeyMaterial(numbered: 9))
    #expect(throws: Refusal.self) {
      try acme.organization.decide(request, by: caller, at: Acme.start)
    }
  }

  @Test("is not rotated") func rotating() throws {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1), by: .editor)
    let material = VersionMaterial(
      version: VersionID(key.id, number: 2), digest: Digest(numbered: 77), sealedValue: [])
    let request = Request.rotate(
      try KeyReference(parsing: "id:\(key.id.text)"), RotationTerms(grace: nil, endsGrace: false),
      material)
    #expect(throws: Refusal.self) { try acme.decide(request, by: .editor) }
  }

  // MARK: Ending

  @Test("the end of its process revokes it, by nobody but itself, and once") func ending() throws {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1), by: .editor)
    let suspended = try acme.add(try Self.plan(2), by: .editor)
    let other = try acme.create("w1/other", by: .editor)
    try acme.perform(
      .suspend(try KeyReference(parsing: "id:\(suspended.id.text)"), reason: .none), by: .editor)
    let ids = [key.id, suspended.id, other.id, KeyID(numbered: 500)]
    let changes = acme.organization.revocations(ofEndedProcessKeys: ids, at: Acme.start)
    #expect(changes.compactMap(\.keyID) == [key.id, suspended.id])
    for change in changes { try acme.organization.apply(change) }
    let ended = try #require(acme.organization.key(withID: key.id))
    #expect(ended.state(at: Acme.start) == .revoked)
    #expect(ended.revocation?.revoker == .key(key.id))
    #expect(ended.revocation?.reason.text == "its process has ended")
    #expect(acme.organization.revocations(ofEndedProcessKeys: ids, at: Acme.start).isEmpty)
    #expect(acme.organization.watchedProcessKeys.isEmpty)
  }

  @Test("what has ended is listed only where its state is asked for") func listing() throws {
    var acme = try Acme()
    for number in 1...3 { try acme.add(try Self.plan(number, expires: "2h"), by: .editor) }
    try acme.create("w1/own", by: .editor)
    try acme.revoke("w1/own", by: .editor)
    let first = KeyID(numbered: 1)
    for change in acme.organization.revocations(ofEndedProcessKeys: [first], at: Acme.start) {
      try acme.organization.apply(change)
    }
    #expect(try acme.list(for: .viewer).map(\.name.text).count == 3)
    #expect(try acme.list(for: .viewer, state: .revoked).count == 2)
    let later = Acme.start.advanced(by: Seconds(7200))
    #expect(try acme.list(for: .viewer, at: later).map(\.name.text) == ["own"])
    #expect(try acme.list(for: .viewer, state: .expired, at: later).count == 2)
  }

  // MARK: Forgetting

  @Test("is forgotten when it has ended and its own expiry is over, and not before")
  func forgetting() throws {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1, expires: "2h"), by: .editor)
    let later = Acme.start.advanced(by: Seconds(7200))
    for change in acme.organization.revocations(ofEndedProcessKeys: [key.id], at: Acme.start) {
      try acme.organization.apply(change)
    }
    let before = later.advanced(by: Seconds(0))
    #expect(
      acme.organization.forgetting(
        ofProcessKeysAt: Instant(secondsSinceEpoch: before.secondsSinceEpoch - 1)
      ).isEmpty)
    let changes = acme.organization.forgetting(ofProcessKeysAt: later)
    #expect(changes == [.keysForgotten([key.id])])
    for change in changes { try acme.organization.apply(change) }
    #expect(acme.organization.key(withID: key.id) == nil)
    #expect(acme.organization == (try Acme()).organization)
    #expect(acme.organization.forgetting(ofProcessKeysAt: later).isEmpty)
  }

  @Test("one that has expired while its process still runs is forgotten as well") func expired()
    throws
  {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1, expires: "2h"), by: .editor)
    let later = Acme.start.advanced(by: Seconds(7200))
    #expect(acme.organization.forgetting(ofProcessKeysAt: later) == [.keysForgotten([key.id])])
  }

  @Test("one that has stored something stays, since what it stored names it") func authors() throws
  {
    var acme = try Acme()
    let key = try acme.add(try Self.plan(1, access: .editor, expires: "2h"), by: .editor)
    let material = KeyMaterial(numbered: 50)
    let changes = try acme.organization.decide(
      .addKey(try KeyPlan("w1/stored", .imported(leastRank: nil)), material),
      by: .key(VersionID(key.id, number: 1)), at: Acme.start)
    for change in changes { try acme.organization.apply(change) }
    let later = Acme.start.advanced(by: .days(2))
    #expect(acme.organization.forgetting(ofProcessKeysAt: later).isEmpty)
    #expect(throws: InconsistentChange.self) {
      try acme.organization.apply(.keysForgotten([key.id]))
    }
    #expect(try Self.restored(acme.organization) == acme.organization)
  }

  @Test("thousands of jobs leave nothing, and everything else is where it was")
  func thousands() throws {
    var acme = try Acme()
    var expected = try Acme()
    var random = SystemRandomNumberGenerator()
    var number = 1000
    for round in 0..<20 {
      let now = Acme.start.advanced(by: Seconds(Int64(round) * 7200))
      for _ in 0..<200 {
        number += 1
        let plan = try Self.plan(number, expires: "1h")
        let material = KeyMaterial(numbered: number)
        try acme.perform(.addKey(plan, material), by: .editor, at: now)
        guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
        number += 1
        let isIssued = Bool.random(using: &random)
        let other = try KeyPlan(
          "\(isIssued ? "w2" : "me")/k\(number)",
          isIssued ? .issued(access: nil) : .imported(leastRank: nil))
        let request = Request.addKey(other, KeyMaterial(numbered: number))
        try acme.perform(request, by: .owner, at: now)
        try expected.perform(request, by: .owner, at: now)
      }
      let ids = acme.organization.watchedProcessKeys.map(\.id)
      for change in acme.organization.revocations(ofEndedProcessKeys: ids, at: now) {
        try acme.organization.apply(change)
      }
      for change in acme.organization.forgetting(ofProcessKeysAt: now) {
        try acme.organization.apply(change)
      }
      #expect(acme.organization.keys.count <= expected.organization.keys.count + 200)
      #expect(try Self.restored(acme.organization) == acme.organization)
    }
    let end = Acme.start.advanced(by: .days(3))
    for change in acme.organization.forgetting(ofProcessKeysAt: end) {
      try acme.organization.apply(change)
    }
    #expect(acme.organization == expected.organization)
  }

  @Test("where one had the name of an older key, that one is found by it again") func namesakes()
    throws
  {
    var acme = try Acme()
    let older = try acme.create("w1/job", by: .editor, env: "JOB")
    try acme.revoke("w1/job", by: .editor)
    let plan = KeyPlan(
      reference: try KeyReference(parsing: "w1/job"),
      terms: .issued(access: nil, custody: .verifyOnly),
      lifetime: try Lifetime(parsing: "1h"), process: Self.process)
    let newer = try acme.add(plan, by: .editor)
    #expect(try acme.key("w1/job", seenBy: .viewer).id == newer.id)
    let later = Acme.start.advanced(by: .days(1))
    for change in acme.organization.forgetting(ofProcessKeysAt: later) {
      try acme.organization.apply(change)
    }
    #expect(try acme.key("w1/job", seenBy: .viewer).id == older.id)
    #expect(try Self.restored(acme.organization) == acme.organization)
  }

  // MARK: What does not fit

  @Test("a binding or forgetting that does not fit is refused, and changes nothing")
  func inconsistent() throws {
    var acme = try Acme()
    let own = try acme.create("w1/own", by: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    let bound = try acme.add(try Self.plan(3), by: .editor)
    let ended = try acme.create("w1/ended", by: .editor)
    try acme.revoke("w1/ended", by: .editor)
    let unknown = KeyID(numbered: 500)
    let changes: [Change] = [
      .keyBound(unknown, to: Self.process), .keyBound(imported.id, to: Self.process),
      .keyBound(bound.id, to: Self.process), .keyBound(ended.id, to: Self.process),
      .keysForgotten([unknown]), .keysForgotten([own.id]), .keysForgotten([imported.id]),
      .keysForgotten([bound.id, own.id]), .keysForgotten([bound.id, bound.id]),
    ]
    let before = acme.organization
    for change in changes {
      #expect(throws: InconsistentChange.self, "\(change)") {
        try acme.organization.apply(change)
      }
      #expect(acme.organization == before)
    }
    try acme.organization.apply(.keysForgotten([]))
    #expect(acme.organization == before)
  }
}
