internal import Platform

/// A timer that goes off at the first of the moments that it was told.
///
/// Setting it costs a call of the kernel, so it is set for earlier moments only.
/// It may therefore go off too early: whoever hears it looks at what is due, and
/// sets it again.
struct Alarm: ~Copyable {
  private let timer: Timer
  private var armed: BootInstant?

  init() throws(Errno) { timer = try Timer() }

  func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try timer.withRawValue(body)
  }

  /// Goes off at `moment`, if not before.
  mutating func set(_ moment: BootInstant) {
    if let armed, armed <= moment { return }
    armed = moment
    // Fails only for times that no clock can have.
    try? timer.set(moment)
  }

  /// Takes note that it has gone off.
  mutating func acknowledge() {
    timer.clear()
    armed = nil
  }
}
