import Glibc
import Platform
import TestSupport
import Testing

/// Writes that fail: the vault then takes no changes, says so, and is read on.
///
/// How it comes to take changes again is its own matter: by itself, or when it is
/// locked and unlocked.
@Suite("Faults of writing", .enabled(if: Programs.canTrace, "needs strace and root"))
struct FaultWriteTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initialize()
    fixture.coffer("import", "me/stripe", input: VaultFixture.stripeValue)
  }

  private var records: String { fixture.statePath + "/records.1" }

  private var value: String {
    fixture.coffer("run", "-k", "me/stripe=VALUE", "--", "printenv", "VALUE").line
  }

  /// Waits until changes are taken again, and helps where that takes too long.
  private func expectRecovery() {
    if !eventually(seconds: 2, { fixture.isWritable }) {
      #expect(fixture.coffer("lock").status == 0)
      #expect(fixture.coffer("unlock").status == 0)
    }
    #expect(fixture.isWritable)
    #expect(fixture.coffer("create", "me/after").status == 0)
    #expect(value == VaultFixture.stripeValue)
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String

    /// What fails, from now on.
    let faults: [String]

    /// What is said of it.
    let message: String
  }

  static let cases: [Case] = [
    Case(
      testDescription: "fault 3: no space", faults: ["pwrite64:error=ENOSPC"],
      message: "writing failed: no space left on device"),
    Case(
      testDescription: "fault 6: over the quota", faults: ["pwrite64:error=EDQUOT"],
      message: "writing failed: disk quota exceeded"),
    Case(
      testDescription: "fault 6: read-only", faults: ["pwrite64:error=EROFS"],
      message: "writing failed: read-only file system"),
    Case(
      testDescription: "fault 7: a device that takes nothing", faults: ["pwrite64:error=EAGAIN"],
      message: "writing failed: resource temporarily unavailable"),
    Case(
      testDescription: "fault 4: a sync that fails", faults: ["fdatasync:error=EIO"],
      message: "syncing failed: input/output error"),
    Case(
      testDescription: "fault 3: no space found at the sync", faults: ["fdatasync:error=ENOSPC"],
      message: "syncing failed: no space left on device"),
  ]

  @Test(
    "faults 3, 4, 6, 7: a change that cannot be written is of unknown outcome, and reads go on",
    arguments: cases)
  func failingRecord(_ test: Case) throws {
    let faults = InjectedFaults(
      try #require(fixture.daemonID), test.faults, onlyAt: records)
    let failed = fixture.coffer("create", "me/lost")
    #expect(failed.status == 1)
    #expect(failed.output.isEmpty)
    #expect(
      failed.errorText.contains("outcome unknown: records.1: \(test.message)"),
      "\(failed.errorText)")
    let status = fixture.coffer("status", "--json").outputText
    #expect(status.contains(#""writable":false"#), "\(status)")
    #expect(status.contains("records.1: \(test.message)"), "\(status)")
    let second = fixture.coffer("create", "me/second")
    if second.status != 0 {
      #expect(
        second.errorText.contains("the vault is read-only: records.1: \(test.message)"),
        "\(second.errorText)")
    } else {
      #expect(fixture.isWritable)
    }
    // Whoever asks for a value gets it.
    #expect(value == VaultFixture.stripeValue)
    #expect(fixture.coffer("list").outputText.contains("me/stripe "))
    let notes = fixture.log.split(separator: "\n").filter { $0.contains("is read-only") }
    #expect(notes.first == "cofferd: the vault is read-only: records.1: \(test.message)")
    #expect(notes.count == 1)
    faults.end()
    expectRecovery()
  }

  @Test("fault 4: after a sync that failed no second one is tried on that file") func noSecondSync()
    throws
  {
    let trace = fixture.directory.path("trace")
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:error=EIO:when=1"], onlyAt: records, into: trace)
    #expect(fixture.coffer("create", "me/lost").errorText.contains("outcome unknown"))
    for name in ["a", "b"] { fixture.coffer("create", "me/\(name)") }
    #expect(value == VaultFixture.stripeValue)
    faults.end()
    let calls = String(decoding: Files.read(trace), as: UTF8.self).split(separator: "\n")
    #expect(calls.count { $0.contains("fdatasync(") } == 1, "\(calls)")
    expectRecovery()
  }

  @Test("fault 4: what is asked for again is not done either while nobody knows of the first")
  func repeatedWhileReadOnly() throws {
    fixture.coffer("create", "me/gone")
    let faults = InjectedFaults(try #require(fixture.daemonID), ["fdatasync,fsync:error=EIO"])
    #expect(fixture.coffer("revoke", "me/gone").errorText.contains("outcome unknown"))
    let again = fixture.coffer("revoke", "me/gone")
    #expect(again.status == 1)
    #expect(again.errorText.contains("the vault is read-only: "), "\(again.errorText)")
    faults.end()
    #expect(eventually { fixture.coffer("revoke", "me/gone").status == 0 })
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(fixture.coffer("show", "me/gone").outputText.contains("revoked"))
  }

  @Test("fault 4: two that ask for the same in one batch share its outcome") func sharedBatch()
    throws
  {
    fixture.coffer("create", "me/gone")
    let clients = try (0..<3).map { _ in try fixture.connect() }
    let faults = InjectedFaults(
      try #require(fixture.daemonID),
      ["pwrite64:delay_enter=500000:when=1", "fdatasync:error=EIO:when=2+"], onlyAt: records)
    clients[0].send("CREATE me/first\n")
    sleep(milliseconds: 100)
    // Both wait for the first, and are written together.
    for client in clients.dropFirst() { client.send("REVOKE me/gone\n") }
    #expect(clients[0].readReply().last == "OK")
    for client in clients.dropFirst() {
      let reply = client.readReply()
      #expect(reply.last?.contains("outcome unknown: ") == true, "\(reply)")
    }
    faults.end()
    expectRecovery()
  }

  @Test("fault 7: calls that signals interrupt are tried again, and nobody notices")
  func interrupted() throws {
    let calls = "pwrite64,fdatasync"
    let trace = fixture.directory.path("trace")
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["\(calls):error=EINTR:when=1+2"], into: trace)
    for number in 0..<5 {
      #expect(fixture.coffer("create", "me/\(number)").status == 0)
    }
    #expect(value == VaultFixture.stripeValue)
    faults.end()
    let traced = String(decoding: Files.read(trace), as: UTF8.self)
    for call in ["pwrite64", "fdatasync"] {
      #expect(
        traced.split(separator: "\n").contains { $0.contains("\(call)(") && $0.contains("EINTR") })
    }
    #expect(fixture.isWritable)
    fixture.killDaemon()
    fixture.startDaemon()
    let list = fixture.coffer("list").outputText
    for number in 0..<5 { #expect(list.contains("me/\(number) ")) }
  }

  @Test("faults 3, 7: a write that ends in the middle of a record leaves nothing torn behind")
  func tornWrite() throws {
    let id = try #require(fixture.daemonID)
    let prlimit = try #require(Programs.find("prlimit"))
    let size = Files.read(records).count
    // The first 20 bytes are written, and then no more.
    let limited = Subprocess.run(prlimit, ["--pid", "\(id)", "--fsize=\(size + 20):unlimited"])
    #expect(limited.status == 0, "\(limited.errorText)")
    let failed = fixture.coffer("create", "me/lost")
    #expect(failed.errorText.contains("outcome unknown: "), "\(failed.errorText)")
    #expect(Files.read(records).count == size + 20)
    _ = Subprocess.run(prlimit, ["--pid", "\(id)", "--fsize=unlimited:unlimited"])
    expectRecovery()
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(fixture.coffer("list").outputText.contains("me/after "))
    #expect(value == VaultFixture.stripeValue)
  }

  // MARK: init

  @Test(
    "faults 3, 4, 6: an init that cannot write, create, rename or sync says so, and the next one works",
    arguments: [
      "pwrite64:error=ENOSPC", "pwrite64:error=EDQUOT:when=2", "pwrite64:error=EIO:when=3",
      "fsync:error=EIO:when=1", "fsync:error=EIO:when=2", "fsync:error=EIO:when=3",
      "fsync:error=EIO:when=4", "fsync:error=EIO:when=5", "renameat:error=ENOSPC",
      "renameat:error=EROFS", "openat:error=ENOSPC",
    ])
  func failingInit(fault: String) throws {
    let fresh = VaultFixture()
    Files.write(Array(String(repeating: "k", count: 64).utf8), to: fresh.keyFilePath)
    fresh.startDaemon()
    let arguments = [
      "init", "--organization", "acme", "--key-file", fresh.keyFilePath, "--no-recovery",
    ]
    // The daemon opens other files as well.
    let file = fault.hasPrefix("openat") ? "records.1" : nil
    let faults = InjectedFaults(try #require(fresh.daemonID), [fault], onlyAt: file)
    let failed = fresh.coffer(arguments)
    #expect(failed.status == 1, "\(failed.errorText)")
    let code = fault.split(separator: ":")[1].dropFirst("error=".count)
    let text = [
      "ENOSPC": "no space left on device", "EDQUOT": "disk quota exceeded",
      "EIO": "input/output error", "EROFS": "read-only file system",
    ]
    #expect(failed.errorText.contains(text[String(code)] ?? "?"), "\(failed.errorText)")
    faults.end()
    #expect(fresh.coffer("status").line == "state  none")
    #expect(fresh.coffer(arguments).status == 0)
    #expect(fresh.coffer("create", "me/first").status == 0)
  }
}

