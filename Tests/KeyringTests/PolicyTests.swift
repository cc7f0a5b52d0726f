import Keyring
import Testing

@Suite("Seconds")
struct SecondsTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let count: Int64
    var testDescription: String { text }
  }

  static let cases: [Case] = [
    Case(text: "0s", count: 0),
    Case(text: "2s", count: 2),
    Case(text: "59s", count: 59),
    Case(text: "1m", count: 60),
    Case(text: "90s", count: 90),
    Case(text: "30m", count: 1800),
    Case(text: "1h", count: 3600),
    Case(text: "12h", count: 43_200),
    Case(text: "1d", count: 86_400),
    Case(text: "90d", count: 7_776_000),
    Case(text: "365d", count: 31_536_000),
    Case(text: "36500d", count: 3_153_600_000),
  ]

  @Test("a length is read, and written in its largest whole unit", arguments: cases)
  func readsAndWrites(_ test: Case) {
    #expect(Seconds(parsing: test.text)?.count == test.count)
    #expect(Seconds(test.count).text == test.text)
  }

  @Test("a length is read in any unit, and with zeros before it")
  func readsOtherForms() {
    #expect(Seconds(parsing: "24h")?.text == "1d")
    #expect(Seconds(parsing: "60s")?.text == "1m")
    #expect(Seconds(parsing: "36h")?.text == "36h")
    #expect(Seconds(parsing: "007d") == .days(7))
  }

  @Test(
    "anything else is no length",
    arguments: [
      "", "d", "90", "90D", "90 d", " 90d", "90d ", "-1d", "+1d", "1.5d", "1e3s", "0x10s", "1w",
      "1y", "90dd", "36501d", "999999999d", "1d12h", "1000000000s", "0000000001s", "٣d",
      "3\u{301}d", "never",
    ])
  func refuses(_ text: String) { #expect(Seconds(parsing: text) == nil) }
}

@Suite("Lifetime")
struct LifetimeTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let lifetime: Lifetime
    let expiry: Instant?
    var testDescription: String { text }
  }

  private static let now = Instant(secondsSinceEpoch: 1_000_000)

  static let cases: [Case] = [
    Case(
      text: "90d", lifetime: .lasting(.days(90)), expiry: Instant(secondsSinceEpoch: 8_776_000)),
    Case(text: "1s", lifetime: .lasting(Seconds(1)), expiry: Instant(secondsSinceEpoch: 1_000_001)),
    Case(
      text: "1970-02-01T00:00:00Z", lifetime: .until(Instant(secondsSinceEpoch: 2_678_400)),
      expiry: Instant(secondsSinceEpoch: 2_678_400)),
    Case(
      text: "1970-01-01T00:00:00Z", lifetime: .until(Instant(secondsSinceEpoch: 0)),
      expiry: Instant(secondsSinceEpoch: 0)),
    Case(text: "never", lifetime: .never, expiry: nil),
    Case(
      text: "36500d", lifetime: .lasting(.days(36_500)),
      expiry: now.advanced(by: .days(36_500))),
  ]

  @Test("a lifetime is a length, a moment or never, and ends accordingly", arguments: cases)
  func readsAndEnds(_ test: Case) throws {
    let lifetime = try Lifetime(parsing: test.text)
    #expect(lifetime == test.lifetime)
    #expect(lifetime.expiry(from: Self.now) == test.expiry)
  }

  @Test(
    "anything else is invalid, nothing at all included",
    arguments: [
      "", "0s", "0d", "-1d", "Never", "forever", "90", "tomorrow", "2026-02-30T00:00:00Z",
    ])
  func refuses(_ text: String) {
    #expect(refusal { () throws(Refusal) in try Lifetime(parsing: text) }?.word == .invalid)
  }
}

@Suite("Policy")
struct PolicyTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    var asked: Lifetime?
    var allowsNever = false

    /// When a key that is made at ``now`` ends; nil if never.
    var expiry: Instant?
    var isRefused = false
  }

  private static let now = Acme.start

  private static func later(_ duration: Seconds) -> Instant { now.advanced(by: duration) }

  static let cases: [Case] = [
    Case(testDescription: "nothing said", expiry: later(.days(90))),
    Case(testDescription: "1 s", asked: .lasting(Seconds(1)), expiry: later(Seconds(1))),
    Case(testDescription: "365 d", asked: .lasting(.days(365)), expiry: later(.days(365))),
    Case(
      testDescription: "365 d and 1 s", asked: .lasting(Seconds(365 * 86_400 + 1)),
      isRefused: true),
    Case(testDescription: "366 d", asked: .lasting(.days(366)), isRefused: true),
    Case(
      testDescription: "up to 365 d from now", asked: .until(later(.days(365))),
      expiry: later(.days(365))),
    Case(
      testDescription: "up to 365 d and 1 s from now",
      asked: .until(later(Seconds(365 * 86_400 + 1))), isRefused: true),
    Case(testDescription: "up to now", asked: .until(now), isRefused: true),
    Case(
      testDescription: "up to the next second", asked: .until(later(Seconds(1))),
      expiry: later(Seconds(1))),
    Case(
      testDescription: "up to what is past",
      asked: .until(Instant(secondsSinceEpoch: now.secondsSinceEpoch - 1)), isRefused: true),
    Case(testDescription: "never, where it is not allowed", asked: .never, isRefused: true),
    Case(testDescription: "never, where it is allowed", asked: .never, allowsNever: true),
    Case(
      testDescription: "366 d, where never is allowed", asked: .lasting(.days(366)),
      allowsNever: true, isRefused: true),
  ]

  @Test("bounds the lifetime of an issued key", arguments: cases)
  func bounds(_ test: Case) throws {
    var policy = Policy.initial
    policy.allowsNever = test.allowsNever
    let refusal = refusal { () throws(Refusal) in
      try policy.lifetime(of: test.asked, at: Self.now, for: "web/deploy")
    }
    #expect((refusal != nil) == test.isRefused)
    if test.isRefused {
      #expect(refusal?.word == .invalid)
      #expect(refusal?.object == "web/deploy")
    } else {
      let lifetime = try policy.lifetime(of: test.asked, at: Self.now, for: "web/deploy")
      #expect(lifetime.expiry(from: Self.now) == test.expiry)
      #expect(lifetime == test.asked ?? .lasting(.days(90)))
    }
  }

  @Test("is 90 days, at most 365 and never never, until it is told otherwise")
  func initialPolicy() {
    #expect(Policy.initial.defaultLifetime == .days(90))
    #expect(Policy.initial.maximumLifetime == .days(365))
    #expect(!Policy.initial.allowsNever)
    #expect(Organization().policy == .initial)
  }

  @Test("tells its own maximum, not a fixed one")
  func tellsMaximum() {
    var policy = Policy.initial
    policy.maximumLifetime = .days(30)
    policy.defaultLifetime = .days(7)
    let refusal = refusal { () throws(Refusal) in
      try policy.lifetime(of: .lasting(.days(31)), at: Self.now, for: "me/laptop")
    }
    #expect(refusal?.reason?.contains("30d") == true)
    #expect((try? policy.lifetime(of: nil, at: Self.now, for: "me/laptop")) == .lasting(.days(7)))
  }
}
