import Keyring
import Testing

@Suite("Random requests")
struct RandomRequestsTests {
  @Test("thousands of requests never break the rules", arguments: [1, 2, 3, 4] as [UInt64])
  func keepsRules(_ seed: UInt64) throws {
    var requests = try RandomRequests(seed: seed)
    for step in 1...2500 {
      try requests.step()
      if step % 100 == 0 { try check(requests) }
    }
    #expect(requests.acceptedCount > 300)
    for outcome in [Outcome.done, .notFound, .forbidden, .invalid, .conflict, .wrongState] {
      #expect(requests.counts[outcome, default: 0] > 5, "\(outcome)")
    }
    #expect(requests.counts[.other] == nil)
  }

  private func check(_ requests: RandomRequests) throws {
    let organization = requests.organization
    let ledger = requests.ledger

    var replayed = Organization()
    for change in requests.changes { try replayed.apply(change) }
    #expect(replayed == organization)

    #expect(organization.keys.map(\.id) == ledger.keys.map(\.id))
    #expect(ledger.doubledNames(at: requests.now).isEmpty)
    for name in ledger.users {
      let user = try #require(organization.user(named: named(name)))
      let used = organization.keys.filter { organization.mayUse($0, by: Standing(user)) }.map(\.id)
      #expect(used == ledger.keys.filter { ledger.mayUse($0, by: name) }.map(\.id))
      let page = try organization.page(
        KeyFilter(limit: .max), for: .user(user.id), at: requests.now)
      #expect(page.keys.map(\.id) == ledger.keys.filter { ledger.maySee($0, by: name) }.map(\.id))
    }
    for (key, entry) in zip(organization.keys, ledger.keys) {
      #expect(key.state(at: requests.now).isLive == entry.isLive(at: requests.now))
    }
  }
}
