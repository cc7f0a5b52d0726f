/// Where a user's vault is; client and daemon must agree on it.
package enum StatePath {
  /// `COFFER_HOME`, else `$XDG_STATE_HOME/coffer`, else `~/.local/state/coffer`.
  ///
  /// - Parameter environment: The value of a variable, or nil.
  /// - Returns: The directory's path; nil if none of the variables is set.
  /// - Throws: What `environment` throws for a variable that counts.
  ///
  /// Source: XDG Base Directory Specification (a relative path is ignored there).
  package static func ofUser<Failure: Error>(
    _ environment: (String) throws(Failure) -> String?
  ) throws(Failure) -> String? {
    func directory(_ name: String) throws(Failure) -> String? {
      guard let value = try environment(name), !value.isEmpty else { return nil }
      return value
    }
    if let home = try directory("COFFER_HOME") { return home }
    if let state = try directory("XDG_STATE_HOME"), state.hasPrefix("/") {
      return state + "/coffer"
    }
    return try directory("HOME").map { $0 + "/.local/state/coffer" }
  }
}
