import Keyring
import Testing

@Suite("A clock that is set back")
struct ClockTests {
  /// Twenty days too late, until somebody repairs the clock.
  private static let wrong = Acme.start.advanced(by: .days(20))

  /// The text of the first version of a key, after `end` under the wrong clock.
  private func former(
    _ end: (inout Acme, Key) throws -> Void
  ) throws -> (acme: Acme, key: Key) {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    try end(&acme, key)
    #expect(try !acme.isValid(key, version: 1, at: Self.wrong))
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    return (acme, try acme.current(key))
  }

  private func isRetired(_ acme: Acme, _ key: Key) throws {
    #expect(try !acme.isValid(key, version: 1))
    #expect(key.state(of: key.versions[0], at: Acme.start) == .retired)
    #expect(key.graceVersion(at: Acme.start)?.number != 1)
  }

  @Test("a text that was ended at once under a wrong clock stays ended when it is set back")
  func rotatedNow() throws {
    let (acme, key) = try former { acme, key in
      try acme.rotate(key, by: .editor, grace: Seconds(0), at: Self.wrong)
    }
    try isRetired(acme, key)
    #expect(try acme.isValid(key, version: 2))
  }

  @Test("a text that was burned in its grace under a wrong clock stays ended")
  func burned() throws {
    let (acme, key) = try former { acme, key in
      let text = try PresentedText(of: key)
      try acme.rotate(key, by: .editor, at: Self.wrong.before(by: 5))
      try acme.perform(
        .burn(text.handle.id, tag: text.tag), by: Caller.nobody, at: Self.wrong)
    }
    try isRetired(acme, key)
  }

  @Test("a text that a rotation with --end-grace has ended under a wrong clock stays ended")
  func endedGrace() throws {
    let (acme, key) = try former { acme, key in
      try acme.rotate(key, by: .editor, at: Self.wrong.before(by: 5))
      try acme.rotate(key, by: .editor, endsGrace: true, at: Self.wrong)
    }
    try isRetired(acme, key)
    #expect(try acme.isValid(key, version: 2) && acme.isValid(key, version: 3))
  }

  @Test("a grace that has run out by a wrong clock goes on, as expiry does")
  func ranOut() throws {
    let (acme, key) = try former { acme, key in try acme.rotate(key, by: .editor) }
    #expect(try acme.isValid(key, version: 1))
  }

  @Test("a version before the former one stays ended, whatever becomes of that")
  func rotatedTwice() throws {
    var (acme, key) = try former { acme, key in
      try acme.rotate(key, by: .editor)
      try acme.rotate(key, by: .editor, at: Self.wrong)
    }
    try isRetired(acme, key)
    #expect(try acme.isValid(key, version: 2) && acme.isValid(key, version: 3))
    let text = try PresentedText(of: key, version: 2)
    try acme.perform(.burn(text.handle.id, tag: text.tag), by: Caller.nobody)
    #expect(try !acme.isValid(key, version: 2))
    try isRetired(acme, try acme.current(key))
  }

  @Test("a text that was burned when its grace had run out by a wrong clock stays ended")
  func burnedBehindGrace() throws {
    let (acme, key) = try former { acme, key in
      let text = try PresentedText(of: key)
      try acme.rotate(key, by: .editor)
      try acme.perform(
        .burn(text.handle.id, tag: text.tag), by: Caller.nobody, at: Self.wrong)
    }
    try isRetired(acme, key)
    #expect(try acme.isValid(key, version: 2))
  }

  @Test("what was revoked or burned when it looked expired stays ended")
  func endedUnderWrongClock() throws {
    var acme = try Acme()
    let revoked = try acme.create("w1/revoked", by: .editor, expires: "1d")
    let burned = try acme.create("w1/burned", by: .editor, expires: "1d")
    let imported = try acme.importKey("w1/imported", by: .editor, expires: "1d")
    let left = try acme.create("w1/left", by: .editor, expires: "1d")
    try acme.perform(.grant("w1/imported", to: "web.service"), by: .owner)
    try acme.perform(.revoke(revoked), by: .editor, at: Self.wrong)
    try acme.perform(.revoke(imported), by: .editor, at: Self.wrong)
    for (key, tag) in [(burned, burned.currentVersion.digest), (left, Digest(numbered: 99))] {
      try acme.perform(.burn(key.id, tag: tag), by: Caller.nobody, at: Self.wrong)
    }
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    for key in [revoked, burned, imported] {
      #expect(try acme.current(key).state(at: Acme.start) == .expired, "\(key.name)")
      #expect(acme.outcome(try .resume(key), by: .editor) == .wrongState)
    }
    #expect(try !acme.isValid(revoked, version: 1) && !acme.isValid(burned, version: 1))
    #expect(try acme.isValid(left, version: 1))
    #expect(!acme.organization.isGranted(imported.id))
    let injections = try acme.injections(of: [.workspace(named("w1"))], by: .editor)
    #expect(injections.map(\.key.id) == [left.id])
  }

