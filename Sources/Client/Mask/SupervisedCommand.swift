internal import Platform

/// A command that runs under this process, directly or behind a monitor.
struct SupervisedCommand: ~Copyable {
  /// The process id of the command; with a monitor it leads a process group.
  let id: Int32

  /// Nil if the command has no pseudo-terminal, and belongs to this process' job.
  private let monitor: CommandMonitor?

  /// How it ended, once it has.
  private(set) var end: ChildState?

  /// Starts the command.
  ///
  /// - Parameters:
  ///   - start: What is started, and how.
  ///   - inForeground: Whether it has the keyboard of its pseudo-terminal.
  /// - Throws: ``ClientError`` if it cannot be started.
  init(_ start: borrowing CommandStart, inForeground: Bool) throws(ClientError) {
    start.environment.keepOnFork()
    if start.streams.terminal != nil {
      let monitor = try CommandMonitor(start, inForeground: inForeground)
      switch monitor.receive() {
      case .started(let id): self.id = id
      case .failed(let error):
        throw ClientError(ExitStatus.failed, "starting the command failed: \(error)")
      case .changed, nil:
        throw ClientError(ExitStatus.failed, "the process that starts the command was ended")
      }
      self.monitor = monitor
    } else {
      id = try Self.startDirectly(start)
      monitor = nil
    }
    start.environment.wipe()
  }

  private static func startDirectly(_ start: borrowing CommandStart) throws(ClientError) -> Int32 {
    try attempting("starting a process") { () throws(Errno) in
      let parent = Process.id
      guard let id = try Process.fork() else {
        Process.endWithParent(parent)
        start.execute()
      }
      return id
    }
  }

  /// Where news of it come from besides `SIGCHLD`.
  var reportDescriptor: CInt? { end == nil ? monitor?.reportDescriptor : nil }

  var hasTerminal: Bool { monitor != nil }

  /// Finds out what has become of it.
  ///
  /// - Returns: The signal that has stopped it, if one has.
  /// - Throws: ``ClientError`` if the monitor is gone.
  mutating func news() throws(ClientError) -> Signal? {
    guard end == nil else { return nil }
    let state: ChildState?
    if let monitor {
      state = try Self.report(of: monitor)
    } else {
      state = try attempting("waiting for the command") { () throws(Errno) in
        try Process.news(of: id)
      }
    }
    if case .stopped(let signal) = state { return signal }
    end = state
    return nil
  }

  private static func report(
    of monitor: CommandMonitor
  ) throws(ClientError) -> ChildState {
    if case .changed(let state) = monitor.receive() { return state }
    throw ClientError(ExitStatus.failed, "the process that watches the command was ended")
  }

  /// Passes on a signal that this process was sent.
  ///
  /// - Parameters:
  ///   - signal: The signal.
  ///   - isFromKernel: Whether the kernel has sent it, and so to the whole job.
  borrowing func pass(_ signal: Signal, isFromKernel: Bool) {
    guard end == nil else { return }
    if hasTerminal {
      Process.send(signal, toGroup: id)
    } else if !isFromKernel {
      Process.send(signal, to: id)
    }
  }

  /// Lets it go on after a stop.
  borrowing func resume(inForeground: Bool) {
    if let monitor {
      monitor.resume(inForeground: inForeground)
    } else {
      Process.send(.continuation, to: id)
    }
  }

  /// Waits for the monitor, which ends with the command.
  borrowing func waitForMonitor() {
    if let monitor { _ = try? Process.news(of: monitor.id, waits: true) }
  }
}
