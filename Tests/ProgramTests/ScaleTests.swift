import TestSupport
import Testing

/// What is asked of a large vault takes as long as of a small one.
///
/// What is compared was measured by turns in the same run, and nothing that grows with
/// the keys stays within the bounds. A debug build has fewer keys: it is slow, and so is
/// what is linear.
@Suite("Scale")
struct ScaleTests {
  private static let size = Programs.areShipped ? 100_000 : 10_000
  private static let smallSize = 100

  /// The most bytes of memory that a key takes.
  ///
  /// The goal is 600; 544 to 567 were measured, and machines differ a little.
  private static let byteCountOfKey = 650

  /// How often as long a request takes at the most; what is linear would take a thousand
  /// times as long, or at least as long as it takes to look at each key.
  private static let mostTimes = 3.0

  /// How often as long unlocking takes at the most with ten times the keys.
  private static let mostTimesOfUnlocking = 20.0

  private static let requestCount = 300
  private static let unlockingCount = 3

  /// A short page, near the end, so that looking at all keys before it is seen.
  private static let pageSize = 2

  @Test("with a hundred thousand keys all is as fast as with a hundred, and right")
  func comparison() throws {
    let small = try FilledVault(Self.smallSize)
    let large = try FilledVault(Self.size)
    let listed = large.all()
    #expect(Set(listed.map(\.name)) == Set((0..<Self.size).map(FilledVault.key)))
    try compareMemory(small, large)
    try compareUnlocking(large)
    compareValues(small, large)
    try comparePages(small, large, listed)
    compareChanges(small, large)
    #expect(large.all().count == Self.size + Self.requestCount)
  }

  private func compareMemory(_ small: FilledVault, _ large: FilledVault) throws {
    let difference = try large.restart() - small.restart()
    let byteCount = difference / (large.size - small.size)
    print("memory: \(byteCount) bytes a key")
    #expect(byteCount <= Self.byteCountOfKey)
  }

  private func compareUnlocking(_ large: FilledVault) throws {
    let medium = try FilledVault(large.size / 10)
    let times = (0..<Self.unlockingCount).map { _ in
      (medium.timeToUnlock(), large.timeToUnlock())
    }
    compare("unlocking", times, atMost: Self.mostTimesOfUnlocking)
  }

  private func compareValues(_ small: FilledVault, _ large: FilledVault) {
    compare("ENV", small, large) { vault, turn in
      let (number, text) = vault.samples[turn % vault.samples.count]
      let reply = vault.client.ask("ENV \(FilledVault.key(number))")
      let name = "KEY_\(number)"
      #expect(
        reply == [
          "S ENV key=\(FilledVault.key(number)) name=\(name)", "D \(name)=\(text)\0", "OK",
        ])
    }
  }

  private func comparePages(
    _ small: FilledVault, _ large: FilledVault, _ listed: [FilledVault.Listed]
  ) throws {
    let pages = [(small, small.all()), (large, listed)].map { vault, listed in
      let place = vault.size - 2 * Self.pageSize
      let names = listed[(place + 1)...].prefix(Self.pageSize).map(\.name)
      return (id: listed[place].id, names: Array(names))
    }
    compare("LIST", small, large) { vault, _ in
      let expected = pages[vault === small ? 0 : 1]
      let page = vault.page(after: expected.id, limit: Self.pageSize)
      #expect(page.keys.map(\.name) == expected.names)
      #expect(page.more == page.keys.last?.id)
    }
  }

  private func compareChanges(_ small: FilledVault, _ large: FilledVault) {
    var texts: [String] = []
    compare("CREATE", small, large) { vault, turn in
      let reply = vault.client.ask("CREATE me/new-\(turn)")
      #expect(reply.count == 3 && reply.last == "OK")
      if vault === large { texts.append(String(reply.dropFirst().first?.dropFirst(2) ?? "")) }
    }
    for (turn, text) in texts.enumerated().suffix(10) {
      let reply = large.client.ask("ENV me/new-\(turn)=NEW")
      #expect(reply == ["S ENV key=me/new-\(turn) name=NEW", "D NEW=\(text)\0", "OK"])
    }
  }

  // MARK: Comparing

  /// Lets both vaults answer by turns.
  private func compare(
    _ what: String, _ small: FilledVault, _ large: FilledVault,
    _ body: (FilledVault, _ turn: Int) -> Void
  ) {
    let times = (0..<Self.requestCount).map { turn in
      (milliseconds { body(small, turn) }, milliseconds { body(large, turn) })
    }
    compare(what, times, atMost: Self.mostTimes)
  }

  private func compare(_ what: String, _ times: [(Double, Double)], atMost most: Double) {
    let (small, large) = (median(times.map(\.0)), median(times.map(\.1)))
    print("\(what): \(small) ms, and \(large) ms with more keys")
    #expect(large <= most * small, "\(what): \(small) ms, and \(large) ms with more keys")
  }

  private func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
}
