import Glibc
import Platform
import TestSupport
import Testing

/// Markers in the place of secrets, and names that forge lines: neither is found
/// in what is logged, kept or said.
@Suite("Faults of what is said")
struct FaultLeakTests {
  /// Secrets where they belong, each with a percent sign and a space, so that its
  /// escaped forms differ from it.
  private enum Marker {
    static let passphrase = "pass%phrase 7f3a9c marker"
    static let wrong = "wrong%phrase 5d21e8 marker"
    static let value = "value%of a vendor b80c44 marker"
    static let rejected = "value%never kept 96aa17 marker"

    static let all = [passphrase, wrong, value, rejected]
  }

  let fixture = VaultFixture()

  private func coffer(_ arguments: [String], _ input: String = "") -> Subprocess.Result {
    fixture.coffer(arguments, input: Array(input.utf8), environment: fixture.environment)
  }

  /// As an Assuan data line has it.
  private func escaped(_ text: String) -> String {
    text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
  }

  // MARK: Leaks

  /// Answers every inquiry with markers, in every way that is wrong.
  private func provoke(_ line: String, with marker: String) throws -> [String] {
    let data = "D \(escaped(marker))\n"
    let answers = [
      data + "CAN\n", data + "NOP\nEND\n", data + "D abc%\nEND\n", data + "D %G1\nEND\n",
      "D \(escaped(marker))%00\nEND\n", data + "\u{1}\nEND\n",
      String(repeating: data, count: 6000) + "END\n", data + "END\n",
      "D " + String(repeating: escaped(marker), count: 60) + "\n", data,
    ]
    var said: [String] = []
    for answer in answers {
      let client = try fixture.connect()
      let asked = client.ask(line)
      said += asked
      guard asked.last?.hasPrefix("INQUIRE") == true else { continue }
      client.send(answer)
      // One that is left incomplete is ended by the client.
      client.finishSending()
      while let line = client.readLine(seconds: 20) { said.append(line) }
    }
    return said
  }

