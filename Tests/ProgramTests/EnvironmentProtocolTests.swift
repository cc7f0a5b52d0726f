import TestSupport
import Testing

@Suite("ENV of the protocol")
struct EnvironmentProtocolTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  private func uses() throws -> String? {
    try fixture.connect().ask("SHOW web/stripe").first { $0.hasPrefix("S uses=") }
  }

  @Test("a dry run tells the names, and is no use of a key") func dryRun() throws {
    let client = try fixture.connect()
    let reply = client.ask("ENV --dry-run web/stripe web/deploy=TOKEN")
    #expect(
      reply == [
        "S ENV key=web/stripe name=STRIPE_KEY", "S ENV key=web/deploy name=TOKEN", "OK",
      ])
    #expect(try uses() == "S uses=0")
    #expect(!fixture.coffer("audit").outputText.contains(" ENV "))
    #expect(client.ask("ENV web/stripe").count == 3)
    #expect(try uses() == "S uses=1")
  }

  @Test("a dry run refuses what would be refused, and tells nothing then") func refusedDryRun()
    throws
  {
    fixture.coffer("suspend", "web/deploy")
    let reply = try fixture.connect().ask("ENV --dry-run web/stripe web/deploy")
    #expect(AssuanClient.errorCode(of: reply) == 156)
    #expect(!reply.contains { $0.hasPrefix("S ENV") })
  }

  @Test("--only leaves out keys of other names, even those that could not be had")
  func only() throws {
    fixture.coffer("suspend", "web/deploy")
    let client = try fixture.connect()
    #expect(
      client.ask("ENV --workspace=web --only=STRIPE_KEY,OTHER") == [
        "S ENV key=web/stripe name=STRIPE_KEY", "D STRIPE_KEY=\(VaultFixture.stripeValue)\0", "OK",
      ])
    #expect(client.ask("ENV --workspace=web --only=OTHER") == ["OK"])
    #expect(client.ask("ENV --only=A web/stripe=A web/deploy=B").count == 3)
    #expect(AssuanClient.errorCode(of: client.ask("ENV --workspace=web --only=DEPLOY")) == 156)
  }
}
