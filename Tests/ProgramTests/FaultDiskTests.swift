import Glibc
import Platform
import TestSupport
import Testing

/// A vault on a file system of its own, which is small and can become read-only.
///
/// It is mounted where only the daemon and a process that keeps the place see it.
private final class SmallDisk {
  let vault = VaultFixture()
  private let keeper: Subprocess

  var mountPath: String { vault.directory.path("disk") }

  init(kilobytes: Int) {
    let path = vault.directory.path("disk")
    mkdir(path, 0o700)
    keeper = Subprocess(
      Programs.find("unshare") ?? "",
      [
        "-m", "/bin/sh", "-c",
        "mount -t tmpfs -o size=\(kilobytes)k,mode=700 none '\(path)' && exec sleep 1000",
      ], environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"], streams: [.null, .null, .null])
    let id = keeper.id
    let isMounted = eventually {
      String(decoding: Files.read("/proc/\(id)/mounts"), as: UTF8.self).contains(" \(path) tmpfs ")
    }
    precondition(isMounted, "the file system was not mounted")
  }

  deinit {
    vault.endDaemon()
    keeper.signal(SIGKILL)
    keeper.waitForEnd()
  }

  static var isPossible: Bool {
    Programs.isRoot && Programs.find("unshare") != nil && Programs.find("nsenter") != nil
  }

  /// Runs a program that sees the file system.
  @discardableResult
  func run(_ arguments: String...) -> Subprocess.Result {
    Subprocess.run(
      Programs.find("nsenter") ?? "", ["-t", "\(keeper.id)", "-m"] + arguments,
      environment: ["PATH": "/usr/bin:/bin:/usr/sbin:/sbin"])
  }

  /// Starts the daemon on it; its socket is elsewhere.
  func startDaemon() -> Subprocess {
    vault.socketPath = vault.directory.path("socket")
    return Subprocess(
      Programs.find("nsenter") ?? "",
      [
        "-t", "\(keeper.id)", "-m", Programs.daemon, "--state", mountPath + "/state", "--socket",
        vault.socketPath,
      ], environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(vault.logPath)])
  }

  @discardableResult
  func coffer(_ arguments: String..., input: String = "") -> Subprocess.Result {
    coffer(arguments, input: input)
  }

  @discardableResult
  private func coffer(_ arguments: [String], input: String) -> Subprocess.Result {
    vault.coffer(
      arguments, input: Array(input.utf8),
      environment: vault.environmentWithKeyFile.merging(["COFFER_SOCKET": vault.socketPath]) { $1 })
  }

  var value: String { coffer("run", "-k", "me/stripe=VALUE", "--", "printenv", "VALUE").line }

  /// Starts the daemon with a vault that holds a key.
  func begin() -> Subprocess {
    let daemon = startDaemon()
    precondition(eventually { vault.daemonID != nil }, vault.log)
    for (arguments, input) in [
      (["init", "--organization", "acme", "--key-file", vault.keyFilePath, "--no-recovery"], ""),
      (["import", "me/stripe"], VaultFixture.stripeValue),
    ] {
      let result = coffer(arguments, input: input)
      precondition(result.status == 0, result.errorText)
    }
    return daemon
  }
}

