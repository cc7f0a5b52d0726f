import Glibc
import Platform
import TestSupport
import Testing

/// Units of the system that fetch credentials, as systemd does it for them.
@Suite(
  "Credentials of units",
  .enabled(if: Programs.isRoot && Programs.find("python3") != nil, "needs root and python3"))
struct CredentialSocketTests {
  let fixture = VaultFixture()

  var credentialPath: String { fixture.directory.path("credential") }

  /// Asks as systemd does, and tells what came: `end N` or `reset N` for so many bytes,
  /// and behind it the bytes, or `zeros`.
  static let script = """
    import os, socket, sys
    path, unit, name = sys.argv[1:4]
    uid = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    if uid: os.setuid(uid)
    s = socket.socket(socket.AF_UNIX)
    if unit != '-': s.bind('\\0%016x/unit/%s/%s' % (int.from_bytes(os.urandom(8), 'big'), unit, name))
    s.connect(path); s.shutdown(socket.SHUT_WR)
    got, how = b'', 'end'
    try:
      while True:
        more = s.recv(65536)
        if not more: break
        got += more
    except ConnectionResetError: how = 'reset'
    shown = 'zeros' if got and not got.strip(b'\\0') else got.decode('latin-1')
    sys.stdout.write('%s %d %s' % (how, len(got), shown))
    """

  static let refused = "end 1048577 zeros"

  func start() {
    chmod(fixture.directory.path, 0o755)
    fixture.startDaemon(
      ["--system", "--credential-socket", credentialPath], socket: fixture.directory.path("socket"))
    // The other socket is there a moment before.
    #expect(eventually { (try? UnixSocket.connect(to: credentialPath)) != nil })
  }

  func coffer(_ arguments: String..., input: String = "") -> Subprocess.Result {
    fixture.coffer(
      arguments, input: Array(input.utf8),
      environment: ["COFFER_SOCKET": fixture.socketPath, "COFFER_KEY_FILE": fixture.keyFilePath])
  }

  /// Makes a vault with `web/stripe` granted to `web.service`.
  func makeVault(value: String = VaultFixture.stripeValue) {
    start()
    let made = coffer(
      "init", "--organization", "acme", "--owner", "root", "--key-file", fixture.keyFilePath,
      "--no-recovery")
    #expect(made.status == 0, "\(made.errorText)")
    _ = coffer("workspace", "add", "web")
    #expect(coffer("import", "web/stripe", input: value).status == 0)
    let granted = coffer("grant", "--unit", "web.service", "web/stripe")
    #expect(granted.status == 0, "\(granted.errorText)")
  }

  func ask(_ unit: String, _ name: String, uid: Int? = nil) -> Subprocess {
    let output = fixture.directory.path("answer-\(UInt64.random(in: 0...UInt64.max))")
    outputs.paths.append(output)
    return Subprocess(
      Programs.find("python3") ?? "",
      ["-c", Self.script, credentialPath, unit, name] + (uid.map { ["\($0)"] } ?? []),
      environment: [:], streams: [.null, .file(output), .null])
  }

  /// Where the answers are, in the order of the questions.
  final class Outputs { var paths: [String] = [] }
  let outputs = Outputs()

  func answer(_ number: Int) -> String {
    String(decoding: Files.read(outputs.paths[number]), as: UTF8.self)
  }

  /// Asks, and waits for the whole answer.
  func answer(to unit: String, _ name: String, uid: Int? = nil) -> String {
    #expect(ask(unit, name, uid: uid).waitForEnd(seconds: 10) == 0)
    return answer(outputs.paths.count - 1)
  }

  // MARK: Deciding

  @Test("a unit that was granted a key gets its value, and leaves a row") func granted() {
    makeVault()
    let value = VaultFixture.stripeValue
    #expect(answer(to: "web.service", "stripe") == "end \(value.utf8.count) \(value)")
    let rows = coffer("audit").outputText.split(separator: "\n").filter {
      $0.contains("CREDENTIAL")
    }
    #expect(rows.count == 1 && rows[0].contains("web.service stripe"), "\(rows)")
    #expect(coffer("show", "web/stripe", "--json").outputText.contains("\"uses\":1"))
  }

  @Test("the longest value comes whole") func longest() {
    let value = String(repeating: "0123456789abcdef", count: 4096)
    makeVault(value: value)
    #expect(answer(to: "web.service", "stripe") == "end 65536 \(value)")
  }

