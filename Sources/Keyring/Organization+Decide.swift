// Requests decided into changes: the rules on keys.

extension Organization {
  /// What must change so that `request` of `caller` is done.
  ///
  /// Nothing changes here. An empty answer means that all is so already.
  /// Throws a ``Refusal`` in the rules' own words.
  package func decide(
    _ request: Request, by caller: Caller, at now: Instant
  ) throws(Refusal) -> [Change] {
    switch request {
    case .burn(let id, let tag): return burn(id, tag: tag, at: now)
    case .rebindUser(let name, let uid, hasShownSecret: true):
      return try rebinding(of: name, to: uid, by: nil)
    case _: break
    }
    let standing = try standing(of: caller, at: now)
    switch request {
    case .addWorkspace(let name): return [try addition(ofWorkspace: name, by: standing)]
    case .archiveWorkspace(let name):
      return try archival(ofWorkspace: name, by: standing, at: now)
    case .addUser(let name, let uid):
      return [try addition(ofUser: name, uid: uid, by: standing)]
    case .setUserState(let state, let name):
      return try setting(of: state, for: name, by: standing, at: now)
    case .rebindUser(let name, let uid, _):
      return try rebinding(of: name, to: uid, by: standing)
    case .setPolicy(let name, let text): return try setting(of: name, to: text, by: standing)
    case .believeClock(let moment): return try believing(moment, by: standing)
    case .setOrganizationRole(let role, let name):
      return try setting(of: role, for: name, by: standing)
    case .setWorkspaceRole(let role, let name, let workspace):
      return try setting(of: role, for: name, in: workspace, by: standing)
    case .addKey(let plan, let material):
      let addition = try addition(of: plan, material, by: standing, at: now)
      return [addition] + (plan.process.map { [.keyBound(material.id, to: $0)] } ?? [])
    case .rotate(let reference, let terms, let material):
      return try rotation(of: reference, terms, material, by: standing, at: now)
    case .replace(let reference, let lifetime, let material):
      return try replacement(of: reference, lifetime, material, by: standing, at: now)
    case .expire(let reference, let moment):
      return try expiry(of: reference, moment, by: standing, at: now)
    case .suspend(let reference, let reason):
      return try suspension(of: reference, reason: reason, by: standing, at: now)
    case .resume(let reference): return try resumption(of: reference, by: standing, at: now)
    case .resumeRestored: return try resumptionOfRestored(by: standing, at: now)
    case .revoke(let reference, let reason):
      return try revocation(of: reference, reason: reason, by: standing, at: now)
    case .grantToUnit(let reference, let unit, let name):
      return try granting(reference, to: unit, as: name, by: standing, at: now)
    case .withdrawFromUnit(let reference, let unit, let name):
      return try withdrawal(of: reference, from: unit, as: name, by: standing, at: now)
    case .revokeUnused(let unusedClass, let token, let uses):
      return try revocations(
        ofUnused: unusedClass, token: token, uses: uses, by: standing, at: now)
    case .burn: return []
    }
  }

  /// The type of the key that `plan` makes; refuses one that cannot be made now.
  ///
  /// For asking before the value is there; the decision counts, not this answer.
  package func type(
    of plan: KeyPlan, by caller: Caller, at now: Instant
  ) throws(Refusal) -> KeyType {
    try shape(of: plan, by: try standing(of: caller, at: now), at: now).namespace.type
  }

  // MARK: Adding a key

  /// What a plan comes to under the rules.
  private struct Shape {
    let namespace: Namespace
    let name: Name
    let origin: Origin
    let environmentName: EnvironmentName
    let lifetime: Lifetime
  }

  private func addition(
    of plan: KeyPlan, _ material: KeyMaterial, by standing: Standing, at now: Instant
  ) throws(Refusal) -> Change {
    let shape = try shape(of: plan, by: standing, at: now)
    precondition(key(withID: material.id) == nil, "a new key has a new id")
    guard let author = standing.author else { throw .noUser }
    let version = KeyVersion(
      number: 1, author: author, created: now, expires: shape.lifetime.expiry(from: now),
      digest: material.digest,
      sealedValue: shape.origin.isInjectable ? material.sealedValue : nil)
    return .keyAdded(
      Key(
        id: material.id, namespace: shape.namespace, name: shape.name, origin: shape.origin,
        environmentName: shape.environmentName, lifetime: shape.lifetime, creator: author,
        created: now, note: plan.note, version: version))
  }

  private func shape(
    of plan: KeyPlan, by standing: Standing, at now: Instant
  ) throws(Refusal) -> Shape {
    let object = plan.reference.text
    let (namespace, name) = try place(of: plan.reference, inSightOf: standing)
    let action: Action
    switch plan.terms {
    case .issued: action = .create
    case .imported: action = .importValue
    }
    try permit(action, in: namespace, by: standing, on: object)
    if case .workspace(let id) = namespace, self[id].isArchived { throw archived(self[id]) }
    let origin = try origin(of: plan, in: namespace, by: standing)
    let lifetime = try lifetime(of: plan, at: now)
    let environmentName: EnvironmentName
    if let told = plan.environmentName {
      environmentName = told
    } else {
      environmentName = try EnvironmentName(derivedFrom: name)
    }
    if let other = newestKey(named: name, in: namespace), other.state(at: now).isLive {
      throw Refusal(
        .conflict, object, "a live key has this name",
        hint: "'coffer \(other.isIssued ? "rotate" : "replace") \(object)' gives it a "
          + "new value; or choose another name")
    }
    if let other = newestKey(withEnvironmentName: environmentName, in: namespace),
      other.state(at: now).isLive
    {
      throw Refusal(
        .conflict, object,
        "\(nameOfTaker(other, standing)) has the environment name \(environmentName.text)",
        hint: "choose another one with '--env NAME'")
    }
    return Shape(
      namespace: namespace, name: name, origin: origin, environmentName: environmentName,
      lifetime: lifetime)
  }

