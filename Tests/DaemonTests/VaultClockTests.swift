import Keyring
import Platform
import Testing

@testable import Daemon

@Suite("VaultClock")
struct VaultClockTests {
  /// A clock whose mark is at 1,000,000 seconds, and the moment of its boot clock.
  static let start: Int64 = 1_000_000
  static let boot = BootInstant(nanoseconds: 50_500_000_000)

  static func clock() -> VaultClock {
    VaultClock(wall: start, boot: boot)
  }

  /// A moment on both clocks, as seconds after the start.
  struct Reading {
    let wall: Int64
    let milliseconds: Int64
    let expected: Int64
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let readings: [Reading]
  }

  static let cases: [Case] = [
    Case(
      testDescription: "follows the clock on the wall",
      readings: [
        Reading(wall: 0, milliseconds: 0, expected: 0),
        Reading(wall: 1, milliseconds: 1000, expected: 1),
        Reading(wall: 100, milliseconds: 100_000, expected: 100),
        Reading(wall: 100, milliseconds: 100_400, expected: 100),
      ]),
    Case(
      testDescription: "follows the clock on the wall up to an hour ahead",
      readings: [
        Reading(wall: 3600, milliseconds: 0, expected: 3600),
        Reading(wall: 3660, milliseconds: 60_000, expected: 3660),
      ]),
    Case(
      testDescription: "goes on by the boot clock while the wall's has leapt ahead",
      readings: [
        Reading(wall: 3601, milliseconds: 0, expected: 0),
        Reading(wall: 3_000_000, milliseconds: 10_000, expected: 10),
        Reading(wall: 3_000_010, milliseconds: 20_500, expected: 20),
        Reading(wall: 21, milliseconds: 21_000, expected: 21),
      ]),
    Case(
      testDescription: "goes on by the boot clock where the wall's was set back two days",
      readings: [
        Reading(wall: 100, milliseconds: 100_000, expected: 100),
        Reading(wall: -172_700, milliseconds: 100_000, expected: 100),
        Reading(wall: -172_690, milliseconds: 110_000, expected: 110),
        Reading(wall: -172_690, milliseconds: 110_999, expected: 110),
        Reading(wall: -172_689, milliseconds: 111_000, expected: 111),
        Reading(wall: -86_300, milliseconds: 86_500_000, expected: 86_500),
      ]),
    Case(
      testDescription: "starts at the mark where the wall's clock is below it",
      readings: [
        Reading(wall: -172_800, milliseconds: 0, expected: 0),
        Reading(wall: -172_790, milliseconds: 10_000, expected: 10),
      ]),
    Case(
      testDescription: "follows the wall's clock again as soon as that is ahead",
      readings: [
        Reading(wall: -50, milliseconds: 10_000, expected: 10),
        Reading(wall: 11, milliseconds: 10_000, expected: 11),
        Reading(wall: 12, milliseconds: 11_000, expected: 12),
        Reading(wall: 5, milliseconds: 11_000, expected: 12),
        Reading(wall: 5, milliseconds: 13_000, expected: 14),
      ]),
    Case(
      testDescription: "stands where the boot clock runs back, as in a restored snapshot",
      readings: [
        Reading(wall: -10, milliseconds: -5000, expected: 0),
        Reading(wall: -10, milliseconds: 2000, expected: 2),
      ]),
  ]

  @Test("never goes back, and never stands still", arguments: cases)
  func tellsTime(_ test: Case) {
    var clock = Self.clock()
    for reading in test.readings {
      let now = clock.now(
        wall: Self.start + reading.wall,
        boot: Self.boot.advanced(byMilliseconds: reading.milliseconds))
      #expect(now == Instant(secondsSinceEpoch: Self.start + reading.expected))
    }
  }

  @Test("often asking loses no time", arguments: [1, 7, 333, 999, 1001])
  func losesNothing(step: Int) {
    var clock = Self.clock()
    for milliseconds in stride(from: Int64(0), through: 60_000, by: step) {
      let now = clock.now(wall: 0, boot: Self.boot.advanced(byMilliseconds: milliseconds))
      #expect(now.secondsSinceEpoch == Self.start + milliseconds / 1000)
    }
  }

  @Test("whatever the clocks do, time does not go back", arguments: 1...20 as ClosedRange<UInt64>)
  func isMonotonic(seed: UInt64) {
    var state = seed
    func random(_ limit: UInt64) -> Int64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int64((state >> 33) % limit)
    }
    var clock = Self.clock()
    var boot = Self.boot
    var former = Instant(secondsSinceEpoch: Self.start)
    for _ in 0..<500 {
      let wait = random(5000)
      boot = boot.advanced(byMilliseconds: wait)
      let now = clock.now(wall: Self.start + random(2_000_000) - 1_900_000, boot: boot)
      #expect(now >= former)
      former = now
    }
    #expect(former.secondsSinceEpoch >= Self.start + boot.seconds(since: Self.boot) - 1)
  }

  @Test("says by how much the clock on the wall is ahead while it is not believed")
  func saysSo() {
    var clock = Self.clock()
    #expect(clock.secondsAhead == nil)
    _ = clock.now(wall: Self.start + 7210, boot: Self.boot.advanced(byMilliseconds: 10_000))
    #expect(clock.secondsAhead == 7200)
    _ = clock.now(wall: Self.start + 20, boot: Self.boot.advanced(byMilliseconds: 20_000))
    #expect(clock.secondsAhead == nil)
  }

  @Test("begins at the latest moment that a vault has acted on")
  func raises() {
    var clock = Self.clock()
    clock.raise(to: Instant(secondsSinceEpoch: Self.start + 500), boot: Self.boot)
    let now = clock.now(wall: Self.start, boot: Self.boot.advanced(byMilliseconds: 1000))
    #expect(now.secondsSinceEpoch == Self.start + 501)
    clock.raise(to: Instant(secondsSinceEpoch: Self.start), boot: Self.boot)
    let later = clock.now(wall: Self.start, boot: Self.boot.advanced(byMilliseconds: 2000))
    #expect(later.secondsSinceEpoch == Self.start + 502)
  }

  @Test("asks the system's clocks") func asksSystem() {
    var clock = VaultClock()
    let before = WallClock.secondsSinceEpoch
    let now = clock.now().secondsSinceEpoch
    #expect((before...WallClock.secondsSinceEpoch).contains(now))
    var ahead = VaultClock()
    ahead.raise(to: .latest)
    #expect(ahead.now() >= .latest)
  }
}