  @Test("fault 49: whatever goes wrong, no secret is in logs, audit, files or messages")
  func markers() throws {
    fixture.startDaemon()
    var said: [String] = []
    func note(_ result: Subprocess.Result) {
      said += [result.outputText, result.errorText]
    }
    let short = try fixture.connect()
    said += short.ask("INIT --organization=acme --key-file", answering: "short")
    let made = coffer(
      ["init", "--organization", "acme", "--passphrase-fd", "0"], Marker.passphrase)
    #expect(made.status == 0)
    let code = made.line
    said.append(made.errorText)
    let issued = coffer(["create", "me/laptop"]).line
    note(coffer(["import", "me/stripe"], Marker.value))
    note(coffer(["import", "me/copy"], Marker.value))
    note(coffer(["import", "me/stripe"], Marker.rejected))
    note(coffer(["import", "nowhere/x"], Marker.rejected))
    note(coffer(["import", "me/x", "--env", "PATH"], Marker.rejected))
    note(coffer(["replace", "me/laptop"], Marker.rejected))
    note(coffer(["verify"], Marker.value))
    note(coffer(["verify"], issued + Marker.value))
    note(coffer(["unlock", "--passphrase-fd", "0"], Marker.wrong))
    note(coffer(["run", "-k", "me/stripe=PATH", "--", "true"]))
    note(coffer(["run", "-k", "me/stripe", "-k", "me/copy=STRIPE", "--", "true"]))
    note(coffer(["run", "-k", "me/stripe", "--", "/no/such/program"]))
    for line in ["IMPORT me/y", "REPLACE me/stripe", "VERIFY", "BURN", "AUTH", "IMPORT me/laptop"] {
      said += try provoke(line, with: Marker.rejected)
    }
    said += try provoke("UNLOCK", with: Marker.wrong)
    said += try provoke("UNLOCK --key-file", with: Marker.wrong)
    note(coffer(["lock"]))
    for line in ["UNLOCK", "UNLOCK --key-file", "VERIFY", "IMPORT me/z", "INIT --organization=x"] {
      said += try provoke(line, with: Marker.wrong)
    }
    // So many wrong ones make the next wait.
    let opens = eventually {
      let result = coffer(["unlock", "--passphrase-fd", "0"], Marker.passphrase)
      note(result)
      return result.status == 0
    }
    #expect(opens)
    if Programs.canTrace {
      // Writes that fail while secrets are on their way.
      let faults = InjectedFaults(
        try #require(fixture.daemonID), ["pwrite64,fdatasync:error=EIO"])
      note(coffer(["import", "me/unwritten"], Marker.rejected))
      let refused = coffer(["run", "-k", "me/stripe", "--", "true"])
      #expect(refused.status == 125)
      note(refused)
      faults.end()
    }
    note(coffer(["lock"]))
    note(coffer(["unlock", "--passphrase-fd", "0"], code))
    for arguments in [["audit"], ["audit", "--json"], ["list"], ["list", "--json"], ["status"]] {
      let result = coffer(arguments)
      #expect(result.status == 0, "\(result.errorText)")
      note(result)
    }
    for arguments in [["show", "me/stripe"], ["unused", "--json"], ["audit", "--check"]] {
      note(coffer(arguments))
    }
    let all = Array((said.joined(separator: "\n") + fixture.log).utf8)
    #expect(all.count > 10_000)
    let secrets =
      Marker.all + [String(issued.dropFirst(19).prefix(32)), String(code.prefix(31))]
    for secret in secrets {
      #expect(SecretSearch(Array(secret.utf8)).found(in: all) == [], "\(secret)")
      #expect(SecretSearch(Array(secret.utf8)).found(inFilesOf: fixture.statePath) == [])
    }
    // The search would have found them.
    #expect(SecretSearch(Array("marker".utf8)).found(in: all + Array(Marker.value.utf8)) != [])
  }

  @Test("fault 49: nothing that a client sends is logged, wherever it puts it") func stray() throws
  {
    let stray = "stray%marker e17b52"
    fixture.startDaemon()
    fixture.initialize()
    let word = "straymarkere17b52"
    for verb in [
      "NOP", "HELP", "OPTION", "GETINFO", "INIT", "UNLOCK", "LOCK", "STATUS", "CHECK", "WHOAMI",
      "WORKSPACE", "USER", "GRANT", "POLICY", "CREATE", "IMPORT", "REPLACE", "ROTATE", "EXPIRE",
      "SUSPEND", "RESUME", "REVOKE", "ENV", "LIST", "SHOW", "UNUSED", "WHY", "AUDIT", "SCAN", word,
    ] {
      for line in [
        "\(verb) \(word)", "\(verb) --\(word)", "\(verb) --\(word)=\(word)", "\(verb) me/\(word)",
        "\(verb) add \(word)", "\(verb) \(escaped(stray))", "\(verb) \(word)%G1",
      ] {
        let client = try fixture.connect()
        client.send(line + "\nCAN\nBYE\n")
        while client.readLine() != nil {}
        if verb == "LOCK" { fixture.coffer("unlock") }
      }
    }
    for text in [stray, word] {
      #expect(SecretSearch(Array(text.utf8)).found(in: Files.read(fixture.logPath)) == [])
    }
  }

  // MARK: Injection

  static let forged = "x\ncofferd: the vault is read-only: forged\u{1B}[2J\r\u{7}"

  @Test("fault 50: a path with line ends and escapes makes one line in the log, without them")
  func forgedPath() {
    let path = fixture.directory.path(Self.forged)
    let daemon = Subprocess(
      Programs.daemon, ["--state", path], environment: [:],
      streams: [.null, .null, .file(fixture.logPath)])
    #expect(eventually { fixture.log.contains("serving") })
    unlink(path + "/socket")
    #expect(daemon.waitForEnd(seconds: 5) == 1)
    expectCleanLog()
    Files.write([], to: fixture.directory.path("\u{1B}[2Jfile\nforged"))
    for arguments in [
      ["--state", fixture.directory.path("\u{1B}[2Jfile\nforged")], ["--state\n\u{1B}[2J"],
      ["--idle-lock", Self.forged], ["--socket", Self.forged],
    ] {
      let result = Subprocess.run(Programs.daemon, arguments)
      #expect(result.status != 0)
      Files.write(result.error, to: fixture.logPath)
      expectCleanLog()
    }
  }

  @Test("fault 50: names with line ends and escapes forge no line in log, audit or answers")
  func forgedNames() throws {
    fixture.startDaemon()
    fixture.initialize()
    let escaped = "x%0Acofferd:%20forged%1B[2J%0D%07"
    let client = try fixture.connect()
    #expect(client.ask("OPTION command=\(escaped)").count == 1)
    for line in [
      "SHOW me/\(escaped)", "CREATE me/\(escaped)", "CREATE me/a --note=\(escaped)",
      "CREATE me/b --env=\(escaped)", "WORKSPACE ADD \(escaped)", "GETINFO \(escaped)",
      "REVOKE \(escaped)", "HELP \(escaped)", "LIST --state=\(escaped)", "WHY \(escaped)",
      "GRANT --unit=\(escaped).service me/a", "GRANT --unit=a.service me/\(escaped)",
      "GRANT --unit=a.service me/a --credential=\(escaped)",
    ] {
      let reply = client.ask(line)
      #expect(["OK", "ERR"].contains(reply.last?.prefix { $0 != " " }), "\(reply)")
      #expect(reply.allSatisfy { !Self.hasControls($0) }, "\(reply)")
      #expect(!reply.contains { $0.hasPrefix("cofferd:") }, "\(reply)")
    }
    for arguments in [["audit"], ["audit", "--json"], ["list", "--json"], ["show", "me/a"]] {
      let result = fixture.coffer(arguments)
      let lines = result.outputText.split(separator: "\n")
      #expect(!lines.contains { $0.hasPrefix("cofferd:") }, "\(lines)")
      #expect(lines.allSatisfy { !Self.hasControls(String($0)) }, "\(lines)")
    }
    expectCleanLog()
  }

  private static func hasControls(_ text: String) -> Bool {
    text.utf8.contains { $0 < 0x20 || $0 == 0x7F }
  }

  private func expectCleanLog() {
    let lines = fixture.log.split(separator: "\n")
    #expect(!lines.isEmpty)
    for line in lines {
      #expect(line.hasPrefix("cofferd: ") && !Self.hasControls(String(line)), "\(line)")
      #expect(!line.hasPrefix("cofferd: the vault is read-only"), "\(line)")
    }
  }
}
