internal import Keyring
internal import Platform

/// Reads dotenv files, as python-dotenv and dotenv of Node read them, where the two
/// agree.
///
///     # a comment
///     NAME=value              # blanks around the = and the value do not count
///     export NAME = value
///     NAME='literal, also on several lines'
///     NAME="\n is a line end"
///     NAME=`literal`
///     NAME=
///     NAME
///
/// Lines end with LF, CRLF or CR, in quoted values too, which have LF then. A byte
/// order mark is skipped. The last assignment of a name counts. What they read
/// differently:
///
/// - `#` begins a comment at the beginning of a line, and behind a blank: `a#b` and
///   `NAME=#b` have no comment (as python-dotenv), and `NAME= # b` is empty (as Node).
/// - Double quotes: `\n \r \t \a \b \f \v \\ \" \'` are escapes, and every other
///   backslash stays (as python-dotenv). A backslash behind a backslash escapes no
///   quote: `"a\\"` ends there.
/// - Single quotes and backquotes: nothing is escaped, and the next one ends the
///   value; backquotes are quotes (as Node).
/// - Nothing is expanded, as `${NAME}` (as Node).
/// - A name alone sets nothing. Names are those that a shell takes, up to 64 characters.
/// - What is no such line, a quote that is not closed, and anything but a comment
///   behind a closing quote are errors: both skip some of these lines, or take them
///   for something else, and a variable would be missing.
///
/// `coffer://` in a value names a key: see ``DotenvReference``.
///
/// Source: python-dotenv 1.2 (`parser.py`), dotenv 17 (`main.js`).
struct DotenvParser: ~Copyable {
  private let name: String
  private var position = 0
  private var line = 1

  /// Those that were read so far.
  private(set) var assignments: [DotenvAssignment] = []
  private var text = SecretBuffer()

  /// - Parameter name: How the file is called in a message.
  init(name: String) { self.name = name }

  /// The unescaped values.
  consuming func finish() -> SecretBuffer { text }

  /// Reads a whole file.
  mutating func parse(_ bytes: Span<UInt8>) throws(ClientError) {
    if bytes.holds([0xEF, 0xBB, 0xBF].span, at: 0, before: bytes.count) { position = 3 }
    while true {
      skipBlanks(bytes)
      guard let byte = peek(bytes) else { return }
      switch byte {
      case Byte.lineFeed, Byte.carriageReturn: takeLineEnd(bytes)
      case Byte.hash: skipLine(bytes)
      case _: try parseAssignment(bytes)
      }
    }
  }

  private mutating func parseAssignment(_ bytes: Span<UInt8>) throws(ClientError) {
    let (start, first) = (position, line)
    skipExport(bytes)
    let name = try takeName(bytes)
    var end = position
    skipBlanks(bytes)
    guard peek(bytes) == Byte.equals else {
      try finishLine(bytes, first, "this is no assignment NAME=value")
      return assignments.append(
        DotenvAssignment(
          name: name, line: first, range: start..<end, valueRange: nil, pieces: []))
    }
    position += 1
    let textStart = text.count
    let valueRange = try takeValue(bytes, first)
    end = valueRange.upperBound
    try finishLine(
      bytes, first, "only a comment may stand behind the closing quote",
      hint: "in single quotes and backquotes nothing is escaped, in double quotes \\\" is a quote")
    guard text.withBytes({ $0.firstIndex(of: 0, from: textStart) }) == nil else {
      throw error(first, "the value holds a NUL, which ends the variables of an environment")
    }
    let pieces = text.withBytes { DotenvReference.pieces(of: $0, in: textStart..<text.count) }
    guard let pieces else {
      throw error(
        first, "behind coffer:// no key is named",
        hint: "a reference is written coffer://WORKSPACE/NAME, coffer://me/NAME, "
          + "coffer://org/NAME, coffer://@USER/NAME or coffer://id:ID")
    }
    assignments.append(
      DotenvAssignment(
        name: name, line: first, range: start..<end, valueRange: valueRange, pieces: pieces))
  }

  // MARK: Names

  private mutating func skipExport(_ bytes: Span<UInt8>) {
    let word = "export".utf8
    guard bytes.holds(word.span, at: position, before: bytes.count) else { return }
    let behind = position + word.count
    guard behind < bytes.count, Byte.isBlank(bytes[behind]) else { return }
    position = behind
    skipBlanks(bytes)
  }

  /// Takes the name of a variable; what is none is not repeated, as it may be a line
  /// of a secret.
  private mutating func takeName(_ bytes: Span<UInt8>) throws(ClientError) -> String {
    let start = position
    position = bytes.end(from: start, of: Byte.isOfName)
    let name = bytes.extracting(start..<position).text
    let ends = [Byte.equals, Byte.hash, Byte.lineFeed, Byte.carriageReturn]
    let isWhole = peek(bytes).map { ends.contains($0) || Byte.isBlank($0) } ?? true
    guard !name.isEmpty, isWhole else {
      throw error(line, "this is no assignment NAME=value", hint: EnvironmentName.rule)
    }
    guard EnvironmentName(stored: name) != nil else {
      throw error(line, "the name is none of a variable", hint: EnvironmentName.rule)
    }
    return name
  }

