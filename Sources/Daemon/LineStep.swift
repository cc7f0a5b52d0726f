internal import Wire

/// What a line of a client asks to do, when it has been wiped itself.
enum LineStep {
  case nothing
  case run(Command)
  case fail(Failure)

  /// The line begins as one that wants to act as a key.
  case failAuthentication(Failure)
  case endInquiry(Inquiry)
  case cancelInquiry(Inquiry)
  case refuseInquiry(Inquiry)

  /// Reads a line where a command may stand.
  init(command line: Span<UInt8>) {
    switch ClientLine(line) {
    case .nothing: self = .nothing
    case .data, .end, .cancel: self = .fail(Failure(.unexpectedCommand, "nothing was inquired"))
    case .command:
      do throws(SyntaxError) {
        self = .run(try Command(parsing: line))
      } catch {
        let failure = Failure.syntax(error.reason)
        self = Self.wantsAuthentication(line) ? .failAuthentication(failure) : .fail(failure)
      }
    }
  }

  private static func wantsAuthentication(_ line: Span<UInt8>) -> Bool {
    let verb = Array(Verb.authenticate.rawValue.utf8)
    return line.count >= verb.count
      && verb.indices.allSatisfy { line[$0] & 0xDF == verb[$0] }
      && (line.count == verb.count || line[verb.count] == UInt8(ascii: " "))
  }

  /// Reads a line where the answer to an inquiry may stand, and adds to that.
  ///
  /// - Parameters:
  ///   - bytes: Where the line stands; data is decoded there.
  ///   - line: Its place in `bytes`.
  ///   - inquiry: What was asked.
  init(_ bytes: inout MutableSpan<UInt8>, _ line: Range<Int>, answering inquiry: Inquiry) {
    switch ClientLine(answering: bytes.span.extracting(line)) {
    case .nothing: self = .nothing
    case .data:
      let fits = inquiry.append(&bytes, (line.lowerBound + 2)..<line.upperBound)
      self = fits ? .nothing : .refuseInquiry(inquiry)
    case .end: self = .endInquiry(inquiry)
    case .cancel: self = .cancelInquiry(inquiry)
    case .command:
      inquiry.note(Failure(.unexpectedCommand, "an inquiry is answered by D, END or CAN"))
      self = .nothing
    }
  }
}
