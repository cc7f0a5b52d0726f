import Keyring
import Testing

@Suite("Random lives of keys")
struct RandomLivesTests {
  @Test(
    "example 21: random lives of keys keep every rule, and two texts at most",
    arguments: [1, 2, 3, 4] as [UInt64])
  func keepsRules(_ seed: UInt64) throws {
    var lives = try RandomLives(seed: seed)
    var finals: [KeyID: KeyState] = [:]
    for step in 1...2500 {
      try lives.step()
      if step % 20 == 0 {
        try checkTexts(lives, &finals)
        lives.checkGrants()
      }
      if step % 250 == 0 { try checkWhole(lives) }
    }
    for what in [
      "create", "import", "rotate", "replace", "expire", "suspend", "resume", "use",
      "grant", "withdraw",
    ] {
      #expect(lives.granted[what, default: 0] > 3, "\(what) is granted")
      #expect(lives.refused[what, default: 0] > 3, "\(what) is refused")
    }
    #expect(!finals.isEmpty)
  }

  /// Whose text is accepted is what the ledger says: never more than two of a key,
  /// and what has ended once has ended the same way for ever.
  private func checkTexts(_ lives: RandomLives, _ finals: inout [KeyID: KeyState]) throws {
    let (organization, ledger, now) = (lives.organization, lives.ledger, lives.now)
    #expect(organization.keys.map(\.id) == ledger.keys.map(\.id))
    for (key, entry) in zip(organization.keys, ledger.keys) {
      let state = key.state(at: now)
      #expect(state.rawValue == ledger.state(entry, at: now.secondsSinceEpoch), "\(key)")
      if let final = finals[key.id] { #expect(state == final) }
      if !state.isLive { finals[key.id] = state }
      #expect(key.versions.map(\.digest) == entry.versions.map(\.tag))
      #expect(key.versions.map(\.expires?.secondsSinceEpoch) == entry.versions.map(\.expires))
      guard key.isIssued else { continue }
      var accepted: [Int] = []
      for number in key.versions.map(\.number) {
        let text = try PresentedText(of: key, version: number)
        let verdict = organization.verify(
          text.handle, tag: text.tag, by: .nobody, requiring: nil, at: now)
        guard case .valid(key, let version) = verdict else { continue }
        #expect(version.number == number)
        accepted.append(Int(number))
      }
      #expect(accepted.count <= 2)
      #expect(accepted == ledger.accepted(entry, at: now.secondsSinceEpoch), "\(key)")
    }
  }

  /// Replayed changes give the same organization; sight, use and orphans are the ledger's.
  private func checkWhole(_ lives: RandomLives) throws {
    let (organization, ledger, now) = (lives.organization, lives.ledger, lives.now)
    let second = now.secondsSinceEpoch
    var replayed = Organization()
    for change in lives.changes { try replayed.apply(change) }
    #expect(replayed == organization)

    for (key, entry) in zip(organization.keys, ledger.keys) {
      #expect(organization.isOrphaned(key, at: now) == ledger.isOrphaned(entry, at: second))
    }
    var actors = ledger.people.indices.map { LifeLedger.Actor.person($0) }
    actors += ledger.keys.indices.filter { ledger.keys[$0].isIssued }.map {
      .key($0, version: ledger.keys[$0].versions.count)
    }
    for actor in actors {
      let standing = try? organization.standing(of: lives.caller(actor), at: now)
      #expect((standing != nil) == ledger.isActive(actor, at: second), "\(actor)")
      guard let standing else { continue }
      let seen = organization.keys.filter { organization.sees(standing, $0) }.map(\.id)
      #expect(seen == ledger.keys.filter { ledger.sees(actor, $0) }.map(\.id), "\(actor)")
      let page = try? organization.page(
        KeyFilter(limit: .max), for: lives.caller(actor), at: now)
      #expect(page?.keys.map(\.id) == (ledger.may("list", actor) ? seen : nil))
    }
  }

  @Test("a request that is refused, and one that is decided only, changes nothing")
  func refusedChangesNothing() throws {
    var lives = try RandomLives(seed: 9)
    for _ in 1...500 {
      let (before, count) = (lives.organization, lives.changes.count)
      try lives.step()
      #expect(
        (before == lives.organization)
          == lives.changes[count...].allSatisfy { change in
            var same = before
            return (try? same.apply(change)) != nil && same == before
          })
    }
  }
}
