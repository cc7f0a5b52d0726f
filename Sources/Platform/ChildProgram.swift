internal import Glibc

/// A program that is spoken with: one socket is its standard input and output.
///
/// Source: socketpair(2), posix_spawn(3).
package struct ChildProgram: ~Copyable {
  /// This side of the dialogue; when it is closed, the program reads an end.
  package let socket: UnixSocket
  private let id: pid_t

  /// Starts a program, with the standard error of this process.
  ///
  /// - Parameters:
  ///   - name: The program, as execvp(3) finds it.
  ///   - arguments: Starting with the program's name.
  ///   - environment: `NAME=value` entries.
  /// - Throws: ``Errno``; `ENOENT` if there is no such program.
  package init(
    _ name: String, arguments: [String], environment: [String]
  ) throws(Errno) {
    let environment = CStringArray(environment)
    try unsafe self.init(name, arguments: arguments, entries: environment.pointers)
  }

  /// Starts a program with the environment and the standard error of this process.
  ///
  /// - Parameters:
  ///   - name: The program, as execvp(3) finds it.
  ///   - arguments: Starting with the program's name.
  ///   - removed: Names of variables that it does not inherit.
  /// - Throws: ``Errno``; `ENOENT` if there is no such program.
  package init(
    _ name: String, arguments: [String], inheritingAllBut removed: Set<String>
  ) throws(Errno) {
    // The entries stay where they are: some may be secret.
    var entries: [UnsafeMutablePointer<CChar>?] = unsafe []
    Environment.forEachEntry { position, name, _ in
      guard !removed.contains(name) else { return }
      unsafe entries.append(environ[position])
    }
    unsafe entries.append(nil)
    try unsafe self.init(name, arguments: arguments, entries: entries)
  }

  private init(
    _ name: String, arguments: [String],
    entries: UnsafePointer<UnsafeMutablePointer<CChar>?>
  ) throws(Errno) {
    let arguments = CStringArray(arguments)
    var ends: [CInt] = [-1, -1]
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    _ = try retrying { unsafe socketpair(AF_UNIX, type, 0, &ends) }
    let own = FileDescriptor(owning: ends[0])
    let others = FileDescriptor(owning: ends[1])
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for stream in [STDIN_FILENO, STDOUT_FILENO] {
      unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], stream)
    }
    var id = pid_t()
    let code = unsafe posix_spawnp(
      &id, name, &actions, nil, arguments.pointers, entries)
    guard code == 0 else { throw Errno(code: code) }
    // Else the end of what the program writes would never come.
    try others.close()
    self.id = id
    socket = UnixSocket(owning: own)
  }

  /// Ends the dialogue, and waits until the program has ended.
  ///
  /// - Returns: Its exit status, or 128 and the number of the signal that ended it; nil
  ///   if there is no telling.
  ///
  /// Source: waitpid(2).
  @discardableResult
  package consuming func end() -> Int32? {
    let id = id
    _ = consume socket
    var status: CInt = 0
    guard (try? retrying { unsafe waitpid(id, &status, 0) }) != nil else { return nil }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
