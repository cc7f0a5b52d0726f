import Keyring
import Testing

/// The examples of the key rules, section 11, that are about what keys do and
/// what becomes of them.
@Suite("Examples of the key rules: keys that act, live and end")
struct KeyExampleTests {
  private static let start = Acme.start

  private func page(
    _ workspace: String, by key: Key, in acme: Acme
  ) -> Outcome {
    Outcome { () throws(Refusal) in
      try acme.organization.page(
        KeyFilter(workspace: named(workspace), limit: 9), for: .acting(as: key), at: Self.start)
    }
  }

  @Test("example 1: of a key in default custody the text is shown, and only at its making")
  func example1() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    #expect(key.custody == .sealed && key.custody?.isShown == true)
  }

  @Test("example 9: a connection authenticated by any key creates, rotates and suspends none")
  func example9() throws {
    var acme = try Acme()
    let keys = [
      try acme.create("me/acts", by: .owner),
      try acme.create("w1/acts", by: .owner, access: .editor),
      try acme.create("org/acts", by: .owner, access: .editor),
    ]
    let target = try acme.create("w1/target", by: .owner)
    for key in keys {
      let caller = Caller.acting(as: key)
      let plan = try KeyPlan("w1/new", .issued(access: nil))
      let grant = Request.setWorkspaceRole(
        .viewer, ofUser: named("member"), inWorkspace: named("w1"))
      let requests = [
        .addKey(plan, KeyMaterial(numbered: 99)), try .rotate(target, in: acme),
        try .suspend(target), grant,
      ]
      for request in requests { #expect(acme.outcome(request, by: caller) == .forbidden) }
    }
  }

  @Test("example 10: a text that was changed is malformed, so that nothing is looked up")
  func example10() throws {
    let text = "cof_uk_000000000001AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA3tK5yX"
    let isWellFormed = { (text: String) in KeyText.parse(Array(text.utf8).span) != nil }
    #expect(isWellFormed(text))
    for other in [
      text.replacing("uk", with: "ok"), text.replacing("1A", with: "1B"), text + " ",
      text.lowercased(),
    ] {
      #expect(!isWellFormed(other), "\(other)")
    }
  }

  @Test("example 13: a promotion shows at a user key's next check, and so does a demotion")
  func example13() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    let text = try PresentedText(of: key)
    let give = { (role: WorkspaceRole) in
      Request.setWorkspaceRole(role, ofUser: named("viewer"), inWorkspace: named("w1"))
    }
    let imports = { (acme: Acme) in
      acme.verify(text, requiring: Requirement(.importValue, in: named("w1")))
        == .valid(key, key.currentVersion)
    }
    #expect(!imports(acme))
    try acme.perform(give(.editor), by: .admin)
    #expect(imports(acme))
    #expect(acme.organization.rights(of: key).first?.rank == .editor)
    try acme.perform(give(.viewer), by: .admin)
    #expect(!imports(acme))
    #expect(acme.organization.rights(of: key).first?.rank == .viewer)
  }

  @Test("example 14: an Owner's user key that is scoped to list has no permission to use")
  func example14() throws {
    var acme = try Acme()
    let key = try acme.create("me/lists", by: .owner, scope: "w1:list")
    try acme.importKey("w1/stripe", by: .owner)
    let verdict = acme.verify(
      try PresentedText(of: key), requiring: Requirement(.use, in: named("w1")))
    guard case .denied(let denial) = verdict else {
      Issue.record("accepted")
      return
    }
    #expect(denial.reason == .noPermission)
    #expect(try acme.outcome(using: "w1/stripe", by: .acting(as: key)) == .forbidden)
    #expect(page("w1", by: key, in: acme) == .done)
  }

  @Test("example 15: a key of W1 does not find W2, though its creator is Admin there")
  func example15() throws {
    var acme = try Acme()
    try acme.perform(
      .setWorkspaceRole(.admin, ofUser: named("admin"), inWorkspace: named("w2")), by: .owner)
    let key = try acme.create("w1/deploy", by: .admin, access: .editor)
    try acme.importKey("w2/stripe", by: .admin)
    #expect(page("w1", by: key, in: acme) == .done)
    #expect(page("w2", by: key, in: acme) == .notFound)
    #expect(page("w9", by: key, in: acme) == .notFound)
    for object in ["w2/stripe", "w9/stripe"] {
      let selection = try Selection.key(object)
      let refusal = refusal { () throws(Refusal) in
        try acme.organization.injections(of: [selection], by: .acting(as: key), at: Self.start)
      }
      #expect(refusal == .notFound(object))
    }
  }

  @Test("example 16: an organization key reaches a workspace that is made later")
  func example16() throws {
    var acme = try Acme()
    let key = try acme.create("org/ci", by: .owner)
    try acme.perform(.addWorkspace(named("w3")), by: .owner)
    try acme.importKey("w3/stripe", by: .owner)
    #expect(page("w3", by: key, in: acme) == .done)
    #expect(try acme.outcome(using: "w3/stripe", by: .acting(as: key)) == .done)
    let verdict = acme.verify(
      try PresentedText(of: key), requiring: Requirement(.use, in: named("w3")))
    #expect(verdict == .valid(key, key.currentVersion))
  }

  @Test("example 17: a removed Editor's user key is denied, the workspace key valid and orphaned")
  func example17() throws {
    var acme = try Acme()
    let user = try acme.create("me/laptop", by: .editor)
    let workspace = try acme.create("w1/deploy", by: .editor)
    try acme.perform(.setUserState(.removed, ofUser: named("editor")), by: .owner)
    #expect(try !acme.isValid(user, version: 1))
    #expect(try acme.isValid(workspace, version: 1))
    #expect(acme.organization.isOrphaned(workspace, at: Self.start))
  }

  @Test("example 18: the only Owner is neither demoted nor disabled nor removed")
  func example18() throws {
    let acme = try Acme()
    for request in [
      Request.setOrganizationRole(.member, ofUser: named("owner")),
      .setUserState(.disabled, ofUser: named("owner")),
      .setUserState(.removed, ofUser: named("owner")),
    ] {
      #expect(acme.outcome(request, by: .owner) == .wrongState)
    }
  }

  @Test("example 19: after a rotation both texts are valid, the old one for 24 hours")
  func example19() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    let moment = Self.start.advanced(by: .days(3))
    #expect(try acme.rotate(key, by: .editor, at: moment).id == key.id)
    let end = moment.advanced(by: .hours(24))
    for (version, now, isValid) in [
      (1, moment, true), (2, moment, true), (1, end.before(by: 1), true), (1, end, false),
      (2, end, true),
    ] as [(UInt32, Instant, Bool)] {
      #expect(try acme.isValid(key, version: version, at: now) == isValid)
    }
  }

  @Test("example 20: a grace never reaches past the old version's own expiry")
  func example20() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor, expires: "1h")
    try acme.rotate(key, by: .editor, grace: .hours(24))
    let end = Self.start.advanced(by: .hours(1))
    #expect(try acme.isValid(key, version: 1, at: end.before(by: 1)))
    #expect(try !acme.isValid(key, version: 1, at: end))
  }

  @Test("example 22: an Owner rotates no other's user key, but ends it")
  func example22() throws {
    var acme = try Acme()
    let key = try acme.create("me/laptop", by: .viewer)
    #expect(acme.outcome(try .rotate(key, in: acme), by: .owner) == .forbidden)
    try acme.perform(.revoke(key), by: .owner)
    #expect(try acme.current(key).state(at: Self.start) == .revoked)
  }

  @Test("example 23: every check after a revocation is denied, of either text")
  func example23() throws {
    var acme = try Acme()
    let key = try acme.create("w1/deploy", by: .editor)
    try acme.rotate(key, by: .editor)
    #expect(try acme.isValid(key, version: 1) && acme.isValid(key, version: 2))
    try acme.perform(.revoke(key), by: .editor)
    #expect(try !acme.isValid(key, version: 1) && !acme.isValid(key, version: 2))
  }

  @Test("example 25: nobody is told unknown, wrong, revoked, expired and suspended apart")
  func example25() throws {
    var acme = try Acme()
    let revoked = try acme.create("w1/revoked", by: .editor)
    let expired = try acme.create("w1/expired", by: .editor, expires: "1h")
    let suspended = try acme.create("w1/suspended", by: .editor)
    try acme.perform(.revoke(revoked), by: .editor)
    try acme.perform(.suspend(suspended), by: .editor)
    let other = Digest(numbered: 424_242)
    let texts = [
      try PresentedText(.workspace, KeyID(numbered: 777_777), tag: other),
      try PresentedText(.workspace, suspended.id, tag: other), try PresentedText(of: revoked),
      try PresentedText(of: expired), try PresentedText(of: suspended),
    ]
    let reasons: [Denial.Reason] = [.unknown, .unknown, .revoked, .expired, .suspended]
    let now = Self.start.advanced(by: .hours(1))
    for (text, reason) in zip(texts, reasons) {
      for (caller, isTold) in [(Caller.nobody, false), (Person.owner.caller, true)] {
        guard case .denied(let denial) = acme.verify(text, by: caller, at: now) else {
          Issue.record("accepted")
          continue
        }
        #expect(denial.reason == reason && denial.isTold == isTold)
      }
    }
  }

  @Test("example 32: an editor workspace key injects and imports, but no issued key, and ends none")
  func example32() throws {
    var acme = try Acme()
    let key = try acme.create("w1/acts", by: .editor, access: .editor)
    let imported = try acme.importKey("w1/stripe", by: .editor)
    try acme.create("w1/other", by: .editor)
    let caller = Caller.acting(as: key)
    #expect(try acme.outcome(using: "w1/stripe", by: caller) == .done)
    #expect(try acme.outcome(using: "w1/other", by: caller) == .forbidden)
    #expect(try acme.outcome(using: "w1/acts", by: caller) == .forbidden)
    let plan = try KeyPlan("w1/new", .imported(leastRank: nil))
    #expect(acme.outcome(.addKey(plan, KeyMaterial(numbered: 99)), by: caller) == .done)
    #expect(acme.outcome(try .revoke(imported), by: caller) == .forbidden)
  }
}
