/// One line from a client: a verb, options and words.
///
///     CREATE web/deploy --expires=30d --note=for%20the%20pipeline
///
/// Words are separated by spaces, and percent-escaped one by one. A word that
/// begins with `--` is an option, up to a lone `--`. The same type writes the
/// line in the client and reads it in the daemon.
package struct Command: Equatable, Sendable {
  /// The verb in upper case, known or not.
  package let verb: String

  /// In the order of the line, without the `--`; each at most once.
  package private(set) var options: [Option]
  package private(set) var words: [String]

  package struct Option: Equatable, Sendable {
    package let name: String

    /// nil for an option without `=`.
    package let value: String?
  }

  /// What libassuan's writer leaves of a longer command, without an error.
  private static let silentlyCutByteCount = 999

  /// A line to be sent.
  ///
  /// - Parameters:
  ///   - verb: What is asked for.
  ///   - options: Names without the `--`, with their values.
  ///   - words: None of them empty.
  package init(_ verb: Verb, options: [(String, String?)] = [], words: [String] = []) {
    self.verb = verb.rawValue
    precondition(!words.contains(""), "a line has no way to write an empty word")
    self.options = options.map { Option(name: $0.0, value: $0.1) }
    self.words = words
  }

  /// The same, of which the daemon only tells what it would do.
  package var asDryRun: Command { adding("dry-run") }

  /// The same with one more option.
  package func adding(_ option: String, _ value: String? = nil) -> Command {
    var longer = self
    longer.options.append(Option(name: option, value: value))
    return longer
  }

  /// Reads a line that is neither empty nor a comment.
  ///
  /// Throws ``SyntaxError`` for what is no such line. Whether the verb exists,
  /// and takes these options, is not asked here.
  package init(parsing line: Span<UInt8>) throws(SyntaxError) {
    guard line.count != Self.silentlyCutByteCount else {
      throw SyntaxError("a command of exactly 999 bytes may be the beginning of a longer one")
    }
    var parts: [Range<Int>] = []
    var start = 0
    for index in 0...line.count where index == line.count || line[index] == 0x20 {
      if index > start { parts.append(start..<index) }
      start = index + 1
    }
    guard let first = parts.first, first.lowerBound == 0 else {
      throw SyntaxError("a command does not begin with a space")
    }
    verb = try Self.verb(line.extracting(first))
    options = []
    words = []
    var takesOptions = true
    for part in parts.dropFirst() {
      let raw = line.extracting(part)
      let isOption = raw.count >= 2 && raw[0] == 0x2D && raw[1] == 0x2D
      if takesOptions && isOption {
        if raw.count == 2 {
          takesOptions = false
        } else {
          try append(Self.option(raw))
        }
      } else {
        words.append(try Percent.decodedText(raw))
      }
    }
  }

  private static func verb(_ bytes: Span<UInt8>) throws(SyntaxError) -> String {
    var characters: [UInt8] = []
    for index in bytes.indices {
      let byte = bytes[index]
      let upper = (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
      guard (0x41...0x5A).contains(upper) || upper == 0x5F else {
        throw SyntaxError("a command begins with a word of letters")
      }
      characters.append(upper)
    }
    return String(decoding: characters, as: UTF8.self)
  }

  private static func option(_ bytes: Span<UInt8>) throws(SyntaxError) -> Option {
    let nameEnd = bytes.indices.first { bytes[$0] == UInt8(ascii: "=") } ?? bytes.count
    let name = try Percent.decodedText(bytes.extracting(2..<nameEnd))
    guard !name.isEmpty, name.utf8.allSatisfy(isOfName) else {
      throw SyntaxError("an option's name is of lower-case letters, digits and hyphens")
    }
    guard nameEnd < bytes.count else { return Option(name: name, value: nil) }
    let value = try Percent.decodedText(bytes.extracting((nameEnd + 1)..<bytes.count))
    return Option(name: name, value: value)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
  }

  private mutating func append(_ option: Option) throws(SyntaxError) {
    guard !options.contains(where: { $0.name == option.name }) else {
      throw SyntaxError("an option stands twice")
    }
    options.append(option)
  }

  /// The value of an option; nil if the option is missing.
  package func value(of name: String) -> String? {
    options.first { $0.name == name }?.value
  }

  package func hasOption(_ name: String) -> Bool { options.contains { $0.name == name } }

  /// The line, without its end.
  package var line: String {
    var line = verb
    for option in options {
      line += " --" + option.name
      if let value = option.value { line += "=" + Percent.encodedWord(value) }
    }
    if words.contains(where: { $0.begins(with: "--") }) { line += " --" }
    for word in words { line += " " + Percent.encodedWord(word) }
    return line
  }
}
