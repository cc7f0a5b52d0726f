/// Numbers as the reports have them.
enum Decimal {
  /// A number with two digits behind the point.
  static func text(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let digits = String(hundredths.magnitude % 100)
    return (hundredths < 0 ? "-" : "") + "\(hundredths.magnitude / 100)."
      + (digits.count < 2 ? "0" : "") + digits
  }

  /// A number without digits that say nothing: of large ones none behind the point.
  static func short(_ number: Double) -> String {
    if number.magnitude >= 1000 || number == number.rounded() {
      return String(Int(number.rounded()))
    }
    return text(number)
  }

  /// How many of something, as `1 key`.
  static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// A ratio, of small ones with a digit more.
  static func ratio(_ number: Double) -> String {
    number.magnitude >= 0.1 ? text(number) : String((number * 1000).rounded() / 1000)
  }

  /// A number as JSON has it, to the ten-thousandth.
  static func exact(_ number: Double) -> String {
    String((number * 10_000).rounded() / 10_000)
  }
}
