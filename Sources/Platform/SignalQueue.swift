internal import CLinux
internal import Glibc

/// A signal that a program handles.
package struct Signal: Hashable, Sendable {
  package let number: CInt

  /// - Parameter number: As in signal(7).
  package init(number: CInt) { self.number = number }

  package static let hangUp = Signal(number: SIGHUP)
  package static let interrupt = Signal(number: SIGINT)
  package static let quit = Signal(number: SIGQUIT)
  package static let terminate = Signal(number: SIGTERM)
  package static let kill = Signal(number: SIGKILL)
  package static let stop = Signal(number: SIGSTOP)
  package static let user1 = Signal(number: SIGUSR1)
  package static let child = Signal(number: SIGCHLD)
  package static let windowChange = Signal(number: SIGWINCH)
  package static let continuation = Signal(number: SIGCONT)
  package static let brokenPipe = Signal(number: SIGPIPE)
  package static let terminalStop = Signal(number: SIGTSTP)
  package static let terminalInput = Signal(number: SIGTTIN)
  package static let terminalOutput = Signal(number: SIGTTOU)

  /// What ends a process at a limit; ignored, the call that went past it fails.
  ///
  /// Source: setrlimit(2), `RLIMIT_FSIZE`.
  package static let fileSizeLimit = Signal(number: SIGXFSZ)
  package static let processorTimeLimit = Signal(number: SIGXCPU)

  /// All that end a process which neither handles nor ignores them, but for `SIGKILL`,
  /// which cannot be handled, and `SIGPIPE`, which no other process sends.
  ///
  /// One that the process brings about by a fault of its own ends it even while it is
  /// queued.
  ///
  /// Source: signal(7), "Standard signals", "Real-time signals".
  package static let ending: [Signal] =
    ([
      SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGUSR1, SIGSEGV,
      SIGUSR2, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGPOLL,
      SIGPWR, SIGSYS,
    ] + Array(firstRealTime...lastRealTime)).map { Signal(number: $0) }

  /// The ones before it are the C library's own.
  private static let firstRealTime: CInt = 34
  private static let lastRealTime: CInt = 64

  /// Calls `body` with those signals held back until it is done by which a person or a
  /// service manager ends this process.
  ///
  /// Source: pthread_sigmask(3).
  package static func holdingBackEnd<Result, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var set = sigset_t()
    var former = sigset_t()
    unsafe sigemptyset(&set)
    for signal in [hangUp, interrupt, quit, terminate] { unsafe sigaddset(&set, signal.number) }
    _ = unsafe pthread_sigmask(SIG_BLOCK, &set, &former)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &former, nil) }
    return try body()
  }

  /// Discards the signal from now on, in this process.
  ///
  /// Source: signal(2).
  package func ignore() { _ = Glibc.signal(number, SIG_IGN) }

  /// Whether this process discards the signal, as it may have been started to do.
  ///
  /// Source: sigaction(2), `SIG_IGN`.
  package var isIgnored: Bool { clinux_ignores(number) == 1 }

  /// Lets the signal have its usual effect from now on.
  ///
  /// Source: signal(2).
  package func useDefault() { _ = Glibc.signal(number, SIG_DFL) }

  /// Sends the signal to the job that this process belongs to, as a terminal does,
  /// and returns when that is continued.
  ///
  /// Source: kill(2).
  package func stopProcessGroup() { _ = Glibc.kill(0, number) }

  /// Stops this process, or all of its job, as the signal does by default, even where
  /// it is blocked or ignored; returns when that is continued, and at once where nobody
  /// could continue it.
  ///
  /// Source: kill(2); setpgid(2), "orphaned process group".
  package func stopProcess(withItsGroup: Bool) {
    var set = sigset_t()
    var former = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    let action = Glibc.signal(number, SIG_DFL)
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, &former)
    _ = Glibc.kill(withItsGroup ? 0 : getpid(), number)
    _ = unsafe pthread_sigmask(SIG_SETMASK, &former, nil)
    _ = Glibc.signal(number, action)
  }

  /// Ends this process as the signal does by default.
  ///
  /// Source: raise(3).
  package func endProcess() -> Never {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, number)
    _ = Glibc.signal(number, SIG_DFL)
    _ = raise(number)
    _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
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

  /// Gives this process the mask that it had before, as for a program that it is about
  /// to execute.
  package borrowing func restoreMask() {
    var mask = former
    _ = unsafe pthread_sigmask(SIG_SETMASK, &mask, nil)
  }

  /// A signal that has come.
  package struct Arrival: Sendable {
    package let signal: Signal

    /// Whether the kernel has sent it, as for a key of the terminal.
    ///
    /// Source: sigaction(2), `SI_KERNEL`.
    package let isFromKernel: Bool
  }

  /// The next signal, or nil if none has come.
  package borrowing func nextArrival() -> Arrival? {
    var record = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    let count = descriptor.withRawValue { unsafe Glibc.read($0, &record, size) }
    guard count == size else { return nil }
    return Arrival(
      signal: Signal(number: CInt(record.ssi_signo)), isFromKernel: record.ssi_code > 0)
  }

  /// The next signal, or nil if none has come.
  package borrowing func next() -> Signal? { nextArrival()?.signal }
}
