import Keyring
import Wire

/// What the daemon writes of texts that others have chosen.
enum ReplyFuzzing {
  static func write(_ text: String) throws {
    let failure = Failure(.notFound, text, hint: text)
    for reply in [ReplyLine.ok(text), ReplyLine.comment(text), ReplyLine.error(failure)] {
      try checkLines(reply)
    }
    try checkPrintable(failure.message, atMost: 900)
    try checkPrintable(PrintableText.object(text), atMost: 103)
    try checkPrintable(PrintableText.field(text), atMost: 300)
    try checkPrintable(PrintableText.claim(text), atMost: 64)
    let field = PrintableText.field(text)
    guard !field.isEmpty else { return }
    try checkStatus(["KEY", "note=" + field])
  }

  private static func checkPrintable(_ text: String, atMost byteCount: Int) throws {
    try promise(text.utf8.count <= byteCount, "text is cut to what is kept of it")
    try promise(
      !text.unicodeScalars.contains(where: PrintableText.isControl), "text steers no terminal")
    try promise(!KeyText.occurs(in: text), "no key's text is shown")
  }

  private static func checkLines(_ reply: [UInt8]) throws {
    try promise(reply.last == 0x0A, "a reply ends its line")
    for line in reply.split(separator: 0x0A, omittingEmptySubsequences: false) {
      try promise(line.count <= LineScanner.maximumSentByteCount, "a line that is sent is short")
      try promise(!line.contains { $0 < 0x20 }, "a line holds no control")
      try promise(String(validating: line, as: UTF8.self) != nil, "no character is cut")
    }
    for line in reply.split(separator: 0x0A) {
      _ = try accepted("what the daemon writes is read") { () throws(SyntaxError) in
        try ServerLine(parsing: Array(line).span)
      }
    }
  }

  /// A status line of `words` is read as those words, if it is not cut.
  static func checkStatus(_ words: [String]) throws {
    let line = ReplyLine.status(words)
    try checkLines(line)
    let byteCount = words.reduce(1) { $0 + 1 + Percent.encodedWord($1).utf8.count }
    guard byteCount <= LineScanner.maximumSentByteCount else { return }
    let parsed = try accepted("a status is read") { () throws(SyntaxError) in
      try ServerLine(parsing: Array(line.dropLast()).span)
    }
    try promise(parsed == .status(words), "a status is read as it was written")
  }
}
