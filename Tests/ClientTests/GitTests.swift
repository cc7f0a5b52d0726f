import Testing

@testable import Client

@Suite("Git")
struct GitTests {
  private func files(_ fields: [String]) throws(ClientError) -> [GitRepository.StagedFile] {
    try GitRepository.files(inRawDifferences: Array(fields.map { $0 + "\0" }.joined().utf8))
  }

  @Test("reads what git tells of staged files, and leaves out what has no contents")
  func readsDifferences() throws {
    let (none, object) = (String(repeating: "0", count: 40), String(repeating: "a1", count: 20))
    let found = try files([
      ":000000 100644 \(none) \(object) A", "a b\n:c.txt", ":100644 100755 \(object) \(object) M",
      "d",
      ":000000 160000 \(none) \(object) A", "module", ":000000 000000 \(none) \(none) U",
      "unmerged",
      ":120000 120000 \(object) \(object) M", "link",
    ])
    #expect(found.map(\.path) == ["a b\n:c.txt", "d", "link"])
    #expect(found.allSatisfy { $0.object == object })
    #expect(try files([]).isEmpty)
  }

  @Test(
    "what git does not tell so is an error", arguments: [["x"], ["x", "y"], [":1 2 3 4", "y"]])
  func refuses(fields: [String]) {
    #expect(throws: ClientError.self) { try files(fields) }
  }

  @Test("a hook calls Coffer only in a line that is no comment") func hooks() {
    #expect(GitHook.calls(Array(GitHook.text(programsIn: "/it's/here").utf8)))
    #expect(GitHook.calls(Array(GitHook.text(programsIn: nil).utf8)))
    #expect(GitHook.calls(Array("make\n\tcoffer scan --staged || exit 1\n".utf8)))
    for line in [
      "exec /opt/bin/coffer scan --staged", "if ! coffer scan --staged; then exit 1; fi",
      "make lint\ncoffer scan --staged --offline",
      "set -euo pipefail\ncoffer scan --staged\nmake lint",
    ] {
      #expect(GitHook.calls(Array("\(line)\n".utf8)), "\(line)")
    }
    #expect(!GitHook.calls([]))
  }

  @Test(
    "a hook that only tells of Coffer, or goes on whatever it finds, does not call it",
    arguments: [
      "# coffer scan --staged", "echo \"tip: run coffer scan --staged\"",
      "coffer scan --staged || true", "coffer scan --staged --offline || :",
      "coffer scan --staged || echo found", "coffer scan --staged &", "coffer scan",
      "coffer scan --staged || exit 0", "coffer scan --staged; true", "coffer scan --staged | cat",
      "coffer scan --staged\nmake lint", "coffer scan --staged && exit\nmake lint", "coffer",
      "! coffer scan --staged", "if coffer scan --staged; then exit 0; fi",
    ])
  func otherHooks(line: String) {
    #expect(!GitHook.calls(Array("\(line)\n".utf8)))
  }

  @Test("reads what git tells of an address, up to an empty line") func readsRequest() {
    let request = GitCredential.Request(
      "protocol=https\nhost=a=b\nnothing\nusername=\nusername=ada\n\nhost=evil\n".utf8.span)
    #expect(request.scheme == "https")
    #expect(request.host == "a=b")
    #expect(request.username == "ada")
    #expect(GitCredential.Request("".utf8.span).host == nil)
  }

  @Test("a key is called after its variable") func names() {
    #expect(EnvFileImport.keyName(for: "STRIPE_KEY") == "stripe-key")
    #expect(EnvFileImport.keyName(for: "_Key_2_") == "key-2-")
    #expect(EnvFileImport.keyName(for: "__") == nil)
    #expect(EnvFileImport.keyName(for: String(repeating: "A", count: 70))?.utf8.count == 64)
  }
}
