import Glibc
import Platform
import TestSupport
import Testing

/// Uids that are no users, and take all that they can get.
@Suite(
  "Faults of strangers",
  .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
struct FaultStrangerTests {
  /// Opens connections as another uid, sends each the same, and leaves them so.
  ///
  /// - Returns: The process that has them, and on how many `answer` came.
  private func occupy(
    _ vault: VaultFixture, as uid: Int, _ count: Int, _ line: String = "", answer: String = "OK",
    for seconds: Double = 1
  ) throws -> (process: Subprocess, served: Int) {
    let script = """
      import os, select, socket, sys, time
      uid = int(sys.argv[2]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
      wanted = sys.argv[5].encode(); held = {}
      for _ in range(int(sys.argv[3])):
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
        if sys.argv[4]: s.sendall(sys.argv[4].encode() + b"\\n")
        held[s] = b""
      end = time.time() + float(sys.argv[6]); waiting = list(held)
      while waiting and time.time() < end:
        for s in select.select(waiting, [], [], 0.1)[0]:
          part = s.recv(1000); held[s] += part
          if not part or wanted in held[s]: waiting.remove(s)
      print(sum(wanted in heard for heard in held.values()), flush=True); time.sleep(100)
      """
    let output = vault.directory.path("served-\(uid)")
    let process = Subprocess(
      try #require(Programs.find("python3")),
      ["-c", script, vault.socketPath, "\(uid)", "\(count)", line, answer, "\(seconds)"],
      environment: [:],
      streams: [.null, .file(output), .null])
    #expect(eventually { Files.read(output).last == 0x0A })
    let text = String(decoding: Files.read(output).dropLast(), as: UTF8.self)
    return (process, Int(text) ?? -1)
  }

  private func initialize(_ vault: VaultFixture) {
    let made = vault.coffer(
      [
        "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "0", "--key-file",
        vault.keyFilePath, "--no-recovery",
      ], environment: ["COFFER_SOCKET": vault.socketPath])
    #expect(made.status == 0, "\(made.errorText)")
  }

  @Test("fault 25: strangers get 128 connections each and 512 together, and no user's")
  func connections() throws {
    let vault = VaultFixture()
    chmod(vault.directory.path, 0o755)
    vault.startDaemon(["--system"], socket: vault.directory.path("socket"))
    initialize(vault)
    let owner = try vault.connect()
    var strangers: [Subprocess] = []
    for uid in 4401...4404 {
      let (process, served) = try occupy(vault, as: uid, 129)
      strangers.append(process)
      #expect(served == 128, "\(uid)")
    }
    let daemon = try #require(vault.daemonID)
    let full = Footprint(of: daemon).descriptors
    // A fifth gets in, at the cost of those who have most.
    let (fifth, served) = try occupy(vault, as: 4405, 20)
    #expect(served == 20)
    #expect(eventually { Footprint(of: daemon).descriptors <= full + 1 })
    #expect(owner.ask("NOP") == ["OK"])
    for process in strangers + [fifth] { process.signal(SIGKILL) }
  }

  @Test(
    "inquiries that strangers leave open keep no user waiting, and no other stranger for long",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func places() throws {
    let clock = FastClock(pace: 3, isSystem: true)
    initialize(clock.vault)
    var strangers: [Subprocess] = []
    for uid in 4411...4414 {
      let (process, served) = try occupy(
        clock.vault, as: uid, 5, "VERIFY", answer: "INQUIRE KEY")
      strangers.append(process)
      #expect(served == 4, "\(uid)")
    }
    // All that strangers may have is taken, and nothing of what a user may.
    let owner = try clock.vault.connect()
    let start = BootInstant.now
    for _ in 0..<20 {
      #expect(owner.ask("VERIFY").last == "INQUIRE KEY")
      #expect(AssuanClient.errorCode(of: owner.ask("CAN")) == 277)
    }
    #expect(clock.seconds(since: start) < 9)
    // One more gets the place of one that has held it.
    let (last, served) = try occupy(
      clock.vault, as: 4415, 2, "VERIFY", answer: "INQUIRE KEY", for: 20 / clock.pace)
    strangers.append(last)
    #expect(served == 2)
    #expect(clock.seconds(since: start) >= 10)
    for process in strangers { process.signal(SIGKILL) }
  }

  @Test(
    "32 inquiries are open at a time, 16 of one user; who has waited 10 s gets a place of theirs",
    .enabled(if: FastClock.isPossible, "needs clang on the PATH"))
  func placesOfUsers() throws {
    let clock = FastClock(pace: 3, isSystem: true)
    initialize(clock.vault)
    var users: [Subprocess] = []
    for uid in [4421, 4422] {
      let added = clock.vault.coffer(
        ["user", "add", "u\(uid)", "--uid", "\(uid)"],
        environment: ["COFFER_SOCKET": clock.vault.socketPath])
      #expect(added.status == 0, "\(added.errorText)")
      let (process, served) = try occupy(
        clock.vault, as: uid, 17, "VERIFY", answer: "INQUIRE KEY")
      users.append(process)
      #expect(served == 16)
    }
    let owner = try clock.vault.connect()
    let start = BootInstant.now
    #expect(owner.ask("VERIFY").last == "INQUIRE KEY")
    #expect((10..<30).contains(clock.seconds(since: start)))
    #expect(AssuanClient.errorCode(of: owner.ask("D no key\nEND")) == 79)
    for process in users { process.signal(SIGKILL) }
  }
}
