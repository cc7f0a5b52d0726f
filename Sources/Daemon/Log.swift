internal import Platform
internal import Wire

/// What the daemon tells its administrator, on standard error.
///
/// One line an event; nothing that a client sent stands in it, but for numbers
/// that the kernel knows and names that kept their rules.
enum Log {
  static func note(_ message: String) {
    StandardStream.error.write("cofferd: \(PrintableText.line(message))\n")
  }

  static func hint(_ hint: String?) {
    guard let hint else { return }
    StandardStream.error.write("cofferd: hint: \(PrintableText.line(hint))\n")
  }
}
