import Glibc
import Platform
import TestSupport
import Testing

@testable import Client

/// Masks texts as a test gives them.
struct MaskedText {
  let values: [(label: String, value: [UInt8])]

  init(_ values: [(label: String, value: String)]) {
    self.values = values.map { ($0.label, Array($0.value.utf8)) }
  }

  init(bytes values: [(label: String, value: [UInt8])]) { self.values = values }

  static func patterns(_ values: [(label: String, value: [UInt8])]) throws -> MaskPatterns {
    let patterns = try MaskPatterns()
    for (label, value) in values { _ = try patterns.add(value.span, label: label) }
    patterns.finish()
    return patterns
  }

  /// The masked text, when it comes in the pieces that end at `ends`, and then the rest.
  func masked(_ text: [UInt8], cutAt ends: [Int] = []) throws -> [UInt8] {
    var masker = try Masker(Self.patterns(values))
    var output = SecretBuffer()
    var start = 0
    for end in ends + [text.count] {
      try masker.add(Array(text[start..<end]).span, into: &output)
      start = end
    }
    try masker.finish(into: &output)
    return SecretBufferTests.bytes(output)
  }

  func masked(_ text: String) throws -> String {
    String(decoding: try masked(Array(text.utf8)), as: UTF8.self)
  }
}

@Suite("Masker")
struct MaskerTests {
  static let stripe = "sk_live_4242deadbeef4242cafe"
  let text = MaskedText([
    ("web/stripe", Self.stripe), ("web/short", "sk_live_4242"), ("me/b", "bbbbbbbb"),
  ])

  @Test("a value is replaced by the name of its key, and all else stays") func replaces() throws {
    #expect(try text.masked("a \(Self.stripe) b") == "a <web/stripe> b")
    #expect(try text.masked(Self.stripe) == "<web/stripe>")
    #expect(try text.masked("\(Self.stripe)\(Self.stripe)") == "<web/stripe><web/stripe>")
    #expect(try text.masked("sk_live_424 bbbbbbb ") == "sk_live_424 bbbbbbb ")
    #expect(try text.masked("") == "")
  }

  @Test("of values that begin alike the longest is found, and else the shorter") func prefixes()
    throws
  {
    #expect(try text.masked("sk_live_4242dead!") == "<web/short>dead!")
    #expect(try text.masked("sk_live_4242") == "<web/short>")
    #expect(try text.masked("sk_live_4242deadbeef4242caf") == "<web/short>deadbeef4242caf")
  }

  @Test("values that overlap leave nothing of either") func overlaps() throws {
    let text = MaskedText([("a", "abcdefgh"), ("b", "efghijkl"), ("c", "xabcdefghijklx")])
    #expect(try text.masked("abcdefghijkl") == "<a>")
    #expect(try text.masked("-xabcdefghijkl-") == "-x<a>-")
    #expect(try text.masked("-xabcdefghijklx-") == "-<c>-")
    #expect(try MaskedText([("a", "aaaaaaaa")]).masked("baaaaaaaaaaab") == "b<a>b")
  }

  @Test("a value is found however the text is cut") func everyCut() throws {
    let whole = Array("x sk_live_424\(Self.stripe)sk_live_4242bbbbbbbbbsk_live_\(Self.stripe)".utf8)
    let expected = Array("x sk_live_424<web/stripe><web/short><me/b>sk_live_<web/stripe>".utf8)
    #expect(try text.masked(whole, cutAt: Array(1..<whole.count)) == expected)
    for first in 0...whole.count {
      for second in stride(from: first, through: whole.count, by: 3) {
        #expect(try text.masked(whole, cutAt: [first, second]) == expected, "\(first), \(second)")
      }
    }
  }

  /// What the masking is defined to do, found by trying each form at each place.
  static func reference(
    _ text: [UInt8], _ forms: [(label: String, form: [UInt8])]
  ) -> [UInt8] {
    var matches: [(range: Range<Int>, label: String)] = []
    for (label, form) in forms where form.count <= text.count {
      for start in 0...(text.count - form.count)
      where text[start..<(start + form.count)].elementsEqual(form) {
        matches.append((start..<(start + form.count), label))
      }
    }
    matches.sort {
      ($0.range.lowerBound, -$0.range.count) < ($1.range.lowerBound, -$1.range.count)
    }
    var result: [UInt8] = []
    var position = 0
    var index = 0
    while index < matches.count {
      let (range, label) = matches[index]
      result += text[position..<range.lowerBound] + Array("<\(label)>".utf8)
      var end = range.upperBound
      while index < matches.count, matches[index].range.lowerBound < end {
        end = max(end, matches[index].range.upperBound)
        index += 1
      }
      position = end
    }
    return result + text[position...]
  }

  static func forms(of values: [(label: String, value: [UInt8])]) throws
    -> [(label: String, form: [UInt8])]
  {
    var forms: [(label: String, form: [UInt8])] = []
    for (label, value) in values {
      _ = try ValueForms.forEach(of: value.span) { (form) throws(SecretError) -> Void in
        forms.append((label, form.indices.map { form[$0] }))
      }
    }
    return forms
  }

