internal import Platform
internal import Wire

/// Puts references to keys into a dotenv file, in the place of their values.
struct EnvFileRewriting: ~Copyable {
  private let path: String
  private let file: DotenvFile

  /// The file as it was opened, and what it was then.
  private let former: FileDescriptor
  private let status: FileStatus

  /// The values that are references from now on, and the key of each.
  private var references: [(assignment: DotenvAssignment, key: String)] = []

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
    references.append((assignment, key))
  }

  /// Writes the file with the references, if there are any, and changes nothing else of it.
  ///
  /// Throws ``ClientError`` if it has changed meanwhile, or cannot be written; it is as it
  /// was then.
  borrowing func finish() throws(ClientError) {
    guard !references.isEmpty else {
      return leave("the file is as it was")
    }
    let text = try file.source(with: references)
    // At the worst it is to be trusted once more; a copy that outlives it has the values.
    forgetTrustedCopy()
    let isWritten = try Signal.holdingBackEnd { () throws(ClientError) in
      try replaceFile(with: text)
    }
    guard isWritten else { throw stillThere("it has changed meanwhile, and is left as it is") }
    let count = references.count
    Console.note(
      "\(file.name): " + (count == 1 ? "1 value is a reference" : "\(count) values are references")
        + " now")
    Console.hint(
      "the disk may still hold the former file, as may copies, backups and git; "
        + "'coffer replace KEY' takes a new value from the vendor")
  }

  /// Leaves the file as it is; a copy of a former one that was trusted goes nevertheless.
  borrowing func leave(_ reason: String) {
    forgetTrustedCopy(unlessSame: true)
    Console.note("\(file.name): \(reason)")
  }

  /// Returns whether the file is another one now; false if it has changed meanwhile.
  private borrowing func replaceFile(
    with text: borrowing SecretBuffer
  ) throws(ClientError) -> Bool {
    var isNamed = false
    do throws(Errno) {
      let replacement = try NewFile(path, inPlaceOf: former)
      do throws(Errno) {
        return try text.withBytes { (bytes) throws(Errno) in
          try replacement.finish(with: bytes, inPlaceOf: status)
        }
      } catch {
        isNamed = replacement.isNamed
        if let name = replacement.leftover { noteLeftover(name) }
        throw error
      }
    } catch {
      guard isNamed else { throw stillThere("writing it failed: \(error)") }
      throw ClientError(
        ExitStatus.failed,
        "\(file.name): the values are references now, but tidying up failed: "
          + "\(error)")
    }
  }

  /// Tells of what imports have left beside the file that were killed while they wrote it.
  borrowing func noteLeftovers() {
    for name in NewFile.leftovers(in: path.parentDirectory) { noteLeftover(name) }
  }

  private borrowing func noteLeftover(_ name: String) {
    let place = PrintableText.object(path.parentDirectory + "/" + name)
    Console.note("\(place) was left by an import that could not finish")
    Console.hint(
      "it may hold values, or what was saved meanwhile: look at it, and remove it, unless another "
        + "import is at it")
  }

  /// Removes the copy of the former file that is kept if it was trusted: it has the values in
  /// it as well.
  ///
  /// - Parameter unlessSame: Whether a copy of the file as it is now may stay.
  private borrowing func forgetTrustedCopy(unlessSame: Bool = false) {
    guard let directory = try? Directory(opening: path.parentDirectory, followsLink: true),
      let place = directory.path,
      let copy = try? TrustedCopy(of: place + "/" + path.lastComponent)
    else { return }
    if unlessSame, copy.trust(in: file) == .trusted { return }
    do throws(Errno) { try copy.remove() } catch {
      Console.note("\(copy.path): what was trusted of the file could not be removed: \(error)")
      Console.hint("it may hold values: remove it")
    }
  }

  private borrowing func stillThere(_ problem: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "\(file.name): \(problem)",
      hint: "the values are stored; run this again for those that are still in the file")
  }
}
