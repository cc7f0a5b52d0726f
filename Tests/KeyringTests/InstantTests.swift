import Keyring
import Testing

@Suite("Instant")
struct InstantTests {
  struct Case: CustomTestStringConvertible {
    let text: String
    let seconds: Int64
    var testDescription: String { text }
  }

  /// Reckoned with date(1).
  static let canonical: [Case] = [
    Case(text: "1970-01-01T00:00:00Z", seconds: 0),
    Case(text: "1970-01-01T00:00:01Z", seconds: 1),
    Case(text: "1970-12-31T23:59:59Z", seconds: 31_535_999),
    Case(text: "1972-02-29T12:00:00Z", seconds: 68_212_800),
    Case(text: "2000-02-28T23:59:59Z", seconds: 951_782_399),
    Case(text: "2000-02-29T00:00:00Z", seconds: 951_782_400),
    Case(text: "2000-03-01T00:00:00Z", seconds: 951_868_800),
    Case(text: "2024-02-29T23:59:59Z", seconds: 1_709_251_199),
    Case(text: "2026-11-23T14:56:00Z", seconds: 1_795_445_760),
    Case(text: "2038-01-19T03:14:08Z", seconds: 2_147_483_648),
    Case(text: "2100-02-28T23:59:59Z", seconds: 4_107_542_399),
    Case(text: "2100-03-01T00:00:00Z", seconds: 4_107_542_400),
    Case(text: "2400-02-29T00:00:00Z", seconds: 13_574_563_200),
    Case(text: "9999-12-31T23:59:59Z", seconds: 253_402_300_799),
  ]

  @Test("a moment is written and read in UTC", arguments: canonical)
  func writesAndReads(_ test: Case) {
    #expect(Instant(secondsSinceEpoch: test.seconds).rfc3339 == test.text)
    #expect(Instant(rfc3339: test.text)?.secondsSinceEpoch == test.seconds)
  }

  static let otherForms: [Case] = [
    Case(text: "2026-11-23t14:56:00z", seconds: 1_795_445_760),
    Case(text: "2026-11-23T15:56:00+01:00", seconds: 1_795_445_760),
    Case(text: "2026-11-23T09:26:00-05:30", seconds: 1_795_445_760),
    Case(text: "2026-11-24T14:55:00+23:59", seconds: 1_795_445_760),
    Case(text: "2026-11-23T14:56:00+00:00", seconds: 1_795_445_760),
    Case(text: "2026-11-23T14:56:00-00:00", seconds: 1_795_445_760),
    Case(text: "2024-03-01T00:30:00+01:00", seconds: 1_709_249_400),
    Case(text: "1970-01-01T01:00:00+01:00", seconds: 0),
    Case(text: "9999-12-31T22:59:59-01:00", seconds: 253_402_300_799),
  ]

  @Test("a moment is read with an offset, and in lower case", arguments: otherForms)
  func readsOtherForms(_ test: Case) {
    #expect(Instant(rfc3339: test.text)?.secondsSinceEpoch == test.seconds)
  }

  @Test(
    "anything else is no moment",
    arguments: [
      "", "2026", "2026-11-23", "2026-11-23T14:56Z", "2026-11-23T14:56:00",
      "2026-11-23 14:56:00Z", "2026-11-23T14:56:00.5Z", "2026-11-23T14:56:00Z ",
      " 2026-11-23T14:56:00Z", "2026/11/23T14:56:00Z", "2026-11-23T14.56.00Z",
      "2026-11-23T14:56-00Z", "2026-11-23T14:56:00X", "2026-11-23T14:56:00+0100",
      "2026-11-23T14:56:00+01", "2026-11-23T14:56:00*01:00", "2026-11-23T14:56:00+01-00",
      "2026-11-23T14:56:00+24:00", "2026-11-23T14:56:00+01:60", "2026-11-23T14:56:00Z+1:00",
      "2026-00-23T14:56:00Z", "2026-13-23T14:56:00Z", "2026-11-00T14:56:00Z",
      "2026-11-31T14:56:00Z", "2026-04-31T00:00:00Z", "2026-06-31T00:00:00Z",
      "2026-09-31T00:00:00Z", "2026-01-32T00:00:00Z", "2026-12-32T00:00:00Z",
      "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
      "2026-11-23T24:00:00Z", "2026-11-23T14:60:00Z", "2026-11-23T23:59:60Z",
      "2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
      "9999-12-31T23:59:59-00:01", "12026-11-23T14:56:00Z", "-026-11-23T14:56:00Z",
      "+026-11-23T14:56:00Z", "2O26-11-23T14:56:00Z", "2026-11-2३T14:56:00Z",
      "2026-11-23T14:56:00Ž", "2026-11-23T-1:56:00Z", "2026-+1-23T14:56:00Z", "now", "never",
    ])
  func refuses(_ text: String) { #expect(Instant(rfc3339: text) == nil) }

  // MARK: An independent reckoning

  /// A calendar that goes on day by day, and knows leap years by their rule.
  struct Calendar {
    var year = 1970
    var month = 1
    var day = 1

    var isLeapYear: Bool { year % 400 == 0 || year % 4 == 0 && year % 100 != 0 }

    var date: String { "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)" }

    mutating func goOn() {
      let lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
      day += 1
      guard day > lengths[month - 1] else { return }
      day = 1
      month += 1
      guard month > 12 else { return }
      month = 1
      year += 1
    }
  }

  @Test("each day of 1970 to 2109 has the date that counting days gives")
  func agreesWithCounting() {
    var calendar = Calendar()
    var seconds: Int64 = 0
    var differing: [String] = []
    while calendar.year < 2110 {
      let text = "\(calendar.date)T23:59:58Z"
      let moment = Instant(secondsSinceEpoch: seconds + 86_398)
      if moment.rfc3339 != text || Instant(rfc3339: text) != moment { differing.append(text) }
      calendar.goOn()
      seconds += 86_400
    }
    #expect(differing.isEmpty)
    #expect(seconds == 4_417_977_600, "the first second of 2110, by date(1)")
  }

  @Test("each year up to 9999 begins where the years before it end")
  func agreesWithCountingYears() {
    var calendar = Calendar()
    var days: Int64 = 0
    var differing: [Int] = []
    for year in 1970...9999 {
      calendar.year = year
      let newYear = Instant(secondsSinceEpoch: days * 86_400)
      let march = Instant(secondsSinceEpoch: (days + (calendar.isLeapYear ? 60 : 59)) * 86_400)
      if newYear.rfc3339 != "\(year)-01-01T00:00:00Z"
        || Instant(rfc3339: "\(year)-01-01T00:00:00Z") != newYear
        || march.rfc3339 != "\(year)-03-01T00:00:00Z"
        || Instant(rfc3339: "\(year)-03-01T00:00:00Z") != march
        || (Instant(rfc3339: "\(year)-02-29T00:00:00Z") != nil) != calendar.isLeapYear
      {
        differing.append(year)
      }
      days += calendar.isLeapYear ? 366 : 365
    }
    #expect(differing.isEmpty)
    #expect(Instant.latest.secondsSinceEpoch == days * 86_400 - 1)
  }

  @Test("moments are in order, and go on by lengths of time")
  func order() {
    let moment = Instant(secondsSinceEpoch: 1000)
    #expect(moment < moment.advanced(by: Seconds(1)))
    #expect(moment.advanced(by: Seconds(0)) == moment)
    #expect(moment.advanced(by: .days(2)).secondsSinceEpoch == 173_800)
  }
}
