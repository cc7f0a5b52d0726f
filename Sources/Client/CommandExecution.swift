internal import Platform
internal import Wire

/// A command that is to take this process' place.
struct CommandExecution {
  /// Beginning with the command; bytes, since nothing says that they are text.
  private let arguments: [[UInt8]]
  private let command: [UInt8]

  /// The kernel takes no more than this, whatever the stack's limit is.
  ///
  /// Source: execve(2), "Limits on size of arguments and environment".
  private static let maximumByteCount = 6 << 20

  /// What POSIX wants to be left for the command itself.
  private static let reserveByteCount = 2048

  /// - Parameter arguments: At least one, which is the command.
  init(_ arguments: [[UInt8]]) {
    self.arguments = arguments
    command = arguments[0]
  }

  /// Executes the command, as execvp(3) finds it.
  ///
  /// - Returns: Why it could not be; on success nothing returns.
  func run(_ environment: borrowing EnvironmentBlock) -> ClientError {
    let pointer = MemoryLayout<Int>.size
    let needed =
      environment.byteCount
      + arguments.reduce(0) { $0 + $1.count + 1 + pointer } + 2 * pointer
    let limit = min(Process.argumentByteLimit, Self.maximumByteCount) - Self.reserveByteCount
    guard needed <= limit else {
      return ClientError(
        ExitStatus.failed,
        "environment and arguments have \(needed) bytes, the system takes \(limit)",
        hint: "select fewer keys with '-k', give some in files with '--file KEY', or raise the "
          + "limit on the stack ('ulimit -s')")
    }
    var denied: Errno?
    for path in candidates {
      let failure = execute(path, environment)
      switch failure {
      case .notFound, .notDirectory: continue
      case .permissionDenied: denied = denied ?? failure
      default: return notExecutable(failure)
      }
    }
    if let denied { return notExecutable(denied) }
    return ClientError(ExitStatus.notFound, "\(shown): no such command")
  }

  private var shown: String { PrintableText.object(String(decoding: command, as: UTF8.self)) }

  private func notExecutable(_ failure: Errno) -> ClientError {
    ClientError(ExitStatus.notExecutable, "\(shown): it cannot be executed: \(failure)")
  }

  /// Where the command may be: the path itself, or the directories of PATH.
  private var candidates: [[UInt8]] {
    let slash = UInt8(ascii: "/")
    guard !command.contains(slash) else { return [command] }
    guard !command.isEmpty else { return [] }
    let path = Environment.bytes(of: "PATH") ?? Array("/usr/local/bin:/bin:/usr/bin".utf8)
    return path.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map {
      directory in
      (directory.isEmpty ? [UInt8(ascii: ".")] : directory) + [slash] + command
    }
  }

  /// Executes the file at `path`; one without `#!` is a script for the shell.
  private func execute(_ path: [UInt8], _ environment: borrowing EnvironmentBlock) -> Errno {
    let failure = environment.execute(path, arguments: arguments)
    guard failure == .notExecutable else { return failure }
    return environment.execute(
      Array("/bin/sh".utf8), arguments: [Array("sh".utf8), path] + arguments.dropFirst())
  }
}
