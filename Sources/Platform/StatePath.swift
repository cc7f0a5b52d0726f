/// Where a user's vault is; client and daemon must agree on it.
package enum StatePath {
  /// `COFFER_HOME`, else `$XDG_STATE_HOME/coffer`, else `~/.local/state/coffer`.
  ///
  /// - Parameter environment: The value of a variable, or nil.
  /// - Returns: The directory's path; nil if none of the variables is set.
  ///
  /// Source: XDG Base Directory Specification (a relative path is ignored there).
  package static func ofUser(_ environment: (String) -> String?) -> String? {
    func directory(_ name: String) -> String? {
      guard let value = environment(name), !value.isEmpty else { return nil }
      return value
    }
    if let home = directory("COFFER_HOME") { return home }
    if let state = directory("XDG_STATE_HOME"), state.hasPrefix("/") { return state + "/coffer" }
    return directory("HOME").map { $0 + "/.local/state/coffer" }
  }
}