@Suite("Faults of the disk", .enabled(if: SmallDisk.isPossible, "needs root, unshare and nsenter"))
struct FaultDiskTests {
  @Test("fault 3: on a full disk changes fail and say so, and work again where there is room")
  func full() throws {
    let disk = SmallDisk(kilobytes: 512)
    let daemon = disk.begin()
    let big = String(repeating: "x", count: 60_000)
    var stored: [String] = []
    var failure = ""
    for number in 0..<12 {
      let result = disk.coffer("import", "me/big\(number)", input: big)
      guard result.status == 0 else {
        failure = result.errorText
        break
      }
      stored.append("me/big\(number)")
    }
    #expect(failure.contains("no space left on device"), "\(failure)")
    #expect(failure.contains("outcome unknown"), "\(failure)")
    #expect((3...8).contains(stored.count))
    #expect(disk.coffer("status").outputText.contains("no space left on device"))
    // A read is served if there is room for its row, and refused if there is none.
    let read = disk.coffer("run", "-k", "me/stripe=VALUE", "--", "printenv", "VALUE")
    #expect(
      read.line == VaultFixture.stripeValue
        || read.errorText.contains("the audit row could not be written"))
    disk.run("mount", "-o", "remount,size=4m", disk.mountPath)
    let isWritable = {
      disk.coffer("status", "--json").outputText.contains(#""writable":true"#)
    }
    if !eventually(seconds: 2, isWritable) {
      #expect(disk.coffer("lock").status == 0)
      #expect(disk.coffer("unlock").status == 0)
    }
    #expect(disk.coffer("import", "me/after", input: big).status == 0)
    #expect(disk.value == VaultFixture.stripeValue)
    // Nothing of that was only in memory.
    disk.vault.killDaemon()
    daemon.waitForEnd()
    let second = disk.startDaemon()
    #expect(eventually { disk.vault.daemonID != nil })
    let list = disk.coffer("list").outputText
    for name in stored + ["me/after"] { #expect(list.contains("\(name) "), "\(name)") }
    second.signal(SIGTERM)
    #expect(second.waitForEnd(seconds: 5) == 0)
  }

  @Test("fault 3: an init on a full disk says so, leaves no vault, and works where there is room")
  func fullAtInit() {
    let disk = SmallDisk(kilobytes: 16)
    disk.run("/bin/sh", "-c", "dd if=/dev/zero of='\(disk.mountPath)/rubbish' 2>/dev/null; true")
    let daemon = disk.startDaemon()
    // There is no room for the directory itself, or none for its files.
    let listens = eventually(seconds: 2) { disk.vault.daemonID != nil }
    let arguments = ["init", "--organization", "acme", "--no-recovery", "--key-file"]
    if listens {
      let result = disk.vault.coffer(
        arguments + [disk.vault.keyFilePath],
        environment: disk.vault.environment.merging(["COFFER_SOCKET": disk.vault.socketPath]) { $1 }
      )
      #expect(result.status == 1)
      #expect(result.errorText.contains("no space left on device"), "\(result.errorText)")
      #expect(disk.coffer("status").line == "state  none")
      disk.vault.killDaemon()
    } else {
      #expect(disk.vault.log.contains("no space left on device"), "\(disk.vault.log)")
    }
    daemon.waitForEnd()
    disk.run("rm", "\(disk.mountPath)/rubbish")
    disk.run("mount", "-o", "remount,size=1m", disk.mountPath)
    let second = disk.begin()
    #expect(disk.value == VaultFixture.stripeValue)
    second.signal(SIGTERM)
    #expect(second.waitForEnd(seconds: 5) == 0)
  }

  @Test(
    "fault 6: on a read-only file system it says so and changes nothing, and starts when it is not")
  func readOnly() {
    let disk = SmallDisk(kilobytes: 1024)
    let daemon = disk.begin()
    disk.vault.killDaemon()
    daemon.waitForEnd()
    let sums = disk.run("/bin/sh", "-c", "sha256sum '\(disk.mountPath)'/state/*.1").outputText
    disk.run("mount", "-o", "remount,ro", disk.mountPath)
    let refused = disk.startDaemon()
    #expect(refused.waitForEnd(seconds: 5) == 1)
    #expect(
      disk.vault.log.contains(
        "\(disk.mountPath)/state/lock: locking failed: read-only file system"),
      "\(disk.vault.log)")
    #expect(disk.run("/bin/sh", "-c", "sha256sum '\(disk.mountPath)'/state/*.1").outputText == sums)
    disk.run("mount", "-o", "remount,rw", disk.mountPath)
    let again = disk.startDaemon()
    #expect(eventually { disk.vault.daemonID != nil })
    #expect(disk.value == VaultFixture.stripeValue)
    again.signal(SIGTERM)
    #expect(again.waitForEnd(seconds: 5) == 0)
  }
}
