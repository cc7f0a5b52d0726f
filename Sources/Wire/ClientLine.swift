/// What a line from a client is, before it is read closely.
package enum ClientLine: Equatable, Sendable {
  /// Empty, or a comment: it gets no answer.
  case nothing
  case command

  /// `D` and a space: the rest of the line is data.
  case data
  case end
  case cancel

  /// Classifies `line` outside an inquiry.
  package init(_ line: Span<UInt8>) {
    if line.isEmpty || line[0] == UInt8(ascii: "#") {
      self = .nothing
    } else if Self.isData(line) {
      self = .data
    } else if Self.isEnd(line) {
      self = .end
    } else {
      self = .command
    }
  }

  /// Classifies `line` inside an inquiry, where all that begins with `CAN`
  /// cancels.
  ///
  /// Source: libassuan, `assuan-inquire.c`.
  package init(answering line: Span<UInt8>) {
    self = ClientLine(line)
    if case .command = self, Self.hasPrefix(line, "CAN") { self = .cancel }
  }

  private static func isData(_ line: Span<UInt8>) -> Bool {
    line.count >= 2 && line[0] & 0xDF == UInt8(ascii: "D") && line[1] == 0x20
  }

  private static func isEnd(_ line: Span<UInt8>) -> Bool {
    hasPrefix(line, "END") && (line.count == 3 || line[3] == 0x20 || line[3] == 0)
  }

  /// Whether `line` begins with three letters, in either case.
  private static func hasPrefix(_ line: Span<UInt8>, _ letters: String) -> Bool {
    guard line.count >= letters.utf8.count else { return false }
    return letters.utf8.enumerated().allSatisfy { line[$0] & 0xDF == $1 }
  }
}