@Suite(
  "Faults of short writes", .enabled(if: PreloadedLibrary.isPossible, "needs clang on the PATH"))
struct FaultShortWriteTests {
  /// Writes that take eight bytes at most, and are interrupted now and then; those of
  /// events, which are eight bytes, never are.
  static let source = """
    #define _GNU_SOURCE
    #include <errno.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    static int isInterrupted(void) {
      static int calls;
      return __sync_add_and_fetch(&calls, 1) % 5 == 0;
    }
    ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
      if (isInterrupted()) { errno = EINTR; return -1; }
      return syscall(SYS_pwrite64, file, bytes, count > 8 ? 8 : count, offset);
    }
    ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
      return pwrite64(file, bytes, count, offset);
    }
    ssize_t write(int file, const void *bytes, size_t count) {
      if (count > 8 && isInterrupted()) { errno = EINTR; return -1; }
      return syscall(SYS_write, file, bytes, count > 8 ? 8 : count);
    }
    """

  @Test("fault 7: what is written a few bytes at a time, with interruptions, is written whole")
  func shortWrites() throws {
    let fixture = VaultFixture()
    let library = PreloadedLibrary(Self.source, in: fixture.directory)
    fixture.startDaemon(preloading: library.path)
    fixture.initialize()
    let value = (0..<6000).map { String(UInt64($0) * 2_654_435_761 % 97) }.joined(separator: "-")
    #expect(fixture.coffer("import", "me/long", input: value).status == 0)
    #expect(fixture.coffer("create", "me/other").status == 0)
    if Programs.isRoot {
      let counts = String(
        decoding: Files.read("/proc/\(try #require(fixture.daemonID))/io"), as: UTF8.self)
      let line = try #require(counts.split(separator: "\n").first { $0.hasPrefix("syscw:") })
      #expect(Int(line.dropFirst("syscw: ".count)) ?? 0 > value.utf8.count / 8, "\(line)")
    }
    fixture.killDaemon()
    fixture.startDaemon()
    let used = fixture.coffer("run", "-k", "me/long=VALUE", "--", "printenv", "VALUE")
    #expect(isSame(Array(used.line.utf8), Array(value.utf8)))
    #expect(fixture.coffer("list").outputText.contains("me/other "))
    #expect(fixture.coffer("audit", "--check").status == 0)
  }
}