  // MARK: Values

  /// Takes a value, unescaped, into ``text``.
  ///
  /// - Returns: Where in the source it is, with its quotes.
  private mutating func takeValue(
    _ bytes: Span<UInt8>, _ first: Int
  ) throws(ClientError) -> Range<Int> {
    let behindEquals = position
    skipBlanks(bytes)
    let start = position
    switch peek(bytes) {
    case Byte.doubleQuote?: try takeQuoted(bytes, first, decodesEscapes: true)
    case Byte.singleQuote?, Byte.backquote?: try takeQuoted(bytes, first, decodesEscapes: false)
    case Byte.hash? where start > behindEquals: return behindEquals..<behindEquals
    case _: return try takeUnquoted(bytes, behindEquals)
    }
    return start..<position
  }

  private mutating func takeUnquoted(
    _ bytes: Span<UInt8>, _ behindEquals: Int
  ) throws(ClientError) -> Range<Int> {
    let start = position
    var end = start
    while let byte = peek(bytes), !Byte.isLineEnd(byte) {
      if byte == Byte.hash, position > start, Byte.isBlank(bytes[position - 1]) { break }
      position += 1
      if !Byte.isBlank(byte) { end = position }
    }
    guard end > start else { return behindEquals..<behindEquals }
    try text.append(bytes.extracting(start..<end))
    return start..<end
  }

  private mutating func takeQuoted(
    _ bytes: Span<UInt8>, _ first: Int, decodesEscapes: Bool
  ) throws(ClientError) {
    let quote = bytes[position]
    position += 1
    var run = position
    while let byte = peek(bytes) {
      if byte == quote {
        try text.append(bytes.extracting(run..<position))
        position += 1
        return
      }
      if decodesEscapes, byte == Byte.backslash, position + 1 < bytes.count,
        let decoded = Byte.decoded(bytes[position + 1])
      {
        try text.append(bytes.extracting(run..<position))
        try text.append([decoded].span)
        position += 2
        run = position
      } else if byte == Byte.carriageReturn {
        try text.append(bytes.extracting(run..<position))
        try text.append([Byte.lineFeed].span)
        takeLineEnd(bytes)
        run = position
      } else if byte == Byte.lineFeed {
        takeLineEnd(bytes)
      } else {
        position += 1
      }
    }
    throw error(first, "the value begins with a quote that is not closed")
  }

  // MARK: Lines

  private func peek(_ bytes: Span<UInt8>) -> UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipBlanks(_ bytes: Span<UInt8>) {
    position = bytes.end(from: position, of: Byte.isBlank)
  }

  private mutating func skipLine(_ bytes: Span<UInt8>) {
    position = bytes.end(from: position) { !Byte.isLineEnd($0) }
  }

  /// Takes LF, CRLF or CR.
  private mutating func takeLineEnd(_ bytes: Span<UInt8>) {
    let isReturn = bytes[position] == Byte.carriageReturn
    position += 1
    if isReturn, peek(bytes) == Byte.lineFeed { position += 1 }
    line += 1
  }

  /// Takes blanks and a comment up to the end of the line; throws `problem` for
  /// anything else.
  private mutating func finishLine(
    _ bytes: Span<UInt8>, _ first: Int, _ problem: String, hint: String? = nil
  ) throws(ClientError) {
    skipBlanks(bytes)
    guard let byte = peek(bytes), !Byte.isLineEnd(byte) else { return }
    guard byte == Byte.hash else { throw error(first, problem, hint: hint) }
    skipLine(bytes)
  }

  private func error(_ line: Int, _ problem: String, hint: String? = nil) -> ClientError {
    ClientError(ExitStatus.failed, "\(name):\(line): \(problem)", hint: hint)
  }
}

/// What the bytes of a dotenv file mean.
private enum Byte {
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let hash = UInt8(ascii: "#")
  static let equals = UInt8(ascii: "=")
  static let backslash = UInt8(ascii: "\\")
  static let singleQuote = UInt8(ascii: "'")
  static let doubleQuote = UInt8(ascii: "\"")
  static let backquote = UInt8(ascii: "`")

  /// Space, tab, vertical tab, form feed.
  static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0B, 0x0C].contains(byte) }

  static func isLineEnd(_ byte: UInt8) -> Bool { byte == lineFeed || byte == carriageReturn }

  static func isOfName(_ byte: UInt8) -> Bool { byte.isLetterOrDigit || byte == 0x5F }

  /// What stands for the escape of `letter` in double quotes; nil if it is none.
  static func decoded(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "n"): lineFeed
    case UInt8(ascii: "r"): carriageReturn
    case UInt8(ascii: "t"): 0x09
    case UInt8(ascii: "a"): 0x07
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "v"): 0x0B
    case backslash, doubleQuote, singleQuote: letter
    case _: nil
    }
  }
}
