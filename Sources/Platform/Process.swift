internal import CLinux
internal import Glibc

/// This process, and those that it starts.
package enum Process {
  /// The effective user id.
  package static var userID: UInt32 { geteuid() }

  package static var id: Int32 { getpid() }

  /// The session that this process belongs to, as a terminal has one.
  ///
  /// Source: getsid(2).
  package static var sessionID: Int32 { getsid(0) }

  /// The path of the program that this process runs; nil without /proc.
  ///
  /// Source: proc(5), `/proc/self/exe`.
  package static var programPath: String? { "/proc/self/exe".linkTarget }

  /// The directory of that program, without a slash at its end.
  package static var programDirectory: String? { programPath?.parentDirectory }

  /// Keeps the memory of this process from other processes of the same user.
  ///
  /// No ptrace, no `/proc/PID/mem` or `environ`, no core dump, until the next
  /// `execve`.
  ///
  /// Source: prctl(2), `PR_SET_DUMPABLE`.
  package static func denyInspection() throws(Errno) {
    _ = try retrying { clinux_prctl(PR_SET_DUMPABLE, 0) }
  }

  /// Forbids core dumps to this process and to all that it starts.
  ///
  /// A core that is piped to a program heeds no limit, so this alone is not enough.
  ///
  /// Source: setrlimit(2), `RLIMIT_CORE`; core(5).
  package static func forbidCoreDumps() throws(Errno) {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = try retrying { unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) }
  }

  /// Lets this process open as many files as it may at all, and write them as
  /// long as it may.
  ///
  /// Source: setrlimit(2), `RLIMIT_NOFILE`, `RLIMIT_FSIZE`.
  package static func raiseFileLimits() {
    for resource in [RLIMIT_NOFILE, RLIMIT_FSIZE] {
      raiseLimit(__rlimit_resource_t(resource.rawValue))
    }
  }

  /// How many files this process may have open at once, at the most.
  ///
  /// Source: getrlimit(2), `RLIMIT_NOFILE`.
  package static var openFileLimit: Int? {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard unsafe getrlimit(resource, &limit) == 0 else { return nil }
    return Int(clamping: limit.rlim_max)
  }

  private static func raiseLimit(_ resource: __rlimit_resource_t) {
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(resource, &limit)
  }

  /// Whether other processes of the same user are kept out.
  package static var deniesInspection: Bool { clinux_prctl(PR_GET_DUMPABLE, 0) == 0 }

  /// Takes the places of those of descriptors 0 to 2 that are closed, so that no
  /// file of ours becomes one, while using them fails as before.
  ///
  /// Standard input cannot be read then, nor the others be written; a program
  /// that is executed finds them closed.
  ///
  /// Source: open(2), null(4).
  package static func occupyStandardStreams() throws(Errno) {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      let access = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY
      // The lowest one that is free, so it is this one.
      _ = try retrying { unsafe open("/dev/null", access | O_CLOEXEC) }
    }
  }

  /// Reads nothing from standard input from now on, whatever it was.
  ///
  /// Source: null(4), dup2(2).
  package static func abandonStandardInput() throws(Errno) {
    let null = try FileDescriptor.open("/dev/null", flags: O_RDONLY)
    _ = try null.withRawValue { (rawValue) throws(Errno) in
      try retrying { dup2(rawValue, STDIN_FILENO) }
    }
  }

  /// Reads from `file` in place of standard input from now on, as does a program that
  /// is executed.
  ///
  /// Source: dup2(2).
  package static func replaceStandardInput(by file: borrowing FileDescriptor) throws(Errno) {
    _ = try file.withRawValue { (rawValue) throws(Errno) in
      try retrying { dup2(rawValue, STDIN_FILENO) }
    }
  }

  /// Closes what was inherited besides the standard streams and the descriptors
  /// right behind them.
  ///
  /// - Parameter count: How many of the latter stay.
  /// - Throws: ``Errno`` where the system has no such call.
  ///
  /// Source: close_range(2).
  package static func closeInherited(besides count: Int) throws(Errno) {
    _ = try retrying { clinux_close_from(STDERR_FILENO + 1 + CInt(count)) }
  }

  /// Executes this program again, with the same arguments and descriptors, and an
  /// environment of its own; the process stays.
  ///
  /// - Parameter environment: `NAME=value` entries.
  /// - Returns: Why it failed; on success nothing returns.
  ///
  /// Source: execve(2); proc(5), `/proc/self/exe`.
  package static func restart(environment: [[UInt8]]) -> Errno {
    let entries = CStringArray(environment)
    // The file itself, whatever its name leads to by now.
    _ = unsafe execve("/proc/self/exe", CommandLine.unsafeArgv, entries.pointers)
    return Errno.current
  }

  /// What ps(1) and others show this process as.
  ///
  /// - Parameter name: At most 15 bytes; what is longer is cut.
  ///
  /// Source: prctl(2), `PR_SET_NAME`.
  package static func setName(_ name: String) { unsafe clinux_set_name(name) }

  /// Gives the memory that was freed back to the system.
  ///
  /// Source: malloc_trim(3).
  package static func giveBackMemory() { clinux_give_back_memory() }

  /// Sets the mode bits that new files never get, as in `0o077`.
  ///
  /// Source: umask(2).
  package static func setFileCreationMask(_ mask: UInt32) { _ = umask(mask) }

  /// Ends this process now, without running exit handlers.
  package static func exit(_ status: Int32) -> Never { _exit(status) }

  /// Starts a program in a session of its own, with nothing of this process,
  /// not even as its parent.
  ///
  /// - Parameters:
  ///   - path: The program's file.
  ///   - arguments: Starting with the program's name.
  ///   - environment: `NAME=value` entries.
  /// - Returns: The process id of the new program.
  /// - Throws: ``Errno`` if it could not be started.
  ///
  /// Source: posix_spawn(3), fork(2).
  package static func startDetached(
    _ path: String, arguments: [String], environment: [String]
  ) throws(Errno) -> Int32 {
    let arguments = CStringArray(arguments)
    let environment = CStringArray(environment)
    return try retrying {
      unsafe clinux_spawn_detached(path, arguments.pointers, environment.pointers)
    }
  }

  /// Runs a program to its end, with the standard streams of this process.
  ///
  /// - Parameters:
  ///   - path: The program's file.
  ///   - arguments: Starting with the program's name.
  ///   - environment: `NAME=value` entries.
  ///   - outputIsError: Whether its standard output is the standard error of this one.
  /// - Returns: Its exit status, or 128 and the number of the signal that ended it.
  /// - Throws: ``Errno`` if it could not be started.
  ///
  /// Source: posix_spawn(3), waitpid(2).
  package static func runToEnd(
    _ path: String, arguments: [String], environment: [String], outputIsError: Bool = false
  ) throws(Errno) -> Int32 {
    let arguments = CStringArray(arguments)
    let environment = CStringArray(environment)
    var id = pid_t()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if outputIsError {
      unsafe posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO)
    }
    let code = unsafe posix_spawn(
      &id, path, &actions, nil, arguments.pointers, environment.pointers)
    guard code == 0 else { throw Errno(code: code) }
    var status: CInt = 0
    _ = try retrying { unsafe waitpid(id, &status, 0) }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }

  /// Whether a process has ended, whether anyone has waited for it or not.
  ///
  /// Source: pidfd_open(2).
  package static func hasEnded(_ id: Int32) -> Bool { clinux_has_ended(id) == 1 }

  /// The login name of a user, or nil if the system knows none.
  ///
  /// Not for static programs, which cannot load the system's name services.
  ///
  /// Source: getpwuid_r(3).
  package static func loginName(ofUser id: UInt32) -> String? {
    var name = [CChar](repeating: 0, count: 256)
    let capacity = name.count
    guard unsafe clinux_login_name(id, &name, capacity) == 0 else { return nil }
    return String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The most bytes that `execve` takes for arguments and environment.
  ///
  /// Source: sysconf(3), `_SC_ARG_MAX`; execve(2).
  package static var argumentByteLimit: Int { sysconf(CInt(_SC_ARG_MAX)) }
}

/// Strings as C wants them for a new program: pointers, and a null at the end.
@safe
final class CStringArray {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  convenience init(_ strings: [String]) { self.init(strings.map { Array($0.utf8) }) }

  /// - Parameter strings: Bytes without NUL.
  init(_ strings: [[UInt8]]) {
    count = strings.count
    unsafe pointers = .allocate(capacity: count + 1)
    for (index, string) in strings.enumerated() {
      unsafe pointers[index] = strndup(string.map { CChar(bitPattern: $0) }, string.count)
    }
    unsafe pointers[count] = nil
  }

  deinit {
    for index in 0..<count { unsafe free(pointers[index]) }
    unsafe pointers.deallocate()
  }
}
