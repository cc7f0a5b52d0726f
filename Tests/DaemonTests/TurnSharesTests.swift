import Platform
import Testing

@testable import Daemon

@Suite("TurnShares")
struct TurnSharesTests {
  private static let share: Int64 = 100
  private static let start = BootInstant(nanoseconds: 1_000)

  /// Shares of which uid 1000 has used so many nanoseconds.
  private static func shares(used nanoseconds: Int64) -> TurnShares {
    var shares = TurnShares(share: share)
    let end = BootInstant(nanoseconds: start.nanoseconds + nanoseconds)
    shares.charge(1000, from: start, to: end)
    return shares
  }

  @Test("a uid has its turn as long as its share lasts", arguments: [0, 1, 99, 100, 101, 5000])
  func lasts(_ nanoseconds: Int64) {
    var shares = Self.shares(used: nanoseconds)
    #expect(shares.rest(of: 1000) == max(100 - nanoseconds, 0))
    let (isAdmitted, isOtherAdmitted) = (shares.admits(1000), shares.admits(1001))
    #expect(isAdmitted == (nanoseconds < 100))
    #expect(isOtherAdmitted, "another uid pays for nothing of it")
    #expect(shares.rest(of: 1001) == 100)
  }

  @Test("what is beyond a share is taken off the next ones", arguments: [99, 100, 250, 300, 301])
  func debt(_ nanoseconds: Int64) {
    var shares = Self.shares(used: nanoseconds)
    var turns: Int64 = 0
    while !shares.admits(1000) {
      shares.beginTurn()
      turns += 1
    }
    #expect(turns == nanoseconds / 100)
    shares.beginTurn()
    #expect(shares.rest(of: 1000) == 100, "and what is not used is not saved")
  }

  @Test("who was put off in a turn is thought of in the next one") func contention() {
    var shares = Self.shares(used: 150)
    shares.beginTurn()
    #expect(!shares.wasContended)
    let isAdmitted = shares.admits(1000)
    shares.charge(1000, from: Self.start, to: Self.start.advanced(byMilliseconds: 1))
    let isAdmittedAgain = shares.admits(1000)
    #expect(isAdmitted && !isAdmittedAgain)
    #expect(!shares.wasContended, "of the last turn, not of this")
    shares.beginTurn()
    #expect(shares.wasContended)
    _ = shares.admits(1001)
    shares.beginTurn()
    #expect(!shares.wasContended)
  }

  @Test("a clock that stands still or goes back charges nothing") func backwards() {
    var shares = TurnShares(share: Self.share)
    shares.charge(1000, from: Self.start, to: BootInstant(nanoseconds: 0))
    #expect(shares.rest(of: 1000) == Self.share)
  }
}
