internal import Glibc
internal import Platform

/// What is still printed when a command has ended, by programs that it has left running.
///
/// Without a mask they would go on to write where the command did, and nobody would wait
/// for them. So `coffer` ends with the command, and leaves a copy of itself behind that
/// masks until the last of them has ended or closed its output. It has the values, in
/// locked memory, and nothing else of what this process had open.
struct RemainingOutput {
  private let streams: [MaskedStream]

  /// What is for the command, or for the job that has ended, does not end it: whoever
  /// writes would be ended by `SIGPIPE` then.
  private static let ignored: [Signal] = [
    .interrupt, .quit, .hangUp, .terminalStop, .terminalInput, .terminalOutput, .brokenPipe,
  ]

  /// - Parameter streams: Those that are open still.
  init(_ streams: [MaskedStream]) { self.streams = streams }

  /// Leaves the streams to another process.
  ///
  /// - Parameter signals: The queue of this process, which has one thread.
  /// - Throws: ``ClientError`` if there can be no further process, and for an output that
  ///   could not be written then.
  func leave(_ signals: borrowing SignalQueue) throws(ClientError) {
    guard !streams.isEmpty else { return }
    for stream in streams { stream.keepOnFork() }
    do throws(Errno) {
      guard try Process.fork() != nil else { goOn(signals) }
    } catch {
      for stream in streams { try stream.end() }
      throw ClientError(
        ExitStatus.failed, "starting a process for what the command left running: \(error)")
    }
  }

  private func goOn(_ signals: borrowing SignalQueue) -> Never {
    var isLocked = true
    for stream in streams where !stream.goOn() { isLocked = false }
    for signal in Self.ignored { signal.ignore() }
    signals.restoreMask()
    if isLocked {
      try? leaveTheRest()
      try? mask()
    }
    Process.exit(ExitStatus.done)
  }

  /// Keeps nobody waiting for the end of something that this process does not need.
  private func leaveTheRest() throws(Errno) {
    let null = try FileDescriptor.open("/dev/null", flags: O_RDWR)
    for stream in STDIN_FILENO...STDERR_FILENO {
      try Process.setStandardStream(stream, to: null.withRawValue { $0 })
    }
    Process.closeDescriptors(besides: streams.flatMap(\.descriptors))
  }

  private func mask() throws(ClientError) {
    var polling = Polling()
    while !streams.allSatisfy(\.isDone) {
      polling.removeAll()
      let places = streams.map { $0.watch(in: &polling) }
      let wait = streams.compactMap(\.restMilliseconds).min()
      _ = try attempting("waiting for output") { () throws(Errno) in
        try polling.wait(milliseconds: wait)
      }
      for (stream, place) in zip(streams, places) { try stream.act(after: polling, place) }
    }
  }
}
