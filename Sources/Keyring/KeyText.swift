/// The text of an issued key: `cof_<type>_<id><secret><checksum>`.
///
/// 57 characters, each at its place: type 2 characters, id 12, secret 32,
/// checksum 6. The checksum is the CRC-32 of all before it, so that a typing
/// error is told from an unknown key without asking the vault.
package enum KeyText {
  package static let byteCount = 57

  /// How many random bytes a secret wants: 32 that can be used, and enough to
  /// spare that they fail to do less than once in 10^50 times.
  package static let randomByteCount = 96

  private static let prefix = Array("cof_".utf8)
  private static let headByteCount = 7
  private static let secretByteCount = 32
  private static let checksumStart = 51

  /// What anyone can read off a key's text without knowing the vault.
  package struct Handle: Equatable, Sendable {
    package let type: KeyType
    package let id: KeyID

    package init(type: KeyType, id: KeyID) { (self.type, self.id) = (type, id) }
  }

  /// Writes a key's text.
  ///
  /// - Parameters:
  ///   - type: What the key acts for.
  ///   - id: Its public handle.
  ///   - random: At least ``randomByteCount`` random bytes; they become the secret.
  ///   - output: ``byteCount`` bytes.
  /// - Returns: Whether enough of the random bytes could be used; if not, draw again.
  package static func write(
    type: KeyType, id: KeyID, random: Span<UInt8>, to output: inout MutableSpan<UInt8>
  ) -> Bool {
    precondition(output.count == byteCount, "a key's text has 57 bytes")
    var position = 0
    for byte in prefix + Array(type.textMark.utf8) + Array("_".utf8) + id.characters {
      output[position] = byte
      position += 1
    }
    for index in random.indices where position < checksumStart {
      guard let digit = Base62.digit(fromRandom: random[index]) else { continue }
      output[position] = digit
      position += 1
    }
    guard position == checksumStart else { return false }
    for byte in Base62.digits(of: Checksum.crc32(of: output.span, count: checksumStart)) {
      output[position] = byte
      position += 1
    }
    return true
  }

  /// Reads a key's text; nil if shape or checksum are wrong.
  package static func parse(_ text: Span<UInt8>) -> Handle? {
    guard text.count == byteCount, let type = type(at: 0, of: text) else { return nil }
    for index in headByteCount..<byteCount {
      guard Base62.contains(text[index]) else { return nil }
    }
    let checksum = Base62.digits(of: Checksum.crc32(of: text, count: checksumStart))
    for index in checksum.indices {
      guard text[checksumStart + index] == checksum[index] else { return nil }
    }
    let idRange = headByteCount..<(headByteCount + KeyID.characterCount)
    guard let id = KeyID(text.extracting(idRange)) else { return nil }
    return Handle(type: type, id: id)
  }

  /// The type that the seven bytes at `start` announce, if they do.
  private static func type(at start: Int, of text: Span<UInt8>) -> KeyType? {
    guard start + headByteCount <= text.count else { return nil }
    for index in prefix.indices {
      guard text[start + index] == prefix[index] else { return nil }
    }
    return KeyType.allCases.first { type in
      let mark = Array(type.textMark.utf8) + Array("_".utf8)
      return mark.indices.allSatisfy { text[start + prefix.count + $0] == mark[$0] }
    }
  }

  /// Whether a well-formed key text stands anywhere in `text`.
  package static func occurs(in text: String) -> Bool {
    guard text.utf8.count >= byteCount else { return false }
    let bytes = Array(text.utf8)
    return (0...(bytes.count - byteCount)).contains { start in
      parse(bytes.span.extracting(start..<(start + byteCount))) != nil
    }
  }

  // MARK: Masking

  /// `text` with all that could be a key's secret in it left out.
  ///
  /// Of a well-formed text prefix and id are shown. What only begins like one
  /// may be a key with typing errors, or one that a line break or a space has
  /// cut in two; so of that nothing is shown behind the prefix, up to the end of
  /// a part of a sentence. A long word of letters in both cases may be a key
  /// without its prefix, and is left out as a whole.
  package static func masked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var position = 0
    while position < bytes.count {
      let (shown, end) =
        looksLikePrefix(at: position, of: bytes)
        ? maskedKey(at: position, of: bytes) : maskedRun(at: position, of: bytes)
      result += shown
      position = end
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static let ellipsis = Array("...".utf8)

  /// Whether the seven bytes at `start` are a key's prefix, in whatever case and
  /// with whatever joints.
  private static func looksLikePrefix(at start: Int, of bytes: [UInt8]) -> Bool {
    // The first byte tells at nearly every place, without a copy.
    guard start + headByteCount <= bytes.count, bytes[start] | 0x20 == prefix[0] else {
      return false
    }
    let head = bytes[start..<(start + headByteCount)].map { byte in
      isJoint(byte) ? UInt8(ascii: "_") : isUpperCase(byte) ? byte | 0x20 : byte
    }
    return type(at: 0, of: head.span) != nil
  }

  /// What is shown of the key that begins at `start`, and where the rest goes on.
  private static func maskedKey(
    at start: Int, of bytes: [UInt8]
  ) -> (shown: ArraySlice<UInt8>, end: Int) {
    let bodyStart = start + headByteCount
    let idEnd = bodyStart + KeyID.characterCount
    if parse(Array(bytes[start...].prefix(byteCount)).span) != nil {
      let wordEnd = end(of: bytes, from: start + byteCount, where: isOfWord)
      return (bytes[start..<idEnd] + ellipsis, wordEnd)
    }
    // What was masked before stays as it is, but for what was put behind it.
    for shownEnd in [bodyStart, idEnd] where bytes.dropFirst(shownEnd).starts(with: ellipsis) {
      if bytes[bodyStart..<shownEnd].allSatisfy(Base62.contains) {
        let wordEnd = end(of: bytes, from: shownEnd + ellipsis.count, where: isOfWord)
        return (bytes[start..<shownEnd] + ellipsis, wordEnd)
      }
    }
    let partEnd = endOfPart(of: bytes, from: bodyStart)
    let isHandle = partEnd <= idEnd && bytes[bodyStart..<partEnd].allSatisfy(Base62.contains)
    return isHandle
      ? (bytes[start..<partEnd], partEnd) : (bytes[start..<bodyStart] + ellipsis, partEnd)
  }

  /// What is shown of the letters and digits at `start`, and where they end; of
  /// another byte itself.
  private static func maskedRun(
    at start: Int, of bytes: [UInt8]
  ) -> (shown: ArraySlice<UInt8>, end: Int) {
    var runEnd = start
    while runEnd < bytes.count, Base62.contains(bytes[runEnd]),
      !looksLikePrefix(at: runEnd, of: bytes)
    {
      runEnd += 1
    }
    let run = bytes[start..<max(runEnd, start + 1)]
    // Names are in lower case, and those of variables in upper.
    let isRandom = run.contains(where: isUpperCase) && run.contains(where: isLowerCase)
    return (run.count >= secretByteCount && isRandom ? ellipsis[...] : run, run.endIndex)
  }

  private static func end(
    of bytes: [UInt8], from start: Int, where belongs: (UInt8) -> Bool
  ) -> Int {
    bytes[start...].firstIndex { !belongs($0) } ?? bytes.count
  }

  /// The first mark behind `start` that ends a part of a sentence: white space
  /// or the end is behind it, and behind further marks.
  private static func endOfPart(of bytes: [UInt8], from start: Int) -> Int {
    var position = start
    while position < bytes.count {
      let marksEnd = end(of: bytes, from: position, where: isMark)
      let isEnd = marksEnd == bytes.count || isSpace(bytes[marksEnd])
      if marksEnd > position, isEnd { return position }
      position = max(marksEnd, position + 1)
    }
    return bytes.count
  }

  /// Whether `byte` joins the parts of a key, or a key to what was pasted behind it.
  private static func isJoint(_ byte: UInt8) -> Bool { "-._".utf8.contains(byte) }

  private static func isMark(_ byte: UInt8) -> Bool { ":;,'\"()=".utf8.contains(byte) }

  private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

  private static func isOfWord(_ byte: UInt8) -> Bool { !isMark(byte) && !isSpace(byte) }

  private static func isUpperCase(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }

  private static func isLowerCase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
}
