import Keyring
import Testing

@testable import Daemon

@Suite("RefusalFolding")
struct RefusalFoldingTests {
  typealias Folded = RefusalFolding.Folded

  static func instant(_ seconds: Int64) -> Instant { Instant(secondsSinceEpoch: 1000 + seconds) }

  /// How many of `count` refusals in one second get rows of their own.
  static func rows(
    _ folding: inout RefusalFolding, count: Int, user: UInt32 = 1, at second: Int64
  ) -> Int {
    (0..<count).count { _ in folding.note(ofUser: user, at: instant(second)) }
  }

  @Test("a uid gets ten rows a minute") func limits() {
    #expect(Limits.auditedRefusals == 10)
    var folding = RefusalFolding(limit: Limits.auditedRefusals)
    #expect(Self.rows(&folding, count: 10, at: 0) == 10)
    #expect(Self.rows(&folding, count: 25, at: 30) == 0)
    #expect(folding.takeFolded(at: Self.instant(59)) == [])
    #expect(Self.rows(&folding, count: 5, at: 59) == 0)
    #expect(folding.takeFolded(at: Self.instant(60)) == [Folded(uid: 1, count: 30)])
    #expect(Self.rows(&folding, count: 30, at: 60) == 10)
  }

  @Test("tells once how many had no row") func folds() {
    var folding = RefusalFolding(limit: 10)
    #expect(Self.rows(&folding, count: 35, at: 0) == 10)
    #expect(folding.takeFolded(at: Self.instant(1_000_000)) == [Folded(uid: 1, count: 25)])
    #expect(folding.takeFolded(at: Self.instant(1_000_000)) == [])
  }

  @Test("tells nothing of a minute in which each had its row") func foldsNothing() {
    var folding = RefusalFolding(limit: 10)
    #expect(Self.rows(&folding, count: 10, at: 0) == 10)
    #expect(folding.takeFolded(at: Self.instant(61)) == [])
    #expect(Self.rows(&folding, count: 10, at: 61) == 10)
  }

  @Test("the minute begins with its first refusal") func startsMinute() {
    var folding = RefusalFolding(limit: 1)
    #expect(Self.rows(&folding, count: 2, at: 30) == 1)
    #expect(folding.takeFolded(at: Self.instant(89)) == [])
    #expect(folding.takeFolded(at: Self.instant(90)) == [Folded(uid: 1, count: 1)])
  }

  @Test("each uid is counted by itself, and all are told when it ends") func separatesUsers() {
    var folding = RefusalFolding(limit: 10)
    #expect(Self.rows(&folding, count: 20, user: 1, at: 0) == 10)
    #expect(Self.rows(&folding, count: 12, user: 2, at: 40) == 10)
    #expect(folding.takeFolded(at: Self.instant(60)) == [Folded(uid: 1, count: 10)])
    #expect(Self.rows(&folding, count: 11, user: 3, at: 70) == 10)
    #expect(
      folding.takeFolded(at: nil) == [Folded(uid: 2, count: 2), Folded(uid: 3, count: 1)])
  }
}
