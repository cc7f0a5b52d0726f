/// Numbers as the reports have them.
enum Decimal {
  /// A number with two digits behind the point.
  static func text(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded())
    let digits = String(hundredths.magnitude % 100)
    return (hundredths < 0 ? "-" : "") + "\(hundredths.magnitude / 100)."
      + (digits.count < 2 ? "0" : "") + digits
  }
}
