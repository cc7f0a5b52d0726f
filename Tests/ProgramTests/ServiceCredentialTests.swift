import Glibc
import Platform
import TestSupport
import Testing

/// Credentials under a real systemd: `Tests/booted/credential.sh`.
@Suite(
  "Credentials of systemd",
  .enabled(if: BootedSystem.hindrance == nil, "\(BootedSystem.hindrance ?? "")"))
struct ServiceCredentialTests {
  let system = BootedSystem.shared

  // MARK: Unlocking

  @Test("the four lines of the README make a vault that opens by itself") func unattended() {
    #expect(ReadmeTests.runnerLines.count == 4)
    #expect(system["readme"].status == 0, "\(system["readme"])")
    #expect(system["unattended"].text.contains("unlocked"), "\(system["unattended"])")
    #expect(system["unattended-run"].line == "sk_live_granted_marker")
    #expect(system["unattended-files"].lines.count { $0 == "coffer.key" } == 1)
  }

  @Test("a credential that does not fit, or is not there, leaves a locked daemon that says why")
  func useless() {
    let reasons = [
      "wrong": "the credential coffer.key does not open the vault: it fits no slot",
      "missing": "the vault has a slot for a credential, and systemd has brought no coffer.key",
    ]
    for (name, reason) in reasons {
      #expect(system["\(name)-active"].lines == ["active", "active"], "\(name)")
      #expect(system[name].text.contains("locked"), "\(system[name])")
      #expect(system[name].text.contains(reason), "\(system[name])")
      #expect(system["\(name)-journal"].text.contains(reason), "\(name)")
      #expect(system["\(name)-text"].line == "The vault: locked")
    }
  }

  @Test("one that systemd cannot decrypt is named in its status, and the next one is taken")
  func foreign() {
    #expect(system["foreign"].status == 4, "\(system["foreign"])")
    #expect(system["foreign-exit"].line == "243")
    #expect(system["foreign-active"].lines.last == "active")
    #expect(system["repaired"].text.contains("unlocked"), "\(system["repaired"])")
  }

  @Test("SIGUSR1 locks the vault") func signalled() {
    #expect(system["signalled"].text.contains("locked"), "\(system["signalled"])")
    #expect(!system["signalled"].text.contains("unlocked"))
  }

  // MARK: Giving

  @Test("a unit that was granted a key is given its value") func granted() {
    #expect(system["grant-granted"].status == 0, "\(system["grant-granted"])")
    #expect(system["granted-start"].status == 0, "\(system["granted-start"])")
    #expect(system["granted"].text == "got <sk_live_granted_marker>")
  }

  @Test("a unit that was granted none does not run") func ungranted() {
    #expect(system["ungranted-start"].status == 1)
    #expect(system["ungranted-exit"].line == "243")
    #expect(system["ungranted"].status == 1, "\(system["ungranted"])")
  }

  @Test("nobody but root gets to the socket of the credentials") func stranger() {
    #expect(system["stranger"].text.contains("PermissionError"), "\(system["stranger"])")
  }

  @Test("a unit waits for a locked vault until it is unlocked") func waiting() {
    #expect(system["waiting-state"].line == "activating")
    #expect(system["waiting-nothing"].status == 1)
    #expect(system["waiting"].text == "got <sk_live_granted_marker>")
  }

  @Test("a daemon that ends or is killed leaves a unit that waits to the next one")
  func gone() {
    for name in ["ended", "killed"] {
      #expect(system["\(name)-state"].line == "activating", "\(name)")
      #expect(system["\(name)-result"].line == "active", "\(name)")
      // Above all no empty value.
      #expect(system[name].text == "got <sk_live_granted_marker>", "\(name)")
    }
  }

  @Test("uninstalling takes away the units, the programs and the sockets, and leaves the vault")
  func uninstall() {
    #expect(system["uninstall"].status == 0, "\(system["uninstall"])")
    #expect(system["uninstall"].text.contains("the vault stays, in /var/lib/private/coffer"))
    #expect(!system["uninstalled"].text.contains("cofferd"))
    #expect(!system["uninstalled-files"].text.contains("socket"))
    #expect(!system["uninstalled-files"].text.contains("coffer\n"))
    #expect(system["uninstalled-vault"].text.contains("slots"))
  }
}
