import TestSupport
import Testing
import Wire

@Suite("DataEncoder")
struct DataEncoderTests {
  /// What `bytes` become, in no more room than they are said to need.
  static func encoded(_ bytes: [UInt8]) -> [UInt8] {
    let maximum = DataEncoder.maximumByteCount(for: bytes.count)
    // A little more, so that an encoder which needs it is seen, and does not trap.
    var output = [UInt8](repeating: 0xEE, count: maximum + 1000)
    var span = output.mutableSpan
    var encoder = DataEncoder(at: 0)
    encoder.append(bytes.span, to: &span)
    encoder.finish(in: &span)
    let count = encoder.position
    #expect(count <= maximum)
    return Array(output.prefix(count))
  }

  /// What a client makes of D lines, each by itself.
  static func decoded(_ output: [UInt8]) throws -> [UInt8] {
    var decoded: [UInt8] = []
    for line in output.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
      var bytes = Array(line)
      guard case .data(let range) = try ServerLine(parsing: bytes.span) else {
        Issue.record("this is no D line: \(bytes)")
        return decoded
      }
      var span = bytes.mutableSpan
      let count = try Percent.decode(&span, in: range)
      decoded += bytes[range.lowerBound..<(range.lowerBound + count)]
    }
    return decoded
  }

  static func longestLine(_ output: [UInt8]) -> Int {
    output.split(separator: 0x0A).map(\.count).max() ?? 0
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    init(_ description: String, _ bytes: [UInt8]) {
      testDescription = description
      self.bytes = bytes
    }
  }

  static let worst = (0..<65_536).map { [0x25, 0x0D, 0x0A][$0 % 3] as UInt8 }

  static let cases: [Case] =
    [
      Case("each byte value", Array(UInt8.min...UInt8.max)),
      Case("64 KiB of the worst bytes", worst),
      Case("64 KiB of line feeds", [UInt8](repeating: 0x0A, count: 65_536)),
      Case("64 KiB of letters", [UInt8](repeating: 0x61, count: 65_536)),
      Case("64 KiB of each byte value", (0..<65_536).map { UInt8(truncatingIfNeeded: $0) }),
      // One letter and 331 escapes leave no room for another: two bytes stay free.
      Case("lines that waste the most", (0..<65_536).map { $0 % 332 == 0 ? 0x61 : 0x25 }),
      Case("what looks like other lines", Array("\nOK\nERR 1\r\nD \n%0A%".utf8)),
    ]
    + [0, 1, 995, 996, 997, 998, 999, 1000, 1992, 1993].flatMap { count in
      [
        Case("\(count) letters", [UInt8](repeating: 0x61, count: count)),
        Case("\(count) percent signs", [UInt8](repeating: 0x25, count: count)),
        Case("\(count) spaces", [UInt8](repeating: 0x20, count: count)),
        Case("\(count) letters and CR", [UInt8](repeating: 0x61, count: count) + [0x0D]),
      ]
    }

  @Test("what is encoded decodes to the same bytes", arguments: cases)
  func roundTrips(_ test: Case) throws {
    #expect(isSame(try Self.decoded(Self.encoded(test.bytes)), test.bytes))
  }

  @Test("no line has more than 998 bytes, and each has its end", arguments: cases)
  func keepsLinesShort(_ test: Case) {
    let output = Self.encoded(test.bytes)
    #expect(Self.longestLine(output) <= 998)
    #expect(output.isEmpty || output.last == 0x0A)
    #expect(!output.contains(0x0D))
  }

  @Test("lines are filled before another one begins", arguments: cases)
  func fillsLines(_ test: Case) {
    let lines = Self.encoded(test.bytes).split(separator: 0x0A)
    // Only an escape that would not fit leaves up to two bytes free.
    for line in lines.dropLast() { #expect((996...998).contains(line.count)) }
  }

  @Test("the worst bytes take nearly the room that is kept for them", arguments: 0...2000)
  func estimatesTightly(count: Int) {
    let maximum = DataEncoder.maximumByteCount(for: count)
    let taken = Self.encoded([UInt8](repeating: 0x25, count: count)).count
    #expect(taken <= maximum)
    #expect(maximum - taken <= 6)
  }

  @Test("64 KiB of the worst bytes take nearly the room that is kept for them")
  func estimatesValueTightly() {
    let spare = DataEncoder.maximumByteCount(for: 65_536) - Self.encoded(Self.worst).count
    #expect((0...6).contains(spare))
  }

  @Test("random bytes fit, and decode to the same bytes", arguments: 1...50)
  func roundTripsAnything(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let rarity = Int.random(in: 0...40, using: &random)
    let alphabet = [0x25, 0x0D, 0x0A] + [UInt8](repeating: 0x61, count: rarity)
    let count = Int.random(in: 0...5000, using: &random)
    let bytes = random.bytes(count: count, from: alphabet)
    let output = Self.encoded(bytes)
    #expect(Self.longestLine(output) <= 998)
    #expect(isSame(try Self.decoded(output), bytes))
  }

  @Test("nothing is no line at all") func encodesNothing() {
    #expect(Self.encoded([]).isEmpty)
  }

  @Test("escapes exactly percent sign, CR and LF, in upper case") func escapesThree() {
    for value in UInt8.min...UInt8.max {
      let expected: [UInt8] =
        switch value {
        case 0x25: Array("D %25\n".utf8)
        case 0x0D: Array("D %0D\n".utf8)
        case 0x0A: Array("D %0A\n".utf8)
        default: [0x44, 0x20, value, 0x0A]
        }
      #expect(Self.encoded([value]) == expected)
    }
  }

  @Test("what is appended in pieces is one stream, from where it was told to begin")
  func continuesLine() {
    var output = [UInt8](repeating: 0x2E, count: 40)
    var span = output.mutableSpan
    var encoder = DataEncoder(at: 3)
    encoder.append("KEY=".utf8.span, to: &span)
    encoder.append("a%".utf8.span, to: &span)
    encoder.append(0, to: &span)
    encoder.finish(in: &span)
    #expect(encoder.position == 15)
    encoder.finish(in: &span)
    #expect(encoder.position == 15)
    encoder.append("b".utf8.span, to: &span)
    encoder.finish(in: &span)
    #expect(String(decoding: output.prefix(21), as: UTF8.self) == "...D KEY=a%25\0\nD b\n..")
  }

  @Test("writing past the room kills the process") func trapsPastRoom() async {
    await #expect(processExitsWith: .failure) {
      var output = [UInt8](repeating: 0, count: 3)
      var span = output.mutableSpan
      var encoder = DataEncoder(at: 0)
      encoder.append("ab".utf8.span, to: &span)
      print(output)
    }
  }
}
