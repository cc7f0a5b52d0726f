internal import CLinux
internal import Glibc

/// A signal that a program handles.
package struct Signal: Hashable, Sendable {
  package let number: CInt

  package static let hangUp = Signal(number: SIGHUP)
  package static let interrupt = Signal(number: SIGINT)
  package static let quit = Signal(number: SIGQUIT)
  package static let terminate = Signal(number: SIGTERM)
  package static let user1 = Signal(number: SIGUSR1)
  package static let brokenPipe = Signal(number: SIGPIPE)
  package static let terminalStop = Signal(number: SIGTSTP)

  /// What ends a process at a limit; ignored, the call that went past it fails.
  ///
  /// Source: setrlimit(2), `RLIMIT_FSIZE`.
  package static let fileSizeLimit = Signal(number: SIGXFSZ)
  package static let processorTimeLimit = Signal(number: SIGXCPU)

  /// Discards the signal from now on, in this process.
  ///
  /// Source: signal(2).
  package func ignore() { _ = Glibc.signal(number, SIG_IGN) }

  /// Sends the signal to the job that this process belongs to, as a terminal does,
  /// and returns when that is continued.
  ///
  /// Source: kill(2).
  package func stopProcessGroup() { _ = kill(0, number) }

  /// Ends this process as the signal does by default.
  ///
  /// Source: raise(3).
  package func endProcess() -> Never {
    _ = Glibc.signal(number, SIG_DFL)
    _ = raise(number)
    _exit(128 + number)
  }
}

/// Signals that are read in turn, instead of interrupting.
///
/// Source: signalfd(2).
package struct SignalQueue: ~Copyable {
  private let descriptor: FileDescriptor
  private let former: sigset_t

  /// Blocks `signals` and queues them; threads started later inherit that.
  package init(_ signals: [Signal]) throws(Errno) {
    var set = sigset_t()
    var former = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal.number) }
    unsafe pthread_sigmask(SIG_BLOCK, &set, &former)
    let flags = CInt(SFD_CLOEXEC) | CInt(SFD_NONBLOCK)
    descriptor = FileDescriptor(owning: try retrying { unsafe signalfd(-1, &set, flags) })
    self.former = former
  }

  deinit {
    var mask = former
    _ = unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
  }

  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// The next signal, or nil if none has come.
  package borrowing func next() -> Signal? {
    var record = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    let count = descriptor.withRawValue { unsafe Glibc.read($0, &record, size) }
    return count == size ? Signal(number: CInt(record.ssi_signo)) : nil
  }
}
