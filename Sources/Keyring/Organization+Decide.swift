// Requests decided into changes: the rules on keys.

extension Organization {
  /// What must change so that `request` of `caller` is done.
  ///
  /// Nothing changes here. An empty answer means that all is so already.
  /// Throws a ``Refusal`` in the rules' own words.
  package func decide(
    _ request: Request, by caller: Caller, at now: Instant
  ) throws(Refusal) -> [Change] {
    let user = try user(caller)
    switch request {
    case .addWorkspace(let name): return [try addition(ofWorkspace: name, by: user)]
    case .addUser(let name, let uid): return [try addition(ofUser: name, uid: uid, by: user)]
    case .setOrganizationRole(let role, let name):
      return try setting(of: role, for: name, by: user)
    case .setWorkspaceRole(let role, let name, let workspace):
      return try setting(of: role, for: name, in: workspace, by: user)
    case .addKey(let plan, let material):
      return [try addition(of: plan, material, by: user, at: now)]
    case .revoke(let reference, let reason):
      return try revocation(of: reference, reason: reason, by: user, at: now)
    }
  }

  /// The type of the key that `plan` makes; refuses one that cannot be made now.
  ///
  /// For asking before the value is there; the decision counts, not this answer.
  package func type(
    of plan: KeyPlan, by caller: Caller, at now: Instant
  ) throws(Refusal) -> KeyType {
    try shape(of: plan, by: try user(caller), at: now).namespace.type
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
    of plan: KeyPlan, _ material: KeyMaterial, by user: User, at now: Instant
  ) throws(Refusal) -> Change {
    let shape = try shape(of: plan, by: user, at: now)
    precondition(key(withID: material.id) == nil, "a new key has a new id")
    let version = KeyVersion(
      number: 1, author: user.id, created: now, expires: shape.lifetime.expiry(from: now),
      digest: material.digest, sealedValue: material.sealedValue)
    return .keyAdded(
      Key(
        id: material.id, namespace: shape.namespace, name: shape.name, origin: shape.origin,
        environmentName: shape.environmentName, lifetime: shape.lifetime, creator: user.id,
        created: now, note: plan.note, version: version))
  }

  private func shape(
    of plan: KeyPlan, by user: User, at now: Instant
  ) throws(Refusal) -> Shape {
    let object = plan.reference.text
    let (namespace, name) = try place(of: plan.reference, inSightOf: user)
    let action: Action
    switch plan.terms {
    case .issued: action = .create
    case .imported: action = .importValue
    }
    try permit(action, in: namespace, by: user, on: object)
    let origin = try origin(of: plan, in: namespace, by: user)
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
        hint: "choose another name, or end that key with 'coffer revoke \(object)'")
    }
    if let other = newestKey(withEnvironmentName: environmentName, in: namespace),
      other.state(at: now).isLive
    {
      throw Refusal(
        .conflict, object,
        "\(self.name(of: other, seenBy: user)) has the environment name \(environmentName.text)",
        hint: "choose another one with '--env NAME'")
    }
    return Shape(
      namespace: namespace, name: name, origin: origin, environmentName: environmentName,
      lifetime: lifetime)
  }

  private func origin(
    of plan: KeyPlan, in namespace: Namespace, by user: User
  ) throws(Refusal) -> Origin {
    let object = plan.reference.text
    switch (plan.terms, namespace) {
    case (.issued(let access), .user):
      guard access == nil else {
        throw .invalid(object, "a user key has no access of its own, it acts with its owner's")
      }
      return .issued(access: nil, custody: .sealed)
    case (.issued(let access), .workspace(let workspace)):
      let access = access ?? .viewer
      guard access.rank <= rank(of: user, in: workspace) else {
        throw .forbidden(object, "the access \(access.rawValue) is above your own rank")
      }
      return .issued(access: access, custody: .sealed)
    case (.issued(let access), .organization):
      return .issued(access: access ?? .viewer, custody: .sealed)
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

  // MARK: Ending a key

  private func revocation(
    of reference: KeyReference, reason: Note, by user: User, at now: Instant
  ) throws(Refusal) -> [Change] {
    let key = try key(reference, inSightOf: user, at: now)
    try permit(.revoke, in: key.namespace, by: user, on: reference.text)
    switch key.state(at: now) {
    case .active:
      return [
        .keyRevoked(key.id, Revocation(revoker: user.id, moment: now, reason: reason))
      ]
    case .expired, .revoked: return []
    }
  }

  // MARK: Permission

  /// Throws `forbidden`, and says who might, unless `user` may do `action` to
  /// keys of `namespace`, which is in the user's sight.
  private func permit(
    _ action: Action, in namespace: Namespace, by user: User, on object: String
  ) throws(Refusal) {
    switch namespace {
    case .user(let owner):
      let isPermitted =
        owner == user.id
        ? Permission.ownerOfUserKeyMay(action)
        : user.role == .owner && Permission.organizationOwnerMay(action)
      guard isPermitted else {
        throw .forbidden(object, "only its own user may do this with a user key")
      }
    case .workspace(let workspace):
      let least = Permission.leastRankInWorkspace(for: action)
      guard rank(of: user, in: workspace) >= least else {
        throw .forbidden(
          object, "this needs the role \(least.text) or higher in \(self[workspace].name.text)",
          hint: "ask an Admin of \(self[workspace].name.text) or an Owner")
      }
    case .organization:
      guard rankInOrganization(of: user) >= Permission.leastRankInOrganization(for: action) else {
        throw .forbidden(
          object, "only an Owner may do this with organization keys", hint: "ask an Owner")
      }
    }
  }
}
