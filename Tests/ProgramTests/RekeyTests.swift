import Glibc
import Platform
import TestSupport
import Testing

/// A new key for the vault, on a vault that a passphrase and a recovery code open.
@Suite("coffer rekey")
struct RekeyTests {
  static let passphrase = "correct horse battery staple"
  static let prompt = "Passphrase of slot 1: "

  let fixture = VaultFixture()
  let formerCode: String
  let formerSlots: [UInt8]

  init() {
    fixture.startDaemon()
    formerCode =
      fixture.coffer(
        ["init", "--organization", "acme", "--passphrase-fd", "0"],
        input: Array(Self.passphrase.utf8), environment: fixture.environment
      ).line
    LeakTests.coffer(fixture, ["import", "me/stripe"], LeakTests.value)
    formerSlots = Files.read(fixture.statePath + "/slots")
  }

  /// Makes a new key; the passphrase comes from a descriptor.
  func rekey(with passphrase: String = RekeyTests.passphrase) -> Subprocess.Result {
    LeakTests.coffer(fixture, ["rekey", "--passphrase-fd", "0"], passphrase)
  }

  func unlocks(_ secret: String) -> Bool {
    LeakTests.coffer(fixture, ["lock"])
    return LeakTests.coffer(fixture, ["unlock", "--passphrase-fd", "0"], secret).status == 0
  }

  @Test("asks for what opens each slot by its number, and prints a new recovery code")
  func onTerminal() {
    let output = fixture.directory.path("stdout")
    let terminal = PseudoTerminal(
      Programs.client, ["rekey"], environment: fixture.environment, output: output)
    #expect(terminal.waitFor(Self.prompt), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(screen)")
    #expect(screen.contains("the vault has a new key; 2 slots open it"))
    let code = String(decoding: Files.read(output), as: UTF8.self)
    #expect(code.utf8.count == 64 && !screen.contains(code.dropLast()), "\(code)")
    #expect(unlocks(code))
    #expect(unlocks(Self.passphrase))
    #expect(!unlocks(formerCode))
    #expect(unlocks(Self.passphrase))
    let result = LeakTests.coffer(
      fixture, ["run", "-k", "me/stripe", "--", "printenv", "STRIPE"])
    #expect(result.line == LeakTests.value)
  }

  @Test("a wrong secret changes nothing") func wrongSecret() {
    let result = rekey(with: "wrong")
    #expect(result.status == 1)
    #expect(result.errorText.contains("this passphrase does not open slot 1"))
    #expect(Files.read(fixture.statePath + "/slots") == formerSlots)
    #expect(unlocks(formerCode))
  }

  @Test("whoever cannot open the vault does not take it over while it is open") func takenOver()
    throws
  {
    for (secret, code) in [("wrong", 11), (formerCode, nil)] {
      let client = try fixture.connect()
      #expect(client.ask("SLOT CHANGE 1").last == "INQUIRE PASSPHRASE")
      #expect(client.ask("D \(secret)\nEND").last == "INQUIRE NEWPASSPHRASE 1")
      // The recovery code is as good as the passphrase that was lost.
      #expect(AssuanClient.errorCode(of: client.ask("D a new one\nEND")) == code)
    }
    #expect(unlocks("a new one"))
    #expect(!unlocks(formerCode))
  }

  @Test("a slot is not removed if only a recovery code would open the vault") func lastSlot() {
    for options in [[], ["--keep-key"]] {
      let result = LeakTests.coffer(fixture, ["slot", "remove", "1"] + options)
      #expect(result.status == 1)
      #expect(result.errorText.contains("slot 1 is the last besides the recovery code"))
    }
    #expect(Files.read(fixture.statePath + "/slots") == formerSlots)
    let result = LeakTests.coffer(fixture, ["slot", "remove", "2", "--keep-key"])
    #expect(result.status == 0, "\(result.errorText)")
  }

