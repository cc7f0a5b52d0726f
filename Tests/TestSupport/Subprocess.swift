import CTestSupport
import Glibc
import Platform

/// A program that a test has started, and ends.
package final class Subprocess {
  /// How a program ended, and what it said.
  package struct Result {
    /// The exit status, or 128 and the number of the signal.
    package let status: Int32
    package let output: [UInt8]
    package let error: [UInt8]

    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: error, as: UTF8.self) }

    /// The output without its last line end.
    package var line: String {
      outputText.hasSuffix("\n") ? String(outputText.dropLast()) : outputText
    }

    /// The first line of standard error, without its end.
    package var errorLine: String { String(errorText.prefix { $0 != "\n" }) }
  }

  package let id: Int32
  private var status: Int32?

  /// Whether the kernel has written a core of it, when it has ended.
  package private(set) var hasDumpedCore = false

  /// The signal that has ended it, if one has.
  package private(set) var endingSignal: CInt?

  /// What descriptors 0, 1 and 2 of a program are.
  package enum Stream {
    case null
    case descriptor(CInt)
    case file(String)

    fileprivate var isOpenedHere: Bool {
      if case .descriptor = self { return false }
      return true
    }

    fileprivate var opened: CInt {
      switch self {
      case .null: open("/dev/null", O_RDWR | O_CLOEXEC)
      case .descriptor(let descriptor): descriptor
      case .file(let path):
        open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0o600)
      }
    }
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: Its file.
  ///   - arguments: Those behind its name.
  ///   - environment: All that it has of one.
  ///   - streams: Descriptors 0, 1 and 2; others are closed.
  ///   - ownSession: Whether it gets a session of its own.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String],
    streams: [Stream], ownSession: Bool = false
  ) {
    let descriptors = streams.map(\.opened)
    defer {
      for (stream, descriptor) in zip(streams, descriptors) where stream.isOpenedHere {
        close(descriptor)
      }
    }
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) }
    argv.append(nil)
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
    envp.append(nil)
    defer { for pointer in argv + envp { free(pointer) } }
    id = ctest_spawn(
      path, argv, envp, descriptors, CInt(descriptors.count), ownSession ? 1 : 0)
    precondition(id > 0, "cannot start \(path): \(Errno.current)")
  }

  deinit {
    guard status == nil else { return }
    kill(id, SIGKILL)
    _ = waitForEnd()
  }

  /// Sends a signal.
  package func signal(_ number: CInt) { kill(id, number) }

  /// Waits until the program has ended.
  ///
  /// - Returns: The exit status, or 128 and the number of the signal.
  @discardableResult
  package func waitForEnd() -> Int32 {
    if let status { return status }
    var raw: CInt = 0
    while waitpid(id, &raw, 0) == -1 && errno == EINTR {}
    return note(raw)
  }

  /// The exit status if the program ends within `seconds`; nil if it still runs.
  package func waitForEnd(seconds: Double) -> Int32? {
    let end = BootInstant.now.advanced(byMilliseconds: Int64(seconds * 1000))
    while BootInstant.now < end {
      if let status { return status }
      var raw: CInt = 0
      if waitpid(id, &raw, WNOHANG) == id { return note(raw) }
      sleep(milliseconds: 2)
    }
    return nil
  }

  private func note(_ raw: CInt) -> Int32 {
    let signal = raw & 0x7F
    hasDumpedCore = signal != 0 && raw & 0x80 != 0
    endingSignal = signal == 0 ? nil : signal
    let ended = signal == 0 ? (raw >> 8) & 0xFF : 128 + signal
    status = ended
    return ended
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - path: Its file.
  ///   - arguments: Those behind its name.
  ///   - environment: All that it has of one.
  ///   - input: What it reads on standard input.
  ///   - ownSession: Whether it has no terminal, even if the test has one.
  /// - Returns: How it ended.
  package static func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:],
    input: [UInt8] = [], ownSession: Bool = true
  ) -> Result {
    let directory = TemporaryDirectory()
    let (inputPath, outputPath, errorPath) = (
      directory.path("in"), directory.path("out"), directory.path("err")
    )
    Files.write(input, to: inputPath)
    let process = Subprocess(
      path, arguments, environment: environment,
      streams: [.file(inputPath), .file(outputPath), .file(errorPath)], ownSession: ownSession)
    let status = process.waitForEnd()
    return Result(
      status: status, output: Files.read(outputPath), error: Files.read(errorPath))
  }
}

/// Waits until `condition` holds.
///
/// - Returns: Whether it came to hold within `seconds`.
package func eventually(seconds: Double = 30, _ condition: () -> Bool) -> Bool {
  let end = BootInstant.now.advanced(byMilliseconds: Int64(seconds * 1000))
  while !condition() {
    guard BootInstant.now < end else { return false }
    sleep(milliseconds: 2)
  }
  return true
}
