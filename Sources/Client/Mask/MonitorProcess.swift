internal import Glibc
internal import Platform

/// What the monitor does, in its own process.
struct MonitorProcess: ~Copyable {
  private let orders: FileDescriptor
  private let reports: FileDescriptor

  init(orders: Pipe, reports: Pipe) {
    guard let orders = orders.takeReading(), let reports = reports.takeWriting() else {
      preconditionFailure("the ends of a new pipe are there")
    }
    self.orders = orders
    self.reports = reports
  }

  borrowing func run(_ start: borrowing CommandStart, inForeground: Bool) -> Never {
    do throws(Errno) {
      try attend(start, inForeground: inForeground)
    } catch {
      MonitorMessage(.failed(error)).send(to: reports)
    }
    Process.exit(ExitStatus.done)
  }

  private borrowing func attend(
    _ start: borrowing CommandStart, inForeground: Bool
  ) throws(Errno) {
    try Process.beginSession()
    let handling = SignalHandling(
      ignoring: [
        .interrupt, .quit, .hangUp, .terminalStop, .terminalInput, .terminalOutput, .brokenPipe,
      ], defaulting: [])
    let terminal = try start.streams.followerCopy()
    try terminal.takeAsControllingTerminal()
    guard let command = try Process.fork() else {
      try? Process.beginGroup(with: Process.id)
      // SIGTTOU, which is ignored still, does not stop it for this.
      if inForeground { try? terminal.setForegroundGroup(Process.id) }
      handling.restore()
      start.execute()
    }
    try? Process.beginGroup(with: command)
    start.environment.wipe()
    MonitorMessage(.started(command)).send(to: reports)
    try leaveStreams(besides: terminal, start.signals)
    try watch(command, on: terminal, start.signals)
  }

  /// Keeps nobody waiting for the end of a stream that only this process has open.
  private borrowing func leaveStreams(
    besides terminal: borrowing FileDescriptor, _ signals: borrowing SignalQueue
  ) throws(Errno) {
    let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
    for stream in STDIN_FILENO...STDERR_FILENO {
      try Process.setStandardStream(stream, to: null.withRawValue { $0 })
    }
    let kept = [
      orders.withRawValue { $0 }, reports.withRawValue { $0 }, terminal.withRawValue { $0 },
      signals.withRawValue { $0 },
    ]
    Process.closeDescriptors(besides: kept)
  }

  private borrowing func watch(
    _ command: Int32, on terminal: borrowing FileDescriptor, _ signals: borrowing SignalQueue
  ) throws(Errno) {
    var polling = Polling()
    while true {
      polling.removeAll()
      _ = polling.watch(signals.withRawValue { $0 }, reading: true)
      let order = polling.watch(orders.withRawValue { $0 }, reading: true)
      // A change that came before the wait has left its signal in the queue.
      _ = try polling.wait()
      while signals.next() != nil {}
      while let state = try Process.news(of: command) {
        MonitorMessage(.changed(state)).send(to: reports)
        if case .stopped = state { continue }
        // What the command leaves behind is not hung up when this session ends.
        try? terminal.setForegroundGroup(Process.id)
        return
      }
      if polling.isReadable(order), try !obey(command, on: terminal) { return }
    }
  }

  /// - Returns: Whether there is still somebody to obey.
  private borrowing func obey(
    _ command: Int32, on terminal: borrowing FileDescriptor
  ) throws(Errno) -> Bool {
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    guard try orders.read(into: &span) == 1 else { return false }
    let isForeground = bytes[0] == CommandMonitor.Order.continueInForeground.rawValue
    // A command that has just ended is told by the next look at it.
    try? terminal.setForegroundGroup(isForeground ? command : Process.id)
    Process.send(.continuation, toGroup: command)
    return true
  }
}
