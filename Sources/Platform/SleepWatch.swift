internal import CLinux
internal import Glibc

/// Notices that the machine has slept, once it is awake.
///
/// The boot clock goes on in sleep and the monotonic one does not, so the
/// difference of the two grows by the time of sleep.
///
/// Source: clock_gettime(2); timerfd_create(2), `TFD_TIMER_CANCEL_ON_SET`.
package struct SleepWatch: ~Copyable {
  private let descriptor: FileDescriptor
  private var difference: Int64

  /// What is shorter is no sleep, but the time between two looks at clocks.
  private static let shortestNanoseconds: Int64 = 1_000_000_000

  package init() throws(Errno) {
    let flags = CInt(TFD_CLOEXEC) | CInt(TFD_NONBLOCK)
    let timer = FileDescriptor(owning: try retrying { timerfd_create(CLOCK_REALTIME, flags) })
    try Self.arm(timer)
    descriptor = timer
    difference = Self.difference
  }

  /// The descriptor that becomes readable when the machine wakes, or its clock is set.
  package borrowing func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try descriptor.withRawValue(body)
  }

  /// Makes the descriptor unreadable until the next time.
  package borrowing func acknowledge() {
    var expirations: UInt64 = 0
    _ = descriptor.withRawValue { unsafe Glibc.read($0, &expirations, 8) }
    // Fails for no time that is set here.
    try? Self.arm(descriptor)
  }

  /// Whether the machine has slept since this was last asked.
  package mutating func hasSlept() -> Bool {
    let now = Self.difference
    defer { difference = now }
    return now - difference >= Self.shortestNanoseconds
  }

  /// Waits for a day that never comes, and so for the clock to be set, as it is at
  /// each waking.
  private static func arm(_ timer: borrowing FileDescriptor) throws(Errno) {
    var setting = itimerspec()
    setting.it_value.tv_sec = Int(Int32.max) * 2
    let flags = CInt(TFD_TIMER_ABSTIME) | CInt(TFD_TIMER_CANCEL_ON_SET)
    _ = try timer.withRawValue { (rawValue) throws(Errno) in
      try retrying { unsafe timerfd_settime(rawValue, flags, &setting, nil) }
    }
  }

  private static var difference: Int64 {
    nanoseconds(of: CLOCK_BOOTTIME) - nanoseconds(of: CLOCK_MONOTONIC)
  }

  private static func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
