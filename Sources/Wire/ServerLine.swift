/// A line from a daemon, as a client reads it.
package enum ServerLine: Equatable, Sendable {
  case ok(String)
  case error(number: Int, message: String)
  case status([String])

  /// The hint that belongs to the `ERR` line behind it.
  case hint(String)

  /// Where in the line the data are, still escaped.
  case data(Range<Int>)

  /// What is asked for, and of what, as of the slot 2 in `INQUIRE KEYFILE 2`.
  case inquire(String, of: String? = nil)
  case comment(String)

  /// Reads a line; throws ``SyntaxError`` for what no Assuan server sends.
  package init(parsing line: Span<UInt8>) throws(SyntaxError) {
    if line.count >= 2, line[0] == UInt8(ascii: "D"), line[1] == 0x20 {
      self = .data(2..<line.count)
      return
    }
    if line.isEmpty || line[0] == UInt8(ascii: "#") {
      self = .comment(Self.text(of: line, from: line.count > 1 && line[1] == 0x20 ? 2 : 1))
      return
    }
    let end = Self.end(ofWordIn: line, from: 0)
    switch Self.text(of: line.extracting(0..<end)) {
    case "OK": self = .ok(Self.text(of: line, from: end + 1))
    case "ERR": self = try Self.error(Self.text(of: line, from: end + 1))
    case "S": self = try Self.status(line, from: end + 1)
    case "INQUIRE":
      let (keyword, object) = Self.text(of: line, from: end + 1).divided(at: " ")
      self = .inquire(keyword, of: object)
    // More data may follow, so it ends nothing.
    case "END": self = .comment("")
    case _: throw SyntaxError("the daemon sent a line that is none of Assuan's")
    }
  }

  /// What stands from `start` on; nothing if the line ends before.
  private static func text(of line: Span<UInt8>, from start: Int = 0) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.count)
    for index in min(start, line.count)..<line.count { bytes.append(line[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func end(ofWordIn line: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while end < line.count, line[end] != 0x20 { end += 1 }
    return end
  }

  private static func error(_ rest: String) throws(SyntaxError) -> ServerLine {
    let (first, message) = rest.divided(at: " ")
    guard let number = Int(first) else {
      throw SyntaxError("the daemon sent an error without a number")
    }
    return .error(number: number, message: message ?? "")
  }

  private static func status(
    _ line: Span<UInt8>, from start: Int
  ) throws(SyntaxError) -> ServerLine {
    var words: [String] = []
    var position = start
    while position < line.count {
      let end = end(ofWordIn: line, from: position)
      if words.isEmpty, end < line.count, text(of: line.extracting(position..<end)) == "HINT" {
        return .hint(try Percent.decodedText(line.extracting((end + 1)..<line.count)))
      }
      if end > position {
        words.append(try Percent.decodedText(line.extracting(position..<end)))
      }
      position = end + 1
    }
    return .status(words)
  }
}

/// The fields of a status line: words `name=value`.
package struct StatusFields: Equatable, Sendable {
  /// The words before the first field, such as `KEY`.
  package let keywords: [String]

  /// In the order of the line.
  package let fields: [(name: String, value: String)]

  package init(_ words: [String]) {
    var keywords: [String] = []
    var fields: [(name: String, value: String)] = []
    for word in words {
      let (head, tail) = word.divided(at: "=")
      if let tail { fields.append((head, tail)) } else { keywords.append(head) }
    }
    (self.keywords, self.fields) = (keywords, fields)
  }

  /// Fields without a keyword.
  package init(fields: [(name: String, value: String)]) {
    keywords = []
    self.fields = fields
  }

  package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  package static func == (left: StatusFields, right: StatusFields) -> Bool {
    left.keywords == right.keywords
      && left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
  }
}
