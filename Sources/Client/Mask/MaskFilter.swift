internal import Glibc
internal import Platform

/// Masks what comes on standard input, and writes it to standard output.
struct MaskFilter: ~Copyable {
  private var masker: Masker
  private var output = SecretBuffer()
  private let input = FileDescriptor(owning: STDIN_FILENO)

  /// - Parameter patterns: What is masked.
  /// - Throws: ``ClientError`` if there is no memory.
  init(_ patterns: MaskPatterns) throws(ClientError) {
    do throws(SecretError) { masker = try Masker(patterns) } catch { throw .maskMemory }
  }

  /// Runs to the end of the input.
  ///
  /// - Throws: ``ClientError`` if reading or writing fails.
  mutating func run() throws(ClientError) {
    let isSeen = StandardStream.output.isTerminal
    while try read(isSeen: isSeen) { try write() }
    try write()
  }

  /// - Returns: Whether there may be more.
  private mutating func read(isSeen: Bool) throws(ClientError) -> Bool {
    do throws(MaskFailure) {
      if isSeen, masker.hasBeginning, try !isReadable() {
        try masker.releaseBeginning(into: &output)
        return true
      }
      let count = try masker.read(into: &output) { (bytes, offset) throws(Errno) in
        try input.readWaiting(into: &bytes, at: offset, limit: Masker.pieceByteCount)
      }
      if count == 0 { try masker.finish(into: &output) }
      return count > 0
    } catch {
      switch error {
      case .memory(let error): throw error
      case .reading(let error):
        throw ClientError(ExitStatus.failed, "standard input: reading failed: \(error)")
      }
    }
  }

  /// Whether something comes before somebody would wait for what is held.
  private func isReadable() throws(MaskFailure) -> Bool {
    var polling = Polling()
    _ = polling.watch(STDIN_FILENO, reading: true)
    do throws(Errno) {
      return try polling.wait(milliseconds: Int(MaskedStream.quietMilliseconds))
    } catch {
      throw .reading(error)
    }
  }

  private mutating func write() throws(ClientError) {
    do throws(Errno) {
      try output.withBytes { (bytes) throws(Errno) -> Void in
        try StandardStream.output.write(bytes)
      }
    } catch {
      throw .output(error)
    }
    output.removeAll()
  }
}
