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
    let text = Self.text(of: line)
    if text.isEmpty || text.begins(with: "#") {
      let comment = text.dropFirst()
      self = .comment(String(comment.first == " " ? comment.dropFirst() : comment))
      return
    }
    let (keyword, rest) = text.divided(at: " ")
    switch keyword {
    case "OK": self = .ok(rest ?? "")
    case "ERR": self = try Self.error(rest ?? "")
    case "S": self = try Self.status(rest ?? "")
    case "INQUIRE":
      let (keyword, object) = (rest ?? "").divided(at: " ")
      self = .inquire(keyword, of: object)
    // More data may follow, so it ends nothing.
    case "END": self = .comment("")
    case _: throw SyntaxError("the daemon sent a line that is none of Assuan's")
    }
  }

  private static func text(of line: Span<UInt8>) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(line.count)
    for index in line.indices { bytes.append(line[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func error(_ rest: String) throws(SyntaxError) -> ServerLine {
    let (first, message) = rest.divided(at: " ")
    guard let number = Int(first) else {
      throw SyntaxError("the daemon sent an error without a number")
    }
    return .error(number: number, message: message ?? "")
  }

  private static func status(_ rest: String) throws(SyntaxError) -> ServerLine {
    if rest.begins(with: "HINT ") {
      return .hint(try Percent.decodedText(Array(rest.utf8.dropFirst(5)).span))
    }
    var words: [String] = []
    for word in rest.utf8.split(separator: 0x20) {
      words.append(try Percent.decodedText(Array(word).span))
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
    let parts = words.map { $0.divided(at: "=") }
    keywords = parts.filter { $0.tail == nil }.map(\.head)
    fields = parts.compactMap { head, tail in tail.map { (head, $0) } }
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
