// Why a person may do something to a key.

extension Organization {
  /// Why a person may, or may not, do `action` to a key.
  ///
  /// - Parameters:
  ///   - action: What they would do.
  ///   - reference: The key.
  ///   - name: The person; nil for the caller.
  ///   - caller: Who asks: anyone about themself, others only about keys that
  ///     they oversee.
  ///   - now: The vault's time.
  /// - Returns: The chain.
  /// - Throws: ``Refusal``.
  package func reasoning(
    for action: PersonalAction, to reference: KeyReference, by name: Name?,
    askedBy caller: Caller, at now: Instant
  ) throws(Refusal) -> Reasoning {
    let asking = try standing(of: caller, at: now)
    let key = try key(reference, inSightOf: asking, at: now)
    guard let user = try person(named: name, askedBy: asking, about: key, reference.text) else {
      throw .forbidden(
        reference.text, "a key has no rights of a person",
        hint: "name the workspace, to ask what the key itself may do")
    }
    var reasoning = Reasoning(subject: user.name.text)
    reasoning.add(
      user.state == .active, "\(user.name.text) is an active user",
      else: "\(user.name.text) is \(user.state.rawValue)",
      change: "an Owner enables them: 'coffer user enable \(user.name.text)'")
    addPlace(of: key, action, user, to: &reasoning)
    addOrigin(of: key, action, reference.text, to: &reasoning)
    addState(of: key, action, reference.text, at: now, to: &reasoning)
    return reasoning
  }

  private func person(
    named name: Name?, askedBy asking: Standing, about key: Key, _ object: String
  ) throws(Refusal) -> User? {
    guard let name, name != asking.person?.name else { return asking.person }
    guard oversees(asking, key) else {
      throw .forbidden(
        object, "about others only those may ask who oversee the key",
        hint: "ask about yourself, without '--user'")
    }
    // Who may not list the users learns no names by this either.
    guard let user = user(named: name),
      users(inSightOf: asking).contains(where: { $0.id == user.id }) || isMember(user, where: key)
    else { throw .notFound(name.text) }
    return user
  }

  private func isMember(_ user: User, where key: Key) -> Bool {
    guard case .workspace(let workspace) = key.namespace else { return false }
    return rank(of: user, in: workspace) >= .viewer
  }

  private func addPlace(
    of key: Key, _ action: PersonalAction, _ user: User, to reasoning: inout Reasoning
  ) {
    let (standing, name) = (Standing(user), user.name.text)
    switch key.namespace {
    case .user(let owner):
      let isOwn = owner == user.id
      let allows = action.action.map { may($0, key.namespace, standing) } ?? isOwn
      let whose = isOwn ? "it is \(name)'s own key" : "it is a user key of \(self[owner].name.text)"
      reasoning.add(
        allows, isOwn ? whose : "\(whose), and \(name) is an Owner",
        else: isOwn ? whose : "\(whose), and \(action.rawValue) is only theirs")
    case .workspace(let workspace):
      let place = self[workspace].name.text
      let least = leastRank(for: action, key)
      let rank = rank(of: user, in: workspace)
      let role =
        user.role == .owner
        ? "\(name) is an Owner, and so above all in \(place)"
        : rank == .member
          ? "\(name) has no role in \(place)" : "\(name) is \(rank.text) in \(place)"
      if ![.list, .show].contains(action) {
        reasoning.add(
          !self[workspace].isArchived, "\(place) is active", else: "\(place) is archived")
      }
      reasoning.add(
        rank >= least, "\(role); \(action.rawValue) needs \(least.text) or higher",
        else: "\(role), and \(action.rawValue) needs \(least.text) or higher",
        change: least <= .admin
          ? "an Admin or Owner grants it: 'coffer grant \(name) \(least.text) \(place)'" : nil)
    case .organization:
      let allows =
        switch action {
        case .use: mayUse(key, by: standing)
        case .list, .show: sees(standing, key)
        case _: action.action.map { may($0, key.namespace, standing) } ?? false
        }
      reasoning.add(
        allows,
        user.role == .owner
          ? "\(name) is an Owner" : "every user may use this key of the organization",
        else: "\(name) is no Owner, and \(action.rawValue) of this key is only theirs",
        change: "an Owner makes them one: 'coffer grant \(name) owner'")
    }
  }

  private func leastRank(for action: PersonalAction, _ key: Key) -> Rank {
    if let action = action.action { return Permission.leastRankInWorkspace(for: action) }
    switch key.origin {
    case .issued(let access, _, _): return (access ?? .editor).rank
    case .imported(let leastRank): return max(leastRank, .viewer)
    }
  }

  private func addOrigin(
    of key: Key, _ action: PersonalAction, _ object: String, to reasoning: inout Reasoning
  ) {
    switch action {
    case .use:
      reasoning.add(
        key.custody?.isInjectable ?? true, "its value is kept",
        else: "it is verify-only: nothing is kept that could be injected")
    case .rotate, .verify:
      reasoning.add(
        key.isIssued, "it was issued here",
        else: "it is imported: only its vendor can \(action.rawValue) it",
        change: "'coffer replace \(object)' stores the vendor's new value")
      guard action == .rotate, process(of: key.id) != nil else { return }
      reasoning.add(false, "", else: "it is a key of a process, and ends with that")
    case .replace:
      reasoning.add(
        !key.isIssued, "it is imported", else: "it was issued here, by no vendor",
        change: "'coffer rotate \(object)' makes a new version")
    case .list, .show, .suspend, .resume, .expire, .revoke: break
    }
  }

  private func addState(
    of key: Key, _ action: PersonalAction, _ object: String, at now: Instant,
    to reasoning: inout Reasoning
  ) {
    let state = key.state(at: now)
    switch action {
    // What has ended may be revoked again, and stays as it is.
    case .list, .show, .verify, .revoke: break
    case .suspend, .resume, .expire, .replace:
      reasoning.add(state.isLive, "it is \(state.rawValue)", else: "it is \(state.rawValue)")
    case .use, .rotate: addActive(key, object, at: now, to: &reasoning)
    }
    guard action == .rotate, let former = key.graceVersion(at: now) else { return }
    reasoning.add(
      false, "", else: "version \(former.number) is still in its grace",
      change: "'--end-grace' ends that")
  }

  func addActive(
    _ key: Key, _ object: String, at now: Instant, to reasoning: inout Reasoning
  ) {
    let state = key.state(at: now)
    let change: String? =
      switch (state, key.suspension) {
      case (.suspended, nil) where key.ownerIsDisabled: "an Owner enables its owner again"
      case (.suspended, nil): "'coffer resume \(object)', as it came back from a backup or a repair"
      case (.suspended, .some): "'coffer resume \(object)'"
      case _: nil
      }
    reasoning.add(
      state == .active, "it is active", else: "it is \(state.rawValue)", change: change)
  }
}
