import Glibc
import Platform
import TestSupport
import Testing

/// The system's daemon under a real systemd: `Tests/booted/system.sh`.
@Suite(
  "The system's service",
  .enabled(if: BootedSystem.hindrance == nil, "\(BootedSystem.hindrance ?? "")"))
struct SystemServiceTests {
  let system = BootedSystem.shared

  @Test("install.sh wants root, installs it, and once more changes nothing") func install() {
    let refused = system["refuse-as-user"]
    #expect(refused.status == 1)
    #expect(refused.text.contains("sudo bash systemd/install.sh --system --programs"))
    let first = system["install"]
    #expect(first.status == 0, "\(first)")
    #expect(first.text.contains("started cofferd.socket cofferd-credential.socket"))
    let again = system["install-again"]
    #expect(again.status == 0, "\(again)")
    #expect(again.lines.count { $0.hasSuffix(" is up to date") } == 12, "\(again)")
    #expect(!again.text.contains("restarted"))
    #expect(
      system["nodes"].lines == [
        "755 root:root /run/coffer", "660 root:coffer /run/coffer/socket",
        "600 root:root /run/coffer/credential", "700 root:root /etc/credstore.encrypted",
      ])
  }

  @Test("the first client starts it, as a user that nobody else is") func activation() {
    #expect(system["before"].line == "inactive")
    #expect(system["activated"].status == 0, "\(system["activated"])")
    #expect(system["after"].line == "active")
    #expect(system["init"].status == 0, "\(system["init"])")
    #expect(system["state"].line.hasPrefix("700 "))
    #expect(!system["state"].line.hasSuffix(" root"))
  }

  @Test("each uid has the rights of its user") func rights() {
    #expect(system["import"].status == 0, "\(system["import"])")
    #expect(system["viewer-run"].line == "sk_live_system_marker")
    let refused = system["viewer-import"]
    #expect(refused.status == 1, "\(refused)")
    #expect(refused.text.contains("forbidden"))
  }

  @Test("who is not in the group coffer cannot connect") func group() {
    let outside = system["outside"]
    #expect(outside.status == 4, "\(outside)")
    #expect(outside.text.contains("'usermod -aG coffer LOGIN' as root, and log in anew"))
    #expect(system["outside-run"].status == 125)
    #expect(!system["outside-run"].text.contains("ran"))
  }

  @Test("from inside there is nothing but the vault and the socket") func sandbox() {
    let probe = Probe(system["probe"])
    probe.expect("ok", of: ["write-state", "unix"])
    probe.expect("Read-only file system", of: ["write-etc", "control-group"])
    probe.expect("Permission denied", of: ["write-home", "write-run", "read-home"])
    probe.expect("Address family not supported by protocol", of: ["internet", "netlink"])
    probe.expect("No such file or directory", of: ["other-process", "meminfo", "device"])
    probe.expect("Operation not permitted", of: Probe.filteredCalls + ["host-name"])
    #expect(probe["CapEff:"] == "0000000000000000")
    #expect(probe["CapBnd:"] == "0000000000000000")
    #expect(probe["NoNewPrivs:"] == "1")
    #expect(probe["Seccomp:"] == "2")
  }

  @Test("a passphrase opens the vault within the memory that it may have") func passphrase() {
    #expect(system["passphrase"].status == 0, "\(system["passphrase"])")
    #expect(system["right-passphrase"].status == 0, "\(system["right-passphrase"])")
    #expect(system["wrong-passphrase"].status == 1, "\(system["wrong-passphrase"])")
  }

  @Test("fault 60: a daemon that hangs is replaced, and nothing acknowledged is lost")
  func watchdog() {
    #expect(system["watchdog-alive"].line == "0", "one that runs was replaced")
    #expect(system["hung"].status != 0)
    #expect(system["watchdog-restarts"].line == "1")
    let acknowledged = String(decoding: system.bytes("acknowledged"), as: UTF8.self)
      .split(separator: "\n")
    #expect(acknowledged.count == 20)
    for name in acknowledged { #expect(system["watchdog-list"].text.contains("\(name) ")) }
  }

  @Test("a daemon that was killed is there again for the next client") func crashed() {
    #expect(system["crashed"].text.contains("locked"), "\(system["crashed"])")
  }

  @Test(
    "a daemon that ends at once fails its clients, and not its socket", arguments: [1, 75, 78])
  func endsAtOnce(status: Int) {
    let client = system["ends-\(status)"]
    #expect(client.status == 4, "\(client)")
    #expect(system["ends-\(status)-socket"].line == "active")
    // Without `systemctl reset-failed`.
    #expect(system["ends-\(status)-repaired"].status == 0, "\(system["ends-\(status)-repaired"])")
  }

  @Test("with a damaged vault it runs, and says so") func damaged() {
    #expect(system["damaged"].text.contains("damaged"), "\(system["damaged"])")
    #expect(system["damaged-active"].line == "active")
    #expect(system["undamaged"].line == "sk_live_system_marker")
  }

  @Test("an upgrade restarts it where it runs, and says that this locks the vault")
  func upgrade() {
    let upgrade = system["upgrade"]
    #expect(upgrade.status == 0, "\(upgrade)")
    #expect(upgrade.text.contains("restarted cofferd.service, which has locked the vault"))
    #expect(system["upgraded"].text.contains("locked"), "\(system["upgraded"])")
  }

  @Test("the journal holds no secret, in no form") func journal() {
    let journal = system.bytes("journal")
    #expect(String(decoding: journal, as: UTF8.self).contains("cofferd: serving"))
    var secrets = [
      "sk_live_user_marker", "sk_live_system_marker", "sk_live_granted_marker",
      "right_passphrase_marker", "wrong_passphrase_marker",
    ].map { Array($0.utf8) }
    let issued = system["issued"]
    #expect(issued.status == 0)
    secrets += issued.lines.filter { $0.hasPrefix("cof_uk_") }.map { Array($0.utf8) }
    #expect(secrets.count == 6)
    for secret in secrets {
      #expect(secret.count > 16)
      #expect(SecretSearch(secret).found(in: journal) == [])
    }
  }
}
