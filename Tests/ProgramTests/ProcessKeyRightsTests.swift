import TestSupport
import Testing

/// The keys of processes under `--system`.
@Suite("Keys of processes among several users", .enabled(if: Team.isPossible, "needs root"))
struct ProcessKeyRightsTests {
  let team = Team()

  /// What the daemon answers a uid.
  func answer(as uid: Int, _ line: String) -> String {
    let script = """
      import os, socket, sys
      os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
      client = socket.socket(socket.AF_UNIX)
      client.connect(sys.argv[1])
      client.sendall((sys.argv[3] + "\\nBYE\\n").encode())
      answer = b""
      while True:
        part = client.recv(65536)
        if not part: break
        answer += part
      print(answer.decode())
      """
    return Subprocess.run(
      Programs.find("python3") ?? "", ["-c", script, team.socketPath, "\(uid)", line]
    ).outputText
  }

  @Test("Editors and higher are given one, nobody else, and out of sight nothing is told")
  func rights() {
    let line = "CREATE --process web"
    #expect(answer(as: Team.eve, line).contains("D cof_wk_"))
    #expect(answer(as: Team.ada, line).contains("D cof_wk_"))
    #expect(answer(as: Team.vic, line).contains("ERR 536871163 "))
    #expect(answer(as: Team.stranger, line).contains("ERR 536871163 "))
    let hidden = answer(as: Team.max, line)
    #expect(hidden.contains(" web: not found"), "\(hidden)")
    #expect(
      answer(as: Team.max, "CREATE --process none")
        == hidden.replacing(" web:", with: " none:"))
    #expect(
      eventually {
        team.owner("list", "--state", "active").outputText.contains("process-") == false
      }
    )
  }
}
