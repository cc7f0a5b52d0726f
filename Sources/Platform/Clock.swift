internal import Glibc

/// A moment since boot, which no one can set, and which goes on in sleep.
///
/// Source: clock_gettime(2), `CLOCK_BOOTTIME`.
package struct BootInstant: Comparable, Hashable, Sendable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  package static var now: BootInstant {
    var time = timespec()
    unsafe clock_gettime(CLOCK_BOOTTIME, &time)
    return BootInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  package func advanced(bySeconds seconds: Int64) -> BootInstant {
    BootInstant(nanoseconds: nanoseconds &+ seconds &* 1_000_000_000)
  }

  package func advanced(byMilliseconds milliseconds: Int64) -> BootInstant {
    BootInstant(nanoseconds: nanoseconds &+ milliseconds &* 1_000_000)
  }

  /// The whole seconds from `earlier` to this moment.
  package func seconds(since earlier: BootInstant) -> Int64 {
    (nanoseconds - earlier.nanoseconds) / 1_000_000_000
  }

  /// How long it is from now on until this moment, for a wait that ends no earlier: whole
  /// milliseconds, and 0 once it has come.
  package var millisecondsLeft: Int {
    max(0, Int((nanoseconds - BootInstant.now.nanoseconds + 999_999) / 1_000_000))
  }

  package static func < (left: BootInstant, right: BootInstant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }
}

/// The clock on the wall, which an administrator may set.
package enum WallClock {
  /// The seconds since 1970-01-01T00:00:00Z.
  ///
  /// Source: clock_gettime(2), `CLOCK_REALTIME`.
  package static var secondsSinceEpoch: Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec)
  }
}

/// Sleeps, for those who wait for another process.
///
/// Source: nanosleep(2).
package func sleep(milliseconds: Int) {
  var rest = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
  var request = rest
  while unsafe nanosleep(&request, &rest) == -1, Errno.current == .interrupted { request = rest }
}
