import Keyring
import Testing

@Suite("Verifying a text")
struct VerifyTests {
  private static let start = Acme.start

  /// A key in each state, all of w1, and what is presented of it.
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String

    /// The number of ``VerifyTests/vault(_:)``'s key; 0 for an id that no key has.
    let key: Int

    /// The version whose text it is; nil for a text with another secret.
    let version: UInt32?

    /// nil for valid.
    let reason: Denial.Reason?
    var isDeadKey = false
  }

  static let cases: [Case] = [
    Case(testDescription: "a current text", key: 1, version: 2, reason: nil),
    Case(testDescription: "a former text in its grace", key: 1, version: 1, reason: nil),
    Case(testDescription: "another secret", key: 1, version: nil, reason: .unknown),
    Case(testDescription: "an unknown id", key: 0, version: nil, reason: .unknown),
    Case(
      testDescription: "a retired text", key: 2, version: 1, reason: .retired, isDeadKey: true),
    Case(testDescription: "the text after it", key: 2, version: 2, reason: nil),
    Case(
      testDescription: "a revoked key's text", key: 3, version: 2, reason: .revoked,
      isDeadKey: true),
    Case(
      testDescription: "the former text of a revoked key", key: 3, version: 1, reason: .revoked,
      isDeadKey: true),
    Case(
      testDescription: "another secret of a revoked key", key: 3, version: nil, reason: .unknown),
    Case(testDescription: "an expired key's text", key: 4, version: 1, reason: .expired),
    Case(
      testDescription: "another secret of an expired key", key: 4, version: nil, reason: .unknown),
    Case(testDescription: "a suspended key's text", key: 5, version: 1, reason: .suspended),
    Case(
      testDescription: "another secret of a suspended key", key: 5, version: nil,
      reason: .unknown),
    Case(testDescription: "an imported value", key: 6, version: 1, reason: .unknown),
    Case(
      testDescription: "the dead text of another key", key: 7, version: 1, reason: .retired,
      isDeadKey: true),
  ]

  /// An hour after the start, with the keys of ``cases``.
  private static let now = Acme.start.advanced(by: .hours(1))

  private static func vault() throws -> (acme: Acme, keys: [Key]) {
    var acme = try Acme()
    let keys = try ["grace", "retired", "revoked", "expired", "suspended"].map {
      try acme.create("w1/\($0)", by: .editor, expires: $0 == "expired" ? "1h" : nil)
    }
    let imported = try acme.importKey("w1/imported", by: .editor)
    try acme.rotate(keys[0], by: .editor)
    try acme.rotate(keys[1], by: .editor, grace: Seconds(0))
    try acme.rotate(keys[2], by: .editor)
    try acme.perform(.revoke(keys[2]), by: .editor)
    try acme.perform(.suspend(keys[4]), by: .editor)
    return (acme, try (keys + [imported]).map { try acme.current($0) })
  }

  private static func text(_ test: Case, _ keys: [Key]) throws -> PresentedText {
    let other = Digest(numbered: 424_242)
    switch test.key {
    case 0: return try PresentedText(.workspace, KeyID(numbered: 777_777), tag: other)
    case 7: return try PresentedText(.workspace, keys[0].id, tag: keys[1].versions[0].digest)
    case let number:
      let key = keys[number - 1]
      return try PresentedText(
        key.type, key.id, tag: test.version.flatMap { key.version(numbered: $0)?.digest } ?? other)
    }
  }

  @Test(
    "the verdict is the key's, and its reason told to who oversees the key alone",
    arguments: cases, Person.allCases)
  func judges(_ test: Case, for person: Person) throws {
    let (acme, keys) = try Self.vault()
    let verdict = acme.verify(
      try Self.text(test, keys), by: person.caller, at: Self.now)
    let key: Key? =
      switch test.key {
      case 0, 6: nil
      case 7: keys[0]
      case let number: keys[number - 1]
      }
    guard let reason = test.reason else {
      let found = try #require(key)
      let version = try #require(test.version.flatMap { found.version(numbered: $0) })
      #expect(verdict == .valid(found, version))
      return
    }
    let told: [Person] = key == nil ? [.owner] : [.owner, .admin, .editor]
    guard case .denied(let denial) = verdict else {
      Issue.record("\(verdict)")
      return
    }
    #expect(denial.reason == reason)
    #expect(denial.key == key?.id)
    #expect(denial.isDeadKey == test.isDeadKey)
    #expect(denial.isTold == told.contains(person))
  }

  @Test("two comparisons are made, whatever is presented", arguments: cases, Person.allCases)
  func comparesTwice(_ test: Case, for person: Person) throws {
    let (acme, keys) = try Self.vault()
    let text = try Self.text(test, keys)
    for requirement in [nil, Requirement(.verify, in: named("nowhere"))] {
      let counter = ComparisonCounter()
      _ = acme.organization.verify(
        text.handle, tag: text.tag, by: person.caller, requiring: requirement, at: Self.now,
        isEqual: counter.isEqual)
      #expect(counter.count == 2)
    }
  }

  @Test("the comparison that is handed in decides, not another one")
  func usesComparison() throws {
    let (acme, keys) = try Self.vault()
    for number in [1, 2] as [UInt32] {
      let text = try PresentedText(of: keys[0], version: number)
      let verdict = acme.organization.verify(
        text.handle, tag: text.tag, by: .nobody, requiring: nil, at: Self.now,
        isEqual: { _, _ in false })
      guard case .denied(let denial) = verdict else {
        Issue.record("\(verdict)")
        continue
      }
      // What was a former text is among the dead tags already.
      #expect(denial.reason == (number == 1 ? .retired : .unknown))
    }
  }

  @Test("the tag that stands for none matches no text, of no key and of one without a grace")
  func noTagMatchesNothing() throws {
    let (acme, keys) = try Self.vault()
    let zero = Digest([UInt8](repeating: 0, count: Digest.byteCount))
    for id in [KeyID(numbered: 777_777), keys[0].id, keys[1].id, keys[5].id] {
      let text = try PresentedText(.workspace, id, tag: zero)
      guard case .denied(let denial) = acme.verify(text, at: Self.now) else {
        Issue.record("\(id) is valid")
        continue
      }
      #expect(denial.reason == .unknown && !denial.isDeadKey)
    }
  }

  // MARK: Who is told

  @Test("a key that acts is told of the keys that it oversees, and no more")
  func tellsKeys() throws {
    let vault = try Self.vault()
    var acme = vault.acme
    let keys = vault.keys
    let suspended = try PresentedText(of: try #require(keys.first { $0.name.text == "suspended" }))
    let unknown = try PresentedText(
      .user, KeyID(numbered: 777_777), tag: Digest(numbered: 424_242))
    let callers: [(Key, tellsSuspended: Bool, tellsUnknown: Bool)] = [
      (try acme.create("w1/acts-viewer", by: .editor, access: .viewer), false, false),
      (try acme.create("w1/acts-editor", by: .editor, access: .editor), true, false),
      (try acme.create("w2/acts-editor", by: .owner, access: .editor), false, false),
      (try acme.create("org/acts-viewer", by: .owner, access: .viewer), false, false),
      (try acme.create("org/acts-editor", by: .owner, access: .editor), true, false),
      (try acme.create("me/all", by: .owner), true, true),
      (try acme.create("me/scoped", by: .owner, scope: "w1"), true, false),
      (try acme.create("me/list", by: .owner, scope: "w1:list,use,import"), false, false),
      (try acme.create("me/other", by: .owner, scope: "w2"), false, false),
      (try acme.create("me/all", by: .editor), true, false),
      (try acme.create("me/all", by: .viewer), false, false),
    ]
    for (key, tellsSuspended, tellsUnknown) in callers {
      for (text, isTold) in [(suspended, tellsSuspended), (unknown, tellsUnknown)] {
        guard case .denied(let denial) = acme.verify(text, by: .acting(as: key), at: Self.now)
        else {
          Issue.record("accepted")
          continue
        }
        #expect(denial.isTold == isTold, "\(key.name.text) of \(key.namespace)")
      }
    }
  }

  @Test("a user key's owner is told of it, and an Owner, and nobody else")
  func tellsOwner() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    try acme.perform(.suspend(key), by: .viewer)
    for person in Person.allCases {
      guard case .denied(let denial) = acme.verify(try PresentedText(of: key), by: person.caller)
      else {
        Issue.record("accepted")
        continue
      }
      #expect(denial.isTold == [.viewer, .owner].contains(person), "\(person)")
    }
  }

  @Test("a disabled user and an ended key are told as little as nobody")
  func tellsEndedCallersNothing() throws {
    let vault = try Self.vault()
    var acme = vault.acme
    let suspended = try #require(vault.keys.first { $0.name.text == "suspended" })
    let acting = try acme.create("w1/acts-editor", by: .editor, access: .editor)
    try acme.perform(.revoke(acting), by: .editor)
    try acme.perform(.setUserState(.disabled, ofUser: named("admin")), by: .owner)
    for caller in [Person.admin.caller, .acting(as: acting), .nobody] {
      let verdict = acme.verify(try PresentedText(of: suspended), by: caller)
      guard case .denied(let denial) = verdict else {
        Issue.record("accepted")
        continue
      }
      #expect(!denial.isTold)
    }
  }
}
