import TestSupport
import Testing

/// What changes of people and places do to keys, and what is told of it.
@Suite("Effects on keys")
struct EffectTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  /// Example 16, and a fixed bug: the name of the new workspace was looked up among
  /// the former ones, which ended the daemon.
  @Test("adding a workspace that keys reach at once does not end the daemon")
  func addedWorkspace() throws {
    let texts = ["org/all", "me/laptop"].map { fixture.coffer("create", $0).line }
    fixture.coffer("create", "me/cut", "--scope", "web:list")
    let daemon = try #require(fixture.daemonID)
    #expect(fixture.coffer("workspace", "add", "new").status == 0)
    #expect(fixture.daemonID == daemon)
    for text in texts {
      #expect(fixture.coffer("verify", "--require", "use", "-w", "new", input: text).status == 0)
    }
    #expect(fixture.coffer("workspace", "add", "newer").status == 0)
  }
}
