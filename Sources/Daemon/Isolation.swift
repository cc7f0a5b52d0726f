internal import Platform

/// What the daemon does at its start to keep apart from what has started it, and
/// from other processes.
enum Isolation {
  /// The variables that cofferd reads.
  ///
  /// It runs with no others: those may hold somebody's secrets, or steer the loader
  /// and the C library.
  private static let environmentNames: Set<String> = [
    "COFFER_HOME", "CREDENTIALS_DIRECTORY", "HOME", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID",
    "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "XDG_STATE_HOME",
  ]

  /// Keeps the Swift runtime from printing memory when the process crashes.
  private static let noBacktrace = (name: "SWIFT_BACKTRACE", value: "enable=no")

  /// Executes the program anew with a clean environment, unless it has one.
  ///
  /// - Returns: Why that failed; nil if there was no need to.
  static func cleanEnvironment() -> Errno? {
    let names = Set(Environment.names)
    let isQuiet = Environment.bytes(of: noBacktrace.name) == Array(noBacktrace.value.utf8)
    guard !isQuiet || !names.subtracting(environmentNames).isSubset(of: [noBacktrace.name]) else {
      return nil
    }
    let kept = environmentNames.sorted().compactMap { name in
      Environment.bytes(of: name).map { Array("\(name)=".utf8) + $0 }
    }
    return Process.restart(
      environment: kept + [Array("\(noBacktrace.name)=\(noBacktrace.value)".utf8)])
  }

  /// Keeps other processes out of this one, and limits that would end it away.
  static func begin() throws(Errno) {
    Process.setName("cofferd")
    try Process.occupyStandardStreams()
    Process.setFileCreationMask(0o077)
    Process.raiseFileLimits()
    Signal.brokenPipe.ignore()
    // A file that may not grow is a write that fails, and not the end.
    Signal.fileSizeLimit.ignore()
    Signal.processorTimeLimit.ignore()
    // A vault stays as it was when a terminal closes.
    Signal.hangUp.ignore()
    try Process.forbidCoreDumps()
    try Process.denyInspection()
  }

  /// Lets go of what a program that only serves does not use: its input, and
  /// descriptors that nobody has passed on purpose.
  static func detach() throws(Errno) {
    try Process.abandonStandardInput()
    try Process.closeInherited(besides: PassedSockets.usableCount)
  }
}
