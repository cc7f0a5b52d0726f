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
}
