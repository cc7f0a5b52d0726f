import TestSupport
import Testing

/// Counts the instructions that a program executes, which takes no clock and no quiet
/// machine.
///
/// Source: Valgrind User Manual, "Callgrind".
enum Callgrind {
  private static let program = Programs.find("valgrind")

  /// What is told where it cannot be used.
  static let need: Comment = "needs valgrind, clang and x86-64"

  static var isPossible: Bool {
    #if arch(x86_64)
      program != nil && PreloadedLibrary.isPossible
    #else
      false
    #endif
  }

  /// What stands before a program whose instructions are counted.
  ///
  /// - Parameter output: Where the count goes when the program ends.
  /// - Returns: A program and its arguments.
  static func command(countingTo output: String) -> [String] {
    [
      program ?? "", "--tool=callgrind", "--quiet", "--trace-children=no",
      "--callgrind-out-file=\(output)",
    ]
  }

  /// Keeps apart from the count what differs from machine to machine and from run to run:
  /// which functions of the C library suit the processor, and the seeds of hashes.
  ///
  /// Source: glibc manual, "Hardware Capability Tunables"; Swift, `EnvironmentVariables.def`.
  static let environment = [
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-ERMS,-FSRM,-RTM",
    "SWIFT_DETERMINISTIC_HASHING": "1",
  ]

  /// The number of instructions that was written to `output`; nil if there is none.
  static func count(in output: String) -> Int? {
    let lines = String(decoding: Files.read(output), as: UTF8.self).split(separator: "\n")
    return lines.first { $0.hasPrefix("totals: ") || $0.hasPrefix("summary: ") }
      .flatMap { Int($0.split(separator: " ")[1]) }
  }

  /// What the loader puts before `cofferd`, so that it runs under valgrind, and does the
  /// same each time.
  ///
  /// - Valgrind adds variables to the environment. Because of these cofferd would execute
  ///   itself anew, and `/proc/self/exe` is valgrind there.
  /// - Time goes by a thousand times slower. A program is fifty times slower under
  ///   valgrind, and the loop would divide the time among uids, turn after turn.
  /// - libsodium takes what each x86-64 processor of the last fifteen years has.
  static let daemonLibrary = """
    #define _GNU_SOURCE
    #include <string.h>
    #include <sys/syscall.h>
    #include <sys/timerfd.h>
    #include <time.h>
    #include <unistd.h>
    extern char **environ;
    static const long long pace = 1000;
    static long long begun;
    static long long nanoseconds(struct timespec time) {
      return time.tv_sec * 1000000000LL + time.tv_nsec;
    }
    static struct timespec split(long long time) {
      return (struct timespec){.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};
    }
    static long long truth(void) {
      struct timespec now;
      syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
      return nanoseconds(now);
    }
    __attribute__((constructor)) static void begin(void) {
      begun = truth();
      char **kept = environ;
      for (char **entry = environ; *entry; entry++)
        if (strncmp(*entry, "SWIFT_BACKTRACE=", 16) == 0) *kept++ = *entry;
      *kept = NULL;
    }
    int clock_gettime(clockid_t id, struct timespec *now) {
      if (id != CLOCK_BOOTTIME && id != CLOCK_MONOTONIC) return (int)syscall(SYS_clock_gettime, id, now);
      *now = split(begun + (truth() - begun) / pace);
      return 0;
    }
    int timerfd_settime(int timer, int flags, const struct itimerspec *told, struct itimerspec *old) {
      struct itimerspec set = *told;
      long long time = nanoseconds(told->it_value), later;
      if (time > begun && !__builtin_mul_overflow(time - begun, pace, &later))
        set.it_value = split(begun + later);
      return (int)syscall(SYS_timerfd_settime, timer, flags, &set, old);
    }
    int sodium_runtime_has_avx(void) { return 0; }
    int sodium_runtime_has_avx2(void) { return 0; }
    int sodium_runtime_has_avx512f(void) { return 0; }
    """
}
