import Keyring
import Testing

@Suite("Rights of a key")
struct RightsTests {
  /// A key, and the workspaces in which it has rights, in their order.
  private struct Case: CustomTestStringConvertible {
    let testDescription: String
    let reference: String
    let maker: Person
    var scope: String?
    let workspaces: [UInt32]
  }

  private static let cases = [
    Case(
      testDescription: "a workspace key has its own", reference: "w2/key", maker: .owner,
      workspaces: [2]),
    Case(
      testDescription: "an organization key has all but the archived one", reference: "org/key",
      maker: .owner, workspaces: [1, 2, 4]),
    Case(
      testDescription: "an Owner's key has all that are", reference: "me/key", maker: .owner,
      workspaces: [1, 2, 4]),
    Case(
      testDescription: "a Member's key has those of its owner's roles", reference: "me/key",
      maker: .viewer, workspaces: [1, 4]),
    Case(
      testDescription: "a scope leaves the named ones, in order of making", reference: "me/key",
      maker: .owner, scope: "w4,w2", workspaces: [2, 4]),
    Case(
      testDescription: "a Member's scope leaves the named ones of its owner's roles",
      reference: "me/key", maker: .viewer, scope: "w4", workspaces: [4]),
  ]

  @Test("a key has rights where it reaches, and nowhere else", arguments: cases)
  private func places(_ example: Case) throws {
    var acme = try Acme()
    for number in UInt32(3)...4 {
      try acme.organization.apply(
        .workspaceAdded(
          Workspace(id: WorkspaceID(number: number), name: named("w\(number)"))))
    }
    try acme.organization.apply(
      .workspaceRoleSet(.editor, of: Person.viewer.id, in: WorkspaceID(number: 4)))
    let key = try acme.create(example.reference, by: example.maker, scope: example.scope)
    try acme.perform(.archiveWorkspace(named("w3")), by: .owner)
    let rights = acme.organization.rights(of: key)
    let places = rights.compactMap { right -> UInt32? in
      guard case .workspace(let id) = right.place else { return nil }
      return id.number
    }
    #expect(places == example.workspaces)
    for workspace in acme.organization.workspaces {
      #expect(
        acme.organization.permits(key, .list, in: workspace.id)
          == example.workspaces.contains(workspace.id.number))
    }
  }
}
