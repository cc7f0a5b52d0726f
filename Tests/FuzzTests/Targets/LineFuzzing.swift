@testable import Wire

/// Lines, their escapes and their data.
enum LineFuzzing {
  /// The lines of a stream that arrives in chunks, as a connection finds them.
  static func lines(of stream: [UInt8], chunkByteCount: Int) throws -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var buffer: [UInt8] = []
    var position = 0
    arriving: while position < stream.count {
      let room = min(chunkByteCount, LineScanner.bufferByteCount - buffer.count)
      try promise(room > 0, "a line that does not fit is found out before the buffer is full")
      let end = min(stream.count, position + room)
      buffer += stream[position..<end]
      position = end
      var start = 0
      scanning: while true {
        switch LineScanner.next(in: buffer.span, from: start, end: buffer.count) {
        case .line(let range, let next):
          lines.append(Array(buffer[range]))
          start = next
        case .incomplete: break scanning
        case .tooLong: break arriving
        }
      }
      buffer.removeFirst(start)
    }
    let expected = expectedLines(of: stream)
    try promise(lines.allSatisfy { !$0.contains(0x0A) }, "a line holds no end of a line")
    try promise(lines == expected, "lines are found wherever the chunks end")
    return lines
  }

  /// The lines up to the first that is too long, found in another way.
  private static func expectedLines(of stream: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    for part in stream.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
      let line = part.last == 0x0D ? part.dropLast() : part
      guard line.count <= LineScanner.maximumByteCount else { break }
      lines.append(Array(line))
    }
    return lines
  }

  // MARK: Escapes

  /// Decodes a line where it stands, and compares it with a plain decoder.
  static func decode(_ line: [UInt8]) throws {
    let expected = expectedBytes(of: line)
    var bytes = line
    let lineByteCount = bytes.count
    var span = bytes.mutableSpan
    let count: Int?
    do throws(SyntaxError) {
      count = try Percent.decode(&span, in: 0..<lineByteCount)
    } catch {
      count = nil
    }
    try promise(count == expected?.count, "an escape is a sign and two digits")
    guard let count, let expected else { return }
    try promise(Array(bytes.prefix(count)) == expected, "an escape stands for its byte")
    guard let text = String(validating: expected, as: UTF8.self) else { return }
    for escaped in [Percent.encodedWord(text), Percent.encodedText(text)] {
      let decoded = try accepted("what was escaped is read") { () throws(SyntaxError) in
        try Percent.decodedText(Array(escaped.utf8).span)
      }
      try promise(decoded.utf8.elementsEqual(text.utf8), "text is read as it was escaped")
    }
  }

  private static func expectedBytes(of line: [UInt8]) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = line[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue }),
        let low = rest.popFirst().flatMap({ Character(UnicodeScalar($0)).hexDigitValue })
      else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }

  // MARK: Data

  /// Writes bytes as D lines in two parts, and reads them as the other side does.
  static func encodeData(_ bytes: [UInt8], firstByteCount: Int) throws {
    let room = DataEncoder.maximumByteCount(for: bytes.count)
    var output = [UInt8](repeating: 0, count: room)
    var encoder = DataEncoder(at: 0)
    var span = output.mutableSpan
    encoder.append(bytes.span.extracting(0..<firstByteCount), to: &span)
    encoder.append(bytes.span.extracting(firstByteCount..<bytes.count), to: &span)
    encoder.finish(in: &span)
    try promise(encoder.position <= room, "data have the room that was reckoned")
    var decoded: [UInt8] = []
    for line in output.prefix(encoder.position).split(
      separator: 0x0A, omittingEmptySubsequences: false
    ).dropLast() {
      try promise(line.count <= LineScanner.maximumSentByteCount, "a line that is sent is short")
      try promise(!line.contains(0x0D), "an end of a line is escaped")
      guard case .data(let range) = try? ServerLine(parsing: Array(line).span),
        ClientLine(Array(line).span) == .data
      else { throw BrokenPromise(description: "data are read as data, by either side") }
      decoded += expectedBytes(of: Array(Array(line)[range])) ?? []
    }
    try promise(decoded == bytes, "data are read as they were written")
  }
}