  @Test("values that come while a new key is made are kept under it") func valuesMeanwhile() throws
  {
    let faults = InjectedFaults(try #require(fixture.daemonID), ["fsync:delay_enter=1000000"])
    let owner = try fixture.connect()
    #expect(owner.ask("REKEY").last == "INQUIRE PASSPHRASE 1")
    owner.send("D \(Self.passphrase)\nEND\n")
    #expect(eventually { Files.names(in: fixture.statePath).contains("records.2") })
    // All of it is accepted now, and decided when the new key is there.
    let clients = try (0..<3).map { _ in try fixture.connect() }
    #expect(clients[0].ask("IMPORT me/late").last == "INQUIRE VALUE")
    clients[0].send("D late value\nEND\n")
    clients[1].send("CREATE me/created\n")
    #expect(clients[2].ask("REPLACE me/stripe").last == "INQUIRE VALUE")
    clients[2].send("D another value\nEND\n")
    for client in [owner] + clients { #expect(client.readReply().last == "OK") }
    faults.end()
    LeakTests.coffer(fixture, ["lock"])
    #expect(unlocks(Self.passphrase))
    for (name, value) in [("me/late", "late value"), ("me/stripe", "another value")] {
      let result = LeakTests.coffer(
        fixture, ["run", "-k", "\(name)=VALUE", "--", "printenv", "VALUE"])
      #expect(result.line == value, "\(name): \(result.errorText)")
    }
    #expect(LeakTests.coffer(fixture, ["run", "-k", "me/created", "--", "true"]).status == 0)
    #expect(rekey().status == 0)
  }

  @Test("a new key is not made of slots that are changed while it is made") func meanwhile() throws
  {
    let other = String(repeating: "other", count: 8)
    let faults = InjectedFaults(
      try #require(fixture.daemonID), ["fsync:delay_enter=1500000"])
    let clients = [try fixture.connect(), try fixture.connect()]
    #expect(clients[0].ask("SLOT ADD key-file").last == "INQUIRE PASSPHRASE")
    #expect(clients[0].ask("D \(Self.passphrase)\nEND").last == "INQUIRE NEWKEYFILE")
    #expect(clients[1].ask("REKEY").last == "INQUIRE PASSPHRASE 1")
    clients[0].send("D \(other)\nEND\n")
    // The slots of the one are written while the other's key is derived.
    sleep(milliseconds: 300)
    clients[1].send("D \(Self.passphrase)\nEND\n")
    let replies = clients.map { $0.readReply() }
    faults.end()
    #expect(replies[0].last == "OK", "\(replies[0])")
    #expect(replies[1].last?.contains("the slots have changed meanwhile") == true, "\(replies)")
    fixture.killDaemon()
    fixture.startDaemon()
    Files.write(Array(other.utf8), to: fixture.keyFilePath)
    #expect(fixture.coffer("unlock").status == 0)
  }

  @Test("nothing is done where the new recovery code would be lost") func closedOutput() {
    let result = Subprocess.run(
      "/bin/sh", ["-c", "\(Programs.client) rekey --passphrase-fd 0 >&-"],
      environment: fixture.environment, input: Array(Self.passphrase.utf8))
    #expect(result.status == 1)
    #expect(result.errorText.contains("standard output is closed, so nothing was done"))
    #expect(Files.read(fixture.statePath + "/slots") == formerSlots)
  }

  @Test("the keys are all others, and the audit goes on behind them") func keys() throws {
    #expect(rekey().status == 0)
    let slots = Files.read(fixture.statePath + "/slots")
    let former = try VaultKeys.all(inSlots: formerSlots, passphrase: Self.passphrase)
    let new = try VaultKeys.all(inSlots: slots, passphrase: Self.passphrase)
    #expect(former.count == new.count && !new.isEmpty)
    for (name, key) in new { #expect(!former.contains { $0.key == key }, "\(name)") }
    #expect(LeakTests.coffer(fixture, ["audit", "--check"]).status == 0)
    #expect(LeakTests.coffer(fixture, ["audit"]).outputText.contains("IMPORT"))
    #expect(LeakTests.coffer(fixture, ["audit"]).outputText.contains("REKEY"))
  }

  @Test(
    "after it and a lock, neither the former keys nor the new ones are in memory",
    .enabled(if: Programs.isRoot, "needs root"))
  func memory() throws {
    let id = try #require(fixture.daemonID)
    let code = rekey().line
    #expect(rekey(with: "wrong").status == 1)
    #expect(LeakTests.coffer(fixture, ["lock"]).status == 0)
    let slots = Files.read(fixture.statePath + "/slots")
    #expect(slots != formerSlots)
    let keys =
      try VaultKeys.all(inSlots: formerSlots, passphrase: Self.passphrase)
      + VaultKeys.all(inSlots: slots, passphrase: Self.passphrase)
    for (name, key) in keys {
      for part in [key.prefix(16), key.suffix(16)] {
        #expect(SecretSearch(Array(part)).found(inMemoryOf: id) == [], "\(name)")
      }
    }
    for (name, secret) in [
      ("the passphrase", Self.passphrase), ("the value", LeakTests.value),
      ("the new recovery code", String(code.prefix(31))),
    ] {
      #expect(SecretSearch(Array(secret.utf8)).found(inMemoryOf: id) == [], "\(name)")
    }
  }
}
