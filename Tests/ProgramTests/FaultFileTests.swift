import Glibc
import Platform
import TestSupport
import Testing

/// The files of a vault as they must not be: not ours alone, or none at all.
@Suite("Faults of the files")
struct FaultFileTests {
  let fixture = VaultFixture()

  init() {
    fixture.initialize()
    fixture.coffer("create", "me/laptop")
    fixture.killDaemon()
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String

    /// What the message says of the file.
    let message: String
    var needsRoot = false

    /// Makes the file at the first path so; the second one is free.
    let spoil: @Sendable (String, String) -> Void
  }

  static let cases: [Case] = [
    Case(testDescription: "open to the group", message: "is open to others (mode 0660)") {
      file, _ in
      chmod(file, 0o660)
    },
    Case(testDescription: "readable for all", message: "is open to others (mode 0644)") { file, _ in
      chmod(file, 0o644)
    },
    Case(testDescription: "hard-linked", message: "has a second name (hard link)") { file, other in
      link(file, other)
    },
    Case(testDescription: "a symbolic link", message: "is a symbolic link") { file, other in
      rename(file, other)
      symlink(other, file)
    },
    Case(testDescription: "a FIFO", message: "is not a regular file") { file, _ in
      unlink(file)
      mkfifo(file, 0o600)
    },
    Case(
      testDescription: "somebody else's", message: "belongs to uid 12345, not to uid 0",
      needsRoot: true
    ) { file, _ in
      chown(file, 12345, 12345)
    },
    // Opened for writing, a directory is refused by the system.
    Case(testDescription: "a directory", message: "opening failed: is a directory") { file, _ in
      unlink(file)
      mkdir(file, 0o700)
    },
  ]

  @Test(
    "fault 19: a file of the vault that is not the owner's alone, or no file, opens nothing",
    arguments: ["slots", "records.1", "audit.1"],
    cases.filter { !$0.needsRoot || Programs.isRoot })
  func spoilt(name: String, test: Case) throws {
    let (file, other) = (fixture.statePath + "/" + name, fixture.directory.path("other"))
    test.spoil(file, other)
    let before = try FileStatus.ofFile(at: file, followsLinks: false)
    let start = BootInstant.now
    let result = fixture.coffer("list")
    // A FIFO without a writer is not waited for.
    #expect(BootInstant.now.seconds(since: start) < 5)
    #expect(result.status == 1, "\(result.errorText)")
    #expect(
      result.errorText.contains("\(file) \(test.message)")
        || result.errorText.contains("\(file): \(test.message)"), "\(result.errorText)")
    #expect(try FileStatus.ofFile(at: file, followsLinks: false) == before)
    // The daemon itself goes on.
    #expect(fixture.coffer("status").status == 0)
  }

  @Test(
    "fault 19: what is in the place of the lock is refused",
    arguments: ["FIFO", "directory", "link"])
  func lockFile(kind: String) {
    let (file, other) = (fixture.statePath + "/lock", fixture.directory.path("other"))
    unlink(file)
    switch kind {
    case "FIFO": mkfifo(file, 0o600)
    case "directory": mkdir(file, 0o700)
    default: symlink(other, file)
    }
    let daemon = Subprocess(
      Programs.daemon, ["--state", fixture.statePath], environment: [:],
      streams: [.null, .null, .file(fixture.logPath)])
    if kind == "FIFO" {
      // It holds a lock like any file, and nothing is read from it or written.
      #expect(eventually { fixture.daemonID != nil })
      daemon.signal(SIGTERM)
      #expect(daemon.waitForEnd(seconds: 5) == 0)
    } else {
      #expect(daemon.waitForEnd(seconds: 5).map { $0 == 1 || $0 == 78 } == true)
      #expect(fixture.log.contains("\(file)"), "\(fixture.log)")
    }
    #expect(!Files.names(in: fixture.directory.path).contains("other"))
  }
}
