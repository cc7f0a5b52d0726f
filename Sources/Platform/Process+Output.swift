internal import Glibc

// Programs whose output is read.

extension Process {
  /// Runs a program to its end, and keeps what it writes to standard output.
  ///
  /// - Parameters:
  ///   - path: The program's file.
  ///   - arguments: Starting with the program's name.
  ///   - environment: `NAME=value` entries.
  ///   - limit: The most bytes that are kept; what is beyond them is dropped.
  /// - Returns: Its exit status, or 128 and the number of the signal that ended it;
  ///   and the output.
  /// - Throws: ``Errno`` if it could not be started.
  ///
  /// Source: pipe(2), posix_spawn(3), waitpid(2).
  package static func outputOfRun(
    _ path: String, arguments: [String], environment: [String], limit: Int
  ) throws(Errno) -> (status: Int32, output: [UInt8]) {
    let arguments = CStringArray(arguments)
    let environment = CStringArray(environment)
    var ends: [CInt] = [-1, -1]
    _ = try retrying { unsafe pipe(&ends) }
    let reading = FileDescriptor(owning: ends[0])
    let writing = FileDescriptor(owning: ends[1])
    // The end that is read must not stay open in the program.
    for end in ends { _ = try retrying { fcntl(end, F_SETFD, FD_CLOEXEC) } }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    var id = pid_t()
    let code = unsafe posix_spawn(
      &id, path, &actions, nil, arguments.pointers, environment.pointers)
    guard code == 0 else { throw Errno(code: code) }
    // Else the end of what the program writes would never come.
    try writing.close()
    let output = try readToEnd(of: reading, limit: limit)
    var status: CInt = 0
    _ = try retrying { unsafe waitpid(id, &status, 0) }
    let signal = status & 0x7F
    return (signal == 0 ? (status >> 8) & 0xFF : 128 + signal, output)
  }

  private static func readToEnd(
    of file: borrowing FileDescriptor, limit: Int
  ) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      var span = chunk.mutableSpan
      let count = try file.read(into: &span)
      if count == 0 { return bytes }
      bytes += chunk.prefix(min(count, limit - bytes.count))
    }
  }

  /// The absolute path of the working directory; nil if it is gone or cannot be told.
  ///
  /// Source: getcwd(3).
  package static var workingDirectory: String? {
    var path = [CChar](repeating: 0, count: 4096)
    let capacity = path.count
    guard unsafe getcwd(&path, capacity) != nil else { return nil }
    let bytes = path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(validating: bytes, as: UTF8.self)
  }
}