  /// What is told of a key that is in the way: its name, if names may be told.
  private func nameOfTaker(_ key: Key, _ standing: Standing) -> String {
    standing.leaves(.list) ? name(of: key, seenBy: standing) : "another key"
  }

  private func origin(
    of plan: KeyPlan, in namespace: Namespace, by standing: Standing
  ) throws(Refusal) -> Origin {
    let object = plan.reference.text
    switch (plan.terms, namespace) {
    case (.issued(let access, let custody, let scope), .user):
      guard access == nil else {
        throw .invalid(object, "a user key has no access of its own, it acts with its owner's")
      }
      return .issued(
        access: nil, custody: custody, scope: try self.scope(scope, inSightOf: standing))
    case (.issued(_, _, .some), _):
      throw .invalid(object, "only a user key has a scope", hint: "say '--access' for this one")
    case (.issued(let access, let custody, nil), .workspace(let workspace)):
      let access = access ?? .viewer
      guard access.rank <= rank(of: standing, in: workspace) else {
        throw .forbidden(object, "the access \(access.rawValue) is above your own rank")
      }
      return .issued(access: access, custody: custody)
    case (.issued(let access, let custody, nil), .organization):
      return .issued(access: access ?? .viewer, custody: custody)
    case (.imported(let rank), .user):
      guard rank == nil else {
        throw .invalid(object, "an imported user key is used by its owner only")
      }
      return .imported(leastRank: .member)
    case (.imported(let rank), .workspace):
      guard let rank else { return .imported(leastRank: .viewer) }
      guard [.viewer, .editor, .admin].contains(rank) else {
        throw .invalid(object, "the role for use in a workspace is viewer, editor or admin")
      }
      return .imported(leastRank: rank)
    case (.imported(let rank), .organization):
      guard let rank else { return .imported(leastRank: .owner) }
      guard [.owner, .member].contains(rank) else {
        throw .invalid(object, "the role for use in the organization is owner or member")
      }
      return .imported(leastRank: rank)
    }
  }

  private func lifetime(of plan: KeyPlan, at now: Instant) throws(Refusal) -> Lifetime {
    switch plan.terms {
    case .issued where plan.process != nil: return try lifetime(ofProcessKey: plan, at: now)
    case .issued: return try policy.lifetime(of: plan.lifetime, at: now, for: plan.reference.text)
    case .imported:
      let lifetime = plan.lifetime ?? .never
      if let expiry = lifetime.expiry(from: now), expiry <= now {
        throw .invalid(
          plan.reference.text, "the expiry \(expiry.rfc3339) is not in the future")
      }
      return lifetime
    }
  }

  /// It must be over some day, so that the key can be forgotten.
  private func lifetime(
    ofProcessKey plan: KeyPlan, at now: Instant
  ) throws(Refusal) -> Lifetime {
    guard plan.lifetime != .never else {
      throw .invalid(plan.reference.text, "a key of a process has an expiry")
    }
    let usual = Lifetime.lasting(min(Self.processKeyLifetime, policy.maximumLifetime))
    return try policy.lifetime(of: plan.lifetime ?? usual, at: now, for: plan.reference.text)
  }

  /// The scope that the words stand for.
  private func scope(
    _ text: ScopeText?, inSightOf standing: Standing
  ) throws(Refusal) -> Scope? {
    guard let text else { return nil }
    var ids: Set<WorkspaceID>?
    if let names = text.workspaces {
      ids = []
      for name in names {
        let workspace = try workspace(named: name, inSightOf: standing, as: name.text)
        guard !workspace.isArchived else { throw archived(workspace) }
        ids?.insert(workspace.id)
      }
    }
    return Scope(workspaces: ids, coversOwn: text.coversOwn, actions: text.actions)
  }

  // MARK: Permission

  /// Throws `forbidden`, and says who might, unless the caller may do `action` to
  /// keys of `namespace`, which is in the caller's sight.
  func permit(
    _ action: Action, in namespace: Namespace, by standing: Standing, on object: String
  ) throws(Refusal) {
    if standing.key != nil {
      guard let keyAction = Permission.keyAction(for: action) else {
        throw .forbidden(
          object, "a connection that acts as a key never manages keys",
          hint: "do it as a user, without COFFER_API_KEY")
      }
      try standing.require(keyAction, on: object)
    }
    guard !may(action, namespace, standing) else { return }
    switch namespace {
    case .user:
      throw .forbidden(object, "only its own user may do this with a user key")
    case .workspace(let workspace):
      let least = Permission.leastRankInWorkspace(for: action)
      throw .forbidden(
        object, "this needs the role \(least.text) or higher in \(self[workspace].name.text)",
        hint: "ask an Admin of \(self[workspace].name.text) or an Owner")
    case .organization:
      throw .forbidden(
        object, "only an Owner may do this with organization keys", hint: "ask an Owner")
    }
  }
}

extension Origin {
  /// Whether the sealed value is kept.
  fileprivate var isInjectable: Bool {
    switch self {
    case .issued(_, let custody, _): custody.isInjectable
    case .imported: true
    }
  }
}