  @Test("who was granted nothing gets more than systemd takes, so that the unit does not start")
  func ungranted() {
    makeVault()
    #expect(answer(to: "other.service", "stripe") == Self.refused)
    #expect(answer(to: "web.service", "other") == Self.refused)
    #expect(answer(to: "web.service", "") == Self.refused)
    #expect(answer(to: "-", "-") == Self.refused)
    let rows = coffer("audit").outputText.split(separator: "\n").filter {
      $0.contains("CREDENTIAL")
    }
    // Two of a unit, and two that were none of systemd's.
    #expect(rows.count == 4 && rows.allSatisfy { $0.contains("forbidden") }, "\(rows)")
    #expect(fixture.log.contains("the unit other.service is not given stripe"))
    #expect(fixture.log.contains("its address is none of systemd's"))
    // Past ten a minute they are counted, in the log as in the audit.
    for _ in 0..<20 { #expect(answer(to: "-", "-") == Self.refused) }
    #expect(fixture.log.split(separator: "\n").count { $0.contains("asked for") } < 11)
  }

  @Test("nobody but uid 0 is believed, whatever the mode of the socket") func otherUser() {
    makeVault()
    chmod(credentialPath, 0o666)
    #expect(answer(to: "web.service", "stripe", uid: 4399) == Self.refused)
    #expect(fixture.log.contains("a credential was asked for by uid 4399 (process "))
    let rows = coffer("audit", "--json").outputText.split(separator: "\n")
    #expect(rows.contains { $0.contains("\"uid\":4399") && $0.contains("CREDENTIAL") })
  }

  @Test("the socket is root's alone, and goes with the daemon") func node() throws {
    start()
    let status = try #require(try FileStatus.ofFile(at: credentialPath, followsLinks: false))
    #expect(status.kind == .socket && status.permissions == 0o600)
    fixture.daemon?.signal(SIGTERM)
    #expect(fixture.daemon?.waitForEnd(seconds: 5) == 0)
    #expect(try FileStatus.ofFile(at: credentialPath, followsLinks: false) == nil)
  }

  @Test("a key that is suspended, revoked or rotated counts from the next request on")
  func life() {
    makeVault()
    _ = coffer("suspend", "web/stripe")
    #expect(answer(to: "web.service", "stripe") == Self.refused)
    _ = coffer("resume", "web/stripe")
    _ = coffer("replace", "web/stripe", input: "newer")
    #expect(answer(to: "web.service", "stripe") == "end 5 newer")
    _ = coffer("grant", "--unit", "web.service", "web/stripe", "none")
    #expect(answer(to: "web.service", "stripe") == Self.refused)
    _ = coffer("grant", "--unit", "web.service", "web/stripe")
    #expect(answer(to: "web.service", "stripe") == "end 5 newer")
    _ = coffer("revoke", "web/stripe")
    #expect(answer(to: "web.service", "stripe") == Self.refused)
  }

  // MARK: Never an empty or a cut value

  @Test("while the vault is locked a unit waits, and is served when it is open") func locked() {
    makeVault()
    _ = coffer("lock")
    let (first, second) = (ask("web.service", "stripe"), ask("other.service", "stripe"))
    #expect(first.waitForEnd(seconds: 0.5) == nil && second.waitForEnd(seconds: 0.1) == nil)
    #expect(coffer("unlock").status == 0)
    #expect(first.waitForEnd(seconds: 5) == 0 && second.waitForEnd(seconds: 5) == 0)
    #expect(answer(0) == "end 28 \(VaultFixture.stripeValue)")
    #expect(answer(1) == Self.refused)
  }

  @Test("who has given up while it was locked is given nothing, and leaves no row")
  func gaveUp() {
    makeVault()
    _ = coffer("lock")
    let gone = ask("web.service", "stripe")
    #expect(gone.waitForEnd(seconds: 0.5) == nil)
    gone.signal(SIGKILL)
    gone.waitForEnd()
    #expect(coffer("unlock").status == 0)
    #expect(answer(to: "web.service", "stripe") == "end 28 \(VaultFixture.stripeValue)")
    let rows = coffer("audit").outputText.split(separator: "\n").filter {
      $0.contains("CREDENTIAL")
    }
    #expect(rows.count == 1, "\(rows)")
  }

  @Test(
    "a daemon that ends or is killed while a unit waits gives it no end to read",
    arguments: [SIGTERM, SIGKILL])
  func ends(signal: Int32) {
    makeVault()
    _ = coffer("lock")
    let waiting = ask("web.service", "stripe")
    #expect(waiting.waitForEnd(seconds: 0.5) == nil)
    fixture.daemon?.signal(signal)
    fixture.daemon?.waitForEnd()
    #expect(waiting.waitForEnd(seconds: 5) == 0)
    #expect(answer(0) == "reset 0 ")
  }

  @Test(
    "a unit that asks while its key is being changed is given no end when the daemon ends or dies",
    .enabled(if: Programs.canTrace, "needs strace and root"), arguments: [SIGTERM, SIGKILL])
  func changing(signal: Int32) throws {
    makeVault()
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:delay_enter=1500000"])
    let client = try AssuanClient(fixture.socketPath)
    #expect(client.readLine()?.hasPrefix("OK") == true)
    #expect(client.ask("REPLACE web/stripe").last == "INQUIRE VALUE")
    client.send("D newer\nEND\n")
    sleep(milliseconds: 300)
    let waiting = ask("web.service", "stripe")
    #expect(waiting.waitForEnd(seconds: 0.5) == nil)
    fixture.daemon?.signal(signal)
    #expect(waiting.waitForEnd(seconds: 20) == 0)
    faults.end()
    fixture.daemon?.waitForEnd()
    #expect(["reset 0 ", "end 5 newer", Self.refused].contains(answer(0)), "\(answer(0))")
  }

  @Test("who reads a refusal slowly reads all of it, also while the daemon ends") func slowReader()
    throws
  {
    makeVault()
    let slow = Self.script.replacing("try:\n", with: "import time; time.sleep(6)\ntry:\n")
    let output = fixture.directory.path("slow")
    let reader = Subprocess(
      Programs.find("python3") ?? "", ["-c", slow, credentialPath, "other.service", "stripe"],
      environment: [:], streams: [.null, .file(output), .null])
    sleep(milliseconds: 500)
    fixture.daemon?.signal(SIGTERM)
    #expect(reader.waitForEnd(seconds: 20) == 0)
    #expect(String(decoding: Files.read(output), as: UTF8.self) == Self.refused)
    #expect(fixture.daemon?.waitForEnd(seconds: 5) == 0)
  }

  @Test("a unit that comes together with a lock waits, and is not refused") func withLock() throws {
    makeVault()
    let daemon = try #require(fixture.daemonID)
    for _ in 0..<5 {
      kill(daemon, SIGSTOP)
      kill(daemon, SIGUSR1)
      let unit = ask("web.service", "stripe")
      sleep(milliseconds: 200)
      kill(daemon, SIGCONT)
      #expect(unit.waitForEnd(seconds: 0.3) == nil)
      #expect(coffer("unlock").status == 0)
      #expect(unit.waitForEnd(seconds: 5) == 0)
      #expect(answer(outputs.paths.count - 1) == "end 28 \(VaultFixture.stripeValue)")
    }
  }

  @Test(
    "a row that cannot be written hands out nothing",
    .enabled(if: Programs.canTrace, "needs strace and root"))
  func unaudited() throws {
    makeVault()
    let faults = InjectedFaults(try #require(fixture.daemonID), ["pwrite64:error=EIO"])
    #expect(answer(to: "web.service", "stripe") == Self.refused)
    faults.end()
  }

  @Test(
    "a value that the kernel takes only in part becomes a refusal",
    .enabled(if: Programs.canTrace, "needs strace and root"))
  func cut() throws {
    makeVault()
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["sendto:retval=3:when=1"])
    // Nothing of the value has gone out, but the daemon believes that three bytes have.
    let result = answer(to: "web.service", "stripe")
    faults.end()
    #expect(result == Self.refused)
  }

  @Test("hundreds that are refused at once are all refused whole, and hinder nobody")
  func many() {
    makeVault()
    let units = (0..<100).map { ask("other\($0).service", "stripe") }
    #expect(coffer("list").status == 0)
    for unit in units { #expect(unit.waitForEnd(seconds: 20) == 0) }
    for number in units.indices { #expect(answer(number) == Self.refused) }
    #expect(answer(to: "web.service", "stripe") == "end 28 \(VaultFixture.stripeValue)")
  }

  @Test("after serving and refusing, no value is in the daemon's memory") func memory() throws {
    makeVault()
    for _ in 0..<5 { _ = answer(to: "web.service", "stripe") }
    let search = SecretSearch(Array(VaultFixture.stripeValue.utf8))
    #expect(search.found(inMemoryOf: try #require(fixture.daemonID)) == [])
  }
}
