import Glibc
import Platform
import TestSupport
import Testing

/// Wrong passphrases, and who waits for them.
@Suite("Wrong secrets")
struct ThrottleTests {
  let fixture = VaultFixture()
  private static let passphrase = "correct horse"

  /// Starts a daemon with a vault that a passphrase and a key file open.
  private func start(_ options: [String] = [], socket: String? = nil) {
    fixture.startDaemon(options, socket: socket)
    fixture.coffer(
      ["init", "--organization", "acme", "--no-recovery", "--passphrase-fd", "0"],
      input: Array(Self.passphrase.utf8),
      environment: fixture.environment.merging(["COFFER_SOCKET": fixture.socketPath]) { $1 })
  }

  private func attempt(_ client: AssuanClient, _ text: String) -> Int? {
    let asked = client.ask("UNLOCK")
    guard asked.last == "INQUIRE PASSPHRASE" else { return AssuanClient.errorCode(of: asked) }
    client.send("D \(text)\nEND\n")
    return AssuanClient.errorCode(of: client.readReply())
  }

  @Test("fault 51: after three wrong passphrases the next one waits, before it is asked for")
  func waits() throws {
    start()
    let (client, early) = (try fixture.connect(), try fixture.connect())
    // Who was asked before has to wait as well.
    #expect(early.ask("UNLOCK").last == "INQUIRE PASSPHRASE")
    for _ in 0..<3 { #expect(attempt(client, "wrong") == 11) }
    early.send("D \(Self.passphrase)\nEND\n")
    #expect(AssuanClient.errorCode(of: early.readReply()) == 183)
    let refused = client.ask("UNLOCK")
    #expect(AssuanClient.errorCode(of: refused) == 183)
    #expect(refused.contains { $0.hasPrefix("S HINT wait") }, "\(refused)")
    #expect(refused.last?.contains("has tried 3 wrong secrets") == true, "\(refused)")
    // Also on another connection, and with the right one; but not for long.
    #expect(attempt(try fixture.connect(), Self.passphrase) == 183)
    #expect(eventually(seconds: 5) { attempt(client, Self.passphrase) == nil })
    // That one was right, so nobody waits any more.
    for _ in 0..<3 { #expect(attempt(client, "wrong") == 11) }
    #expect(attempt(client, "wrong") == 183)
  }

  @Test("fault 51: of hundreds at once few are tried, all are answered, and nobody else waits")
  func parallel() throws {
    start()
    fixture.coffer(["workspace", "add", "web"], environment: fixture.environment)
    fixture.coffer(
      ["import", "web/stripe"], input: Array("value".utf8), environment: fixture.environment)
    let clients = try (0..<200).map { _ in try fixture.connect() }
    for client in clients { client.send("UNLOCK\n") }
    var codes: [Int?] = []
    var asked: [AssuanClient] = []
    // Sixteen of one uid are asked at a time; the others when it is their turn.
    var waiting = clients
    let other = try fixture.connect()
    while !waiting.isEmpty {
      #expect(other.ask("ENV web/stripe").last == "OK")
      for client in waiting {
        guard let line = client.readLine(seconds: 0) else { continue }
        waiting.removeAll { $0 === client }
        let reply = line.hasPrefix("S ") ? client.readReply() : [line]
        if reply.last?.hasPrefix("INQUIRE") == true {
          client.send("D wrong\nEND\n")
          asked.append(client)
        } else {
          codes.append(AssuanClient.errorCode(of: reply))
        }
      }
    }
    codes += asked.map { AssuanClient.errorCode(of: $0.readReply()) }
    #expect(codes.count == 200 && codes.allSatisfy { $0 == 11 || $0 == 183 }, "\(codes)")
    #expect((1...6).contains(codes.count { $0 == 11 }), "\(codes)")
    #expect(other.ask("ENV web/stripe").last == "OK")
  }

  @Test("fault 51: a wrong key file counts as well, and each command that asks for a secret")
  func others() throws {
    start()
    let client = try fixture.connect()
    let wrong = String(repeating: "k", count: 40)
    let added = fixture.coffer(
      ["slot", "add", "key-file", "--new-key-file", fixture.keyFilePath, "--passphrase-fd", "0"],
      input: Array(Self.passphrase.utf8), environment: fixture.environment)
    #expect(added.status == 0, "\(added.errorText)")
    #expect(client.ask("UNLOCK --key-file").last == "INQUIRE KEYFILE")
    client.send("D \(wrong)\nEND\n")
    #expect(AssuanClient.errorCode(of: client.readReply()) == 11)
    #expect(client.ask("SLOT ADD recovery").last == "INQUIRE PASSPHRASE")
    client.send("D wrong\nEND\n")
    #expect(AssuanClient.errorCode(of: client.readReply()) == 11)
    #expect(attempt(client, "wrong") == 11)
    for line in ["SLOT ADD passphrase", "REKEY", "UNLOCK --key-file", "SLOT CHANGE 1 --keep-key"] {
      #expect(AssuanClient.errorCode(of: client.ask(line)) == 183, "\(line)")
    }
  }

  @Test(
    "fault 51: the wrong ones of one uid cost another nothing",
    .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
  func otherUser() throws {
    chmod(fixture.directory.path, 0o755)
    start(["--system"], socket: fixture.directory.path("socket"))
    #expect(try fixture.connect().ask("LOCK") == ["OK"])
    let script = """
      import os, socket, sys
      os.setuid(4399)
      s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); f = s.makefile('rwb')
      f.readline()
      def ask(line):
        f.write(line); f.flush()
        reply = f.readline()
        while reply.startswith(b'S '): reply = f.readline()
        return reply
      for n in range(4):
        reply = ask(b'UNLOCK\\n')
        if reply.startswith(b'INQUIRE'): reply = ask(b'D wrong\\nEND\\n')
        print(int(reply.split()[1]) & 0xffff)
      """
    let tried = Subprocess.run(
      try #require(Programs.find("python3")), ["-c", script, fixture.socketPath])
    #expect(tried.outputText == "11\n11\n11\n183\n", "\(tried.outputText)\(tried.errorText)")
    #expect(attempt(try fixture.connect(), Self.passphrase) == nil)
  }

  @Test(
    "fault 51: whoever has many uids keeps neither root nor the daemon's uid from opening it",
    .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
  func manyUsers() throws {
    chmod(fixture.directory.path, 0o755)
    start(["--system"], socket: fixture.directory.path("socket"))
    #expect(try fixture.connect().ask("LOCK") == ["OK"])
    let script = """
      import os, socket, sys, time
      held = []
      for uid in range(5000, 5060):
        os.seteuid(uid)
        s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); held.append(s)
        s.sendall(b'UNLOCK\\nD wrong\\nEND\\n')
        os.seteuid(0)
      print('all', flush=True); time.sleep(60)
      """
    let output = fixture.directory.path("crowd")
    let crowd = Subprocess(
      try #require(Programs.find("python3")), ["-c", script, fixture.socketPath],
      environment: [:], streams: [.null, .file(output), .null])
    defer { crowd.signal(SIGKILL) }
    #expect(eventually { Files.read(output) == Array("all\n".utf8) })
    #expect(attempt(try fixture.connect(), Self.passphrase) == nil)
  }
}
