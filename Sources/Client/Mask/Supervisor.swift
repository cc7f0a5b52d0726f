internal import Glibc
internal import Platform

/// Runs a command, masks values in what it prints, and ends as it ends.
///
/// For each standard stream that is a terminal the command has a pseudo-terminal, and a
/// pipe for each other one that it prints to. This process passes on keys, signals, the
/// size of the window, stops and continuations.
///
/// Where the command shares the terminal with others, as in a pipeline or in the
/// background, it begins in the background of its pseudo-terminal, and the terminal stays
/// as it is. Only when it reads keys, or changes the terminal's mode, the kernel stops it,
/// and it gets the keyboard if this process has it; else this process stops, too.
struct Supervisor: ~Copyable {
  private var start: CommandStart
  private var command: SupervisedCommand
  private let streams: [MaskedStream]
  private let keyboard: Keyboard?
  private let untaken: UntakenLines?

  /// Whether the command can be stopped only because of its pseudo-terminal.
  private let stopsNeedlessly: Bool

  private static let watched =
    Signal.ending + [.child, .windowChange, .terminalStop, .continuation]

  /// Starts a command.
  ///
  /// - Parameters:
  ///   - execution: The command.
  ///   - environment: Its environment.
  ///   - patterns: What is masked.
  /// - Throws: ``ClientError`` if it cannot be started.
  init(
    _ execution: CommandExecution, _ environment: consuming EnvironmentBlock,
    _ patterns: MaskPatterns
  ) throws(ClientError) {
    let signals = try attempting("signals: queueing them") { () throws(Errno) in
      try SignalQueue(Self.watched)
    }
    let ignoresInput = Signal.terminalInput.isIgnored
    // The signals of a job that prints or reads from the background would stop this
    // process when it restores the terminal.
    let handling = SignalHandling(
      ignoring: [.brokenPipe, .terminalOutput, .terminalInput], defaulting: [.child])
    let streams = try CommandStreams()
    var keyboard: Keyboard?
    var untaken: UntakenLines?
    if let stream = CommandStreams.terminalStream, let pair = streams.terminal {
      keyboard = try Keyboard(stream)
      keyboard?.prepare(pair)
      if stream == STDIN_FILENO { untaken = try UntakenLines(stream, for: pair) }
    }
    let stopsForKeyboard = keyboard?.canBePassedOn ?? false
    let start = CommandStart(
      execution: execution, environment: environment, streams: streams, signals: signals,
      handling: handling, stopsForKeyboard: stopsForKeyboard)
    let command = try SupervisedCommand(start, inForeground: keyboard?.isPassedOn ?? false)
    self.streams = try start.streams.masked(patterns)
    self.command = command
    self.start = start
    self.keyboard = keyboard
    self.untaken = untaken
    stopsNeedlessly = stopsForKeyboard && ignoresInput
  }

  /// Stays until the command has ended, and all that it printed is written; what others
  /// print that it has left running is masked still.
  ///
  /// - Returns: The command's exit status; a signal that ends it ends this process.
  /// - Throws: ``ClientError``, such as for output that could not be written.
  mutating func run() throws(ClientError) -> Int32 {
    defer { keyboard?.takeBack() }
    var polling = Polling()
    while command.end == nil || !streams.allSatisfy(\.isDone) {
      try turn(&polling)
    }
    command.waitForMonitor()
    keyboard?.takeBack()
    leaveRemainingOutput()
    let failure = streams.lazy.compactMap(\.failure).first
    if let failure { Console.report(failure) }
    switch command.end {
    case .killed(let signal): signal.endProcess()
    case .exited(let status): return failure != nil && status == 0 ? ExitStatus.notRun : status
    case .stopped, nil: return ExitStatus.notRun
    }
  }

  private borrowing func leaveRemainingOutput() {
    do throws(ClientError) {
      try RemainingOutput(streams.filter(\.isOpen)).leave(start.signals)
    } catch {
      // It does not change how the command has ended.
      Console.report(error)
    }
  }

