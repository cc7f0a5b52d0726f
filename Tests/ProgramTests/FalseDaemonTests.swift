import Glibc
import Platform
import TestSupport
import Testing

/// Daemons that speak the protocol and answer what nobody asked for.
@Suite("A false daemon", .enabled(if: Programs.find("python3") != nil, "needs python3"))
struct FalseDaemonTests {
  let directory = TemporaryDirectory()

  /// Answers each line that begins with a verb by the next of its answers, and all else by
  /// OK.
  private static let script = """
    import os, socket, sys, threading
    verb, answers = sys.argv[2].encode(), [a.encode() for a in sys.argv[3:]]
    server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(8)
    def serve(client):
      client.sendall(b"OK Coffer 0.1.0, how can I serve you\\n")
      given = 0
      for line in client.makefile("rb"):
        word = line.split()[0]
        if word in (verb, b"END") and given < len(answers):
          client.sendall(answers[given]); given += 1
        elif word != b"D": client.sendall(b"OK\\n")
    while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
    """

  /// Runs `coffer` on a daemon that answers a verb in that way.
  private func run(
    _ arguments: [String], answering verb: String, _ answers: [String]
  ) -> Subprocess.Result {
    let socket = directory.path("socket-\(UInt64.random(in: 0 ... .max))")
    let daemon = Subprocess(
      Programs.find("python3") ?? "", ["-c", Self.script, socket, verb] + answers,
      environment: [:], streams: [.null, .null, .null], ownSession: true)
    defer { kill(-daemon.id, SIGKILL) }
    let listens = eventually { access(socket, F_OK) == 0 }
    precondition(listens, "the daemon does not listen")
    return Subprocess.run(
      Programs.client, arguments,
      environment: ["PATH": "/usr/bin:/bin", "COFFER_SOCKET": socket, "HOME": directory.path])
  }

  @Test(
    "a value that is missing in the answer stops the command",
    arguments: [
      ["run", "-k", "web/a=X", "--", "echo", "ran"],
      ["run", "--stdin", "web/a", "--", "echo", "ran"],
      ["run", "--file", "web/a=X", "--", "echo", "ran"], ["env", "-k", "web/a=X"],
    ])
  func missingValue(arguments: [String]) {
    let result = run(arguments, answering: "ENV", ["OK\n"])
    // The output of 'coffer env' is evaluated by a shell, and fails there.
    #expect(result.status != 0 && ["", "false\n"].contains(result.outputText))
    #expect(
      result.errorText.contains("it sent 0 values, and 1 were asked for"), "\(result.errorText)")
  }

  @Test("a key that comes with two values is masked with both") func twoValues() {
    let answers = [
      "S ENV name=A key=web/a\nD A=first-value-of-it%00\nOK\n",
      "S ENV name=V0 key=web/a\nD V0=second-value-of-it%00\nOK\n",
    ]
    let result = run(
      ["run", "--mask", "-k", "web/a", "-k", "web/a=B", "--", "sh", "-c", "echo $A; echo $B"],
      answering: "ENV", answers)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText == "<web/a>\n<web/a>\n", "\(result.outputText)")
  }

  @Test(
    "a find of what was not asked about is refused",
    arguments: ["0", "-9223372036854775808", "9223372036854775807", "x"])
  func falseFind(number: String) {
    Files.write(Array("candidate-of-a-value-1234567890\n".utf8), to: directory.path("file"))
    let answers = [
      "INQUIRE CANDIDATES\n", "INQUIRE CANDIDATES\n",
      "S STORED n=\(number) name=web/a id=abcdefghijkl origin=imported\nOK\n",
    ]
    let result = run(["scan", directory.path("file")], answering: "SCAN", answers)
    #expect(result.status > 1 && result.status < 128, "\(result.status) \(result.errorText)")
    #expect(result.errorText.contains("does not speak Coffer's protocol"), "\(result.errorText)")
  }
}
