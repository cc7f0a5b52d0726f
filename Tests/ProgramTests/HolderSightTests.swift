import Glibc
import Platform
import TestSupport
import Testing

/// Who is told of whose commands.
@Suite("HOLDERS among several users", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct HolderSightTests {
  let team = Team()

  /// A command of a user that holds a key.
  func job(as uid: Int, _ key: String) -> Subprocess {
    let ready = team.fixture.directory.path("ready-\(uid)")
    Files.write([], to: ready)
    chmod(ready, 0o666)
    let words = ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", Programs.client]
    let process = Subprocess(
      Programs.find("setpriv") ?? "",
      words + ["run", "-k", key, "--", "sh", "-c", "echo yes > \(ready); exec sleep 1000"],
      environment: ["PATH": "/usr/bin:/bin", "COFFER_SOCKET": team.socketPath],
      streams: [.null, .null, .null])
    let runs = eventually { !Files.read(ready).isEmpty }
    precondition(runs, "the job does not run")
    return process
  }

  func processes(_ result: Subprocess.Result) -> [Int32] {
    result.outputText.split(separator: "\n").compactMap { line in
      Int32(line.prefix { $0 != " " })
    }
  }

  @Test("one's own commands, and those of others with keys that one oversees") func sight() {
    team.owner("import", "api/other", "--env", "OTHER", input: "value")
    team.viewer("import", "me/own", input: "value")
    let viewer = job(as: Team.vic, "web/stripe")
    let owner = job(as: Team.ada, "api/other")
    #expect(processes(team.viewer("ps")) == [viewer.id])
    #expect(processes(team.editor("ps")) == [viewer.id])
    #expect(processes(team.owner("ps")) == [viewer.id, owner.id])
    #expect(processes(team.coffer(as: Team.max, ["ps"])) == [])
    #expect(team.editor("ps").outputText.contains(" vic "))
    viewer.signal(SIGKILL)
    owner.signal(SIGKILL)
  }

  @Test("a Viewer is told of a key that others hold it only if it is their own command")
  func oneKey() {
    let owner = job(as: Team.ada, "web/stripe")
    let told = team.viewer("ps", "web/stripe")
    #expect(processes(told) == [])
    #expect(told.errorText.contains("of this key only your own commands are told to you"))
    let viewer = job(as: Team.vic, "web/stripe")
    #expect(processes(team.viewer("ps", "web/stripe")) == [viewer.id])
    #expect(processes(team.editor("ps", "web/stripe")) == [owner.id, viewer.id])
    let refused = team.coffer(as: Team.max, ["ps", "web/stripe"])
    let nothing = team.coffer(as: Team.max, ["ps", "web/nothing"])
    #expect(refused.status == 1)
    #expect(
      refused.errorText == nothing.errorText.replacing("nothing", with: "stripe"),
      "\(refused.errorText)")
    viewer.signal(SIGKILL)
    owner.signal(SIGKILL)
  }

  @Test("who revokes a key is told of everybody's commands, and who replaces it as a key of none")
  func revoking() throws {
    let text = team.editor("create", "web/ci", "--access", "editor").line
    let viewer = job(as: Team.vic, "web/stripe")
    let replaced = team.coffer(
      as: Team.stranger, ["replace", "web/stripe"], key: text, input: "another")
    #expect(replaced.status == 0, "\(replaced.errorText)")
    #expect(!replaced.errorText.contains("running command"))
    #expect(
      team.editor("revoke", "web/stripe").errorText.contains(
        "1 running command still holds it: \(viewer.id) sh\n"))
    viewer.signal(SIGKILL)
  }

  @Test("a command of one's own is told of, also when its keys are out of sight by now")
  func outOfSight() {
    let viewer = job(as: Team.vic, "web/stripe")
    team.owner("grant", "vic", "none", "web")
    let told = team.viewer("ps")
    #expect(processes(told) == [viewer.id])
    #expect(!told.outputText.contains("stripe"), "\(told.outputText)")
    #expect(told.outputText.contains(" id:"))
    viewer.signal(SIGKILL)
  }
}
