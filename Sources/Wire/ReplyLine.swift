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
  ///
  /// - Parameters:
  ///   - words: What comes first.
  ///   - fields: Names, which need no escapes, and values; those without one are left out.
  /// - Returns: The line.
  package static func status(
    _ words: [String], _ fields: [(name: String, value: String?)] = []
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(usualByteCount)
    bytes.append(UInt8(ascii: "S"))
    for word in words {
      bytes.append(0x20)
      Percent.append(word: word, to: &bytes)
    }
    for case (let name, let value?) in fields {
      bytes.append(0x20)
      bytes += name.utf8
      bytes.append(UInt8(ascii: "="))
      Percent.append(word: value, to: &bytes)
    }
    // There is a space behind the S in any case.
    if bytes.count == 1 { bytes.append(0x20) }
    return ended(bytes)
  }

  /// What most lines fit in.
  private static let usualByteCount = 128

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
    ended(text.utf8.map { $0 < 0x20 ? UInt8(ascii: "?") : $0 })
  }

  /// The line of `bytes`, in which are no controls, with its end.
  private static func ended(_ line: [UInt8]) -> [UInt8] {
    var bytes = line
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
