internal import CLinux
internal import Glibc

// Processes that this one forks, and what becomes of them.

/// What has become of a process.
///
/// Source: waitpid(2).
package enum ChildState: Equatable, Sendable {
  case exited(Int32)
  case killed(Signal)
  case stopped(Signal)

  /// - Parameter status: As waitpid(2) stores it.
  init(status: CInt) {
    let signal = status & 0x7F
    if status & 0xFF == 0x7F {
      self = .stopped(Signal(number: (status >> 8) & 0xFF))
    } else if signal == 0 {
      self = .exited((status >> 8) & 0xFF)
    } else {
      self = .killed(Signal(number: signal))
    }
  }
}

extension Process {
  /// Makes a copy of this process, which has one thread.
  ///
  /// - Returns: Whether this is the copy, as nil; else its process id.
  /// - Throws: ``Errno`` if there can be no further process.
  ///
  /// Source: fork(2).
  package static func fork() throws(Errno) -> Int32? {
    let id = try retrying { clinux_fork() }
    return id == 0 ? nil : id
  }

  /// What has become of a child since the last look; nil if nothing has.
  ///
  /// - Parameters:
  ///   - id: Of a child of this process.
  ///   - waits: Whether to wait for it.
  /// - Returns: The news.
  /// - Throws: ``Errno``; `ECHILD` if it is no child, or was waited for before.
  ///
  /// Source: waitpid(2), `WUNTRACED`.
  package static func news(of id: Int32, waits: Bool = false) throws(Errno) -> ChildState? {
    var status: CInt = 0
    let options = WUNTRACED | (waits ? 0 : WNOHANG)
    let changed = try retrying { unsafe waitpid(id, &status, options) }
    return changed == id ? ChildState(status: status) : nil
  }

  /// Sends a signal to a process; one that is gone is left alone.
  ///
  /// Source: kill(2).
  package static func send(_ signal: Signal, to id: Int32) { _ = Glibc.kill(id, signal.number) }

  /// Sends a signal to all of a process group.
  ///
  /// Source: killpg(3).
  package static func send(_ signal: Signal, toGroup group: Int32) {
    _ = killpg(group, signal.number)
  }

  /// Begins a session without a terminal, of which this process is the leader.
  ///
  /// Source: setsid(2).
  package static func beginSession() throws(Errno) { _ = try retrying { setsid() } }

  /// Begins a process group with the process `id`, which is this one or its child.
  ///
  /// Source: setpgid(2).
  package static func beginGroup(with id: Int32) throws(Errno) {
    _ = try retrying { setpgid(id, id) }
  }

  /// Ends this process, too, when its parent ends, even by `SIGKILL`.
  ///
  /// - Parameter parent: The parent; if it is gone already, this process ends now.
  ///
  /// Source: prctl(2), `PR_SET_PDEATHSIG`.
  package static func endWithParent(_ parent: Int32) {
    _ = clinux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
    if getppid() != parent { Signal.kill.endProcess() }
  }

  /// Makes `descriptor` one of the standard streams.
  ///
  /// Source: dup2(2).
  package static func setStandardStream(
    _ stream: CInt, to descriptor: CInt
  ) throws(Errno) {
    _ = try retrying { dup2(descriptor, stream) }
  }

  /// Closes all descriptors besides the standard streams and `kept`.
  ///
  /// Source: close_range(2).
  package static func closeDescriptors(besides kept: [CInt]) {
    var next = STDERR_FILENO + 1
    for descriptor in kept.sorted() {
      _ = clinux_close_range(next, descriptor - 1)
      next = descriptor + 1
    }
    _ = clinux_close_range(next, CInt.max)
  }
}

/// What this process does with some signals, for as long as it supervises a command.
///
/// Source: sigaction(2).
package struct SignalHandling: ~Copyable {
  private let former: [(number: CInt, action: sigaction)]

  /// - Parameters:
  ///   - ignored: Signals that have no effect from now on.
  ///   - defaulted: Signals that have their usual effect, even if this process was
  ///     started with them ignored.
  package init(ignoring ignored: [Signal], defaulting defaulted: [Signal]) {
    var former: [(number: CInt, action: sigaction)] = []
    for (signals, handler) in [(ignored, SIG_IGN), (defaulted, SIG_DFL)] {
      for signal in signals {
        var action = sigaction()
        _ = unsafe sigaction(signal.number, nil, &action)
        former.append((signal.number, action))
        _ = Glibc.signal(signal.number, handler)
      }
    }
    self.former = former
  }

  deinit { restore() }

  /// Does with the signals what this process was started to do with them.
  package borrowing func restore() {
    for index in former.indices {
      var action = former[index].action
      _ = unsafe sigaction(former[index].number, &action, nil)
    }
  }
}
