import Glibc
import Platform
import TestSupport
import Testing

/// Keys that live no longer than the process that asked for them.
@Suite("Keys of processes")
struct ProcessKeyTests {
  let fixture = VaultFixture()

  init() {
    fixture.initialize()
    fixture.coffer("workspace", "add", "web")
  }

  /// How long a test waits for what should take much less than a second.
  static let patience = 10.0

  /// A process that has asked for a key, closed its connection, and waits.
  final class Job {
    let process: Subprocess

    /// The text of its key, and the line that tells of it.
    let text: String
    let line: String

    init(_ fixture: VaultFixture, _ options: String = "") {
      let script = """
        import socket, sys, time
        client = socket.socket(socket.AF_UNIX)
        client.connect(sys.argv[1])
        client.sendall(("OPTION command=job\\nCREATE --process %s web\\n" % sys.argv[2]).encode())
        answer = b""
        while answer.count(b"\\nOK") + answer.count(b"\\nERR") < 2: answer += client.recv(65536)
        client.close()
        print(answer.decode(), flush=True)
        time.sleep(1000)
        """
      let output = fixture.directory.path("job-\(UInt64.random(in: 0 ... .max))")
      process = Subprocess(
        Programs.find("python3") ?? "", ["-c", script, fixture.socketPath, options],
        environment: [:], streams: [.null, .file(output), .null])
      _ = eventually { String(decoding: Files.read(output), as: UTF8.self).hasSuffix("\n\n") }
      let lines = String(decoding: Files.read(output), as: UTF8.self).split(separator: "\n")
      text = lines.first { $0.hasPrefix("D ") }.map { String($0.dropFirst(2)) } ?? ""
      line = lines.first { $0.hasPrefix("S KEY ") || $0.hasPrefix("ERR ") }.map(String.init) ?? ""
    }

    /// The id in the text.
    var id: String { String(text.dropFirst(7).prefix(12)) }

    func end() {
      process.signal(SIGKILL)
      process.waitForEnd()
    }
  }

  func isValid(_ text: String) -> Bool {
    fixture.coffer("verify", input: text).status == 0
  }

  func isDenied(_ text: String) -> Bool {
    let result = fixture.coffer("verify", input: text)
    return result.status == 1 && result.errorText.contains("denied")
  }

  /// The names of the keys in a list.
  func names(_ arguments: String...) -> [String] {
    fixture.coffer(["list"] + arguments).outputText.split(separator: "\n").dropFirst()
      .map { String($0.prefix { $0 != " " }) }
  }

  // MARK: Life and end

