import Keyring
import Testing

@Suite("Shortening, suspending and replacing")
struct ShorteningTests {
  private static let start = Acme.start

  private static func later(_ days: Int64) -> Instant { start.advanced(by: .days(days)) }

  // MARK: Expire

  @Test("an expiry is brought forward, and never back")
  func bringsForward() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    for text in ["91d", Self.later(90).advanced(by: Seconds(1)).rfc3339] {
      #expect(try acme.outcome(.expire(key, text), by: .editor) == .invalid)
    }
    #expect(try acme.decide(.expire(key, "90d"), by: .editor).isEmpty)
    let changes = try acme.perform(.expire(key, "10d"), by: .editor)
    #expect(changes == [.expiryBroughtForward(key.id, to: Self.later(10))])
    #expect(try acme.isValid(key, version: 1, at: Self.later(10).before(by: 1)))
    #expect(try !acme.isValid(key, version: 1, at: Self.later(10)))
    #expect(try acme.outcome(.expire(key, "11d"), by: .editor) == .invalid)
    let past = Self.start.before(by: 1).rfc3339
    #expect(try acme.outcome(.expire(key, past), by: .editor) == .invalid)
    #expect(try acme.outcome(.expire(key, Self.start.rfc3339), by: .editor) == .done)
    #expect(try acme.outcome(.expire(key, "0s"), by: .editor) == .done)
  }

  @Test("an expiry brought forward ends the former version with the new one")
  func endsFormerVersion() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    try acme.rotate(key, by: .editor, grace: .days(3))
    try acme.perform(.expire(key, "1h"), by: .editor)
    let end = Self.start.advanced(by: .hours(1))
    for version in [1, 2] as [UInt32] {
      #expect(try acme.isValid(key, version: version, at: end.before(by: 1)))
      #expect(try !acme.isValid(key, version: version, at: end))
    }
    #expect(try acme.current(key).state(at: end) == .expired)
  }

  @Test("an expiry does not reach past the end of a grace")
  func doesNotExtendGrace() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, expires: "1h")
    try acme.rotate(key, by: .editor, at: Self.start.advanced(by: Seconds(3_599)))
    try acme.perform(.expire(key, "50m"), by: .editor, at: Self.start.advanced(by: Seconds(3_599)))
    #expect(try !acme.isValid(key, version: 1, at: Self.start.advanced(by: .hours(1))))
  }

  @Test("an imported key without an expiry can be given one, by the same rule")
  func shortensImported() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor)
    try acme.perform(.expire(key, "1000d"), by: .editor)
    #expect(try acme.current(key).currentVersion.expires == Self.later(1000))
    #expect(try acme.outcome(.expire(key, "1001d"), by: .editor) == .invalid)
  }

  @Test("what has ended is neither shortened nor suspended nor resumed")
  func refusesEnded() throws {
    var acme = try Acme()
    let expired = try acme.create("w1/a", by: .editor, expires: "1d")
    let revoked = try acme.create("w1/b", by: .editor)
    try acme.perform(.revoke(revoked), by: .editor)
    for key in [expired, revoked] {
      for request in [try Request.expire(key, "0s"), try .suspend(key), try .resume(key)] {
        #expect(acme.outcome(request, by: .editor, at: Self.later(1)) == .wrongState)
      }
    }
  }

  // MARK: Suspend and resume

  @Test("a suspended key is accepted nowhere until it is resumed")
  func suspends() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    try acme.rotate(key, by: .editor)
    let reason = try Note(parsing: "seen in a log")
    let changes = try acme.perform(
      .suspend(try KeyReference(parsing: "w1/deploy"), reason: reason), by: .admin)
    let suspension = Suspension(suspender: Person.admin.id, moment: Self.start, reason: reason)
    #expect(changes == [.keySuspended(key.id, suspension)])
    #expect(try acme.current(key).suspension == suspension)
    #expect(try acme.current(key).state(at: Self.start) == .suspended)
    #expect(try acme.decide(.suspend(key), by: .editor).isEmpty)
    for version in [1, 2] as [UInt32] {
      #expect(try !acme.isValid(key, version: version))
      let caller = Caller.key(VersionID(key.id, number: version))
      let refusal = refusal { () throws(Refusal) in
        try acme.organization.standing(of: caller, at: Self.start)
      }
      #expect(refusal?.word == .denied)
    }
    #expect(try acme.outcome(using: "w1/deploy", by: Person.editor.caller) == .wrongState)

    #expect(try acme.perform(.resume(key), by: .editor) == [.keyResumed(key.id)])
    #expect(try acme.decide(.resume(key), by: .editor).isEmpty)
    #expect(try acme.isValid(key, version: 1) && acme.isValid(key, version: 2))
    #expect(try acme.outcome(using: "w1/deploy", by: Person.editor.caller) == .done)
  }

  @Test("a suspension stops no clock: the key expires, and its grace ends")
  func suspensionStopsNoClock() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, expires: "2d")
    try acme.rotate(key, by: .editor)
    try acme.perform(.suspend(key), by: .editor)
    #expect(try acme.current(key).state(at: Self.later(2).before(by: 1)) == .suspended)
    #expect(try acme.current(key).state(at: Self.later(2)) == .expired)
    try acme.perform(.resume(key), by: .editor, at: Self.later(1))
    #expect(try !acme.isValid(key, version: 1, at: Self.later(1)))
    #expect(try acme.isValid(key, version: 2, at: Self.later(1)))
  }

  @Test("a suspended key can be shortened and revoked, and its name stays taken")
  func suspendedIsLive() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    try acme.perform(.suspend(key), by: .editor)
    let plan = try KeyPlan("w1/deploy", .issued(access: nil))
    let making = Request.addKey(plan, KeyMaterial(numbered: 99))
    #expect(acme.outcome(making, by: .editor) == .conflict)
    try acme.perform(.expire(key, "1d"), by: .editor)
    try acme.perform(.revoke(key), by: .editor)
    #expect(try acme.current(key).state(at: Self.start) == .revoked)
    #expect(acme.outcome(making, by: .editor) == .done)
  }

  // MARK: Replace

  @Test("a replaced value is injected at once, and the former never again")
  func replaces() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor, expires: "5d")
    let former = key.currentVersion.digest
    try acme.perform(
      .replace(key, in: acme, lifetime: .lasting(.days(7))), by: .admin, at: Self.later(1))
    let replaced = try acme.current(key)
    #expect(replaced.id == key.id && replaced.origin == key.origin)
    #expect(replaced.versions.map(\.number) == [1, 2])
    #expect(replaced.lifetime == .lasting(.days(7)))
    #expect(replaced.currentVersion.expires == Self.later(8))
    #expect(replaced.currentVersion.author == .user(Person.admin.id))
    #expect(replaced.graceVersion(at: Self.later(1)) == nil)
    #expect(replaced.versions[0].sealedValue == nil)
    let injections = try acme.injections(
      of: [try Selection.key("w1/stripe")], by: .viewer, at: Self.later(1))
    #expect(injections.map(\.sealedValue) == [replaced.currentVersion.sealedValue])
    let standing = acme.standing(.editor)
    let fingerprints = [former, replaced.currentVersion.digest].map {
      acme.organization.usableKeys(withFingerprint: $0, by: standing, at: Self.later(1)).count
    }
    #expect(fingerprints == [0, 1])
    #expect(!acme.organization.isDead(former, of: replaced.id, at: Self.later(1)))
  }

  @Test("a replaced value lives without end unless its vendor's expiry is declared")
  func replacesLifetime() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor, expires: "5d")
    try acme.perform(.replace(key, in: acme), by: .editor)
    #expect(try acme.current(key).currentVersion.expires == nil)
    for moment in [Self.start, Self.start.before(by: 5)] {
      let request = try Request.replace(key, in: acme, lifetime: .until(moment))
      #expect(acme.outcome(request, by: .editor) == .invalid)
    }
  }

  @Test("a suspended imported key is replaced, an ended one is not")
  func replacesSuspended() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor, expires: "5d")
    try acme.perform(.suspend(key), by: .editor)
    try acme.perform(.replace(key, in: acme, lifetime: .lasting(.days(1))), by: .editor)
    #expect(try acme.current(key).state(at: Self.start) == .suspended)
    #expect(
      try acme.outcome(.replace(key, in: acme), by: .editor, at: Self.later(1)) == .wrongState)
    try acme.perform(.revoke(key), by: .editor)
    #expect(try acme.outcome(.replace(key, in: acme), by: .editor) == .wrongState)
  }

  @Test("a replacement for a version that is there already is a conflict")
  func replacementConflicts() throws {
    var acme = try Acme()
    let key = try acme.importKey("w1/stripe", by: .editor)
    let request = try Request.replace(key, in: acme)
    try acme.perform(request, by: .admin)
    #expect(acme.outcome(request, by: .editor) == .conflict)
  }
}
