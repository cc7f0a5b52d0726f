internal import Glibc
internal import Platform
internal import Wire

/// A dotenv file: its assignments, and their values, which may be secrets, in locked
/// memory.
///
/// ``DotenvParser`` tells what the files look like.
final class DotenvFile {
  /// How the file is called in a message.
  let name: String

  /// The file as it is, which the ranges of the assignments refer to.
  let source: SecretBuffer

  /// In the order of the file; one name may stand there several times, and the last
  /// one counts.
  let assignments: [DotenvAssignment]

  /// The values, unescaped, which the pieces of the assignments refer to.
  private let text: SecretBuffer

  /// The most bytes of a file; a dotenv file has some hundred.
  static let maximumByteCount = 1 << 20

  /// Reads the file at `path` to its end, which may be a FIFO or /dev/stdin.
  ///
  /// - Parameter path: Where it is; messages call it so.
  /// - Throws: ``ClientError``, with the line for what is no dotenv file.
  ///
  /// Source: open(2), read(2).
  convenience init(reading path: String) throws(ClientError) {
    let shown = PrintableText.line(path)
    let file = try attempting("\(shown): opening the file") { () throws(Errno) in
      try FileDescriptor.open(path, flags: O_RDONLY | O_NOCTTY)
    }
    try self.init(reading: file, named: shown)
  }

  /// Reads a file that is open to its end.
  convenience init(reading file: borrowing FileDescriptor, named name: String) throws(ClientError) {
    var source = SecretBuffer()
    let limit = Self.maximumByteCount + 1
    while try source.read(from: file, named: name, limit: limit) {
      guard source.count < limit else {
        throw ClientError(
          ExitStatus.failed, "\(name): it has more than \(Self.maximumByteCount) bytes",
          hint: "is it a file of lines NAME=value?")
      }
    }
    try self.init(parsing: source, named: name)
  }

  /// Reads what is in memory already.
  ///
  /// - Parameters:
  ///   - source: The bytes of the file.
  ///   - name: How it is called in a message.
  /// - Throws: ``ClientError`` with name and line; never with what stands there.
  init(parsing source: consuming SecretBuffer, named name: String) throws(ClientError) {
    var parser = DotenvParser(name: name)
    try source.withBytes { (bytes) throws(ClientError) -> Void in try parser.parse(bytes) }
    self.name = name
    self.source = source
    assignments = parser.assignments
    text = parser.finish()
  }

  /// Lends a piece of an unescaped value, a ``DotenvPiece/text(_:)`` of this file, to
  /// `body`.
  func withText<Result: ~Copyable, Failure: Error>(
    _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try text.withBytes { (bytes) throws(Failure) in try body(bytes.extracting(range)) }
  }

  /// The source with a reference to a key in the place of some values; the other values
  /// are in there still.
  ///
  /// - Parameter references: Assignments of this file, each once, and the key that each is to
  ///   name, as `web/stripe`.
  /// - Returns: The bytes of the changed file.
  /// - Throws: ``ClientError`` if there is no memory for it.
  func source(
    with references: [(assignment: DotenvAssignment, key: String)]
  ) throws(ClientError) -> SecretBuffer {
    var changed = SecretBuffer()
    try source.withBytes { (bytes) throws(ClientError) -> Void in
      var position = 0
      let inOrder = references.sorted { $0.assignment.line < $1.assignment.line }
      for (assignment, key) in inOrder {
        guard let range = assignment.valueRange else { continue }
        try changed.append(bytes.extracting(position..<range.lowerBound))
        try changed.append((DotenvReference.scheme + key).utf8.span)
        position = range.upperBound
        // Behind a quote a comment begins at once, behind a reference at a blank only.
        if position < bytes.count, bytes[position] == UInt8(ascii: "#") {
          try changed.append(" ".utf8.span)
        }
      }
      try changed.append(bytes.extracting(position..<bytes.count))
    }
    return changed
  }

  /// The place of an assignment, as in `./coffer.env:3`.
  func place(of assignment: DotenvAssignment) -> String { "\(name):\(assignment.line)" }
}

/// One line `NAME=value` of a dotenv file; with quotes it may be several.
struct DotenvAssignment: Equatable {
  let name: String

  /// Where it begins, counted from 1.
  let line: Int

  /// Its bytes in the source: from `export` or the name to the end of the value,
  /// without a comment behind it.
  let range: Range<Int>

  /// The bytes of the value in the source, with its quotes; nil for a name alone,
  /// which sets nothing.
  let valueRange: Range<Int>?

  /// The value: what follows on one another in it; empty for an empty one.
  let pieces: [DotenvPiece]

  var references: [DotenvReference] { pieces.references }

  /// Whether anything of the value stands in the file itself.
  var holdsText: Bool { pieces.count > references.count }
}

/// A part of a value.
enum DotenvPiece: Equatable {
  /// What stands there, for ``DotenvFile/withText(_:_:)``.
  case text(Range<Int>)

  /// What a key's value takes the place of.
  case reference(DotenvReference)
}

extension [DotenvPiece] {
  /// The keys among the pieces, in their order.
  var references: [DotenvReference] {
    compactMap { piece in
      if case .reference(let reference) = piece { reference } else { nil }
    }
  }
}