  @Test("is valid while the process runs, whatever becomes of its connection, and then revoked")
  func life() {
    let job = Job(fixture)
    #expect(job.text.hasPrefix("cof_wk_"))
    #expect(
      job.line.hasPrefix(
        "S KEY id=\(job.id) name=web/process-\(job.id.lowercased()) access=viewer expires="))
    #expect(isValid(job.text))
    #expect(names() == ["web/process-\(job.id.lowercased())"])
    #expect(fixture.coffer("ps").outputText.contains(" job "))
    job.end()
    let end = BootInstant.now
    #expect(eventually(seconds: Self.patience) { isDenied(job.text) })
    #expect(BootInstant.now.seconds(since: end) <= 5)
    #expect(names().isEmpty)
    #expect(names("--state", "revoked").count == 1)
    let shown = fixture.coffer("show", "id:\(job.id)").outputText
    #expect(shown.contains("its process has ended"), "\(shown)")
    let rows = fixture.coffer("audit", "--key", "id:\(job.id)").outputText
    #expect(rows.contains("CREATE") && rows.contains("REVOKE"), "\(rows)")
  }

  @Test("has the access and the lifetime that were asked for, within the rules") func options() {
    let editor = Job(fixture, "--access=editor --expires=2h")
    #expect(editor.line.contains(" access=editor "))
    let shown = fixture.coffer("show", "id:\(editor.id)", "--json").outputText
    #expect(shown.contains(#""custody":"verify-only""#), "\(shown)")
    for options in ["--expires=366d", "--access=admin", "--env=OTHER", "--custody=sealed"] {
      let refused = Job(fixture, options)
      #expect(refused.line.hasPrefix("ERR "), "\(options): \(refused.line)")
      #expect(refused.text.isEmpty)
    }
    #expect(fixture.coffer("rotate", "id:\(editor.id)").status == 1)
    // Nobody else can have it injected.
    #expect(fixture.coffer("run", "-k", "id:\(editor.id)", "--", "true").status == 125)
  }

  @Test("a connection that acts as a key is given none") func actingAsKey() throws {
    let text = fixture.coffer("create", "web/bot", "--access", "editor").line
    let client = try fixture.connect()
    _ = client.ask("AUTH")
    client.send("D \(text)\nEND\n")
    #expect(client.readReply().last == "OK")
    #expect(AssuanClient.errorCode(of: client.ask("CREATE --process web")) == 251)
  }

  @Test("a workspace that is not there is not found, and 16 keys are enough for a process")
  func limits() throws {
    let client = try fixture.connect()
    #expect(AssuanClient.errorCode(of: client.ask("CREATE --process nowhere")) == 27)
    var ids: [String] = []
    // What is refused, early or late, takes no place.
    for terms in ["--expires=never", "--expires=366d"] {
      for _ in 0..<17 {
        #expect(AssuanClient.errorCode(of: client.ask("CREATE --process \(terms) web")) == 55)
      }
    }
    for _ in 0..<16 {
      let reply = client.ask("CREATE --process web")
      #expect(reply.last == "OK", "\(reply)")
      let id = reply.first { $0.hasPrefix("S KEY id=") }.map { $0.dropFirst(9).prefix(12) }
      ids.append(String(id ?? ""))
    }
    #expect(AssuanClient.errorCode(of: client.ask("CREATE --process web")) == 183)
    // One that was ended makes room.
    #expect(client.ask("REVOKE id:\(ids[0])").last == "OK")
    #expect(client.ask("CREATE --process web").last == "OK")
    #expect(AssuanClient.errorCode(of: client.ask("CREATE --process web")) == 183)
  }

  @Test("a process that cannot be watched gets none") func fullLedger() throws {
    fixture.coffer("import", "web/stripe", input: "value")
    let script = """
      import os, socket, sys, time
      read, write = os.pipe()
      for _ in range(512):
        if os.fork() == 0:
          client = socket.socket(socket.AF_UNIX)
          client.connect(sys.argv[1])
          client.sendall(b"ENV web/stripe\\n")
          while not client.recv(65536).endswith(b"\\nOK\\n"): pass
          client.close()
          os.write(write, b"x")
          time.sleep(1000)
        os.read(read, 1)
      time.sleep(1000)
      """
    let crowd = Subprocess(
      Programs.find("python3") ?? "", ["-c", script, fixture.socketPath], environment: [:],
      streams: [.null, .null, .null], ownSession: true)
    defer { kill(-crowd.id, SIGKILL) }
    let isFull = eventually(seconds: 120) {
      fixture.coffer("ps").outputText.split(separator: "\n").count == 513
    }
    #expect(isFull)
    let refused = Job(fixture)
    #expect(refused.line.contains("cannot be watched"), "\(refused.line)")
    #expect(refused.text.isEmpty)
    #expect(names() == ["web/stripe"])
  }

  // MARK: Without the daemon

  @Test("the end of job and daemon together is noticed when the vault is opened again")
  func bothKilled() {
    let job = Job(fixture)
    let other = Job(fixture)
    #expect(isValid(job.text))
    fixture.killDaemon()
    job.end()
    // The very first command finds it ended.
    #expect(isDenied(job.text))
    #expect(isValid(other.text))
    #expect(names("--state", "revoked").count == 1)
    other.end()
    #expect(eventually(seconds: Self.patience) { isDenied(other.text) })
  }

  @Test("a job goes on with its key under another daemon, which ends it as well") func restart() {
    let job = Job(fixture)
    for _ in 0..<3 {
      fixture.killDaemon()
      #expect(isValid(job.text))
    }
    let row = fixture.coffer("ps").outputText.split(separator: "\n").last ?? ""
    #expect(row.hasPrefix("\(job.process.id) "), "\(row)")
    job.end()
    #expect(eventually(seconds: Self.patience) { isDenied(job.text) })
  }

  @Test("what ended while the vault was locked is revoked as it opens, what runs is not")
  func locked() {
    let (job, other) = (Job(fixture), Job(fixture))
    fixture.coffer("lock")
    job.end()
    #expect(isDenied(job.text))
    #expect(isValid(other.text))
    other.end()
    #expect(eventually(seconds: Self.patience) { isDenied(other.text) })
  }

  @Test("wherever job and daemon are killed, no key stays that no process has") func crashes() {
    for round in 0..<8 {
      let job = Subprocess(
        Programs.find("python3") ?? "",
        [
          "-c",
          "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
            + "s.sendall(b'CREATE --process web\\n' * 8); time.sleep(1000)", fixture.socketPath,
        ], environment: [:], streams: [.null, .null, .null])
      sleep(milliseconds: 40 + 5 * round)
      if round % 2 == 0 { job.signal(SIGKILL) }
      fixture.killDaemon()
      job.signal(SIGKILL)
      job.waitForEnd()
      #expect(names().isEmpty, "round \(round)")
    }
  }

  @Test(
    "while its end cannot be written it is not accepted either",
    .enabled(if: Programs.canTrace, "needs root and strace"))
  func readOnly() throws {
    let job = Job(fixture)
    let acting = try fixture.connect()
    _ = acting.ask("AUTH")
    acting.send("D \(job.text)\nEND\n")
    #expect(acting.readReply().last == "OK")
    #expect(acting.ask("LIST").last == "OK")
    let daemon = try #require(fixture.daemonID)
    let faults = InjectedFaults(daemon, ["fdatasync,fsync:error=EIO"])
    // From then on no change is even begun.
    #expect(fixture.coffer("workspace", "add", "other").status == 1)
    #expect(isValid(job.text))
    job.end()
    #expect(eventually(seconds: Self.patience) { isDenied(job.text) })
    #expect(acting.ask("LIST").last?.hasPrefix("ERR ") == true)
    #expect(isDenied(job.text))
    faults.end()
    // The vault is written anew by itself, and the revocation with it, or behind it.
    let isWritten = eventually(seconds: 60) { names("--state", "revoked").count == 1 }
    #expect(isWritten)
    fixture.killDaemon()
    #expect(names("--state", "revoked").count == 1)
    #expect(isDenied(job.text))
  }
}
