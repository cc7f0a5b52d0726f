import Glibc
import Platform
import TestSupport
import Testing

/// Slots, backups and repairs of a vault that several users share.
@Suite(
  "Rights over the vault",
  .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
struct VaultRightsTests {
  let system = SystemModeTests()

  init() { system.initialize() }

  @Test("slots, rekey and backup are an Owner's, and a refusal asks for no secret")
  func owners() {
    for uid in [SystemModeTests.bob, SystemModeTests.stranger] {
      for arguments in [
        ["slot", "list"], ["slot", "add", "recovery"], ["slot", "remove", "1"], ["rekey"],
        ["backup", "/nowhere/at/all"], ["resume", "--restored"],
      ] {
        let result = coffer(as: uid, arguments)
        #expect(result.status == 1, "\(arguments) \(result.errorText)")
        #expect(result.errorText.contains("forbidden"), "\(arguments) \(result.errorText)")
        #expect(result.output.isEmpty)
      }
    }
    #expect(coffer(as: SystemModeTests.ada, ["slot", "list"]).status == 0)
  }

  @Test("what the daemon tells Owners only is unknown to the doctor of others") func doctor() {
    let others = coffer(as: SystemModeTests.bob, ["doctor"]).outputText
    #expect(others.contains("unknown  vault"), "\(others)")
    #expect(!others.contains("chain"))
    let owners = coffer(as: SystemModeTests.ada, ["doctor"]).outputText
    #expect(owners.contains("ok       chain"), "\(owners)")
  }

  @Test("only root repairs or restores the vault of the system") func root() {
    #expect(coffer(as: SystemModeTests.ada, ["lock"]).status == 0)
    let repair = coffer(
      as: SystemModeTests.ada, ["doctor", "--repair", "vault", "--passphrase-fd", "0"])
    #expect(repair.status == 1)
    #expect(repair.errorText.contains("only root"), "\(repair.errorText)")
  }

  func coffer(as uid: Int, _ arguments: [String]) -> Subprocess.Result {
    Subprocess.run(
      Programs.find("setpriv") ?? "",
      ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", Programs.client] + arguments,
      environment: ["PATH": "/usr/bin:/bin", "COFFER_SOCKET": system.socketPath])
  }
}
