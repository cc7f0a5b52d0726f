internal import CLinux
internal import Glibc

/// A descriptor that becomes readable at a moment of the boot clock.
///
/// CLOCK_BOOTTIME goes on while the machine sleeps, so what was due then is due
/// at once when it wakes.
///
/// Source: timerfd_create(2).
package struct Timer: ~Copyable {
  private let descriptor: FileDescriptor

  package init() throws(Errno) {
    let flags = CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK)
    descriptor = FileDescriptor(owning: try retrying { timerfd_create(CLOCK_BOOTTIME, flags) })
  }

  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// Sets the moment; nil sets none.
  package borrowing func set(_ moment: BootInstant?) throws(Errno) {
    var setting = itimerspec()
    if let moment {
      // An all-zero time disarms the timer, so the first nanosecond stands for it.
      let nanoseconds = max(moment.nanoseconds, 1)
      setting.it_value.tv_sec = Int(nanoseconds / 1_000_000_000)
      setting.it_value.tv_nsec = Int(nanoseconds % 1_000_000_000)
    }
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe timerfd_settime(rawValue, CInt(TFD_TIMER_ABSTIME), &setting, nil) }
    }
  }

  /// Makes the descriptor unreadable again.
  package borrowing func clear() {
    var expirations: UInt64 = 0
    _ = descriptor.withRawValue { unsafe Glibc.read($0, &expirations, 8) }
  }
}