  @Test("hides exactly what belongs to a form, whatever the text", arguments: 0..<300)
  func random(seed: Int) throws {
    var random = SeededRandom(seed)
    // Two letters, so that values are found, overlap, and almost begin all the time.
    func letters(_ count: Int) -> [UInt8] {
      (0..<count).map { _ in random.next(below: 7) == 0 ? 0x62 : 0x61 }
    }
    let values = (0..<(1 + random.next(below: 4))).map { number in
      ("k\(number)", letters(8 + random.next(below: 12)))
    }
    var whole: [UInt8] = []
    for _ in 0..<40 {
      whole += random.next(below: 3) == 0 ? values[0].1 : letters(random.next(below: 12))
    }
    var ends: [Int] = []
    while let next = Optional((ends.last ?? 0) + random.next(below: 30)), next < whole.count {
      ends.append(next)
    }
    let masked = try MaskedText(bytes: values).masked(whole, cutAt: ends)
    #expect(masked == Self.reference(whole, try Self.forms(of: values)))
  }

  @Test("a text without a value comes out as it went in, in pieces of any size")
  func binary() throws {
    var random = SeededRandom(7)
    let whole = (0..<300_000).map { _ in UInt8(truncatingIfNeeded: random.next(below: 256)) }
    #expect(isSame(try text.masked(whole), whole))
    #expect(isSame(try text.masked(whole, cutAt: [1, 70_000, 70_001, 200_000]), whole))
  }

  @Test("only what may be the beginning of a value is held") func holds() throws {
    var masker = try Masker(MaskedText.patterns(text.values))
    var output = SecretBuffer()
    func add(_ text: String) throws -> String {
      let bytes = Array(text.utf8)
      try masker.add(bytes.span, into: &output)
      let shown = String(decoding: SecretBufferTests.bytes(output), as: UTF8.self)
      output.removeAll()
      return shown
    }
    #expect(try add("Password: ") == "Password: ")
    #expect(try add("sk_li") == "")
    #expect(try add("sk_l") == "sk_li")
    #expect(try add("x") == "sk_lx")
  }

  @Test("to one who waits three bytes are shown, and the rest of a value is hidden still")
  func showsBeginning() throws {
    var masker = try Masker(MaskedText.patterns(text.values))
    var output = SecretBuffer()
    func shown() -> String {
      let shown = String(decoding: SecretBufferTests.bytes(output), as: UTF8.self)
      output.removeAll()
      return shown
    }
    func wait() throws -> String {
      let wanted = masker.hasBeginning
      try masker.releaseBeginning(into: &output)
      let text = shown()
      #expect(wanted == !text.isEmpty)
      return text
    }
    func add(_ text: String) throws -> String {
      let bytes = Array(text.utf8)
      try masker.add(bytes.span, into: &output)
      return shown()
    }
    #expect(try wait() == "")
    #expect(try add("> sk") == "> ")
    #expect(try wait() == "sk")
    #expect(try wait() == "")
    #expect(try add("_live_4") == "")
    #expect(try wait() == "_")
    #expect(try wait() == "")
    #expect(try add("242") == "")
    // The shorter value is whole; the longer one may still come.
    #expect(try wait() == "<web/short>")
    #expect(try add("deadbeef4242cafe") == "")
    #expect(try add(" and sk_") == " and ")
    #expect(try wait() == "sk_")
    #expect(try add("live!") == "live!")
  }

  @Test("what is held is no more than the longest form, whatever comes") func isBounded() throws {
    let value = [UInt8](repeating: 0x61, count: 1000) + [0x62]
    let values = [(label: "k", value: value)]
    let longest = try Self.forms(of: values).map(\.form.count).max() ?? 0
    var masker = try Masker(MaskedText.patterns(values))
    var output = SecretBuffer()
    let piece = [UInt8](repeating: 0x61, count: 100_000)
    var shown = 0
    for round in 1...50 {
      try masker.add(piece.span, into: &output)
      shown += output.count
      output.removeAll()
      #expect(round * piece.count - shown <= longest)
    }
  }

  @Test("values that need more locked memory than there is are refused") func refusesLocking() async
  {
    await #expect(processExitsWith: .success) {
      // Root may lock all memory, whatever the limit is.
      if geteuid() == 0 { precondition(seteuid(65534) == 0) }
      var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
      precondition(setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0)
      var random = SeededRandom(1)
      let small = (0..<100).map { _ in UInt8(33 + random.next(below: 90)) }
      let large = (0..<30_000).map { _ in UInt8(33 + random.next(below: 90)) }
      _ = try MaskedText(bytes: [("k", small)]).masked(small)
      #expect(throws: SecretError.self) {
        _ = try MaskedText.patterns([("k", large)])
      }
    }
  }
}

/// Numbers that look random, and are the same each time.
struct SeededRandom {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next(below limit: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int((state >> 11) % UInt64(limit))
  }
}
