import Keyring
import Testing

@Suite("Injection of some names only")
struct InjectionNarrowingTests {
  /// What a viewer is given of `w1`, which has keys A and B, and a suspended one C.
  private static func names(
    _ selections: [Selection], only wanted: [String]
  ) throws -> [String] {
    var acme = try Acme()
    for name in ["a", "b"] { try acme.create("w1/\(name)", by: .editor) }
    let suspended = try acme.create("w1/c", by: .editor)
    try acme.perform(.suspend(suspended), by: .editor)
    let names = Set(wanted.compactMap { EnvironmentName(stored: $0) })
    return try acme.organization.injections(
      of: selections, only: names, by: Person.viewer.caller, at: Acme.start
    ).map(\.environmentName.text)
  }

  @Test("of a workspace only keys of the wanted names are injected") func narrowsWorkspace() throws
  {
    #expect(try Self.names([.workspace(named("w1"))], only: ["B", "X"]) == ["B"])
    #expect(try Self.names([.workspace(named("w1"))], only: ["X"]).isEmpty)
  }

  @Test("a key that is not wanted is no reason to refuse") func leavesSuspended() throws {
    #expect(try Self.names([.workspace(named("w1"))], only: ["A"]) == ["A"])
    #expect(try Self.names([.key("w1/c"), .key("w1/a")], only: ["A"]) == ["A"])
    #expect(throws: Refusal.self) { try Self.names([.workspace(named("w1"))], only: ["A", "C"]) }
  }

  @Test("a name that is told counts, and not the key's own") func toldName() throws {
    #expect(try Self.names([.key("w1/a", as: "X"), .key("w1/b")], only: ["X", "A"]) == ["X"])
  }

  @Test("a key that does not exist is refused, whatever is wanted") func unknown() {
    #expect(throws: Refusal.self) { try Self.names([.key("w1/z")], only: ["A"]) }
  }
}
