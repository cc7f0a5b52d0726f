import Testing
import Wire

@Suite("ClientLine")
struct ClientLineTests {
  struct Case: CustomTestStringConvertible {
    let line: String
    let outside: ClientLine
    let answering: ClientLine

    init(_ line: String, _ outside: ClientLine, answering: ClientLine? = nil) {
      self.line = line
      self.outside = outside
      self.answering = answering ?? outside
    }

    var testDescription: String { line.debugDescription }
  }

  static let cases: [Case] = [
    Case("", .nothing),
    Case("#", .nothing),
    Case("# a comment", .nothing),
    Case("#D x", .nothing),
    Case(" # no comment", .command),

    Case("D x", .data),
    Case("d x", .data),
    Case("D ", .data),
    Case("D  x", .data),
    Case("D END", .data),
    Case("D", .command),
    Case("D\tx", .command),
    Case("D\0", .command),
    Case("DATA", .command),
    Case(" D x", .command),

    Case("END", .end),
    Case("end", .end),
    Case("eNd", .end),
    Case("END x", .end),
    Case("END\0x", .end),
    Case("ENDS", .command),
    Case("END\t", .command),
    Case("EN", .command),
    Case(" END", .command),

    Case("CAN", .command, answering: .cancel),
    Case("can", .command, answering: .cancel),
    Case("cAn", .command, answering: .cancel),
    Case("CANCEL", .command, answering: .cancel),
    Case("Cancel now", .command, answering: .cancel),
    Case("cannot", .command, answering: .cancel),
    Case("CA", .command),
    Case("CA\0", .command),
    Case(" CAN", .command),

    Case("NOP", .command),
    Case("CREATE me/laptop", .command),
    Case(" NOP", .command),
  ]

  @Test("tells what a line is outside an inquiry", arguments: cases)
  func classifies(_ test: Case) {
    #expect(ClientLine(Array(test.line.utf8).span) == test.outside)
  }

  @Test("tells what a line is inside an inquiry", arguments: cases)
  func classifiesAnswer(_ test: Case) {
    #expect(ClientLine(answering: Array(test.line.utf8).span) == test.answering)
  }

  @Test("takes a letter in either case and nothing else for it", arguments: ["CAN", "END", "D x"])
  func comparesLetters(word: String) {
    let bytes = Array(word.utf8)
    let expected = ClientLine(answering: bytes.span)
    for place in bytes.indices where bytes[place] != 0x20 && !(word == "D x" && place > 0) {
      for value in UInt8.min...UInt8.max {
        var other = bytes
        other[place] = value
        let isSame = value == bytes[place] || value == bytes[place] + 0x20
        #expect((ClientLine(answering: other.span) == expected) == isSame, "\(place): \(value)")
      }
    }
  }

  @Test("a line need not be UTF-8") func acceptsAnyBytes() {
    let data: [UInt8] = [0x44, 0x20, 0xFF, 0xC0, 0x00]
    #expect(ClientLine(data.span) == .data)
    let other: [UInt8] = [0xFF, 0xFE, 0xFD]
    #expect(ClientLine(other.span) == .command)
    #expect(ClientLine(answering: other.span) == .command)
  }
}
