internal import Platform

/// How a command whose output is masked is started: with which streams, and with all
/// that this process has changed for itself as it was before.
struct CommandStart: ~Copyable {
  let execution: CommandExecution
  let environment: EnvironmentBlock
  let streams: CommandStreams
  let signals: SignalQueue
  let handling: SignalHandling

  /// Whether the kernel stops the command when it reads from its pseudo-terminal, or
  /// changes its mode, even if this process was started not to be stopped for that, as by
  /// an interactive bash in `$( )`: the command, which has the terminal without a mask,
  /// gets the keyboard then.
  let stopsForKeyboard: Bool

  /// Executes the command in this process, which was forked for it.
  ///
  /// If that fails, the process says so where the command would have written, and ends
  /// with the status that `coffer` has without a mask.
  borrowing func execute() -> Never {
    do throws(Errno) {
      try streams.connect()
    } catch {
      Console.note("the streams of the command cannot be made: \(error)")
      Process.exit(ExitStatus.notRun)
    }
    handling.restore()
    if stopsForKeyboard {
      for signal in [Signal.terminalInput, .terminalOutput] { signal.useDefault() }
    }
    signals.restoreMask()
    let failure = execution.run(environment)
    Console.report(failure)
    Process.exit(failure.runStatus)
  }
}
