internal import Platform

/// The program `cofferd`, which stands beside this one.
struct DaemonProgram {
  let path: String

  /// Nothing of the caller's environment is the daemon's business; this keeps the Swift
  /// runtime from printing what is in memory when a program crashes.
  static let environment = ["SWIFT_BACKTRACE=enable=no"]

  /// More than a check ever says.
  private static let maximumOutputByteCount = 1 << 20

  /// Throws if it cannot be told where this program is.
  init() throws(ClientError) {
    guard let directory = Process.programDirectory else {
      throw ClientError(ExitStatus.noDaemon, "where cofferd is cannot be told")
    }
    path = directory + "/cofferd"
  }

  /// Runs it to its end, with the standard streams and descriptors of this process.
  ///
  /// - Parameter arguments: Those behind its name.
  /// - Returns: Its exit status.
  /// - Throws: ``ClientError`` if it could not be started.
  func run(_ arguments: [String]) throws(ClientError) -> Int32 {
    try attempting("\(path): starting it") { () throws(Errno) in
      try Process.runToEnd(
        path, arguments: ["cofferd"] + arguments, environment: Self.environment)
    }
  }

  /// Runs it to its end.
  ///
  /// - Parameter arguments: Those behind its name.
  /// - Returns: The lines that it has written to standard output.
  /// - Throws: ``ClientError`` if it could not be started.
  func lines(ofRun arguments: [String]) throws(ClientError) -> [String] {
    let output = try attempting("\(path): starting it") { () throws(Errno) in
      try Process.outputOfRun(
        path, arguments: ["cofferd"] + arguments, environment: Self.environment,
        limit: Self.maximumOutputByteCount
      ).output
    }
    return String(decoding: output, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
  }
}
