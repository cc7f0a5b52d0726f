import Platform
import TestSupport
import Testing

@testable import Client

@Suite("FileSearch")
struct FileSearchTests {
  let report = ScanReport(isJSON: false)

  /// Searches `bytes` as a file that is read in pieces.
  ///
  /// - Parameters:
  ///   - bytes: What the file holds.
  ///   - pieceByteCount: The most bytes that one read gives.
  ///   - wantsValues: Whether stored values are looked for.
  /// - Returns: Where candidates are gathered.
  /// - Throws: ``ClientError``.
  @discardableResult
  func search(
    _ bytes: [UInt8], pieceByteCount: Int = .max, forValues wantsValues: Bool = false
  ) throws(ClientError) -> CandidateCollection {
    // Nothing is looked up here, so nobody is asked.
    let values = StoredValueSearch(
      try Arguments([String](), [], command: "scan"), opensVault: false)
    var search = try FileSearch(report, values)
    var position = 0
    try search.search(report.begin("file"), forValues: wantsValues) {
      (window, offset) throws(ClientError) in
      let count = min(bytes.count - position, window.count - offset, pieceByteCount)
      guard count > 0 else { return 0 }
      window.replace(at: offset, with: bytes.span.extracting(position..<(position + count)))
      position += count
      return count
    }
    return values.candidates
  }

  static func lines(_ count: Int, of text: String = "a b") -> String {
    String(repeating: text + "\n", count: count)
  }

  @Test(
    "a key is found at every place of the border between two windows, with its line",
    arguments: (-58...1).map { SearchWindow.byteCount + $0 })
  func border(offset: Int) throws {
    let head = Self.lines(offset / 4) + String(repeating: " ", count: offset % 4)
    try search(Array((head + KeyTextSample.text + Self.lines(5)).utf8))
    #expect(report.pending.map(\.id) == [KeyTextSample.id])
    #expect(report.pending.map(\.line) == [offset / 4 + 1])
  }

  @Test("all keys of a long file are found once, however it is read", arguments: [1, 61, 4096])
  func pieces(pieceByteCount: Int) throws {
    let count = pieceByteCount == 1 ? 5000 : 20_000
    let text = (0..<count).map { $0.isMultiple(of: 1000) ? KeyTextSample.text : "x_cof_wk_\($0)" }
    try search(Array(text.joined(separator: "\n").utf8), pieceByteCount: pieceByteCount)
    #expect(report.pending.map(\.line) == stride(from: 1, to: count, by: 1000).map { $0 })
  }

  @Test("a key is found inside a longer word, in binary files, and behind half of another")
  func inside() throws {
    let key = KeyTextSample.text
    let half = String(key.prefix(30))
    try search([0, 0xFF, 0x0A] + Array("x\(key)y\u{0}\(half)\(key)\(key)".utf8) + [0])
    #expect(report.pending.map(\.line) == [2, 2, 2])
  }

  @Test("what only looks like a key is none") func lookalikes() throws {
    let key = KeyTextSample.text
    let others = [
      String(key.dropLast()), key.replacing("cof_wk", with: "cof_uk"), key.lowercased(),
      key.replacing("Y4", with: "Y5"), key.replacing("cof_", with: "cof-"), "cof_",
    ]
    try search(Array(others.joined(separator: "\n").utf8))
    #expect(report.pending.isEmpty)
  }

  @Test("a value is gathered at every place of the border, with its line")
  func valueAtBorder() throws {
    let value = "hunter2-hunter2"
    for shift in 0...(value.utf8.count + 4) {
      let count = (SearchWindow.byteCount - shift) / 4
      let text = Self.lines(count) + "k=\(value)\n" + Self.lines(3)
      let candidates = try search(Array(text.utf8), forValues: true)
      #expect(try candidates.linesByText()[value]?.contains(count + 1) == true, "\(shift)")
    }
  }

  @Test("a value is gathered in a line that no window holds") func longLine() throws {
    let word = "wanted-value"
    let blank = String(repeating: "- ", count: SearchWindow.byteCount / 2)
    for shift in [0, 1, 6, 11, 12] {
      let text = blank.dropLast(shift) + " \(word) " + blank + word
      let candidates = try search(Array(text.utf8), forValues: true)
      #expect(try candidates.linesByText()[word]?.contains(1) == true, "\(shift)")
    }
  }

  @Test("a block of PEM is gathered whole, also where two windows meet") func block() throws {
    let key = "-----BEGIN KEY-----\n" + Self.lines(200, of: "abcd") + "-----END KEY-----"
    for lineCount in [0, 10, SearchWindow.byteCount / 4 - 100, SearchWindow.byteCount / 4 - 3] {
      let text = Self.lines(lineCount) + "\(key)\nend"
      let found = try search(Array(text.utf8), forValues: true).linesByText()
      #expect(found[key]?.contains(lineCount + 1) == true, "\(lineCount)")
      #expect(found[key + "\n"]?.contains(lineCount + 1) == true, "\(lineCount)")
    }
  }
}

extension CandidateCollection {
  /// Where each candidate stands.
  func linesByText() throws(ClientError) -> [String: Set<Int>] {
    var texts: [String] = []
    while texts.count < count {
      let answer = try answer(from: texts.count)
      let bytes = answer.text.withBytes { bytes in bytes.indices.map { bytes[$0] } }
      texts += bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
    return places.reduce(into: [:]) { $0[texts[$1.candidate], default: []].insert($1.line) }
  }
}
