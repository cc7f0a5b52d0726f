/// The lines that a daemon sends, but for D lines.
///
/// Each is at most 998 bytes and holds no line end, whatever it is made of.
package enum ReplyLine {
  /// The success of a command; text only behind the greeting and BYE.
  package static func ok(_ text: String? = nil) -> [UInt8] {
    line(text.map { "OK \($0)" } ?? "OK")
  }

  /// The failure of a command, with its hint on a status line before it.
  package static func error(_ failure: Failure) -> [UInt8] {
    let hint = failure.hint.map { line("S HINT " + Percent.encodedText($0)) } ?? []
    return hint + line("ERR \(failure.number) \(failure.message)")
  }

  /// A status line of words, escaped one by one.
  package static func status(_ words: [String]) -> [UInt8] {
    line("S " + words.map(Percent.encodedWord).joined(separator: " "))
  }

  /// A question to the client.
  package static func inquire(_ keyword: String, maximumByteCount: Int) -> [UInt8] {
    line("S INQUIRE_MAXLEN \(maximumByteCount)") + line("INQUIRE \(keyword)")
  }

  /// A comment, which programs pass over and people read.
  package static func comment(_ text: String) -> [UInt8] {
    line("# " + PrintableText.withoutControls(text))
  }

  /// One line, whatever `text` holds: controls become `?`, and what is too long is
  /// cut, but never inside a character or an escape.
  private static func line(_ text: String) -> [UInt8] {
    var bytes = text.utf8.map { $0 < 0x20 ? UInt8(ascii: "?") : $0 }
    if bytes.count > LineScanner.maximumSentByteCount {
      var end = LineScanner.maximumSentByteCount
      while bytes[end] & 0xC0 == 0x80 { end -= 1 }
      let escape = bytes[(end - 2)..<end].firstIndex(of: UInt8(ascii: "%"))
      bytes.removeLast(bytes.count - (escape ?? end))
    }
    bytes.append(0x0A)
    return bytes
  }
}
