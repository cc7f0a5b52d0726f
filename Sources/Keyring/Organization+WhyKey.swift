// Why a key may do something in a workspace.

extension Organization {
  /// Why a key may, or may not, do `action` in a workspace when somebody acts as it.
  ///
  /// - Parameters:
  ///   - action: What the key would do.
  ///   - name: The workspace.
  ///   - reference: The key.
  ///   - caller: Who asks; only about keys that they oversee.
  ///   - now: The vault's time.
  /// - Returns: The chain.
  /// - Throws: ``Refusal``.
  package func reasoning(
    for action: KeyAction, in name: Name, of reference: KeyReference, askedBy caller: Caller,
    at now: Instant
  ) throws(Refusal) -> Reasoning {
    let asking = try standing(of: caller, at: now)
    let key = try key(reference, inSightOf: asking, at: now)
    let workspace = try workspace(named: name, inSightOf: asking, as: name.text)
    guard oversees(asking, key) else {
      throw .forbidden(reference.text, "only who oversees a key may ask what it may do")
    }
    var reasoning = Reasoning(subject: self.name(of: key, seenBy: asking))
    reasoning.add(
      key.isIssued, "it was issued here", else: "it is imported, and no one can act as it")
    guard key.isIssued else { return reasoning }
    addActive(key, reference.text, at: now, to: &reasoning)
    let place = workspace.name.text
    reasoning.add(!workspace.isArchived, "\(place) is active", else: "\(place) is archived")
    addReach(of: key, workspace, to: &reasoning)
    addGrant(of: key, action, workspace, to: &reasoning)
    return reasoning
  }

  private func addReach(of key: Key, _ workspace: Workspace, to reasoning: inout Reasoning) {
    let place = workspace.name.text
    switch key.namespace {
    case .user(let owner):
      reasoning.add(
        key.scope?.covers(workspace.id) ?? true,
        key.scope == nil
          ? "it has no scope, so it reaches where its owner does"
          : "its scope covers \(place)",
        else: "its scope does not cover \(place)", change: "create a key with a wider scope")
      let rank = rank(of: self[owner], in: workspace.id)
      let name = self[owner].name.text
      reasoning.add(
        rank >= .viewer, "its owner \(name) is \(rank.text) in \(place)",
        else: "its owner \(name) has no role in \(place)",
        change: "'coffer grant \(name) viewer \(place)'")
    case .workspace(let own):
      reasoning.add(
        own == workspace.id, "it is a key of \(place)",
        else: "it is a key of \(self[own].name.text) only")
    case .organization:
      reasoning.add(true, "an organization key reaches every active workspace", else: "")
    }
  }

  private func addGrant(
    of key: Key, _ action: KeyAction, _ workspace: Workspace, to reasoning: inout Reasoning
  ) {
    let standing = standing(of: key)
    let source = key.access.map { "its access is \($0.rawValue)" } ?? "its scope"
    reasoning.add(
      standing.leaves(action),
      key.access != nil
        ? "\(source), which may \(action.rawValue)" : "\(source) allows \(action.rawValue)",
      else: key.access != nil
        ? "\(source), which may not \(action.rawValue)"
        : "\(source) does not allow \(action.rawValue)",
      change: "create a key with more, it never changes for this one")
    reasoning.add(
      permits(key, action, in: workspace.id), "the role is enough for it",
      else: "the role of its owner is not enough for \(action.rawValue)",
      change: "'coffer grant' gives the owner a higher role")
  }
}
