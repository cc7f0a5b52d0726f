import Wire

extension FuzzTarget {
  /// What both sides of a connection read, and what they write of it.
  static let wire = FuzzTarget(
    name: "wire", maximumByteCount: 2048, seeds: WireFuzzing.seeds, run: WireFuzzing.run)
}

private enum WireFuzzing {
  /// What an input is, by its first byte.
  private enum Form: UInt8, CaseIterable {
    case lines
    case data
    case text
  }

  static func run(_ bytes: [UInt8]) throws {
    var input = FuzzInput(bytes)
    guard let form = Form(rawValue: input.byte() % UInt8(Form.allCases.count)) else { return }
    let chunkByteCount = Int(input.byte()) + 1
    let stream = input.rest()
    switch form {
    case .lines:
      for line in try LineFuzzing.lines(of: stream, chunkByteCount: chunkByteCount) {
        try readFromClient(line)
        try readFromDaemon(line)
        try LineFuzzing.decode(line)
      }
    case .data:
      try LineFuzzing.encodeData(stream, firstByteCount: min(chunkByteCount, stream.count))
    case .text: try ReplyFuzzing.write(String(decoding: stream, as: UTF8.self))
    }
  }

  private static func readFromClient(_ line: [UInt8]) throws {
    let kind = ClientLine(line.span)
    let answering = ClientLine(answering: line.span)
    try promise(
      kind == answering || kind == .command && answering == .cancel,
      "an inquiry changes only what is a command")
    guard kind == .command else { return }
    let command: Command
    do throws(SyntaxError) {
      command = try Command(parsing: line.span)
    } catch {
      return
    }
    let isVerb = command.verb.utf8.allSatisfy { (0x41...0x5A).contains($0) || $0 == 0x5F }
    try promise(isVerb && !command.verb.isEmpty, "a verb has letters")
    try promise(!command.words.contains(""), "no word is empty")
    try promise(
      Set(command.options.map { Array($0.name.utf8) }).count == command.options.count,
      "each option stands once")
    let again = Array(command.line.utf8)
    try promise(!again.contains { $0 < 0x20 || $0 == 0x7F }, "a command is one line")
    // So long it may be the beginning of a longer one, and is refused.
    guard again.count != 999 else { return }
    let reread = try accepted("a command that was written is read") { () throws(SyntaxError) in
      try Command(parsing: again.span)
    }
    try promise(reread == command, "a command is read as it was written")
    try promise(Array(reread.line.utf8) == again, "a command is written in one way")
  }

  private static func readFromDaemon(_ line: [UInt8]) throws {
    let parsed: ServerLine
    do throws(SyntaxError) {
      parsed = try ServerLine(parsing: line.span)
    } catch {
      return
    }
    switch parsed {
    case .data(let range):
      try promise(range.upperBound == line.count, "data go to the end of the line")
    case .status(let words):
      let fields = StatusFields(words)
      try promise(
        fields.keywords.count + fields.fields.count == words.count, "each word is one or the other")
      guard !words.isEmpty, words[0] != "HINT" else { return }
      try ReplyFuzzing.checkStatus(words)
    case .error(let number, _): _ = Failure.code(ofNumber: number)
    case .ok, .hint, .inquire, .comment: break
    }
  }

  static func seeds() throws -> [[UInt8]] {
    let command = Command(
      .create, options: [("expires", "30d"), ("note", "für den Bau"), ("process", nil)],
      words: ["web/deploy", "--looks-like-an-option"])
    let failure = Failure(.notFound, "web/ci: not found", hint: "look with 'coffer list'")
    let conversation = [
      Array("NOP\r\n# a comment\n\nGETINFO pid\nENV --workspace=web web/ci=CI_KEY\n".utf8),
      Array((command.line + "\nUNLOCK\nD a%25b%0Ac\nEND\nCAN\nBYE\n").utf8),
      ReplyLine.ok() + ReplyLine.ok("closing connection") + ReplyLine.error(failure),
      ReplyLine.status(["KEY", "name=web/ci", "note=a b%"]) + ReplyLine.comment("help"),
      ReplyLine.inquire("VALUE", maximumByteCount: 65_536) + Array("D \u{0}%25\nEND\n".utf8),
      Array((String(repeating: "A", count: 1000) + "\r\n").utf8),
      Array((String(repeating: "%", count: 999) + "\n").utf8),
      Array("ERR 536870939 x\nERR x\nS\nS HINT %4\nD\nOK\n\u{301}\n".utf8),
    ]
    return Form.allCases.flatMap { form in
      conversation.map { [form.rawValue, 255] + $0 }
    } + conversation.prefix(3).map { [Form.lines.rawValue, 0] + $0 }
  }
}
