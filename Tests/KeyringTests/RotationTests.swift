import Keyring
import Testing

@Suite("Rotation and grace")
struct RotationTests {
  private static let start = Acme.start
  private static let day = Acme.start.advanced(by: .days(1))

  /// A workspace key of w1 that its Editor made at the start.
  private func deployKey(
    in acme: inout Acme, expires: String? = nil, custody: Custody = .sealed
  ) throws -> Key {
    let plan = try KeyPlan(
      "w1/deploy", .issued(access: .editor, custody: custody), expires: expires)
    return try acme.add(plan, by: .editor)
  }

  @Test("keeps everything of a key but its value, its author and its expiry")
  func keepsIdentity() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme, expires: "30d")
    let rotated = try acme.rotate(key, by: .admin, at: Self.day)
    #expect(rotated.id == key.id && rotated.name == key.name && rotated.origin == key.origin)
    #expect(rotated.namespace == key.namespace && rotated.creator == key.creator)
    #expect(rotated.environmentName == key.environmentName && rotated.created == key.created)
    #expect(rotated.lifetime == key.lifetime && rotated.note == key.note)
    #expect(rotated.versions.map(\.number) == [1, 2])
    #expect(rotated.currentVersion.author == .user(Person.admin.id))
    #expect(rotated.currentVersion.created == Self.day)
    #expect(rotated.currentVersion.expires == Self.day.advanced(by: .days(30)))
    #expect(rotated.currentVersion.digest != key.currentVersion.digest)
    #expect(rotated.currentVersion.graceEnd == nil)
  }

  @Test("injects the new version at once, and forgets the value of the former")
  func injectsNewVersion() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme)
    let rotated = try acme.rotate(key, by: .editor)
    let injection = try #require(
      try acme.injections(of: [try Selection.key("w1/deploy")], by: .editor).first)
    #expect(injection.version.number == 2)
    #expect(injection.sealedValue == rotated.currentVersion.sealedValue)
    #expect(rotated.versions[0].sealedValue == nil)
  }

  @Test("keeps a verify-only key without a value")
  func keepsCustody() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme, custody: .verifyOnly)
    let rotated = try acme.rotate(key, by: .editor)
    #expect(rotated.custody == .verifyOnly)
    #expect(rotated.currentVersion.sealedValue == nil)
    #expect(try acme.outcome(using: "w1/deploy", by: Person.editor.caller) == .wrongState)
    var other = try Acme()
    let hidden = try deployKey(in: &other, custody: .hidden)
    #expect(try other.rotate(hidden, by: .editor).custody == .hidden)
    #expect(try other.outcome(using: "w1/deploy", by: Person.editor.caller) == .done)
  }

  // MARK: Grace

  struct GraceCase: CustomTestStringConvertible {
    let testDescription: String
    var grace: Seconds?
    var expires: String?

    /// For how long after the rotation the former version is accepted.
    let accepted: Int64
  }

  static let graces: [GraceCase] = [
    GraceCase(testDescription: "the default", accepted: 86_400),
    GraceCase(testDescription: "none", grace: Seconds(0), accepted: 0),
    GraceCase(testDescription: "one second", grace: Seconds(1), accepted: 1),
    GraceCase(testDescription: "the longest", grace: .days(30), accepted: 30 * 86_400),
    GraceCase(
      testDescription: "longer than the former version's own life", grace: .hours(24),
      expires: "1h", accepted: 3_600),
    GraceCase(
      testDescription: "the default, over the former version's own life", expires: "12h",
      accepted: 43_200),
  ]

  @Test(
    "accepts the former version for the grace, and never past its own expiry", arguments: graces)
  func accepts(_ test: GraceCase) throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme, expires: test.expires)
    try acme.rotate(key, by: .editor, grace: test.grace)
    let end = Self.start.advanced(by: Seconds(test.accepted))
    #expect(try !acme.isValid(key, version: 1, at: end))
    #expect(try acme.current(key).graceVersion(at: end) == nil)
    guard test.accepted > 0 else { return }
    #expect(try acme.isValid(key, version: 1, at: end.before(by: 1)))
    #expect(try acme.current(key).graceVersion(at: end.before(by: 1))?.end == end)
    #expect(try acme.isValid(key, version: 2, at: end.before(by: 1)))
  }

  @Test("refuses a grace that is longer than the policy's, and changes nothing")
  func refusesLongGrace() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme)
    let long = Seconds(30 * 86_400 + 1)
    #expect(try acme.outcome(.rotate(key, in: acme, grace: long), by: .editor) == .invalid)
    try acme.perform(.setPolicy(.maximumGrace, "1h"), by: .owner)
    #expect(try acme.outcome(.rotate(key, in: acme, grace: .hours(2)), by: .editor) == .invalid)
    #expect(try acme.outcome(.rotate(key, in: acme, grace: .hours(1)), by: .editor) == .done)
    let rotated = try acme.rotate(key, by: .editor)
    #expect(rotated.versions[0].graceEnd == Self.start.advanced(by: .hours(1)))
  }

  @Test("is refused while a former version is accepted, unless that is ended")
  func oneGraceAtATime() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme)
    try acme.rotate(key, by: .editor)
    let last = Self.day.before(by: 1)
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor, at: last) == .wrongState)
    #expect(
      try acme.outcome(.rotate(key, in: acme, grace: Seconds(0)), by: .editor, at: last)
        == .wrongState)
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor, at: Self.day) == .done)
    try acme.rotate(key, by: .editor, endsGrace: true, at: last)
    #expect(try !acme.isValid(key, version: 1, at: last))
    #expect(try acme.isValid(key, version: 2, at: last))
    #expect(try acme.isValid(key, version: 3, at: last))
    #expect(try acme.isValid(key, version: 2, at: last.advanced(by: .days(1)).before(by: 1)))
    #expect(try !acme.isValid(key, version: 2, at: last.advanced(by: .days(1))))
  }

  @Test("ends nothing with --end-grace where no former version is accepted")
  func endsNothing() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme)
    let changes = try acme.decide(.rotate(key, in: acme, endsGrace: true), by: .editor)
    #expect(changes.count == 1)
  }

  // MARK: The new expiry

  @Test("counts the lifetime anew, bounded by today's policy")
  func countsAnew() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme, expires: "300d")
    try acme.perform(.setPolicy(.maximumLifetime, "30d"), by: .owner)
    let rotated = try acme.rotate(key, by: .editor, at: Self.day)
    #expect(rotated.currentVersion.expires == Self.day.advanced(by: .days(30)))
    #expect(rotated.lifetime == .lasting(.days(300)))
    try acme.perform(.setPolicy(.maximumLifetime, "365d"), by: .owner)
    let later = Self.day.advanced(by: .days(2))
    #expect(
      try acme.rotate(key, by: .editor, at: later).currentVersion.expires
        == later.advanced(by: .days(300)))
  }

  @Test("leaves a fixed deadline where it was")
  func keepsDeadline() throws {
    let deadline = Self.start.advanced(by: .days(10))
    var acme = try Acme()
    let key = try deployKey(in: &acme, expires: deadline.rfc3339)
    #expect(try acme.rotate(key, by: .editor, at: Self.day).currentVersion.expires == deadline)
    let moment = deadline.before(by: 1)
    let again = try acme.rotate(key, by: .editor, at: moment)
    #expect(again.currentVersion.expires == deadline)
    #expect(try !acme.isValid(key, version: 3, at: deadline))
  }

  @Test("keeps never only where the policy still allows it")
  func boundsNever() throws {
    var acme = try Acme()
    try acme.perform(.setPolicy(.allowsNever, "true"), by: .owner)
    let key = try acme.create("w1/deploy", by: .editor, expires: "never")
    #expect(key.currentVersion.expires == nil)
    #expect(try acme.rotate(key, by: .editor).currentVersion.expires == nil)
    try acme.perform(.setPolicy(.allowsNever, "false"), by: .owner)
    let rotated = try acme.rotate(key, by: .editor, endsGrace: true)
    #expect(rotated.currentVersion.expires == Self.start.advanced(by: .days(365)))
  }

  // MARK: What is not rotated

  @Test("is of active issued keys only")
  func refusesOthers() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme, expires: "2d")
    try acme.perform(.suspend(key), by: .editor)
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor) == .wrongState)
    try acme.perform(.resume(key), by: .editor)
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor) == .done)
    let expiry = Self.start.advanced(by: .days(2))
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor, at: expiry) == .wrongState)
    try acme.perform(.revoke(key), by: .editor)
    #expect(try acme.outcome(.rotate(key, in: acme), by: .editor) == .wrongState)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    #expect(try acme.outcome(.rotate(imported, in: acme), by: .editor) == .invalid)
    #expect(try acme.outcome(.replace(key, in: acme), by: .editor) == .invalid)
  }

  @Test("is a conflict when the value was sealed for a version that is there already")
  func conflicts() throws {
    var acme = try Acme()
    let key = try deployKey(in: &acme)
    let request = try Request.rotate(key, in: acme, grace: Seconds(0))
    let reference = try KeyReference(parsing: "w1/deploy")
    let next = try acme.organization.nextVersion(
      of: reference, .rotate, by: Person.editor.caller, at: Self.start)
    #expect(next.0 == VersionID(key.id, number: 2) && next.1 == .workspace)
    try acme.perform(request, by: .admin)
    #expect(acme.outcome(request, by: .editor) == .conflict)
    let other = try acme.create("w1/other", by: .editor)
    let wrongPlace = Request.rotate(
      reference, RotationTerms(grace: nil, endsGrace: false), try acme.material(for: other))
    #expect(acme.outcome(wrongPlace, by: .editor) == .conflict)
  }
}
