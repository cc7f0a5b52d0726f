import Glibc
import TestSupport
import Testing

/// A vault whose daemon believes another clock than the others.
final class ClockFixture {
  let vault = VaultFixture()
  private let library: PreloadedLibrary
  private var clockPath: String { vault.directory.path("clock") }

  /// A library that adds the seconds in a file to one of the clocks.
  ///
  /// - Parameters:
  ///   - clock: As in `CLOCK_REALTIME`.
  ///   - path: The file.
  /// - Returns: Its source, in C.
  static func source(_ clock: String, path: String) -> String {
    """
    #define _GNU_SOURCE
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>
    int clock_gettime(clockid_t id, struct timespec *now) {
      long result = syscall(SYS_clock_gettime, id, now);
      char text[32] = {0};
      int file = id == \(clock) ? open("\(path)", O_RDONLY | O_CLOEXEC) : -1;
      if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
        close(file);
      }
      return (int)result;
    }
    """
  }

  static var isInstalled: Bool { PreloadedLibrary.isPossible }

  init() {
    library = PreloadedLibrary(
      Self.source("CLOCK_REALTIME", path: vault.directory.path("clock")), in: vault.directory)
    set(0)
    start()
    vault.initialize()
  }

  func start() {
    vault.startDaemon(preloading: library.path)
  }

  /// Sets the daemon's clock on the wall, against the true one; the others go on.
  func set(_ seconds: Int) { Files.write(Array("\(seconds)\n".utf8), to: clockPath) }

  func restart() {
    vault.killDaemon()
    start()
  }

  func isActive(_ key: String) -> Bool {
    vault.coffer("list", "--state", "active").outputText.contains("\(key) ")
  }

  var isAhead: Bool { vault.coffer("status").outputText.contains("clock ahead") }
}

@Suite("The clock", .enabled(if: ClockFixture.isInstalled, "needs clang on the PATH"))
struct ClockTests {
  @Test("example 24: what has expired stays so, though the clock is set back and all started anew")
  func setBack() {
    let fixture = ClockFixture()
    fixture.vault.coffer("create", "me/a", "--expires", "30m")
    #expect(fixture.isActive("me/a"))
    fixture.set(31 * 60)
    #expect(!fixture.isActive("me/a"))
    fixture.set(-2 * 86_400)
    #expect(!fixture.isActive("me/a"))
    fixture.restart()
    #expect(!fixture.isActive("me/a"))
  }

  @Test("a clock that leaps ahead ends no key, and the status says so until it agrees again")
  func leapsAhead() {
    let fixture = ClockFixture()
    fixture.vault.coffer("create", "me/a", "--expires", "1d")
    #expect(!fixture.isAhead)
    fixture.set(3 * 86_400)
    #expect(fixture.isAhead)
    #expect(fixture.isActive("me/a"))
    fixture.vault.coffer("create", "me/b")
    let made = fixture.vault.coffer("show", "me/b").outputText
    fixture.set(0)
    #expect(!fixture.isAhead)
    #expect(fixture.vault.coffer("show", "me/b").outputText == made)
  }

  @Test("an Owner has the clock believed, and takes that back, also over a restart")
  func repair() {
    let fixture = ClockFixture()
    fixture.vault.coffer("create", "me/a", "--expires", "1d")
    fixture.set(3 * 86_400)
    #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
    #expect(!fixture.isActive("me/a"))
    fixture.restart()
    #expect(!fixture.isActive("me/a"))
    // The clock was wrong: what it has pushed ahead is lowered again.
    fixture.set(0)
    #expect(!fixture.isActive("me/a"))
    #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
    #expect(fixture.isActive("me/a"))
    fixture.restart()
    #expect(fixture.isActive("me/a"))
    #expect(fixture.vault.coffer("audit").outputText.contains("CHECK"))
  }

  @Test(
    "a key of a process that ended while a wrong clock was believed stays ended",
    arguments: [false, true])
  func processEnds(unseen: Bool) {
    let fixture = ClockFixture()
    fixture.vault.coffer("workspace", "add", "web")
    let job = ProcessKeyTests.Job(fixture.vault, "--access=editor")
    // So that it is not forgotten, which would be its end as well.
    let environment = fixture.vault.environmentWithKeyFile.merging(["COFFER_API_KEY": job.text]) {
      $1
    }
    let result = fixture.vault.coffer(
      ["import", "web/made"], input: [7], environment: environment)
    #expect(result.status == 0, "\(result.errorText)")
    if unseen {
      fixture.vault.killDaemon()
      job.end()
      fixture.set(2 * 86_400)
      fixture.start()
    } else {
      fixture.set(2 * 86_400)
      #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
      job.end()
    }
    #expect(
      eventually { fixture.vault.coffer("audit").outputText.contains("REVOKE") })
    fixture.set(0)
    #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
    #expect(fixture.vault.coffer("verify", input: job.text).status == 1)
  }

  @Test("the time after a clock was set counts, though only rows tell of it")
  func goesOnAfterRepair() {
    let fixture = ClockFixture()
    fixture.vault.coffer("create", "me/a", "--expires", "30m")
    fixture.set(2 * 3600)
    #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
    fixture.set(0)
    #expect(fixture.vault.coffer("doctor", "--repair", "clock").status == 0)
    #expect(fixture.isActive("me/a"))
    fixture.set(31 * 60)
    // A use of it is refused, and that row tells the time.
    #expect(fixture.vault.coffer("run", "-k", "me/a", "--", "true").status == 125)
    fixture.set(0)
    fixture.restart()
    #expect(!fixture.isActive("me/a"))
  }
}
