import Glibc
import Platform
import TestSupport
import Testing

/// A user's own daemon in a user's manager: `Tests/booted/user.sh`.
@Suite(
  "A user's service",
  .enabled(if: BootedSystem.hindrance == nil, "\(BootedSystem.hindrance ?? "")"))
struct UserServiceTests {
  let system = BootedSystem.shared

  @Test("install.sh installs it, and once more changes nothing") func install() {
    let first = system["user-install"]
    #expect(first.status == 0, "\(first)")
    #expect(first.text.contains("started cofferd.socket"))
    let again = system["user-install-again"]
    #expect(again.status == 0, "\(again)")
    #expect(again.lines.count { $0.hasSuffix(" is up to date") } == 10, "\(again)")
    #expect(!again.text.contains("restarted"))
  }

  @Test("the first client starts it, on a socket of its user alone") func activation() {
    #expect(system["user-before"].line == "inactive")
    #expect(system["user-init"].status == 0, "\(system["user-init"])")
    #expect(system["user-after"].line == "active")
    #expect(system["user-node"].lines == ["700 ada", "600 ada"])
    #expect(system["user-run"].line == "sk_live_user_marker")
    let stranger = system["user-stranger"]
    #expect(stranger.status == 4, "\(stranger)")
    #expect(stranger.text.contains("you may not connect there"))
  }

  @Test("with a user namespace it can write to nothing but the vault") func hardened() {
    #expect(system["user-install"].text.contains("cofferd.service.d/hardened.conf\n"))
    let probe = Probe(system["user-probe-hardened"])
    probe.expect("Read-only file system", of: ["write-etc", "write-home"])
    probe.expect("Address family not supported by protocol", of: ["internet", "netlink"])
    probe.expect("Operation not permitted", of: Probe.filteredCalls + ["host-name"])
    probe.expect("No such file or directory", of: ["device"])
    probe.expect("ok", of: ["unix"])
    #expect(probe["CapBnd:"] == "0000000000000000")
  }

  @Test("without one it runs too, and the filters of system calls hold") func plain() {
    #expect(system["user-plain-start"].status == 0, "\(system["user-plain-start"])")
    #expect(system["user-plain-run"].line == "sk_live_user_marker")
    let probe = Probe(system["user-probe-plain"])
    probe.expect("Address family not supported by protocol", of: ["internet", "netlink"])
    probe.expect("Operation not permitted", of: Probe.filteredCalls)
    // What the unit's comment says that it cannot do.
    probe.expect("ok", of: ["write-home", "unix"])
  }

  @Test("it takes the place of a daemon that the client has started") func takesOver() {
    #expect(system["user-own"].status == 0, "\(system["user-own"])")
    #expect(system["user-install-over"].status == 0, "\(system["user-install-over"])")
    #expect(system["user-over"].status == 0, "\(system["user-over"])")
    #expect(system["user-over-active"].line == "active")
  }

  @Test("uninstalling leaves the vault, and says where it is") func uninstall() {
    let end = system["user-uninstall"]
    #expect(end.status == 0)
    #expect(end.text.contains("the vault stays, in /home/ada/.local/state/coffer"))
    #expect(system["user-vault"].lines == ["audit.1", "lock", "records.1", "slots"])
  }
}

/// What `probe.py` was allowed: a word for each thing that it tried.
struct Probe {
  private let note: BootedSystem.Note

  /// What the filters of system calls refuse, whatever else is there.
  static let filteredCalls = ["write-execute", "namespace", "set-uid", "personality", "trace"]

  init(_ note: BootedSystem.Note) { self.note = note }

  /// What came of one of them; nil if it was not tried.
  subscript(name: String) -> String? {
    note.lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
  }

  func expect(_ outcome: String, of names: [String]) {
    for name in names { #expect(self[name] == outcome, "\(name)\n\(note)") }
  }
}
