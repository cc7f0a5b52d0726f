import Platform
import TestSupport
import Testing

// What jobs leave behind.

extension ProcessKeyTests {
  /// Lets so many jobs live shortly, each with a key of its own.
  func jobs(_ count: Int) -> Subprocess.Result {
    let script = """
      import os, socket, sys
      for _ in range(int(sys.argv[2])):
        child = os.fork()
        if child == 0:
          client = socket.socket(socket.AF_UNIX)
          client.connect(sys.argv[1])
          client.sendall(b"CREATE --process --expires=2s web\\n")
          answer = b""
          while not answer.endswith(b"\\nOK\\n") or answer.count(b"OK") < 2:
            answer += client.recv(65536)
          os._exit(0)
        if os.waitpid(child, 0)[1] != 0: sys.exit(1)
      """
    return Subprocess.run(
      Programs.find("python3") ?? "", ["-c", script, fixture.socketPath, "\(count)"])
  }

  @Test("hundreds of jobs leave audit rows, and nothing else") func noGrowth() {
    #expect(jobs(400).status == 0)
    #expect(eventually(seconds: Self.patience) { names("--state", "active").isEmpty })
    sleep(milliseconds: 3000)
    // The vault is looked through as it opens.
    fixture.coffer("lock")
    fixture.coffer("unlock")
    let ended = { names("--state", "revoked").count + names("--state", "expired").count }
    #expect(eventually { ended() == 0 })
    let rows = fixture.coffer("audit", "--json").outputText
    #expect(rows.split(separator: "\n").count { $0.contains(#""verb":"CREATE""#) } == 400)
    #expect(rows.contains(#""verb":"FORGET""#))
    let recordsByteCount = {
      Files.names(in: fixture.statePath).filter { $0.hasPrefix("records.") }
        .map { Files.read(fixture.statePath + "/" + $0).count }.reduce(0, +)
    }
    #expect(eventually(seconds: 30) { recordsByteCount() < 65_536 }, "\(recordsByteCount())")
    // And so it stays.
    fixture.killDaemon()
    #expect(ended() == 0)
    #expect(names().isEmpty)
  }

  @Test("a text whose key was forgotten is denied like one that never was") func forgotten() throws
  {
    let job = Job(fixture, "--expires=2s")
    job.end()
    #expect(eventually(seconds: Self.patience) { isDenied(job.text) })
    sleep(milliseconds: 2500)
    fixture.coffer("lock")
    #expect(eventually { fixture.coffer("show", "id:\(job.id)").status == 1 })
    #expect(isDenied(job.text))
    fixture.killDaemon()
    #expect(isDenied(job.text))
    #expect(fixture.coffer("show", "id:\(job.id)").errorText.contains("not found"))
  }
}
