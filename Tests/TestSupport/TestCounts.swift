import Glibc

/// How much a run of the tests has tried, for the summary at its end.
///
/// Several processes add to one file, a line each time.
package enum TestCounts {
  /// Adds to a count, if somebody wants to know it.
  ///
  /// - Parameters:
  ///   - what: In the plural, as in `crash states`.
  ///   - count: How many more.
  package static func add(_ what: String, _ count: Int) {
    guard let path = getenv("COFFER_TEST_COUNTS") else { return }
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    let line = Array("\(what) \(count)\n".utf8)
    _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
  }
}
