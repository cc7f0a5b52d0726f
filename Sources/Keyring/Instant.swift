/// A second of UTC, as the vault reckons time.
package struct Instant: Comparable, Hashable, Sendable {
  /// The seconds since 1970-01-01T00:00:00Z.
  package let secondsSinceEpoch: Int64

  package init(secondsSinceEpoch: Int64) { self.secondsSinceEpoch = secondsSinceEpoch }

  /// The last second that ``rfc3339`` can write: the end of the year 9999.
  package static let latest = Instant(secondsSinceEpoch: 253_402_300_799)

  package func advanced(by duration: Seconds) -> Instant {
    Instant(secondsSinceEpoch: secondsSinceEpoch + duration.count)
  }

  package static func < (left: Instant, right: Instant) -> Bool {
    left.secondsSinceEpoch < right.secondsSinceEpoch
  }
}

/// A length of time in whole seconds, never negative.
package struct Seconds: Comparable, Hashable, Sendable {
  package let count: Int64

  package init(_ count: Int64) {
    precondition(count >= 0, "a length of time is never negative")
    self.count = count
  }

  package static func days(_ count: Int64) -> Seconds { Seconds(count * 86_400) }

  package static func < (left: Seconds, right: Seconds) -> Bool { left.count < right.count }

  /// The length in its largest whole unit, as in `90d`, `12h`, `30m` or `2s`.
  package var text: String {
    let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "m")]
    for (length, unit) in units where count >= length && count % length == 0 {
      return "\(count / length)\(unit)"
    }
    return "\(count)s"
  }

  /// The longest time that anybody can ask for: a hundred years.
  package static let longest = Seconds.days(36_500)

  /// Reads `90d`, `12h`, `30m` or `2s`; nil for anything else, and for more than
  /// ``longest``.
  package init?(parsing text: some StringProtocol) {
    let units: [Character: Int64] = ["d": 86_400, "h": 3_600, "m": 60, "s": 1]
    guard let last = text.last, let unit = units[last] else { return nil }
    let digits = text.dropLast()
    guard (1...9).contains(digits.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int64(digits), number * unit <= Self.longest.count
    else { return nil }
    self.init(number * unit)
  }
}

// MARK: - RFC 3339

extension Instant {
  /// The moment as `2026-11-23T14:56:00Z`.
  ///
  /// Source: RFC 3339; the calendar is the proleptic Gregorian one.
  package var rfc3339: String {
    let days = secondsSinceEpoch.flooredQuotient(by: 86_400)
    let second = secondsSinceEpoch - days * 86_400
    let (year, month, day) = Self.date(ofDay: days)
    return "\(Self.padded(year, 4))-\(Self.padded(month))-\(Self.padded(day))T"
      + "\(Self.padded(second / 3600)):\(Self.padded(second / 60 % 60)):\(Self.padded(second % 60))Z"
  }

  private static func padded(_ number: Int64, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// Reads `2026-11-23T14:56:00Z`, also with an offset such as `+01:00`; nil
  /// for anything else, for fractions of a second, and before 1970.
  package init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 20 || bytes.count == 25 else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var value: Int64 = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    let separators: [Int: [Character]] = [
      4: ["-"], 7: ["-"], 10: ["T", "t"], 13: [":"], 16: [":"],
    ]
    for (index, allowed) in separators {
      guard allowed.contains(Character(UnicodeScalar(bytes[index]))) else { return nil }
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
      let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
      year >= 1970, (1...12).contains(month), day >= 1,
      day <= Self.dayCount(ofMonth: month, year: year),
      hour < 24, minute < 60, second < 60
    else { return nil }
    var offset: Int64 = 0
    if bytes.count == 25 {
      guard let hours = number(20..<22), let minutes = number(23..<25), hours < 24, minutes < 60,
        bytes[22] == UInt8(ascii: ":")
      else { return nil }
      switch bytes[19] {
      case UInt8(ascii: "+"): offset = hours * 3600 + minutes * 60
      case UInt8(ascii: "-"): offset = -(hours * 3600 + minutes * 60)
      default: return nil
      }
    } else {
      guard bytes[19] == UInt8(ascii: "Z") || bytes[19] == UInt8(ascii: "z") else { return nil }
    }
    let days = Self.day(ofYear: year, month: month, day: day)
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
    guard seconds >= 0, seconds <= Self.latest.secondsSinceEpoch else { return nil }
    self.init(secondsSinceEpoch: seconds)
  }

  private static func dayCount(ofMonth month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// The days from 1970-01-01 to a date.
  ///
  /// Years are counted from March, so that the leap day is the last of its
  /// year, and in eras of 400 years, which have 146,097 days each.
  private static func day(ofYear year: Int64, month: Int64, day: Int64) -> Int64 {
    let marchYear = month <= 2 ? year - 1 : year
    let era = marchYear.flooredQuotient(by: 400)
    let yearOfEra = marchYear - era * 400
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - daysBeforeEpoch
  }

  /// The date of the day that is `days` after 1970-01-01.
  private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + daysBeforeEpoch
    let era = shifted.flooredQuotient(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// The days from 0000-03-01, where the first era begins, to 1970-01-01.
  private static let daysBeforeEpoch: Int64 = 719_468
}

extension Int64 {
  /// The quotient rounded down, also below zero.
  fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
