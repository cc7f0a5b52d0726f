internal import Platform

/// One way to run a command with secrets in its environment.
struct Way {
  let name: String

  /// What stands before the command.
  let words: [String]

  /// Under which name the command finds a secret.
  var variable: String?

  /// Runs the command in this way.
  ///
  /// - Parameters:
  ///   - command: Its absolute path and its arguments.
  ///   - environment: `NAME=value` entries.
  /// - Returns: How long that took, in milliseconds.
  /// - Throws: ``BenchmarkError`` if it fails.
  @discardableResult
  func run(_ command: [String], environment: [String]) throws(BenchmarkError) -> Double {
    let words = words + command
    let watch = Stopwatch()
    let status: Int32
    do throws(Errno) {
      status = try Process.runToEnd(words[0], arguments: words, environment: environment)
    } catch {
      throw BenchmarkError(name, error)
    }
    let time = watch.milliseconds
    guard status == 0 else { throw BenchmarkError("\(name): exit status \(status)") }
    return time
  }

  /// Looks whether the command finds the secret.
  ///
  /// - Throws: ``BenchmarkError`` if it does not.
  func check(_ secret: String, environment: [String]) throws(BenchmarkError) {
    guard let variable else { return }
    do throws(BenchmarkError) {
      try run(
        ["/bin/sh", "-c", "test \"$\(variable)\" = \(secret)"], environment: environment)
    } catch {
      throw BenchmarkError("\(name): the secret does not reach the command")
    }
  }
}
