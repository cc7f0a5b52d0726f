/// How a person names a key.
///
///     me/NAME         a user key of the caller
///     @USER/NAME      a user key of someone else
///     WORKSPACE/NAME  a workspace key
///     org/NAME        an organization key
///     id:ID           any key, by its id
///     NAME            alone, where exactly one visible key bears it
package struct KeyReference: Hashable, Sendable {
  package enum Target: Hashable, Sendable {
    case own(Name)
    case ofUser(Name, Name)
    case inWorkspace(Name, Name)
    case inOrganization(Name)
    case id(KeyID)
    case bare(Name)
  }

  package let target: Target

  /// As the caller wrote it.
  package let text: String

  /// Words that no workspace may be called by, since they begin references.
  package static let reservedWorkspaceNames: Set<String> = ["me", "org", "id"]

  private static let forms = "write me/NAME, WORKSPACE/NAME, org/NAME, @USER/NAME or id:ID"

  /// The key of that name in a workspace.
  package init(_ name: Name, inWorkspace workspace: Name) {
    target = .inWorkspace(workspace, name)
    text = "\(workspace.text)/\(name.text)"
  }

  /// Reads a reference, and throws `invalid` with the rule that it breaks.
  package init(parsing text: String) throws(Refusal) {
    self.text = text
    if text.hasPrefix("id:") {
      guard let id = KeyID(text.dropFirst(3)) else {
        throw .invalid(text, "an id has 12 letters and digits")
      }
      target = .id(id)
      return
    }
    guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) else {
      guard let name = Name(text) else { throw .invalid(text, Name.rule, hint: Self.forms) }
      target = .bare(name)
      return
    }
    let name = try Name(parsing: String(text[text.utf8.index(after: slash)...]), in: text)
    switch String(text[..<slash]) {
    case "me": target = .own(name)
    case "org": target = .inOrganization(name)
    case "id": throw .invalid(text, "a key's id is written id:ID")
    case let user where user.hasPrefix("@"):
      target = .ofUser(try Name(parsing: String(user.dropFirst()), in: text), name)
    case let workspace:
      target = .inWorkspace(try Name(parsing: workspace, in: text), name)
    }
  }
}
