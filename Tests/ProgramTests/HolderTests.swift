import Glibc
import Platform
import TestSupport
import Testing

/// Which running commands hold which keys.
@Suite("coffer ps and HOLDERS")
struct HolderTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  /// How long a test waits for what should take much less than a second.
  static let patience = 10.0

  /// A command that runs with keys until the test ends it; it is `sleep`.
  func job(_ options: [String], key: String? = nil, seconds: Int = 1000) -> Subprocess {
    var environment = fixture.environmentWithKeyFile
    environment["COFFER_API_KEY"] = key
    let ready = fixture.directory.path("ready-\(UInt64.random(in: 0 ... .max))")
    let process = Subprocess(
      Programs.client,
      ["run"] + options + ["--", "sh", "-c", "echo > \(ready); exec sleep \(seconds)"],
      environment: environment, streams: [.null, .null, .file(fixture.directory.path("jobs"))])
    let runs = eventually { access(ready, F_OK) == 0 }
    precondition(runs, "the job does not run: \(Files.read(fixture.directory.path("jobs")))")
    return process
  }

  func rows(_ arguments: String...) -> [String] {
    let result = fixture.coffer(["ps"] + arguments)
    return result.outputText.split(separator: "\n").dropFirst().map(String.init)
  }

  // MARK: What is told

  @Test("a running command is told with its keys, and is gone when it ends, however it ends")
  func listsRunning() {
    let first = job(["-w", "web"])
    let second = job(["-k", "web/stripe"])
    let lines = rows()
    #expect(lines.count == 2)
    #expect(lines.first?.hasPrefix("\(first.id) ") == true, "\(lines)")
    #expect(lines.first?.contains(" root ") == true)
    #expect(lines.first?.contains(" sh ") == true)
    #expect(lines.first?.hasSuffix(" web/deploy, web/stripe") == true, "\(lines)")
    #expect(lines.last?.hasSuffix(" web/stripe") == true, "\(lines)")
    #expect(rows("web/deploy").map { $0.hasPrefix("\(first.id) ") } == [true])
    first.signal(SIGKILL)
    first.waitForEnd()
    #expect(eventually(seconds: Self.patience) { rows().count == 1 })
    second.signal(SIGTERM)
    second.waitForEnd()
    let end = BootInstant.now
    #expect(eventually(seconds: Self.patience) { rows().isEmpty })
    #expect(BootInstant.now.seconds(since: end) <= 5)
  }

  @Test("of many values a page is told at a time, and coffer asks for all of them")
  func pages() throws {
    fixture.coffer("workspace", "add", "many")
    for number in 0..<30 { fixture.coffer("import", "many/k\(number)", input: "value \(number)") }
    let jobs = (0..<40).map { _ in
      Subprocess(
        Programs.client, ["run", "-w", "many", "--", "sleep", "1000"],
        environment: fixture.environmentWithKeyFile, streams: [.null, .null, .null])
    }
    #expect(eventually { rows().count == jobs.count })
    let lines = fixture.coffer("ps", "--json").outputText.split(separator: "\n")
    #expect(lines.allSatisfy { $0.split(separator: "many/k").count == 31 })
    let connection = try fixture.connect()
    let first = connection.ask("HOLDERS")
    #expect(first.count { $0.hasPrefix("S HELD") } == 1020)
    let more = first.first { $0.hasPrefix("S MORE after=") } ?? ""
    let second = connection.ask("HOLDERS --after=\(more.dropFirst("S MORE after=".count))")
    #expect(second.count { $0.hasPrefix("S HELD") } == 180)
    #expect(!second.contains { $0.hasPrefix("S MORE") })
    #expect(connection.ask("HOLDERS --after=x").last?.contains("--after is a number") == true)
    for job in jobs {
      job.signal(SIGKILL)
      job.waitForEnd()
    }
  }

  @Test("what cannot be known is said, and is not in the output") func reservations() {
    let none = fixture.coffer("ps")
    #expect(none.output.isEmpty)
    #expect(none.errorText.hasPrefix("coffer: no running command holds a key\n"))
    #expect(none.errorText.contains("coffer: commands that got their keys before 20"))
    #expect(none.errorText.contains("what commands have started themselves, are not known"))
  }

  @Test("JSON has a line for each process, with the versions that it holds") func json() {
    let job = job(["-k", "web/deploy"])
    fixture.coffer("rotate", "web/deploy")
    let lines = fixture.coffer("ps", "--json").outputText.split(separator: "\n")
    #expect(lines.count == 1)
    let line = lines.first ?? ""
    #expect(line.hasPrefix(#"{"pid":\#(job.id),"uid":\#(getuid()),"user":"#), "\(line)")
    #expect(line.contains(#""command":"sh","since":"20"#), "\(line)")
    #expect(
      line.contains(#""name":"web/deploy","version":1,"current":false,"state":"grace"}]}"#),
      "\(line)")
    job.signal(SIGKILL)
  }

  @Test("a process that asks over several connections is one entry, with all that it got")
  func severalConnections() throws {
    let (first, second) = (try fixture.connect(), try fixture.connect())
    _ = first.ask("ENV web/stripe")
    _ = second.ask("OPTION command=second")
    _ = second.ask("ENV web/deploy")
    _ = first.ask("ENV web/stripe")
    let reply = first.ask("HOLDERS")
    #expect(reply.filter { $0.hasPrefix("S HOLDER ") }.count == 1, "\(reply)")
    #expect(reply.contains { $0.hasPrefix("S HOLDER pid=\(getpid()) uid=\(getuid()) ") })
    #expect(
      reply.filter { $0.hasPrefix("S HELD ") }.map { $0.split(separator: " ")[2] }
        == ["key=web/deploy", "key=web/stripe"], "\(reply)")
  }

  @Test("who asks on behalf of a key counts as well, and learns nothing of holders")
  func actingAsKey() throws {
    let text = fixture.coffer("create", "web/ci").line
    let job = job(["-k", "web/stripe"], key: text)
    #expect(rows().map { $0.hasPrefix("\(job.id) ") } == [true])
    let client = try fixture.connect()
    _ = client.ask("AUTH")
    client.send("D \(text)\nEND\n")
    #expect(client.readReply().last == "OK")
    #expect(AssuanClient.errorCode(of: client.ask("HOLDERS")) == 251)
    let refused = fixture.coffer(
      ["ps"], environment: fixture.environment.merging(["COFFER_API_KEY": text]) { $1 })
    #expect(refused.status == 1)
    #expect(refused.errorText.hasPrefix("coffer: ps: forbidden: "), "\(refused.errorText)")
    job.signal(SIGKILL)
  }

  @Test("a locked vault tells of nobody, and knows all of them when it is open again")
  func locking() throws {
    let job = job(["-k", "web/stripe"])
    let ended = self.job(["-k", "web/stripe"])
    fixture.coffer("lock")
    let client = try fixture.connect()
    let refused = client.ask("HOLDERS")
    #expect(AssuanClient.errorCode(of: refused) == 173)
    #expect(!refused.contains { $0.contains("stripe") })
    ended.signal(SIGKILL)
    ended.waitForEnd()
    #expect(
      eventually(seconds: Self.patience) { rows().map { $0.hasPrefix("\(job.id) ") } == [true] })
    job.signal(SIGKILL)
  }

  @Test("a daemon that was started anew knows nothing of before, and says since when")
  func restart() {
    let job = job(["-k", "web/stripe"])
    fixture.killDaemon()
    #expect(rows().isEmpty)
    #expect(fixture.coffer("ps").errorText.contains("got their keys before 20"))
    job.signal(SIGKILL)
  }

  // MARK: What ends or changes

  @Test("revoke, suspend, rotate and replace name the commands that still hold a value")
  func namesHolders() {
    let deploy = job(["-k", "web/deploy"])
    let stripe = job(["-k", "web/stripe"])
    let second = job(["-k", "web/stripe"])
    let rotated = fixture.coffer("rotate", "web/deploy")
    #expect(
      rotated.errorText.contains(
        "coffer: 1 running command still holds a former text: \(deploy.id) sh\n"),
      "\(rotated.errorText)")
    // Of the one that holds the new text nothing is told.
    let newer = job(["-k", "web/deploy"])
    #expect(rows().contains { $0.hasSuffix(" web/deploy (version 1, grace)") }, "\(rows())")
    #expect(rows().contains { $0.hasSuffix(" web/deploy") })
    let again = fixture.coffer("rotate", "web/deploy", "--end-grace")
    #expect(again.errorText.contains("2 running commands still hold a former text: "))
    let replaced = fixture.coffer("replace", "web/stripe", input: "another-value")
    #expect(
      replaced.errorText.contains(
        "2 running commands still hold a former value: \(stripe.id) sh, \(second.id) sh\n"),
      "\(replaced.errorText)")
    let suspended = fixture.coffer("suspend", "web/stripe")
    #expect(suspended.errorText.contains("2 running commands still hold it: "))
    let revoked = fixture.coffer("revoke", "web/stripe")
    #expect(
      revoked.errorText.contains(
        "coffer: 2 running commands still hold it: \(stripe.id) sh, \(second.id) sh\n"),
      "\(revoked.errorText)")
    #expect(rows().filter { $0.hasSuffix(" web/stripe (version 1, retired)") }.count == 2)
    for process in [deploy, stripe, second, newer] {
      process.signal(SIGKILL)
      process.waitForEnd()
    }
    #expect(eventually(seconds: Self.patience) { rows().isEmpty })
    let silent = fixture.coffer("revoke", "web/deploy")
    #expect(!silent.errorText.contains("running command"), "\(silent.errorText)")
  }

  // MARK: Limits and means

  /// Starts so many processes that each take a value and wait.
  func crowd(_ count: Int) -> Subprocess {
    let script = """
      import os, signal, socket, sys, time
      read, write = os.pipe()
      for _ in range(int(sys.argv[2])):
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
    return Subprocess(
      Programs.find("python3") ?? "", ["-c", script, fixture.socketPath, "\(count)"],
      environment: [:], streams: [.null, .null, .null], ownSession: true)
  }

  @Test("of one uid 512 processes are known, and that there are others is said") func limit() {
    let before = job(["-k", "web/deploy"])
    let crowd = crowd(520)
    defer { kill(-crowd.id, SIGKILL) }
    let isFull = eventually(seconds: 120) {
      fixture.coffer("ps").errorText.contains("there was no room for 9 more hand-outs")
    }
    #expect(isFull, "\(fixture.coffer("ps").errorText)")
    #expect(rows().count == 512)
    // Who was there before has not made way.
    #expect(rows("web/deploy").map { $0.hasPrefix("\(before.id) ") } == [true])
    // Values are still handed out.
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    let revoked = fixture.coffer("revoke", "web/stripe")
    #expect(
      revoked.errorText.contains("511 running commands still hold it: "), "\(revoked.errorText)")
    #expect(revoked.errorText.contains(", and 501 more\n"))
    kill(-crowd.id, SIGKILL)
    #expect(eventually(seconds: 30) { rows().count == 1 })
    before.signal(SIGKILL)
  }

  /// How many processes the daemon refers to.
  ///
  /// Descriptors of connections are not counted: one that was closed just now may be there
  /// still.
  private func references(of daemon: Int32) -> Int {
    let directory = "/proc/\(daemon)/fd/"
    return Files.names(in: directory).count {
      Files.linkTarget(of: directory + $0) == "anon_inode:[pidfd]"
    }
  }

  @Test("descriptors are given back with the processes") func descriptors() throws {
    let daemon = try #require(fixture.daemonID)
    let before = references(of: daemon)
    let jobs = (0..<5).map { _ in job(["-k", "web/stripe"]) }
    #expect(eventually { references(of: daemon) == before + 5 })
    for job in jobs { job.signal(SIGKILL) }
    #expect(eventually { references(of: daemon) == before })
    #expect(jobs.count == 5)
  }

  @Test("a connection that outlives its process keeps nothing of that, and costs no time")
  func orphanedConnection() throws {
    let daemon = try #require(fixture.daemonID)
    let script = """
      import os, socket, sys, time
      client = socket.socket(socket.AF_UNIX)
      client.connect(sys.argv[1])
      client.sendall(b"ENV web/stripe\\n")
      while not client.recv(65536).endswith(b"\\nOK\\n"): pass
      if os.fork() != 0: os._exit(0)
      open(sys.argv[2], "w").write(str(os.getpid()))
      time.sleep(1000)
      """
    let (before, file) = (references(of: daemon), fixture.directory.path("child"))
    let parent = Subprocess(
      Programs.find("python3") ?? "", ["-c", script, fixture.socketPath, file], environment: [:],
      streams: [.null, .null, .null], ownSession: true)
    defer { kill(-parent.id, SIGKILL) }
    #expect(eventually { !Files.read(file).isEmpty })
    parent.waitForEnd()
    #expect(eventually { rows().isEmpty && references(of: daemon) == before })
    let ticks = Footprint(of: daemon).ticks
    sleep(milliseconds: 1000)
    #expect(Footprint(of: daemon).ticks - ticks < 20)
  }

  @Test(
    "where the kernel keeps no process with a connection, it is found by its number",
    .enabled(if: Programs.canTrace, "needs root and strace"))
  func byNumber() {
    fixture.killDaemon()
    let trace = fixture.directory.path("trace")
    fixture.startDaemon(under: [
      Programs.find("strace") ?? "", "-f", "-o", trace, "-e",
      "trace=getsockopt,pidfd_open", "-e", "inject=getsockopt:error=ENOPROTOOPT:when=1",
    ])
    let job = job(["-k", "web/stripe"])
    #expect(rows().map { $0.hasPrefix("\(job.id) ") } == [true])
    let calls = String(decoding: Files.read(trace), as: UTF8.self)
    #expect(calls.contains("pidfd_open(\(job.id), 0"), "\(calls)")
    #expect(calls.contains("ENOPROTOOPT"))
    // Also those of which a key is to be revoked.
    let issued = self.job(["--issue", "web"])
    let names = { fixture.coffer("list").outputText }
    #expect(names().contains("web/process-"))
    for process in [job, issued] {
      process.signal(SIGKILL)
      process.waitForEnd()
    }
    #expect(eventually(seconds: Self.patience) { rows().isEmpty })
    #expect(eventually(seconds: Self.patience) { !names().contains("web/process-") })
    fixture.killDaemon()
  }
}
