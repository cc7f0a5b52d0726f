internal import CLinux
internal import Glibc

/// A program that is written to and read from while it runs.
package struct PipedProcess: ~Copyable {
  private let id: Int32
  private var input: FileDescriptor?
  private let output: FileDescriptor

  /// Starts a program, with the environment and the standard error of this one.
  ///
  /// - Parameters:
  ///   - file: Its file, or its name, which is then searched for along PATH.
  ///   - arguments: Starting with the program's name.
  ///   - removed: Names of variables that it does not inherit.
  /// - Throws: ``Errno`` if it could not be started; `ENOENT` if there is no such program.
  ///
  /// Source: posix_spawnp(3), pipe(2).
  package init(
    _ file: String, arguments: [String], removing removed: Set<String>
  ) throws(Errno) {
    var toProgram: [CInt] = [-1, -1]
    _ = try retrying { unsafe pipe(&toProgram) }
    let theirInput = FileDescriptor(owning: toProgram[0])
    let ourInput = FileDescriptor(owning: toProgram[1])
    var fromProgram: [CInt] = [-1, -1]
    _ = try retrying { unsafe pipe(&fromProgram) }
    let ourOutput = FileDescriptor(owning: fromProgram[0])
    let theirOutput = FileDescriptor(owning: fromProgram[1])
    // What is ours must not stay open in the program, nor theirs under another number.
    for end in toProgram + fromProgram { _ = try retrying { fcntl(end, F_SETFD, FD_CLOEXEC) } }
    id = try theirInput.withRawValue { (input) throws(Errno) -> Int32 in
      try theirOutput.withRawValue { (output) throws(Errno) -> Int32 in
        try Self.spawn(file, arguments, removing: removed, input: input, output: output)
      }
    }
    input = consume ourInput
    output = ourOutput
  }

  private static func spawn(
    _ file: String, _ arguments: [String], removing removed: Set<String>, input: CInt,
    output: CInt
  ) throws(Errno) -> Int32 {
    let arguments = CStringArray(arguments)
    // The entries stay where they are: some may be secret.
    var environment: [UnsafeMutablePointer<CChar>?] = unsafe []
    Environment.forEachEntry { position, name, _ in
      guard !removed.contains(name) else { return }
      unsafe environment.append(environ[position])
    }
    unsafe environment.append(nil)
    return try retrying {
      unsafe clinux_spawn_piped(file, arguments.pointers, environment, input, output)
    }
  }

  /// Writes all of `bytes` to the program's standard input, unless that is closed.
  ///
  /// - Throws: ``Errno``; `EPIPE` if nobody reads it, where SIGPIPE is ignored.
  package mutating func write(_ bytes: Span<UInt8>) throws(Errno) {
    guard let end = input.take() else { return }
    do throws(Errno) {
      try end.writeAll(bytes)
      input = consume end
    } catch {
      throw error
    }
  }

  /// Ends the program's standard input.
  package mutating func closeInput() { input = nil }

  /// Reads from the program's standard output, as a descriptor is read from.
  ///
  /// - Parameters:
  ///   - bytes: Where they go.
  ///   - offset: Where in there the first one goes.
  ///   - limit: The most bytes that are taken; all that fit if nil.
  /// - Returns: The number of bytes; 0 at the end.
  /// - Throws: ``Errno`` as read(2) sets it.
  package borrowing func read(
    into bytes: inout MutableSpan<UInt8>, at offset: Int = 0, limit: Int? = nil
  ) throws(Errno) -> Int {
    try output.read(into: &bytes, at: offset, limit: limit)
  }

  /// Waits until the program has ended.
  ///
  /// - Returns: Its exit status, or 128 and the number of the signal that ended it.
  /// - Throws: ``Errno`` as waitpid(2) sets it.
  ///
  /// Source: waitpid(2).
  package mutating func waitForEnd() throws(Errno) -> Int32 {
    closeInput()
    var status: CInt = 0
    let id = id
    _ = try retrying { unsafe waitpid(id, &status, 0) }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
