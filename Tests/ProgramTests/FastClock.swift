import Glibc
import Platform
import TestSupport

/// A vault whose daemon believes that time goes faster than it does.
///
/// So that nobody waits for the two minutes that a passphrase may take.
final class FastClock {
  let vault = VaultFixture()
  private let library: PreloadedLibrary

  /// How many seconds the daemon sees go by in one.
  let pace: Double

  private static func source(pace: Int) -> String {
    """
    #define _GNU_SOURCE
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <sys/timerfd.h>
    #include <time.h>
    #include <unistd.h>
    static long long begun, pace = \(pace);
    static long long truth(void) {
      struct timespec now;
      syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
      return now.tv_sec * 1000000000LL + now.tv_nsec;
    }
    static struct timespec split(long long time) {
      struct timespec parts = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
      return parts;
    }
    __attribute__((constructor)) static void begin(void) {
      begun = truth();
    }
    int clock_gettime(clockid_t id, struct timespec *now) {
      if (id != CLOCK_BOOTTIME && id != CLOCK_MONOTONIC) return (int)syscall(SYS_clock_gettime, id, now);
      *now = split(begun + (truth() - begun) * pace);
      return 0;
    }
    int timerfd_settime(int timer, int flags, const struct itimerspec *told, struct itimerspec *old) {
      struct itimerspec set = *told;
      long long time = told->it_value.tv_sec * 1000000000LL + told->it_value.tv_nsec;
      if (time > begun) set.it_value = split(begun + (time - begun) / pace + 1);
      return (int)syscall(SYS_timerfd_settime, timer, flags, &set, old);
    }
    """
  }

  static var isPossible: Bool { PreloadedLibrary.isPossible }

  /// Starts the daemon, without a vault.
  ///
  /// - Parameters:
  ///   - pace: How many seconds it sees go by in one.
  ///   - isSystem: Whether it serves all uids, on a socket that they get to.
  init(pace: Int, isSystem: Bool = false) {
    self.pace = Double(pace)
    library = PreloadedLibrary(Self.source(pace: pace), in: vault.directory)
    if isSystem { chmod(vault.directory.path, 0o755) }
    vault.startDaemon(
      isSystem ? ["--system"] : [], socket: isSystem ? vault.directory.path("socket") : nil,
      preloading: library.path)
  }

  /// What has gone by for the daemon since `start`, in seconds.
  func seconds(since start: BootInstant) -> Double {
    Double(BootInstant.now.nanoseconds - start.nanoseconds) / 1e9 * pace
  }

  /// Waits for as many of the daemon's seconds.
  func wait(seconds: Double) { sleep(milliseconds: Int(seconds / pace * 1000)) }
}
