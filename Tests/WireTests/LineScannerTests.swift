import Testing
import Wire

@Suite("LineScanner")
struct LineScannerTests {
  /// What a stream comes to.
  struct Outcome: Equatable {
    var lines: [[UInt8]] = []
    var isTooLong = false
  }

  /// Scans a stream that arrives in chunks, each put behind what is there.
  static func scan(_ chunks: [[UInt8]]) -> Outcome {
    var outcome = Outcome()
    var bytes: [UInt8] = []
    var start = 0
    for chunk in chunks {
      bytes += chunk
      while true {
        switch LineScanner.next(in: bytes.span, from: start, end: bytes.count) {
        case .incomplete: break
        case .tooLong:
          outcome.isTooLong = true
          return outcome
        case .line(let range, let next):
          outcome.lines.append(Array(bytes[range]))
          start = next
          continue
        }
        break
      }
    }
    return outcome
  }

  /// The same, by splitting the whole stream at its line feeds.
  static func split(_ stream: [UInt8]) -> Outcome {
    var outcome = Outcome()
    var parts = stream.split(separator: 0x0A, omittingEmptySubsequences: false)
    let rest = parts.removeLast()
    for part in parts {
      let line = part.last == 0x0D ? part.dropLast() : part
      guard line.count <= 1000 else {
        outcome.isTooLong = true
        return outcome
      }
      outcome.lines.append(Array(line))
    }
    outcome.isTooLong = (rest.last == 0x0D ? rest.dropLast() : rest).count > 1000
    return outcome
  }

  static func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

  // MARK: Lengths

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let stream: String
    let lines: [String]
    var isTooLong = false
  }

  static let cases: [Case] = [
    Case(testDescription: "nothing", stream: "", lines: []),
    Case(testDescription: "a line", stream: "NOP\n", lines: ["NOP"]),
    Case(testDescription: "a line with CRLF", stream: "NOP\r\n", lines: ["NOP"]),
    Case(testDescription: "a line without its end", stream: "NOP", lines: []),
    Case(testDescription: "empty lines", stream: "\n\r\n\n", lines: ["", "", ""]),
    Case(
      testDescription: "lines in one piece", stream: "NOP\nD a\r\nEND\nBY",
      lines: ["NOP", "D a", "END"]),
    Case(testDescription: "NUL in a line", stream: "D a\0b\0\nNOP\n", lines: ["D a\0b\0", "NOP"]),
    Case(testDescription: "CR in a line", stream: "a\rb\n\r\r\n", lines: ["a\rb", "\r"]),
    Case(testDescription: "1000 bytes, LF", stream: letters(1000) + "\n", lines: [letters(1000)]),
    Case(
      testDescription: "1000 bytes, CRLF", stream: letters(1000) + "\r\n", lines: [letters(1000)]),
    Case(testDescription: "1000 bytes", stream: letters(1000), lines: []),
    Case(testDescription: "1000 bytes, CR", stream: letters(1000) + "\r", lines: []),
    Case(
      testDescription: "1000 bytes, CR, CR", stream: letters(1000) + "\r\r", lines: [],
      isTooLong: true),
    Case(
      testDescription: "1001 bytes, LF", stream: letters(1001) + "\n", lines: [], isTooLong: true),
    Case(
      testDescription: "1001 bytes, CRLF", stream: letters(1001) + "\r\n", lines: [],
      isTooLong: true),
    Case(testDescription: "1001 bytes", stream: letters(1001), lines: [], isTooLong: true),
    Case(testDescription: "1002 bytes", stream: letters(1002), lines: [], isTooLong: true),
    Case(
      testDescription: "1002 bytes, LF", stream: letters(1002) + "\n", lines: [], isTooLong: true),
    Case(testDescription: "1003 bytes", stream: letters(1003), lines: [], isTooLong: true),
    Case(
      testDescription: "1003 bytes, LF", stream: letters(1003) + "\n", lines: [], isTooLong: true),
    Case(
      testDescription: "a long line behind a short one",
      stream: "NOP\n" + letters(1000) + "\n" + letters(1001) + "\nNOP\n",
      lines: ["NOP", letters(1000)], isTooLong: true),
  ]

  static func expected(_ test: Case) -> Outcome {
    Outcome(lines: test.lines.map { Array($0.utf8) }, isTooLong: test.isTooLong)
  }

  @Test("finds the lines of a stream", arguments: cases)
  func finds(_ test: Case) {
    #expect(Self.scan([Array(test.stream.utf8)]) == Self.expected(test))
  }

  @Test("finds the same lines in a stream that arrives byte by byte", arguments: cases)
  func findsByteByByte(_ test: Case) {
    #expect(Self.scan(test.stream.utf8.map { [$0] }) == Self.expected(test))
  }

  @Test("finds the same lines wherever the stream is split in two")
  func findsSplitAnywhere() {
    let stream = Array(("D a\0b\r\n\n" + Self.letters(1000) + "\r\nEND\n").utf8)
    let expected = Self.split(stream)
    #expect(expected.lines.count == 4)
    for index in stream.indices {
      let outcome = Self.scan([Array(stream[..<index]), Array(stream[index...])])
      #expect(outcome == expected, "split before byte \(index)")
    }
  }

  @Test("finds the lines that a naive splitter finds", arguments: 1...40)
  func agreesWithSplitter(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    // Line ends are common, or so rare that some lines become too long.
    let rarity = [3, 30, 300, 900].randomElement(using: &random) ?? 3
    let alphabet: [UInt8] = [0x0A, 0x0D] + [UInt8](repeating: 0x61, count: rarity) + [0, 0xFF]
    let stream = random.bytes(count: 5000, from: alphabet)
    var chunks: [[UInt8]] = []
    var start = 0
    while start < stream.count {
      let end = min(start + Int.random(in: 1...700, using: &random), stream.count)
      chunks.append(Array(stream[start..<end]))
      start = end
    }
    #expect(Self.scan(chunks) == Self.split(stream))
  }

  // MARK: Where the bytes lie

  @Test("tells where a line is and where the next one begins") func tellsPlaces() {
    let bytes = Array("NOP\nEND\r\nBYE\n".utf8)
    let find = { LineScanner.next(in: bytes.span, from: $0, end: bytes.count) }
    #expect(find(0) == .line(0..<3, next: 4))
    #expect(find(4) == .line(4..<7, next: 9))
    #expect(find(9) == .line(9..<12, next: 13))
    #expect(find(13) == .incomplete)
  }

  @Test("never looks at what stands behind the end") func heedsEnd() {
    let bytes = Array("NOP\r\n".utf8)
    for end in 0...4 {
      #expect(LineScanner.next(in: bytes.span, from: 0, end: end) == .incomplete)
    }
    let long = Array((Self.letters(1001) + "\n").utf8)
    #expect(LineScanner.next(in: long.span, from: 0, end: 1000) == .incomplete)
  }

  @Test("takes no CR before the line for a part of its end") func heedsStart() {
    let bytes = Array("a\r\n".utf8)
    #expect(LineScanner.next(in: bytes.span, from: 2, end: 3) == .line(2..<2, next: 3))
  }

  @Test("a full buffer is never incomplete") func decidesInTime() {
    let count = LineScanner.bufferByteCount
    let endings: [[UInt8]] = [[0x61, 0x61], [0x61, 0x0D], [0x0D, 0x0D]]
    for ending in endings {
      let bytes = [UInt8](repeating: 0x61, count: count - 2) + ending
      #expect(LineScanner.next(in: bytes.span, from: 0, end: count) == .tooLong)
    }
  }
}
