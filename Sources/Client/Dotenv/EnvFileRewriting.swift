internal import Platform

/// Puts references to keys into a dotenv file, in the place of their values.
struct EnvFileRewriting: ~Copyable {
  private let path: String
  private let file: DotenvFile

  /// The file as it was opened, and what it was then.
  private let former: FileDescriptor
  private let status: FileStatus

  /// What stands in the place of which bytes of the file.
  private var references: [(range: Range<Int>, text: String)] = []

  /// - Parameters:
  ///   - path: Where the file is.
  ///   - file: What was read of it.
  ///   - former: The file, open.
  ///   - status: What it was before it was read.
  init(
    _ path: String, of file: DotenvFile, _ former: consuming FileDescriptor, _ status: FileStatus
  ) {
    self.path = path
    self.file = file
    self.former = former
    self.status = status
  }

  /// Has a value be a reference from now on.
  mutating func refer(_ assignment: DotenvAssignment, to key: String) {
    guard let range = assignment.valueRange else { return }
    references.append((range, DotenvReference.scheme + key))
  }

  /// Writes the file with the references, if there are any, and changes nothing else of it.
  ///
  /// Throws ``ClientError`` if it has changed meanwhile, or cannot be written; it is as it
  /// was then.
  borrowing func finish() throws(ClientError) {
    guard !references.isEmpty else { return Console.note("\(file.name): the file is as it was") }
    let text = try rewritten()
    let isWritten: Bool
    do throws(Errno) {
      let replacement = try NewFile(path, inPlaceOf: former)
      isWritten = try text.withBytes { (bytes) throws(Errno) in
        try replacement.finish(with: bytes, inPlaceOf: status)
      }
    } catch {
      throw stillThere("writing it failed: \(error)")
    }
    guard isWritten else { throw stillThere("it has changed meanwhile, and is left as it is") }
    forgetTrustedCopy()
    let count = references.count
    Console.note(
      "\(file.name): " + (count == 1 ? "1 value is a reference" : "\(count) values are references")
        + " now")
    Console.hint(
      "the disk may still hold the former file, as may copies, backups and git; "
        + "'coffer replace KEY' takes a new value from the vendor")
  }

  /// A copy of the former file, which was trusted, has the values in it as well.
  private borrowing func forgetTrustedCopy() {
    let directory = path.hasPrefix("/") ? "" : (Process.workingDirectory ?? "") + "/"
    try? TrustedCopy(of: directory + path).remove()
  }

  private borrowing func stillThere(_ problem: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "\(file.name): \(problem)",
      hint: "the values are stored, and still in the file; run this again")
  }

  /// The bytes of the file with the references in it; other values are in there still.
  private borrowing func rewritten() throws(ClientError) -> SecretBuffer {
    var text = SecretBuffer()
    var position = 0
    try file.source.withBytes { (bytes) throws(ClientError) -> Void in
      for reference in references.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
        try text.append(bytes.extracting(position..<reference.range.lowerBound))
        try text.append(reference.text.utf8.span)
        position = reference.range.upperBound
      }
      try text.append(bytes.extracting(position..<bytes.count))
    }
    return text
  }
}