  /// Waits for something to happen, and acts on it.
  private mutating func turn(_ polling: inout Polling) throws(ClientError) {
    polling.removeAll()
    _ = polling.watch(start.signals.withRawValue { $0 }, reading: true)
    let report = polling.watch(command.reportDescriptor, reading: true)
    let keys = polling.watch(keyboard?.readingDescriptor, reading: true)
    let lines = polling.watch(hasUntaken ? untaken?.descriptor : nil, reading: true)
    let leader = polling.watch(leaderDescriptor, writing: true)
    let places = streams.map { $0.watch(in: &polling) }
    let rests = streams.map(\.restMilliseconds) + [hasUntaken ? untaken?.restMilliseconds : nil]
    let wait = rests.compactMap(\.self).min()
    _ = try attempting("waiting for the command") { () throws(Errno) in
      try polling.wait(milliseconds: wait)
    }
    if polling.isReadable(keys) { keyboard?.read() }
    if polling.isReadable(lines) { untaken?.notice() }
    if hasUntaken { untaken?.pass() } else { untaken?.forget() }
    if polling.isWritable(leader) { passKeys() }
    for (stream, place) in zip(streams, places) { try stream.act(after: polling, place) }
    while let arrival = start.signals.nextArrival() { try take(arrival) }
    if polling.isReadable(report) { try lookAfterCommand() }
  }

  /// Whether lines may be typed for the command though it has not got the keyboard.
  private var hasUntaken: Bool { command.end == nil && keyboard?.isPassedOn == false }

  private var leaderDescriptor: CInt? {
    guard keyboard?.hasTyped == true else { return nil }
    return start.streams.terminal?.leader.withRawValue { $0 }
  }

  private mutating func passKeys() {
    if let terminal = start.streams.terminal { keyboard?.write(to: terminal.leader) }
  }

  // MARK: Signals

  private mutating func take(_ arrival: SignalQueue.Arrival) throws(ClientError) {
    switch arrival.signal {
    case .child:
      if !command.hasTerminal { try lookAfterCommand() }
    case .windowChange:
      copyWindowSize()
      // In the background the kernel does not tell it.
      if keyboard?.isPassedOn != true {
        command.pass(arrival.signal, isFromKernel: arrival.isFromKernel)
      }
    case .continuation:
      copyWindowSize()
      keyboard?.refresh()
      if command.hasTerminal {
        command.resume(inForeground: keyboard?.isPassedOn ?? false)
      } else {
        command.pass(arrival.signal, isFromKernel: arrival.isFromKernel)
      }
    case let signal:
      guard command.end == nil else {
        // What is left is output that nobody takes.
        keyboard?.takeBack()
        signal.endProcess()
      }
      command.pass(signal, isFromKernel: arrival.isFromKernel)
    }
  }

  private func copyWindowSize() {
    guard let size = keyboard?.windowSize else { return }
    try? start.streams.terminal?.leader.setWindowSize(size)
  }

  // MARK: The life of the command

  private mutating func lookAfterCommand() throws(ClientError) {
    if let signal = try command.news() { return stop(by: signal) }
    guard command.end != nil else { return }
    for stream in streams { stream.limitReading() }
  }

  /// Acts on a stop of the command.
  private mutating func stop(by signal: Signal) {
    let wantsKeyboard = signal == .terminalInput || signal == .terminalOutput
    if wantsKeyboard, keyboard?.canBePassedOn == true {
      keyboard?.passOn()
      return command.resume(inForeground: true)
    }
    // Without a mask nothing would have stopped it, so nobody might continue it.
    if wantsKeyboard, stopsNeedlessly { return command.resume(inForeground: true) }
    let hadKeyboard = keyboard?.isPassedOn ?? false
    keyboard?.takeBack()
    // Keys and requests of others to stop go to a whole job, and SIGSTOP to a process.
    signal.stopProcess(withItsGroup: signal != .stop && command.hasTerminal)
    copyWindowSize()
    if hadKeyboard || wantsKeyboard || CommandStreams.areAllTerminals { keyboard?.passOn() }
    command.resume(inForeground: keyboard?.isPassedOn ?? false)
  }
}
