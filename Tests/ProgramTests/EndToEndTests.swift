import Glibc
import Platform
import TestSupport
import Testing

/// The way of a user, through the programs as they are built.
@Suite("End to end")
struct EndToEndTests {
  let fixture = VaultFixture()

  @Test(
    "what was stored is there after a kill -9 of the daemon, for coffer and for gpg-connect-agent")
  func survivesKill() throws {
    fixture.initializeWithKeys()
    let text = fixture.coffer("create", "me/laptop").line
    fixture.killDaemon()
    let run = fixture.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(run.line == VaultFixture.stripeValue)
    let issued = fixture.coffer("run", "-k", "me/laptop", "--", "printenv", "LAPTOP")
    #expect(issued.line == text)
    let agent = try #require(Programs.find("gpg-connect-agent"))
    let result = Subprocess.run(
      agent, ["--decode", "-S", fixture.socketPath, "ENV web/stripe", "/bye"],
      environment: fixture.environment)
    #expect(result.outputText.contains("D STRIPE_KEY=\(VaultFixture.stripeValue)\0"))
  }

  @Test("the three types of key are created, listed, shown and revoked") func threeTypes() {
    fixture.initializeWithKeys()
    let user = fixture.coffer("create", "me/laptop", "--expires", "12h", "--note", "my machine")
    let workspace = fixture.coffer("create", "web/ci", "--access", "editor", "--env", "CI_KEY")
    let organization = fixture.coffer("create", "org/billing", "--expires", "30d")
    for (result, mark) in [(user, "cof_uk_"), (workspace, "cof_wk_"), (organization, "cof_ok_")] {
      #expect(result.status == 0)
      #expect(result.line.hasPrefix(mark))
      #expect(result.line.utf8.count == 57)
      // The text alone goes to standard output, everything else to standard error.
      #expect(result.outputText == result.line + "\n")
      #expect(!result.errorText.contains(result.line.dropFirst(19)))
    }
    let list = fixture.coffer("list").outputText
    for name in ["web/stripe", "web/deploy", "me/laptop", "web/ci", "org/billing"] {
      #expect(list.contains("\n\(name) "), "\(name) is not in the list")
    }
    #expect(list.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let shown = fixture.coffer("show", "me/laptop", "--json").outputText
    #expect(shown.contains(#""name":"me/laptop","type":"user""#))
    #expect(shown.contains(#""note":"my machine""#))
    #expect(fixture.coffer("revoke", "web/ci").status == 0)
    let again = fixture.coffer("revoke", "web/ci")
    #expect(again.status == 0)
    #expect(again.errorText.contains("was revoked already"))
    #expect(fixture.coffer("run", "-k", "web/ci", "--", "true").status == 125)
    // Who revokes what has expired wants it ended whatever the clock was.
    fixture.coffer("expire", "me/laptop", "1s")
    #expect(eventually { fixture.coffer("show", "me/laptop").outputText.contains("expired") })
    let expired = fixture.coffer("revoke", "me/laptop")
    #expect(expired.status == 0)
    #expect(expired.errorText.contains("me/laptop had expired; now it is ended for good"))
    let over = fixture.coffer("revoke", "me/laptop")
    #expect(over.errorText.contains("me/laptop was expired already"), "\(over.errorText)")
  }

  @Test("values of every byte but NUL, and of 64 KiB, make the round trip") func roundTrip() {
    fixture.initialize()
    let every = (1...255).map { UInt8($0) }
    let long = (0..<65_536).map { UInt8($0 % 255 + 1) }
    let worst = [UInt8](repeating: UInt8(ascii: "%"), count: 65_536)
    for (name, value) in [("every", every), ("long", long), ("worst", worst)] {
      let imported = fixture.coffer(["import", "me/\(name)"], input: value)
      #expect(imported.status == 0, "\(imported.errorText)")
      let result = fixture.coffer(
        "run", "-k", "me/\(name)=VALUE", "--", "sh", "-c", "printf %s \"$VALUE\"")
      #expect(result.output == value, "\(name)")
    }
  }

  @Test("an only line end is cut off, several are kept") func lineEnds() {
    fixture.initialize()
    for (name, input, value) in [
      ("one", "value\n", "value"), ("two", "value\n\n", "value\n\n"), ("none", "value", "value"),
      ("inside", "a\nb\n", "a\nb\n"),
    ] {
      fixture.coffer("import", "me/\(name)", input: input)
      let result = fixture.coffer(
        "run", "-k", "me/\(name)=VALUE", "--", "sh", "-c", "printf '%s.' \"$VALUE\"")
      #expect(result.outputText == value + ".", "\(name)")
    }
  }

  @Test("a second key with the same value is kept, with a warning that names the first")
  func sameValue() {
    fixture.initializeWithKeys()
    let result = fixture.coffer("import", "me/copy", input: VaultFixture.stripeValue)
    #expect(result.status == 0)
    #expect(result.errorText.contains("warning: web/stripe holds the same value"))
  }

  @Test("an expired key is refused from its second on") func expires() {
    fixture.initialize()
    fixture.coffer("create", "me/short", "--expires", "2s")
    #expect(fixture.coffer("run", "-k", "me/short", "--", "true").status == 0)
    let expired = eventually {
      fixture.coffer("run", "-k", "me/short", "--", "true").status == 125
    }
    #expect(expired)
    let result = fixture.coffer("run", "-k", "me/short", "--", "true")
    #expect(result.errorText.contains("me/short: not found"))
    #expect(fixture.coffer("show", "me/short", "--json").outputText.contains(#""state":"expired""#))
    // The name is free again.
    #expect(fixture.coffer("create", "me/short").status == 0)
  }

  @Test("after a lock nothing is handed out without opening again") func locks() {
    fixture.initializeWithKeys()
    #expect(fixture.coffer("lock").status == 0)
    let locked = fixture.coffer(
      ["run", "-k", "web/stripe", "--", "true"], environment: fixture.environment)
    #expect(locked.status == 125)
    #expect(locked.errorText.hasPrefix("coffer: the vault is locked, and there is no terminal"))
    let list = fixture.coffer(["list"], environment: fixture.environment)
    #expect(list.status == 3)
    #expect(fixture.coffer("status", "--json").line == #"{"state":"locked"}"#)
    // With the key file it opens by itself.
    #expect(fixture.coffer("run", "-k", "web/stripe", "--", "true").status == 0)
  }

  @Test("status and whoami tell as JSON what they tell") func json() {
    fixture.initializeWithKeys()
    let status = fixture.coffer("status", "--json").line
    #expect(
      status.hasPrefix(
        #"{"state":"unlocked","organization":"acme","generation":1,"writable":true,"#))
    let whoami = fixture.coffer("whoami", "--json").line
    #expect(whoami.contains(#""role":"owner","workspaces":[{"name":"web","role":"owner"}]}"#))
  }

  @Test("an unused vault is locked by itself") func idleLock() {
    fixture.initialize()
    fixture.endDaemon()
    #expect(eventually { fixture.daemonID == nil })
    fixture.startDaemon(["--idle-lock", "2s"])
    #expect(fixture.coffer("unlock").status == 0)
    // Use keeps it open; looking at the status is no use.
    for _ in 0..<4 {
      sleep(milliseconds: 1000)
      #expect(fixture.coffer(["whoami"], environment: fixture.environment).status == 0)
    }
    #expect(eventually { fixture.coffer("status").outputText.contains("state  locked") })
    #expect(fixture.log.contains("nobody has used the vault for 2s: locking it"))
  }
}
