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
