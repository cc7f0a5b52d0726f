import Keyring
import Platform
import Sodium
import Store
import TestSupport
import Testing

@Suite("Vault")
struct VaultTests {
  @Test("what was stored is there after opening again") func reopens() throws {
    let directory = TemporaryDirectory()
    let state = directory.path("state")
    let name = try #require(Name("acme"))
    let actor = Actor(user: UserID(number: 1), uid: 0, processID: 1, command: "test")
    let founding = Vault.Founding(
      organization: name, owner: try #require(Name("root")), ownerUID: 0, hasRecoveryCode: true)
    let file = try VaultDirectory(opening: state, acceptsLinkOfRoot: false)
    let secret = UnlockSecret(.keyFile, try Secret(count: 32))
    let opened = try Vault.create(
      in: file, founding, secret: secret, by: actor, at: Instant(secondsSinceEpoch: 1000))
    let before = opened.vault.organization
    let again = try Vault.open(file, with: secret)
    #expect(again.vault.organization == before)
  }
}
