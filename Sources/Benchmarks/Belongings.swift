internal import Glibc
internal import Platform

/// The processes and files of a run, which are ended and removed behind it, whatever
/// becomes of the run.
///
/// Each process has a file of its id in a directory. A second process, the guard, in a
/// session of its own, waits until the run has ended, be it by a signal, and then ends
/// and removes what is still there.
struct Belongings: Sendable {
  /// Where all files lie; nobody else may look into it.
  let directory: String

  private static let waitMilliseconds = 5000
  private static let pauseMilliseconds = 10
  private static let guardPauseMilliseconds = 200

  private var processes: String { directory + "/processes" }

  /// Makes the directory, and starts the guard.
  ///
  /// - Parameter parent: An absolute path, where the directory is made.
  /// - Throws: ``BenchmarkError`` if that is not possible.
  init(in parent: String) throws(BenchmarkError) {
    self.init(of: "\(parent)/coffer-benchmarks-\(Process.id)")
    let (directory, processes) = (directory, processes)
    // What somebody else has put there would be removed, and processes that it names ended.
    guard try attempting(directory, { () throws(Errno) in try Self.isFree(directory) }) else {
      throw BenchmarkError("\(directory): is there already", hint: "remove it")
    }
    try attempting(directory) { () throws(Errno) in
      try Directory.create(directory, permissions: 0o711)
      guard try Directory(opening: directory).status().owner == Process.userID else {
        throw .notPermitted
      }
      try Directory.create(processes, permissions: 0o700)
    }
    guard let program = Process.programPath else {
      throw BenchmarkError("where this program is cannot be told")
    }
    _ = try attempting(program) { () throws(Errno) in
      try Process.startDetached(
        program, arguments: ["benchmarks", "guard", String(Process.id), directory],
        environment: ["PATH=\(Workbench.path)"])
    }
  }

  private init(of directory: String) { self.directory = directory }

  private static func isFree(_ path: String) throws(Errno) -> Bool {
    try FileStatus.ofFile(at: path, followsLinks: false) == nil
  }

  // MARK: Processes

  /// Takes a process that runs among those that are ended.
  func add(_ process: Int32) {
    _ = try? FileDescriptor.open(
      "\(processes)/\(process)", flags: O_WRONLY | O_CREAT, mode: 0o600)
  }

  /// Starts a program in a session of its own.
  ///
  /// - Parameters:
  ///   - words: The program's path and its arguments.
  ///   - environment: `NAME=value` entries.
  /// - Returns: The process id.
  /// - Throws: ``BenchmarkError`` if it cannot be started.
  func start(_ words: [String], environment: [String]) throws(BenchmarkError) -> Int32 {
    let process = try attempting(words[0]) { () throws(Errno) in
      try Process.startDetached(words[0], arguments: words, environment: environment)
    }
    add(process)
    return process
  }

  /// Ends a process, and waits for its end.
  func end(_ process: Int32) {
    Self.end(process)
    try? Directory.removeFile("\(processes)/\(process)")
  }

  private static func end(_ process: Int32) {
    for signal in [SIGTERM, SIGKILL] where !Process.hasEnded(process) {
      _ = kill(process, signal)
      for _ in 0..<(waitMilliseconds / pauseMilliseconds) where !Process.hasEnded(process) {
        sleep(milliseconds: pauseMilliseconds)
      }
    }
  }

  // MARK: The end

  /// Ends all processes, and removes all files.
  func endAll() {
    if let directory = try? Directory(opening: processes), let names = try? directory.names() {
      for process in names.compactMap({ Int32($0) }) { Self.end(process) }
    }
    _ = try? Process.runToEnd(
      "/bin/rm", arguments: ["rm", "-rf", directory], environment: [])
  }

  /// What the guard does.
  ///
  /// - Parameters:
  ///   - run: The process whose end it waits for.
  ///   - directory: What that process has made.
  /// - Returns: Its exit status.
  static func guardEnd(of run: Int32, directory: String) -> Int32 {
    while !Process.hasEnded(run) { sleep(milliseconds: guardPauseMilliseconds) }
    Belongings(of: directory).endAll()
    return 0
  }
}
