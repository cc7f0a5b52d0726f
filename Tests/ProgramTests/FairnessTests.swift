import Glibc
import Keyring
import Platform
import TestSupport
import Testing

/// What one client can take from the others.
@Suite("Fairness")
struct FairnessTests {
  let fixture = VaultFixture()

  private func residentKilobytes() -> Int {
    Footprint(of: fixture.daemonID ?? 0).resident
  }

  private func makeKeys(_ count: Int) throws {
    fixture.initialize()
    let client = try fixture.connect()
    for number in 0..<count { client.send("CREATE me/key-\(number)\n") }
    for number in 0..<count { #expect(client.readReply().last == "OK", "\(number)") }
  }

  @Test("long answers in a pipeline neither hold up others nor fill the memory")
  func pipelinedLists() throws {
    try makeKeys(300)
    let good = try fixture.connect()
    _ = good.ask("LIST --limit=300")
    let before = residentKilobytes()
    let clients = try (0..<6).map { _ in try fixture.connect() }
    for client in clients {
      client.send(String(repeating: "LIST --limit=1000\n", count: 400))
    }
    var slowest: Int64 = 0
    for _ in 0..<20 {
      let start = BootInstant.now
      #expect(good.ask("NOP") == ["OK"])
      slowest = max(slowest, BootInstant.now.nanoseconds - start.nanoseconds)
    }
    #expect(slowest < 2_000_000_000)
    #expect(residentKilobytes() - before < 30_000)
    // Whoever reads gets all of it.
    for _ in 0..<400 {
      let reply = clients[0].readReply()
      guard reply.count == 301, reply.last == "OK" else {
        Issue.record("\(reply.count) lines")
        break
      }
    }
  }

  @Test("one that finished sending is answered as well, turn by turn") func halfClosed() throws {
    try makeKeys(200)
    let client = try fixture.connect()
    client.send(String(repeating: "LIST --limit=1000\n", count: 50))
    client.finishSending()
    for number in 0..<50 { #expect(client.readReply().count == 201, "\(number)") }
    #expect(client.readLine() == nil)
  }

  @Test("two locks at once are both answered, and disturb nobody") func twoLocks() throws {
    fixture.initializeWithKeys()
    for _ in 0..<8 {
      let lockers = try (0..<3).map { _ in try fixture.connect() }
      let users = try (0..<2).map { _ in try fixture.connect() }
      // All arrives while the daemon is stopped, and keeps it busy while it locks.
      let daemon = try #require(fixture.daemonID)
      kill(daemon, SIGSTOP)
      for user in users { user.send(String(repeating: "ENV web/stripe\n", count: 2000)) }
      for locker in lockers { locker.send("LOCK\n") }
      kill(daemon, SIGCONT)
      for locker in lockers {
        let reply = locker.readReply()
        #expect(reply.last == "OK" || AssuanClient.errorCode(of: reply) == 173, "\(reply)")
      }
      for user in users {
        user.finishSending()
        while case let reply = user.readReply(), !reply.isEmpty {
          // Either it was done, or the vault was locked.
          let code = AssuanClient.errorCode(of: reply)
          #expect(code == nil || code == 173, "\(reply)")
        }
      }
      #expect(fixture.coffer("unlock").status == 0)
    }
  }

  // MARK: Time

  /// A command that takes long, and one that leaves a row of the time at which it was done.
  private static let rounds = (
    count: 100, commands: "LIST --state=suspended --limit=1\nENV me/own\n"
  )

  /// Makes a key, and sends as many rounds on each of 30 connections when it is told to.
  private static let crowd = """
    import os, socket, sys, time
    uid = int(sys.argv[2]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
    connections = []
    for _ in range(30):
      s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.recv(100)
      connections.append(s)
    connections[0].send(b"CREATE me/own\\n")
    while not connections[0].recv(1000).endswith(b"OK\\n"): pass
    print("connected", flush=True)
    while not os.path.exists(sys.argv[3]): time.sleep(0.01)
    for s in connections: s.send(sys.argv[4].encode())
    print("sent", flush=True); time.sleep(1000)
    """

  @Test(
    "a uid gets no more time with many connections than another with one",
    .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
  func timeOfUIDs() throws {
    chmod(fixture.directory.path, 0o755)
    fixture.startDaemon(["--system"], socket: fixture.directory.path("socket"))
    let environment = ["COFFER_SOCKET": fixture.socketPath]
    fixture.coffer(
      [
        "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "0", "--key-file",
        fixture.keyFilePath, "--no-recovery",
      ], environment: environment)
    fixture.coffer(["user", "add", "bo", "--uid", "4301"], environment: environment)
    #expect(fixture.coffer(["grant", "bo", "owner"], environment: environment).status == 0)
    let good = try fixture.connect()
    #expect(good.ask("CREATE me/own").last == "OK")
    for start in stride(from: 0, to: 2000, by: 100) {
      for number in start..<(start + 100) { good.send("CREATE me/key-\(number)\n") }
      for _ in 0..<100 { try #require(good.readReply().last == "OK") }
    }

    let sent = String(repeating: Self.rounds.commands, count: Self.rounds.count)
    let (output, signal) = (fixture.directory.path("crowd"), fixture.directory.path("send"))
    let crowd = Subprocess(
      try #require(Programs.find("python3")),
      ["-c", Self.crowd, fixture.socketPath, "4301", signal, sent], environment: [:],
      streams: [.null, .file(output), .null])
    defer { crowd.signal(SIGKILL) }
    #expect(eventually { Files.read(output) == Array("connected\n".utf8) })
    let daemon = try #require(fixture.daemonID)
    kill(daemon, SIGSTOP)
    Files.write([], to: signal)
    #expect(eventually { Files.read(output) == Array("connected\nsent\n".utf8) })
    good.send(sent)
    kill(daemon, SIGCONT)
    for _ in 0..<(2 * Self.rounds.count) { #expect(good.readReply().last == "OK") }
    crowd.signal(SIGKILL)

    // The order of the rows is that in which it was done, whatever the machine was busy with.
    let users = fixture.coffer(["audit", "--json"], environment: environment).outputText
      .split(separator: "\n").filter { $0.contains(#""verb":"ENV""#) }
      .map { $0.contains(#""user":"bo""#) ? "bo" : "ada" }
    let last = try #require(users.lastIndex(of: "ada"))
    let before = users[..<last].count { $0 == "bo" }
    #expect(users.count { $0 == "ada" } == Self.rounds.count)
    #expect(before > 0, "they are kept waiting, not locked out")
    // Without shares nearly all 3000 are.
    #expect(before < 300, "one connection waited for so many rounds of thirty others")
  }

  // MARK: Connections

  private static let script = """
    import os, socket, sys, time
    uid = int(sys.argv[2]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
    held = []; served = 0
    for _ in range(int(sys.argv[3])):
      s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
      served += s.recv(10).startswith(b"OK"); held.append(s)
    print(served, flush=True); time.sleep(100)
    """

  /// Opens connections as another uid, and leaves them idle.
  private func occupy(as uid: Int, _ count: Int) throws -> (process: Subprocess, served: Int) {
    let output = fixture.directory.path("served-\(uid)")
    let process = Subprocess(
      try #require(Programs.find("python3")),
      ["-c", Self.script, fixture.socketPath, "\(uid)", "\(count)"], environment: [:],
      streams: [.null, .file(output), .null])
    #expect(eventually { Files.read(output).last == 0x0A })
    let text = String(decoding: Files.read(output).dropLast(), as: UTF8.self)
    return (process, Int(text) ?? -1)
  }

  @Test(
    "idle connections of a few uids lock nobody out",
    .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
  func idleConnections() throws {
    chmod(fixture.directory.path, 0o755)
    fixture.startDaemon(["--system"], socket: fixture.directory.path("socket"))
    let environment = ["COFFER_SOCKET": fixture.socketPath]
    let made = fixture.coffer(
      [
        "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "0", "--key-file",
        fixture.keyFilePath, "--no-recovery",
      ], environment: environment)
    #expect(made.status == 0, "\(made.errorText)")
    for uid in 4301...4304 {
      fixture.coffer(["user", "add", "u\(uid)", "--uid", "\(uid)"], environment: environment)
    }
    let stranger = try occupy(as: 4399, 140)
    #expect(stranger.served == 128)
    var users: [Subprocess] = []
    for uid in 4301...4304 {
      let (process, served) = try occupy(as: uid, 256)
      users.append(process)
      #expect(served == 256)
    }
    // All 1024 are taken, and root and the Owner still get in.
    let status = fixture.coffer(["status"], environment: environment)
    #expect(status.status == 0, "\(status.errorText)")
    #expect(fixture.coffer(["list"], environment: environment).status == 0)
  }
}
