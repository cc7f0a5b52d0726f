import Glibc
import Platform
import TestSupport
import Testing

/// What is found wrong, and what is done about it.
@Suite("coffer doctor")
struct DoctorTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  /// The verdict on each subject; the worst one if there are several.
  func verdicts(_ result: Subprocess.Result) -> [String: String] {
    var verdicts: [String: String] = [:]
    for line in result.outputText.split(separator: "\n") where !line.hasPrefix(" ") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
      if verdicts[words[1]] != "wrong" { verdicts[words[1]] = words[0] }
    }
    return verdicts
  }

  /// Everything in the state directory, with its bytes.
  var state: [String: [UInt8]] {
    var state: [String: [UInt8]] = [:]
    for name in Files.names(in: fixture.statePath) {
      state[name] = name == "socket" ? [] : Files.read(fixture.statePath + "/" + name)
    }
    return state
  }

  static let ofVault = ["directory", "slots", "files", "chain", "values", "writing", "clock"]

  @Test("of an open vault everything is looked at, and nothing is changed") func open() {
    let former = state
    let result = fixture.coffer("doctor")
    let verdicts = verdicts(result)
    for subject in Self.ofVault + ["daemon", "socket", "version", "client"] {
      #expect(verdicts[subject] == "ok", "\(subject): \(result.outputText)")
    }
    #expect(result.status == (verdicts.values.contains("wrong") ? 1 : 0))
    // The audit may have a row more, by which the daemon notes the time.
    for (name, bytes) in state {
      let isKept = name.hasPrefix("audit.") ? bytes.starts(with: former[name] ?? [0]) : false
      #expect(isKept || bytes == former[name], "\(name)")
    }
    #expect(state.count == former.count)
    let json = fixture.coffer("doctor", "--json").outputText.split(separator: "\n")
    #expect(json.contains { $0.hasPrefix(#"{"subject":"slots","verdict":"ok","text":""#) })
  }

  @Test("of a locked vault it is told what cannot be told, and it stays locked") func locked() {
    fixture.coffer("lock")
    let result = fixture.coffer("doctor")
    let verdicts = verdicts(result)
    #expect(verdicts["chain"] == "unknown" && verdicts["values"] == "unknown")
    #expect(verdicts["slots"] == "ok" && verdicts["files"] == "ok")
    #expect(result.outputText.contains("hint: 'coffer unlock'"))
    #expect(fixture.coffer("status", "--json").line == #"{"state":"locked"}"#)
  }

  @Test("without a daemon none is started, and the files are looked at all the same")
  func noDaemon() {
    fixture.killDaemon()
    let former = state
    let result = fixture.coffer("doctor")
    #expect(result.outputText.contains("none runs"))
    #expect(verdicts(result)["files"] == "ok")
    #expect(fixture.daemonID == nil)
    #expect(state == former)
    let nowhere = fixture.coffer(
      ["doctor"], environment: ["COFFER_HOME": fixture.directory.path("nowhere")])
    #expect(nowhere.outputText.contains("no vault is"))
    #expect(!Files.names(in: fixture.directory.path).contains("nowhere"))
  }

  @Test("a place where no vault can be made is told", .enabled(if: Programs.isRoot, "needs root"))
  func nowhere() {
    let place = fixture.directory.path("closed")
    mkdir(place, 0o755)
    chmod(fixture.directory.path, 0o755)
    let result = Subprocess.run(
      "/usr/bin/setpriv",
      ["--reuid", "4301", "--clear-groups", Programs.client, "doctor"],
      environment: ["COFFER_HOME": place + "/vault"])
    #expect(result.status == 1, "\(result.errorText)")
    #expect(result.outputText.contains("closed may not be written to"), "\(result.outputText)")
  }

  @Test("files that are open to others are wrong, with what to do and exit 1") func modes() {
    chmod(fixture.keyFilePath, 0o644)
    let keyFile = fixture.coffer("doctor")
    #expect(keyFile.status == 1)
    #expect(keyFile.outputText.contains("the key file is open to others"))
    #expect(keyFile.outputText.contains("hint: close it with 'chmod 600"))
    chmod(fixture.keyFilePath, 0o600)
    chmod(fixture.socketPath, 0o666)
    let socket = fixture.coffer("doctor")
    #expect(socket.status == 1)
    #expect(verdicts(socket)["client"] == "wrong")
    fixture.killDaemon()
    chmod(fixture.statePath, 0o755)
    let directory = fixture.coffer("doctor")
    #expect(directory.status == 1)
    #expect(verdicts(directory)["directory"] == "wrong", "\(directory.outputText)")
    let status = try? FileStatus.ofFile(at: fixture.statePath, followsLinks: false)
    #expect(status?.permissions == 0o755)
  }

  // MARK: Repairing

  /// Damages the last record of the log, which was acknowledged.
  func damage() {
    fixture.killDaemon()
    var records = Files.read(fixture.statePath + "/records.1")
    records[records.count - 1] ^= 1
    Files.write(records, to: fixture.statePath + "/records.1")
    #expect(fixture.coffer("unlock").status == 1)
  }

  @Test("a damaged vault is shown first, and nothing is done without a yes") func shown() {
    damage()
    let diagnosis = fixture.coffer("doctor")
    #expect(diagnosis.status == 1)
    #expect(verdicts(diagnosis)["chain"] == "wrong", "\(diagnosis.outputText)")
    #expect(diagnosis.outputText.contains("'coffer doctor --repair' shows what can be saved"))
    #expect(fixture.coffer("status").outputText.contains("has changed"))
    let former = state
    let dry = fixture.coffer("doctor", "--repair", "--dry-run")
    #expect(dry.status == 0, "\(dry.errorText)")
    #expect(dry.errorText.contains("to repair the vault:"))
    #expect(dry.outputText.contains("Changes that are lost:"))
    #expect(dry.outputText.contains("CREATE"), "\(dry.outputText)")
    let unasked = fixture.coffer("doctor", "--repair", "vault")
    #expect(unasked.status == 2)
    #expect(unasked.errorText.contains("say --yes to do this"))
    let terminal = PseudoTerminal(
      Programs.client, ["doctor", "--repair"], environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("Do this, without what is lost? [y/N] "), "\(terminal.text)")
    terminal.type("n\n")
    #expect(terminal.readToEnd().contains("nothing was changed"))
    #expect(terminal.process.waitForEnd() == 1)
    #expect(state == former)
    #expect(fixture.coffer("unlock").status == 1)
  }

  @Test("a copy that is put in the place of damaged files is found without ending the daemon")
  func putBack() {
    fixture.coffer("lock")
    let slots = Files.read(fixture.statePath + "/slots")
    Files.write(Array(slots.dropLast()), to: fixture.statePath + "/slots")
    let refused = fixture.coffer("list")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("'coffer restore' a backup"), "\(refused.errorText)")
    let repair = fixture.coffer("doctor", "--repair", "--yes")
    #expect(repair.status == 1)
    #expect(repair.errorText.contains("'coffer restore' a backup"), "\(repair.errorText)")
    Files.write(slots, to: fixture.statePath + "/slots")
    #expect(fixture.coffer("list").status == 0)
  }

  @Test("a repair saves what can be read, keeps the damaged file, and names each lost key")
  func repairs() {
    let id = fixture.coffer("show", "web/deploy", "--json").line.prefix(80)
    damage()
    let damaged = Files.read(fixture.statePath + "/records.1")
    let result = fixture.coffer("doctor", "--repair", "--yes")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("the vault is repaired, and unlocked"))
    let lost = result.outputText.split(separator: " ").first { $0.hasPrefix("id:") } ?? "id:none"
    #expect(id.contains(lost.dropFirst(3).prefix(12)), "\(result.outputText)")
    #expect(Files.read(fixture.statePath + "/records.1.damaged") == damaged)
    let run = fixture.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(run.line == VaultFixture.stripeValue)
    #expect(fixture.coffer("show", "web/deploy").status == 1)
    #expect(fixture.coffer("audit", "--check").status == 0)
    #expect(verdicts(fixture.coffer("doctor"))["chain"] == "ok")
    fixture.coffer("lock")
    #expect(fixture.coffer("unlock").status == 0)
  }

  @Test("what a lost change has ended does not come to life again by a repair") func ended() {
    let revoked = fixture.coffer("create", "me/revoked").line
    let rotated = fixture.coffer("create", "me/rotated").line
    let start = Files.read(fixture.statePath + "/records.1").count
    fixture.coffer("rotate", "me/rotated", "--now")
    fixture.coffer("revoke", "me/revoked")
    fixture.killDaemon()
    var records = Files.read(fixture.statePath + "/records.1")
    records[start + 40] ^= 1
    Files.write(records, to: fixture.statePath + "/records.1")
    fixture.startDaemon()
    let result = fixture.coffer("doctor", "--repair", "--yes")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.errorText.contains("issued keys are suspended"), "\(result.errorText)")
    for text in [revoked, rotated] {
      #expect(fixture.coffer(["verify"], input: Array(text.utf8)).status == 1)
    }
    #expect(fixture.coffer("list", "--state", "suspended").outputText.contains("restored"))
    // What a vendor has issued is not Coffer's to end.
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
    fixture.coffer("revoke", "me/revoked")
    #expect(fixture.coffer("resume", "--restored").status == 0)
    #expect(fixture.coffer(["verify"], input: Array(revoked.utf8)).status == 1)
    #expect(fixture.coffer(["verify"], input: Array(rotated.utf8)).status == 0)
  }

  @Test("on a terminal the lost changes are told once", arguments: [[], ["--yes"]])
  func toldOnce(options: [String]) {
    damage()
    let terminal = PseudoTerminal(
      Programs.client, ["doctor", "--repair"] + options,
      environment: fixture.environmentWithKeyFile)
    if options.isEmpty {
      #expect(terminal.shows("Do this, without what is lost? [y/N] "), "\(terminal.text)")
      terminal.type("y\n")
    }
    let lines = terminal.readToEnd().split(separator: "\r\n")
    #expect(terminal.process.waitForEnd() == 0, "\(lines)")
    #expect(lines.count { $0.contains("Changes that are lost:") } == 1, "\(lines)")
    #expect(lines.contains { $0.contains("the vault is repaired") }, "\(lines)")
  }

  @Test("the options of a repair are told to go with it", arguments: ["--dry-run", "--yes"])
  func repairOptions(option: String) {
    let result = fixture.coffer("doctor", option)
    #expect(result.status == 2)
    #expect(result.errorText.hasPrefix("coffer: \(option) goes with --repair only\n"))
    for other in ["--dry-run", "--yes", "--key-file", "--passphrase-fd", "--wait"] {
      #expect(result.errorText.contains(other), "\(result.errorText)")
    }
  }

  @Test("a wrong secret and what needs no repair change nothing") func nothing() {
    let healthy = fixture.coffer("doctor", "--repair")
    #expect(healthy.status == 0)
    #expect(healthy.errorText.contains("there is nothing to repair"))
    #expect(fixture.coffer("doctor", "--repair", "writing").status == 0)
    #expect(fixture.coffer("doctor", "--repair", "vault").status == 1)
    fixture.coffer("lock")
    let locked = fixture.coffer("doctor", "--repair")
    #expect(locked.status == 0)
    #expect(locked.errorText.contains("nothing of the vault is damaged"))
    damage()
    let former = state
    let wrong = fixture.directory.path("wrong")
    Files.write([UInt8](repeating: 0x61, count: 64), to: wrong)
    let result = fixture.coffer("doctor", "--repair", "--yes", "--key-file", wrong)
    #expect(result.status == 1)
    #expect(result.errorText.contains("this key file does not open the vault"))
    #expect(state == former)
  }

  @Test(
    "what is not said rightly is a usage error",
    arguments: [
      ["clock"], ["--repair", "moon"], ["--yes"], ["--repair", "clock", "--dry-run"],
      ["--repair", "--json"],
    ])
  func usage(arguments: [String]) {
    #expect(fixture.coffer(["doctor"] + arguments).status == 2)
  }
}
