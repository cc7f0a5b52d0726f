import Platform
import Testing

@testable import Client

@Suite("Candidates")
struct CandidateSearchTests {
  private func candidates(in text: String) throws(ClientError) -> Set<String> {
    let bytes = Array(text.utf8)
    var found: Set<String> = []
    _ = try CandidateSearch.search(
      bytes.span, firstLine: 1, isAtStart: true, isAtEnd: true
    ) { range, _ in found.insert(String(decoding: bytes[range], as: UTF8.self)) }
    return found
  }

  struct Place: CustomTestStringConvertible {
    let text: String
    let value: String
    var testDescription: String { text }

    init(_ text: String, _ value: String) { (self.text, self.value) = (text, value) }
  }

  static let places = [
    Place("hunter22", "hunter22"),
    Place("KEY=hunter22", "hunter22"),
    Place("export KEY = hunter2 and more ", "hunter2 and more"),
    Place("KEY=\"p@ss, word; #1\"", "p@ss, word; #1"),
    Place("KEY='it\"s a \"value\"' # comment", "it\"s a \"value\""),
    Place("KEY=a b c d e f # comment", "a b c d e f"),
    Place("key: hunter2 hunter2", "hunter2 hunter2"),
    Place("  \"token\": \"sk_live_4242\",", "sk_live_4242"),
    Place("https://ada:hunter22@example.com/x", "hunter22"),
    Place("https://ada:sk_live-42@example.com/x", "sk_live-42"),
    Place("curl -H 'Authorization: Bearer eyJh.eyJz.c2ln'", "eyJh.eyJz.c2ln"),
    Place("curl -u \"$USER:abc+def/ghi==\" x", "$USER:abc+def/ghi=="),
    Place("--token=abc+def/ghi== --verbose", "abc+def/ghi=="),
    Place("f(sk_live_4242, 'x')", "sk_live_4242"),
    Place("<key>0123abcd</key>", "0123abcd"),
    Place("postgres://u:p@db.example.com/web?x=1", "postgres://u:p@db.example.com/web?x=1"),
    Place("DSN=postgres://u:p@db/web", "postgres://u:p@db/web"),
    Place("see `wörter-buch` there", "wörter-buch"),
    Place("KEY=hunter22\r\nNEXT=1\r\n", "hunter22"),
    Place("one line\nand another\n", "one line\nand another"),
    Place("one line\nand another\n", "one line\nand another\n"),
  ]

  @Test("a value is a candidate wherever it stands whole", arguments: places)
  func findsPlaces(_ place: Place) throws {
    #expect(try candidates(in: place.text).contains(place.value))
  }

  @Test("nothing is a candidate that is shorter than a value is looked for")
  func short() throws {
    let collection = CandidateCollection()
    let file = ScannedFile(path: "file", number: 1)
    for text in ["", "1234567", "with\u{0}NUL in it"] {
      try collection.add(text.utf8.span, in: file, line: 1)
    }
    try collection.add([UInt8](repeating: 65, count: 65_537).span, in: file, line: 1)
    #expect(collection.count == 0)
    try collection.add("12345678".utf8.span, in: file, line: 1)
    try collection.add([UInt8](repeating: 65, count: 65_536).span, in: file, line: 1)
    #expect(collection.count == 2)
  }

  @Test("each candidate is asked for once, and all its places are kept") func once() throws {
    let collection = CandidateCollection()
    let first = ScannedFile(path: "first", number: 1)
    let second = ScannedFile(path: "second", number: 2)
    for (text, file, line) in [
      ("12345678", first, 1), ("12345678", first, 1), ("abcdefgh", first, 1),
      ("12345678", first, 7), ("12345678", second, 7),
    ] {
      try collection.add(text.utf8.span, in: file, line: line)
    }
    #expect(collection.count == 2)
    let places = collection.places.filter { $0.candidate == 0 }
    #expect(places.map(\.line) == [1, 7, 7])
    #expect(places.map(\.file) == [first, first, second])
  }

  @Test("what was looked up in vain is not asked for again, and a value is") func settles() throws {
    let collection = CandidateCollection()
    let file = ScannedFile(path: "file", number: 1)
    for text in ["a value 1", "no value 2"] {
      try collection.add(text.utf8.span, in: file, line: 1)
    }
    collection.settle { $0 == 0 }
    #expect(collection.count == 0)
    for text in ["no value 2", "a value 1", "another 3"] {
      try collection.add(text.utf8.span, in: file, line: 2)
    }
    #expect(collection.count == 2)
    let answer = try collection.answer(from: 0)
    #expect(answer.text.withBytes { $0.text } == "a value 1\0another 3")
  }

  @Test("no answer has more candidates or bytes than the daemon takes") func answers() throws {
    let collection = CandidateCollection()
    let file = ScannedFile(path: "file", number: 1)
    for number in 0..<2500 { try collection.add("a value \(number)".utf8.span, in: file, line: 1) }
    for byte in UInt8(65)..<70 {
      try collection.add([UInt8](repeating: byte, count: 30_000).span, in: file, line: 1)
    }
    try collection.add([UInt8](repeating: 80, count: 65_536).span, in: file, line: 1)
    var counts: [Int] = []
    var next = 0
    while next < collection.count {
      let answer = try collection.answer(from: next)
      #expect(answer.text.count <= 65_536)
      #expect(answer.next > next)
      counts.append(answer.next - next)
      next = answer.next
    }
    #expect(counts.reduce(0, +) == 2506)
    #expect(counts.max() == 1024)
    #expect(try collection.answer(from: next).text.count == 0)
  }
}
