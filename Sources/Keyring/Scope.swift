/// Something that a key can do when a connection acts as it.
package enum KeyAction: String, CaseIterable, Comparable, Sendable {
  /// List and show keys.
  case list

  /// Have imported keys injected.
  case use

  /// Import and replace.
  case importValue = "import"

  /// Verify with detail.
  case verify

  package static func < (left: KeyAction, right: KeyAction) -> Bool {
    left.order < right.order
  }

  private var order: Int {
    switch self {
    case .list: 0
    case .use: 1
    case .importValue: 2
    case .verify: 3
    }
  }

  /// Reads a word, and throws `invalid` for anything else; `option` is where it stood.
  package init(parsing text: some StringProtocol, in option: String) throws(Refusal) {
    guard let action = KeyAction(rawValue: String(text)) else {
      let words = KeyAction.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid(option, "an action of a key is one of \(words)")
    }
    self = action
  }
}

/// What cuts a user key: where it may act, and what it may do there.
///
/// It never adds to what the key's owner may do.
package struct Scope: Hashable, Sendable {
  /// The workspaces that it reaches; nil for all of them, also later ones.
  package let workspaces: Set<WorkspaceID>?

  /// Whether it reaches the owner's own keys.
  package let coversOwn: Bool

  /// Empty where the store knows none of them: then it grants nothing.
  package let actions: Set<KeyAction>

  package init(workspaces: Set<WorkspaceID>?, coversOwn: Bool, actions: Set<KeyAction>) {
    self.workspaces = workspaces
    self.coversOwn = coversOwn
    self.actions = actions
  }

  package func covers(_ workspace: WorkspaceID) -> Bool {
    workspaces?.contains(workspace) ?? true
  }
}

/// A scope as a person writes it: `WORKSPACE[,WORKSPACE...][:ACTION[,ACTION...]]`.
package struct ScopeText: Hashable, Sendable {
  /// The names of workspaces; nil for `*`, all of them.
  package let workspaces: [Name]?

  /// Whether `me` was among the words.
  package let coversOwn: Bool
  package let actions: Set<KeyAction>

  private static let option = "--scope"
  private static let form =
    "write WORKSPACE[,WORKSPACE...][:ACTION[,ACTION...]], as in web:list,use"

  /// Reads a scope, and throws `invalid` for one that is empty or wrong.
  package init(parsing text: String) throws(Refusal) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var workspaces: [Name]? = []
    var coversOwn = false
    for word in try Self.words(of: parts[0]) {
      switch word {
      case "*": workspaces = nil
      case "me": coversOwn = true
      case let name: workspaces?.append(try Name(parsing: String(name), in: Self.option))
      }
    }
    var actions = Set(KeyAction.allCases)
    if parts.count == 2 {
      actions = []
      for word in try Self.words(of: parts[1]) {
        actions.insert(try KeyAction(parsing: word, in: Self.option))
      }
    }
    self.workspaces = workspaces
    self.coversOwn = coversOwn
    self.actions = actions
  }

  private static func words(of text: Substring) throws(Refusal) -> [Substring] {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    guard !words.contains("") else {
      throw .invalid(option, "a scope names at least one workspace, and no empty word", hint: form)
    }
    return words
  }
}
