import Keyring
import Testing

@Suite("Listing")
struct ListingTests {
  private static let now = Acme.start

  /// An organization with that many keys in w1, and as many in w2 between them.
  private static func withKeys(_ count: Int) throws -> Acme {
    var acme = try Acme()
    for number in 0..<count {
      try acme.create("w1/key-\(number)", by: .editor)
      try acme.create("w2/key-\(number)", by: .owner)
    }
    return acme
  }

  private static func page(
    _ acme: Acme, _ filter: KeyFilter, for person: Person = .viewer, at moment: Instant = now
  ) throws(Refusal) -> KeyPage {
    try acme.organization.page(filter, for: person.caller, at: moment)
  }

  @Test("a list is in order of creation")
  func isInOrderOfCreation() throws {
    var acme = try Acme()
    let references = ["w1/z", "me/a", "w2/m", "org/b", "w1/a", "me/z", "w2/a"]
    for reference in references { try acme.create(reference, by: .owner) }
    let names = try acme.list(for: .owner).map {
      acme.organization.name(of: $0, seenBy: acme.standing(.owner))
    }
    #expect(names == references)
  }

  @Test("a page says whether there are more", arguments: [1, 2, 3, 4, 5])
  func saysWhetherThereAreMore(_ limit: Int) throws {
    let acme = try Self.withKeys(3)
    let page = try Self.page(acme, KeyFilter(limit: limit))
    #expect(page.keys.count == min(limit, 3))
    #expect(page.hasMore == (limit < 3))
    let inWorkspace = try Self.page(acme, KeyFilter(workspace: named("w1"), limit: limit))
    #expect(inWorkspace == page)
  }

  @Test("what comes behind the last key in sight does not count as more")
  func countsOnlyWhatIsInSight() throws {
    var acme = try Acme()
    try acme.create("w1/a", by: .editor)
    for number in 0..<5 { try acme.create("w2/key-\(number)", by: .owner) }
    let page = try Self.page(acme, KeyFilter(limit: 1))
    #expect(page.keys.map(\.name.text) == ["a"])
    #expect(!page.hasMore)
  }

  @Test("pages of any size make up the whole list", arguments: 1...8)
  func pagesMakeUpWhole(_ limit: Int) throws {
    let acme = try Self.withKeys(7)
    for workspace in [nil, named("w1")] {
      var filter = KeyFilter(workspace: workspace, limit: limit)
      var keys: [Key] = []
      // No more pages than there can be, so that a list without an end fails.
      for _ in 0...(7 / limit) {
        let page = try Self.page(acme, filter)
        keys += page.keys
        guard page.hasMore else { break }
        filter.after = page.keys.last?.id
      }
      #expect(keys == (try acme.list(for: .viewer)))
    }
  }

  @Test("a list can be of one workspace, and of one state")
  func filters() throws {
    var acme = try Acme()
    try acme.create("w1/active", by: .owner)
    try acme.create("w1/expiring", by: .owner, expires: "1d")
    try acme.create("w1/revoked", by: .owner)
    try acme.create("w2/active", by: .owner)
    try acme.create("me/active", by: .owner)
    try acme.revoke("w1/revoked", by: .owner)
    let later = Self.now.advanced(by: .days(1))
    let names = { (workspace: String?, state: KeyState?, moment: Instant) in
      try acme.list(for: .owner, in: workspace, state: state, at: moment).map {
        acme.organization.name(of: $0, seenBy: acme.standing(.owner))
      }
    }
    #expect(try names("w1", nil, later) == ["w1/active", "w1/expiring", "w1/revoked"])
    #expect(try names("w2", nil, later) == ["w2/active"])
    #expect(
      try names(nil, .active, Self.now)
        == ["w1/active", "w1/expiring", "w2/active", "me/active"])
    #expect(try names(nil, .active, later) == ["w1/active", "w2/active", "me/active"])
    #expect(try names("w1", .active, later) == ["w1/active"])
    #expect(try names(nil, .expired, later) == ["w1/expiring"])
    #expect(try names(nil, .expired, Self.now).isEmpty)
    #expect(try names("w1", .revoked, later) == ["w1/revoked"])
  }

  @Test("a list can be of one type", arguments: KeyType.allCases)
  func filtersTypes(_ type: KeyType) throws {
    var acme = try Acme()
    for reference in ["me/a", "w1/b", "org/c", "me/d", "w2/e"] {
      try acme.create(reference, by: .owner)
    }
    var filter = KeyFilter(limit: .max)
    filter.type = type
    let page = try acme.organization.page(filter, for: Person.owner.caller, at: Self.now)
    #expect(page.keys == acme.organization.keys.filter { $0.type == type })
    #expect(page.keys.count == (type == .organization ? 1 : 2))
  }

  @Test("a page goes on behind a key that does not match the filter itself")
  func goesOnBehindOtherKeys() throws {
    var acme = try Self.withKeys(3)
    let own = try acme.create("me/own", by: .viewer)
    try acme.create("w1/last", by: .editor)
    var filter = KeyFilter(workspace: named("w1"), after: own.id, limit: 10)
    #expect(try Self.page(acme, filter).keys.map(\.name.text) == ["last"])
    try acme.revoke("w1/key-1", by: .editor)
    filter = KeyFilter(state: .active, after: KeyID(numbered: 3), limit: 1)
    let page = try Self.page(acme, filter)
    #expect(page.keys.map(\.name.text) == ["key-2"])
    #expect(page.hasMore)
  }

  @Test("behind an id that no key in sight has there is nothing to list")
  func refusesUnknownCursor() throws {
    let acme = try Self.withKeys(2)
    let hidden = KeyID(numbered: 2)
    #expect(acme.organization.key(withID: hidden)?.namespace == .workspace(Acme.w2))
    for id in [hidden, KeyID(numbered: 77)] {
      let refusal = refusal { () throws(Refusal) in
        try Self.page(acme, KeyFilter(after: id, limit: 10))
      }
      #expect(refusal == .notFound("id:\(id.text)"))
    }
  }

  @Test("example 30: pages skip nothing and repeat nothing while keys are made and revoked")
  func example30() throws {
    var acme = try Acme()
    for number in 0..<45 { try acme.create("w1/key-\(number)", by: .editor) }
    let before = try acme.list(for: .viewer).map(\.id)
    var filter = KeyFilter(limit: 20)
    var listed: [KeyID] = []
    var sizes: [Int] = []
    for step in 0..<3 {
      let page = try Self.page(acme, filter)
      listed += page.keys.map(\.id)
      sizes.append(page.keys.count)
      #expect(page.hasMore == (step < 2))
      filter.after = page.keys.last?.id
      guard step < 2 else { break }
      // The last key of a page is revoked, which is where the next page begins.
      try acme.revoke("id:\(before[step * 20 + 19].text)", by: .editor)
      try acme.create("w1/more-\(step)", by: .editor)
    }
    #expect(sizes == [20, 20, 7])
    #expect(Array(listed.prefix(45)) == before)
    #expect(Set(listed).count == listed.count)
  }
}
