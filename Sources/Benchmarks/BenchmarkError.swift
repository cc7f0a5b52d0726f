internal import Platform

/// Why a benchmark was given up.
struct BenchmarkError: Error {
  /// What happened, to which object; lowercase.
  let message: String

  /// What to do about it.
  let hint: String?

  init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  /// A call of the system that failed.
  init(_ object: String, _ error: Errno) { self.init("\(object): \(error)") }

  /// Says it on standard error.
  func tell() {
    StandardStream.error.write("benchmarks: \(message)\n")
    if let hint { StandardStream.error.write("benchmarks: hint: \(hint)\n") }
  }
}

/// Does what the system may refuse.
///
/// - Parameters:
///   - object: What it is done to, for the message.
///   - body: What is done.
/// - Returns: What `body` returns.
/// - Throws: ``BenchmarkError`` in place of ``Errno``.
func attempting<Result: ~Copyable>(
  _ object: String, _ body: () throws(Errno) -> Result
) throws(BenchmarkError) -> Result {
  do throws(Errno) { return try body() } catch { throw BenchmarkError(object, error) }
}
