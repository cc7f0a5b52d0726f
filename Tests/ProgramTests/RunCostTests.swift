import Platform
import TestSupport
import Testing

/// What `coffer run` does before the command runs: measured in system calls, which are
/// the same on every machine.
@Suite("The cost of coffer run", .enabled(if: Programs.canTrace, "needs root and strace"))
struct RunCostTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() {
    fixture.initializeWithKeys()
    for number in 0..<50 { fixture.coffer("import", "me/k\(number)", input: "value-\(number)") }
  }

  /// The calls of `coffer run` up to the command.
  func calls(_ arguments: [String]) -> [String] {
    let log = directory.path("calls")
    let result = Subprocess.run(
      "/bin/sh",
      [
        "-c", "cd \"$0\" && exec \"$@\"", directory.path, "/usr/bin/strace", "-o", log,
        Programs.client, "run",
      ] + arguments + ["--", "/bin/true"],
      environment: fixture.environment)
    #expect(result.status == 0, "\(result.errorText)")
    let lines = String(decoding: Files.read(log), as: UTF8.self).split(separator: "\n")
      .map(String.init)
    // What comes before is the loader's: the program itself begins with this.
    let start = lines.firstIndex { $0.hasPrefix("prctl(PR_SET_DUMPABLE") } ?? 0
    let end = lines.lastIndex { $0.hasPrefix("execve(") } ?? start
    #expect(start > 0 && end > start)
    return Array(lines[start..<end])
  }

  /// The paths that are looked at or opened.
  private func paths(_ calls: [String]) -> [String] {
    calls.filter { line in
      ["open", "stat", "newfstatat", "access", "readlink"].contains { line.hasPrefix($0) }
    }
    .compactMap { line in
      line.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(
        String.init)
    }.filter { !$0.isEmpty }
  }

  @Test("fifty keys take one write and no more reads than their answers need") func oneRoundTrip() {
    let keys = (0..<50).flatMap { ["-k", "me/k\($0)"] }
    for arguments in [["-k", "web/stripe"], keys] {
      let calls = calls(arguments)
      let sent = calls.indices.filter {
        calls[$0].hasPrefix("sendto(") || calls[$0].hasPrefix("write(")
      }
      let received = calls.indices.filter {
        calls[$0].hasPrefix("recvfrom(") || calls[$0].hasPrefix("read(")
      }
      #expect(calls.filter { $0.hasPrefix("connect(") }.count == 1)
      #expect(sent.count == 1)
      #expect(received.count <= 4, "\(received.map { calls[$0] })")
      #expect(sent.first ?? .max < received.first ?? 0)
    }
  }

  @Test("references of files are asked for in the same one write") func references() {
    let text = (0..<20).map { "K\($0)=x:coffer://me/k\($0)\nO\($0)=coffer://me/none\($0)?\n" }
      .joined()
    Files.write(Array(text.utf8), to: directory.path("x.env"))
    let calls = calls(["-e", "x.env", "-w", "web"])
    #expect(calls.filter { $0.hasPrefix("sendto(") || $0.hasPrefix("write(") }.count == 1)
  }

  @Test("with keys named no other file is looked at than those of the connection") func files() {
    Files.write(Array("A=1\n".utf8), to: directory.path("coffer.env"))
    let looked = paths(calls(["-k", "web/stripe"]))
    let allowed = [
      fixture.statePath, "/proc/self", "/sys", "/dev/null", "/etc/ld.so", "/lib", "/usr",
    ]
    for path in looked {
      #expect(allowed.contains { path.hasPrefix($0) }, "\(path)")
    }
    #expect(!looked.contains { $0.contains("trusted") || $0.contains("coffer.env") })
  }
}
