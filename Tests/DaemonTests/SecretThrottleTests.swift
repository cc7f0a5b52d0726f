import Platform
import Testing

@testable import Daemon

@Suite("SecretThrottle")
struct SecretThrottleTests {
  /// A moment so many seconds after the beginning of the test.
  static func moment(_ seconds: Int64) -> BootInstant {
    BootInstant(nanoseconds: 1_000).advanced(bySeconds: seconds)
  }

  /// A throttle that has seen so many wrong secrets of uid 1000, all at second 0.
  static func throttle(wrong count: Int) -> SecretThrottle {
    var throttle = SecretThrottle()
    for _ in 0..<count { throttle.noteWrong(of: 1000, at: moment(0)) }
    return throttle
  }

  @Test(
    "the first three wrong secrets cost no waiting, each further one doubles it, up to a minute")
  func doubles() {
    for (count, seconds) in [
      (0, nil), (1, nil), (2, nil), (3, 1), (4, 2), (5, 4), (8, 32), (9, 60), (10, 60), (1000, 60),
    ] as [(Int, Int64?)] {
      let throttle = Self.throttle(wrong: count)
      let rest = throttle.seconds(until: 1000, at: Self.moment(0))
      #expect(rest == seconds.map { $0 + 1 }, "\(count)")
      guard let seconds else { continue }
      #expect(throttle.seconds(until: 1000, at: Self.moment(seconds - 1)) != nil)
      #expect(throttle.seconds(until: 1000, at: Self.moment(seconds)) == nil)
    }
  }

  @Test("one uid waits for nothing that another has done") func separate() {
    let throttle = Self.throttle(wrong: 20)
    #expect(throttle.seconds(until: 1001, at: Self.moment(0)) == nil)
    #expect(throttle.wrongCount(of: 1001, at: Self.moment(0)) == 0)
  }

  @Test("a right secret, or ten minutes without a wrong one, end it") func ends() {
    var throttle = Self.throttle(wrong: 20)
    #expect(throttle.wrongCount(of: 1000, at: Self.moment(599)) == 20)
    #expect(throttle.wrongCount(of: 1000, at: Self.moment(600)) == 0)
    throttle.noteWrong(of: 1000, at: Self.moment(601))
    #expect(throttle.wrongCount(of: 1000, at: Self.moment(601)) == 1)
    throttle.noteRight(of: 1000)
    #expect(throttle.wrongCount(of: 1000, at: Self.moment(601)) == 0)
  }

  @Test("what is being tried counts as wrong until it is known")
  func pending() {
    #expect(SecretThrottle().seconds(until: 1000, pending: 2, at: Self.moment(0)) == nil)
    #expect(SecretThrottle().seconds(until: 1000, pending: 3, at: Self.moment(0)) == 1)
    let once = Self.throttle(wrong: 1)
    #expect(once.seconds(until: 1000, pending: 1, at: Self.moment(0)) == nil)
    #expect(once.seconds(until: 1000, pending: 2, at: Self.moment(0)) == 1)
    let throttle = Self.throttle(wrong: 3)
    #expect(throttle.seconds(until: 1000, at: Self.moment(10)) == nil)
    #expect(throttle.seconds(until: 1000, pending: 1, at: Self.moment(10)) == 1)
  }

  @Test("no number of uids takes memory without bound, and the longest silent is forgotten")
  func bounded() {
    var throttle = SecretThrottle()
    for uid in 0..<UInt32(Limits.watchedWrongSecrets) {
      throttle.noteWrong(of: uid, at: Self.moment(Int64(uid) / 100))
    }
    throttle.noteWrong(of: 99_999, at: Self.moment(50))
    #expect(throttle.wrongCount(of: 99_999, at: Self.moment(50)) == 1)
    let forgotten = (0..<UInt32(Limits.watchedWrongSecrets)).filter {
      throttle.wrongCount(of: $0, at: Self.moment(50)) == 0
    }
    #expect(forgotten.count == 1 && forgotten[0] < 100, "\(forgotten)")
  }
}