  @Test("what looked expired when all came back from a backup waits for somebody as well")
  func restoredUnderWrongClock() throws {
    var acme = try Acme()
    let short = try acme.create("w1/short", by: .editor, expires: "1d")
    let long = try acme.create("w1/long", by: .editor)
    let revoked = try acme.create("w1/revoked", by: .editor)
    try acme.perform(.revoke(revoked), by: .editor)
    try acme.organization.apply(.keysRestored(at: Self.wrong))
    #expect(try acme.current(short).state(at: Self.wrong) == .expired)
    #expect(try !acme.current(revoked).isRestored)
    // Only what lives then was looked at.
    #expect(acme.organization.restoredKeyCount(at: Self.wrong) == 1)
    #expect(try acme.perform(.resumeRestored, by: .owner, at: Self.wrong).count == 1)
    #expect(try acme.perform(.resumeRestored, by: .owner, at: Self.wrong).isEmpty)
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    #expect(try acme.current(short).state(at: Acme.start) == .suspended)
    #expect(try acme.current(long).state(at: Acme.start) == .active)
    #expect(try !acme.isValid(short, version: 1))
    try acme.perform(.resumeRestored, by: .owner)
    #expect(try acme.isValid(short, version: 1))
  }

  @Test("a key of a process that looked expired when that ended stays ended")
  func processEndedUnderWrongClock() throws {
    var acme = try Acme()
    let key = try acme.add(try ProcessKeyTests.plan(1), by: .editor)
    #expect(acme.organization.watchedProcessKeys.map(\.id) == [key.id])
    let changes = acme.organization.revocations(ofEndedProcessKeys: [key.id], at: Self.wrong)
    for change in changes { try acme.organization.apply(change) }
    #expect(acme.organization.watchedProcessKeys.isEmpty)
    #expect(acme.organization.revocations(ofEndedProcessKeys: [key.id], at: Self.wrong).isEmpty)
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    #expect(try acme.current(key).state(at: Acme.start) == .expired)
    #expect(try !acme.isValid(key, version: 1))
    #expect(!acme.organization.forgetting(ofProcessKeysAt: Self.wrong).isEmpty)
  }

  @Test("a name that was given again under a wrong clock is not doubled when it is set back")
  func namesGivenAgain() throws {
    var acme = try Acme()
    let first = try acme.create("w1/deploy", by: .editor, expires: "1d")
    let other = try acme.create("w1/other", by: .editor, env: "OTHER", expires: "1d")
    let second = try acme.create("w1/deploy", by: .editor, at: Self.wrong)
    try acme.create("w1/third", by: .editor, env: "OTHER", at: Self.wrong)
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    #expect(try acme.current(first).state(at: Acme.start) == .expired)
    #expect(try acme.current(other).state(at: Acme.start) == .expired)
    #expect(try !acme.isValid(first, version: 1))
    #expect(try acme.key("w1/deploy", seenBy: .editor).id == second.id)
    #expect(try acme.injections(of: [.workspace(named("w1"))], by: .editor).count == 2)
  }

  @Test("what looked expired when its owner or its workspace went stays so")
  func goneUnderWrongClock() throws {
    var acme = try Acme()
    let laptop = try acme.create("me/laptop", by: .editor, expires: "1d")
    let deploy = try acme.create("w1/deploy", by: .editor, expires: "1d")
    try acme.perform(
      .setUserState(.removed, ofUser: named("editor")), by: .owner, at: Self.wrong)
    try acme.perform(.archiveWorkspace(named("w1")), by: .owner, at: Self.wrong)
    try acme.perform(.believeClock(Acme.start), by: .owner, at: Self.wrong)
    for key in [laptop, deploy] {
      #expect(try acme.current(key).state(at: Acme.start) == .expired)
      #expect(try !acme.isValid(key, version: 1))
    }
  }
}
